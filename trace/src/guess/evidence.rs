//! What speaks for a framing, and what against it.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts of 64 KiB at most are exact"
)]

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use protocol::framing::{Decode as _, Decoder, Escaping, Frame, Width};
use protocol::{FrameError, Framing, Offset};

use super::candidates::is_usual_delimiter;
use super::complexity::complexity;
use super::rarity::Rarity;
use super::streams::Stream;

/// Bytes that are tried before all are.
const FRONT: usize = 4096;
/// What counts against an end mark that is not the same each time, in bits.
const DIFFERENT_TRAILERS: f64 = 4.0;
/// What counts against a length that leads to a place where its sender was not seen to stop,
/// in bits.
const INNER: f64 = 1.0;
/// Messages that are told.
const FIRST: usize = 4;

/// What speaks for a framing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// All of it together, in bits: how unlikely it is that the framing fits by chance.
    pub bits: f64,
    /// Messages.
    pub messages: usize,
    /// Bytes in whole frames.
    pub framed: usize,
    /// Bytes that were looked at.
    pub bytes: usize,
    /// Turns of the sender.
    pub turns: usize,
    /// Those of them that end with a message.
    pub turns_with: usize,
    /// Bytes of the largest message.
    pub largest: usize,
    /// Messages that contradict it although they fit: lines in which there are zeros or
    /// line breaks of another kind.
    pub odd: usize,
    /// The first messages.
    pub first: Vec<Bytes>,
}

/// Sizes that were there before: they say little new.
#[derive(Default)]
struct Seen {
    /// Of messages with what is behind them.
    lengths: BTreeSet<usize>,
    /// Of turns.
    turns: BTreeSet<usize>,
}

/// What stands behind the bodies: an end mark is always the same.
#[derive(Default)]
struct Trailers {
    first: Vec<u8>,
    differ: bool,
}

impl Trailers {
    fn add(&mut self, stream: &Stream<'_>, frames: &[Frame]) {
        for frame in frames {
            let end = index(frame.range().end);
            let trailer = &stream.bytes[end - frame.trailer..end];
            if self.first.is_empty() {
                self.first = trailer.to_vec();
            }
            self.differ |= self.first != trailer;
        }
    }
}

/// The frames of one stream.
struct Decoded {
    frames: Vec<Frame>,
    /// Bytes behind the last one.
    rest: usize,
}

