//! The framings that are tried.

use protocol::Framing;
use protocol::framing::{
    Byte, Chunked, Cobs, Delimiter, Endian, Escaping, FixedSize, Json, LengthPrefix, Mark, Marked,
    Width,
};

use super::streams::Stream;

/// Largest message that is believed, in bytes.
const MAXIMUM: u32 = 64 * 1024 * 1024;
/// Bytes in front of a length.
const OFFSETS: [u32; 14] = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 18, 20, 24];
/// What a length does not count of what is behind it, beside nothing.
const ADJUSTMENTS: [i32; 7] = [1, 2, 4, 5, 6, 8, 12];
/// What ends a message.
const DELIMITERS: [&str; 11] = [
    "\n", "\r\n", "\r", "\0", "|", "||", ";", "\x03", "\x1e", "\n\n", "\r\n\r\n",
];

/// All of them, simple ones first.
pub(super) fn all(streams: &[&Stream<'_>]) -> Vec<Framing> {
    let mut all = Vec::new();
    for delimiter in DELIMITERS {
        all.push(Framing::Delimiter(Delimiter {
            delimiter: delimiter.into(),
            maximum: MAXIMUM,
            ..Delimiter::default()
        }));
    }
    all.push(Framing::Json(Json { maximum: MAXIMUM }));
    all.push(Framing::Chunked(Chunked { maximum: MAXIMUM }));
    all.push(Framing::Cobs(Cobs::default()).with_at_most(MAXIMUM));
    let slip = Marked {
        maximum: MAXIMUM,
        ..Marked::default()
    };
    all.push(Framing::Marked(slip));
    all.push(Framing::Marked(Marked {
        end: Byte(0x7e),
        escape: Byte(0x7d),
        escaping: Escaping::Xor,
        ..slip
    }));
    for separator in [":", " ", "\n", "\r\n"] {
        for trailer in [0, 1, 2] {
            all.push(Framing::LengthPrefix(LengthPrefix {
                width: Width::Decimal,
                separator: separator.into(),
                trailer,
                maximum: MAXIMUM,
                ..LengthPrefix::default()
            }));
        }
    }
    lengths(&mut all, streams);
    all.extend(sizes(streams).map(|size| {
        Framing::FixedSize(FixedSize {
            size,
            pad: 0,
            maximum: MAXIMUM,
        })
    }));
    all
}

/// Binary lengths, of all the places and meanings that protocols have.
fn lengths(all: &mut Vec<Framing>, streams: &[&Stream<'_>]) {
    let magic = magic(streams);
    for width in Width::ALL {
        let Some(bytes) = (match width {
            Width::Bytes(bytes @ (1..=4 | 8)) => Some(i32::from(bytes)),
            Width::Varint => Some(0),
            _ => None,
        }) else {
            continue;
        };
        let endians = if bytes > 1 {
            &Endian::ALL[..]
        } else {
            &[Endian::Big]
        };
        for (&endian, offset) in endians
            .iter()
            .flat_map(|e| OFFSETS.map(|offset| (e, offset)))
        {
            let header = bytes + offset.cast_signed();
            let mut adjustments = vec![0];
            if bytes > 0 {
                adjustments.extend([-header, -bytes]);
                adjustments.extend(ADJUSTMENTS);
                adjustments.dedup();
            }
            for (adjustment, trailer) in adjustments
                .into_iter()
                .flat_map(|adjustment| [0, 1, 2].map(|trailer| (adjustment, trailer)))
            {
                let counts_header = adjustment == -header && adjustment != 0;
                let prefix = LengthPrefix {
                    offset,
                    width,
                    endian,
                    signed: false,
                    counts_header,
                    adjustment: if counts_header { 0 } else { adjustment },
                    trailer,
                    maximum: MAXIMUM,
                    ..LengthPrefix::default()
                };
                // What every stream begins with may be a magic.
                if trailer == 0 && magic.len() >= 3 && offset as usize >= magic.len() {
                    all.push(Framing::LengthPrefix(LengthPrefix {
                        magic: magic.clone(),
                        ..prefix.clone()
                    }));
                }
                all.push(Framing::LengthPrefix(prefix));
            }
        }
    }
}

/// Up to four bytes that all streams begin with, if one of them is not ASCII.
fn magic(streams: &[&Stream<'_>]) -> Mark {
    let Some(first) = streams.first() else {
        return Mark::default();
    };
    let mut front = &first.bytes[..first.bytes.len().min(4)];
    while !streams.iter().all(|stream| stream.bytes.starts_with(front)) {
        front = &front[..front.len() - 1];
    }
    let is_binary = front.iter().any(|byte| !byte.is_ascii());
    Mark::from(if is_binary { front } else { &[] })
}

/// Sizes that every turn is a multiple of.
fn sizes(streams: &[&Stream<'_>]) -> impl Iterator<Item = u32> {
    let ends = streams.iter().flat_map(|stream| &stream.turns);
    let size = ends.fold(0, |size, end| gcd(size, *end));
    let size = u32::try_from(size)
        .ok()
        .filter(|size| (2..=4096).contains(size));
    size.into_iter()
}

fn gcd(a: usize, b: usize) -> usize {
    if a == 0 { b } else { gcd(b % a, a) }
}
