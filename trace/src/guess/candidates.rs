//! The framings that are tried.

use protocol::Framing;
use protocol::framing::{
    Byte, Chunked, Cobs, Delimiter, Endian, Escaping, FixedSize, Json, LengthPrefix, MAX_AROUND,
    Mark, Marked, Marks, Width,
};

use super::streams::Stream;

/// Largest message that is believed, in bytes.
const MAXIMUM: u32 = 64 * 1024 * 1024;
/// Bytes in front of a length.
const OFFSETS: [u32; 14] = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 18, 20, 24];
/// What a length does not count of what is behind it, beside nothing.
const ADJUSTMENTS: [i32; 12] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24];
/// What ends a message.
const DELIMITERS: [&str; 11] = [
    "\n", "\r\n", "\r", "\0", "|", "||", ";", "\x03", "\x1e", "\n\n", "\r\n\r\n",
];

/// What stands behind the digits of a length.
const SEPARATORS: [&str; 4] = [":", " ", "\n", "\r\n"];
/// Bytes within which the first length in digits begins.
const DIGITS_WITHIN: usize = 32;

/// Whether that stands behind lengths in digits of other protocols, too.
pub(super) fn is_usual_separator(separator: &Mark) -> bool {
    SEPARATORS.map(Mark::from).contains(separator)
}

/// All of them, simple ones first.
pub(super) fn all(streams: &[&Stream<'_>]) -> Vec<Framing> {
    let mut all = Vec::new();
    let delimiters = DELIMITERS.map(Mark::from).into_iter();
    for delimiter in delimiters.chain(last_bytes(streams)) {
        all.push(Framing::Delimiter(Delimiter {
            delimiter: Marks::new([delimiter]),
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
    let separators = SEPARATORS.map(|separator| (0, Mark::from(separator)));
    for (offset, separator) in separators.into_iter().chain(digits(streams)) {
        for trailer in [0, 1, 2] {
            all.push(Framing::LengthPrefix(LengthPrefix {
                offset,
                width: Width::Decimal,
                separator: separator.clone(),
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

/// What all turns end with and is no usual delimiter: two to four bytes, one of them no part
/// of a text.
fn last_bytes(streams: &[&Stream<'_>]) -> Vec<Mark> {
    let turns = || {
        streams.iter().flat_map(|stream| {
            let ends = stream.turns.iter();
            ends.map(|end| &stream.bytes[..*end])
        })
    };
    let Some(first) = turns().next() else {
        return Vec::new();
    };
    let last = &first[first.len().saturating_sub(4)..];
    let suffixes = (2..=last.len()).map(|length| &last[last.len() - length..]);
    let common = suffixes.take_while(|last| turns().all(|turn| turn.ends_with(last)));
    let binary = common.filter(|last| last.iter().any(|byte| !is_text(*byte)));
    let marks = binary.map(Mark::from);
    marks.filter(|mark| !is_usual_delimiter(mark)).collect()
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

/// Whether that ends messages of other protocols, too.
pub(super) fn is_usual_delimiter(mark: &Mark) -> bool {
    DELIMITERS.map(Mark::from).contains(mark)
}

/// Where the first number in decimal stands, and what is behind it: the next byte, and all up
/// to the next empty line, as behind the fields of a header.
fn digits(streams: &[&Stream<'_>]) -> Vec<(u32, Mark)> {
    let bytes = streams.first().map_or(&[][..], |first| first.bytes);
    let front = &bytes[..bytes.len().min(DIGITS_WITHIN)];
    let Some(start) = front.iter().position(u8::is_ascii_digit) else {
        return Vec::new();
    };
    let number = bytes[start..].iter();
    let end = start + number.take_while(|byte| byte.is_ascii_digit()).count();
    let behind = &bytes[end..bytes.len().min(end + MAX_AROUND as usize)];
    let line = [&b"\r\n\r\n"[..], b"\n\n"].into_iter().find_map(|line| {
        let mut windows = behind.windows(line.len());
        Some(&behind[..windows.position(|window| window == line)? + line.len()])
    });
    let offset = u32::try_from(start).unwrap_or(u32::MAX);
    let marks = behind.get(..1).into_iter().chain(line).map(Mark::from);
    let marks = marks.filter(|mark| start > 0 || !is_usual_separator(mark));
    marks.map(|mark| (offset, mark)).collect()
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
    // Zeros may be the front of a length.
    while let [start @ .., 0] = front {
        front = start;
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