/// What speaks for it, and a hash of where its frames stand; none if it does not fit.
pub(super) fn of(
    framing: &Framing,
    streams: &[&Stream<'_>],
    rarity: &Rarity,
) -> Option<(Evidence, u64)> {
    let mut evidence = Evidence {
        bits: -complexity(framing),
        ..Evidence::default()
    };
    let mut frames = DefaultHasher::new();
    let mut seen = Seen::default();
    let mut trailers = Trailers::default();
    for stream in streams {
        let decoded = decode(framing, stream)?;
        evidence.add(framing, stream, &decoded, (&mut seen, rarity));
        trailers.add(stream, &decoded.frames);
        for frame in &decoded.frames {
            frame.range().hash(&mut frames);
        }
    }
    if trailers.differ && matches!(framing, Framing::LengthPrefix(_)) {
        evidence.bits -= DIFFERENT_TRAILERS;
    }
    let is_trivial = evidence.messages < 2 && evidence.turns < 2;
    (!is_trivial && evidence.messages > 0).then(|| (evidence, frames.finish()))
}

/// The frames of a stream; none if the framing refuses it.
fn decode(framing: &Framing, stream: &Stream<'_>) -> Option<Decoded> {
    let mut decoder = Decoder::new(framing);
    let mut frames = Vec::new();
    let (front, rest) = stream.bytes.split_at(stream.bytes.len().min(FRONT));
    for piece in [front, rest] {
        decoder.handle_chunk(piece);
        while let Some(frame) = decoder.poll_frame().ok()? {
            frames.push(frame);
        }
    }
    if stream.is_whole {
        match decoder.handle_eof() {
            Ok(()) | Err(FrameError::Truncated { .. }) => {}
            Err(_) => return None,
        }
        while let Some(frame) = decoder.poll_frame().ok()? {
            frames.push(frame);
        }
    }
    let end = frames.last().map_or(0, |frame| index(frame.range().end));
    let is_idle = is_loose(framing) && !decoder.is_mid_frame();
    let rest = if is_idle { 0 } else { stream.bytes.len() - end };
    Some(Decoded { frames, rest })
}

impl Evidence {
    /// Whether something speaks against it that no number of bits outweighs: messages that
    /// contradict it, or a sender that almost always stopped within a message.
    pub(super) const fn is_contradictory(&self) -> bool {
        self.odd > 0 || self.turns > 3 && 4 * self.turns_with < self.turns
    }

    fn add(
        &mut self,
        framing: &Framing,
        stream: &Stream<'_>,
        decoded: &Decoded,
        (seen, rarity): (&mut Seen, &Rarity),
    ) {
        let Decoded { frames, rest } = decoded;
        let ends = ends(framing, stream, decoded);
        let stops: BTreeSet<_> = stream.turns.iter().chain(&stream.sends).collect();
        for frame in frames {
            let remaining = stream.bytes.len() - index(frame.start);
            // A length that was there before predicts nothing new.
            let is_new = seen.lengths.insert(frame.size + frame.trailer);
            let bits = of_frame(framing, frame, remaining, rarity);
            self.bits += if is_new { bits } else { bits / 4.0 };
            let is_inner = !stops.contains(&index(frame.range().end));
            if is_inner && matches!(framing, Framing::LengthPrefix(_)) {
                self.bits -= INNER;
            }
            self.odd += usize::from(is_odd(framing, &frame.body));
            self.largest = self.largest.max(frame.size);
        }
        self.messages += frames.len();
        self.framed += stream.bytes.len() - rest;
        self.bytes += stream.bytes.len();
        let room = FIRST.saturating_sub(self.first.len());
        self.first
            .extend(frames.iter().take(room).map(|frame| frame.body.clone()));
        let mean = stream.bytes.len() as f64 / (frames.len().max(1) as f64);
        let by_chance = mean.max(2.0).log2().min(10.0);
        let mut last = 0;
        for turn in &stream.turns {
            self.turns += 1;
            let is_new = seen.turns.insert(turn - last);
            last = *turn;
            if ends.contains(turn) {
                self.turns_with += 1;
                self.bits += if is_new { by_chance } else { by_chance / 4.0 };
            } else {
                self.bits -= 2.0 * by_chance;
            }
        }
        // A send may be half of a message, so the others say little.
        for send in &stream.sends {
            self.bits += if ends.contains(send) { 1.0 } else { -0.5 };
        }
        if *rest > 0 && stream.is_whole {
            self.bits -= 16.0 + 8.0 * *rest as f64 / stream.bytes.len() as f64;
        } else if *rest > 0 && frames.is_empty() {
            self.bits -= 16.0;
        }
    }
}

/// Where frames end. What may stand between two of them, such as white space, belongs to
/// neither.
fn ends(framing: &Framing, stream: &Stream<'_>, decoded: &Decoded) -> BTreeSet<usize> {
    let mut ends = BTreeSet::new();
    let is_loose = is_loose(framing);
    for frame in &decoded.frames {
        if is_loose && frame.start > Offset(0) {
            let start = index(frame.start);
            ends.extend(start..=start + frame.header);
        }
        ends.insert(index(frame.range().end));
    }
    if is_loose && decoded.rest == 0 {
        let last = ends.last().copied().unwrap_or(0);
        ends.extend(last..=stream.bytes.len());
    }
    ends
}

/// Whether something that means nothing may stand between two frames.
const fn is_loose(framing: &Framing) -> bool {
    matches!(
        framing,
        Framing::Json(_) | Framing::Marked(_) | Framing::Cobs(_)
    )
}

/// How unlikely a frame is among bytes that have nothing to do with its framing, in bits.
/// From its first byte on there are `remaining`.
fn of_frame(framing: &Framing, frame: &Frame, remaining: usize, rarity: &Rarity) -> f64 {
    let places = (remaining.max(1) as f64).log2();
    let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    let is_text = frame.body.iter().all(text) && std::str::from_utf8(&frame.body).is_ok();
    match framing {
        Framing::LengthPrefix(prefix) => {
            let magic = 8.0 * prefix.magic.len() as f64;
            let field = frame.header.saturating_sub(prefix.offset as usize);
            magic
                + match prefix.width {
                    Width::Bytes(width) => rarity.of_number(width, remaining),
                    Width::Varint => rarity.of_varint(field, remaining),
                    Width::Decimal => (8.0 * field as f64 - places).max(0.5),
                }
        }
        // A line of text is more of a line than one of other bytes, and not an empty one.
        Framing::Delimiter(delimiter) => {
            let length = delimiter.delimiter.iter().map(|mark| mark.len()).max();
            let mark = length.unwrap_or(0) as f64;
            match (is_text, frame.body.is_empty()) {
                (true, false) => 3.0 * mark,
                (true, true) => 0.0,
                // Other bytes than text may have ends of their own.
                (false, _) if !delimiter.delimiter.iter().all(is_usual_delimiter) => 0.0,
                (false, _) => -4.0,
            }
        }
        Framing::Json(_) if matches!(frame.body.first(), Some(b'{' | b'[')) => 16.0,
        Framing::Json(_) => -1.0,
        Framing::Chunked(_) => 8.0 * (frame.header + frame.trailer) as f64 - places,
        // Each code led to the next, and the last one to the end.
        Framing::Cobs(_) => 4.0,
        Framing::Marked(marked) => {
            // Any byte may stand behind the escape of `xor`, and few behind that of `slip`.
            let escapes = match marked.escaping {
                Escaping::Slip => (frame.size - frame.body.len()) as f64,
                Escaping::Xor => 0.0,
            };
            let starts = if frame.header > 0 { 8.0 } else { 0.0 };
            starts + 6.0 * escapes
        }
        _ => 0.0,
    }
}

/// Whether a line has what no line of its kind has: zeros, or a carriage return or line feed
/// that is no part of a line break of the kind that ends it.
fn is_odd(framing: &Framing, body: &[u8]) -> bool {
    let Framing::Delimiter(delimiter) = framing else {
        return false;
    };
    let mark = delimiter.delimiter.first().map_or(&[][..], |mark| mark);
    let unit: &[u8] = match mark {
        b"\n" | b"\n\n" => b"\n",
        b"\r\n" | b"\r\n\r\n" => b"\r\n",
        b"\r" => b"\r",
        _ => return false,
    };
    let mut rest = body;
    while let Some((&first, behind)) = rest.split_first() {
        rest = match rest.strip_prefix(unit) {
            Some(behind) => behind,
            None if matches!(first, 0 | b'\r' | b'\n') => return true,
            None => behind,
        };
    }
    false
}

fn index(offset: Offset) -> usize {
    usize::try_from(offset.0).unwrap_or(usize::MAX)
}
