//! The contract of the wrong decoders.

use std::ops::Range;

use protocol::framing::{Decode as _, Frame};
use protocol::{Decoder, FrameError};

use super::stream::Chunk;
use crate::text::Sentence;

/// What a wrong decoder does with bytes: positions in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It takes them for one message, with what marks it off.
    Message(Range<usize>),
    /// It throws them away.
    Dropped(Range<usize>),
}

/// Chunks in, steps out. After each `handle_*`, poll until nothing comes any more.
pub(super) trait Wrong {
    /// The bytes of the stream up to the end of this chunk have come.
    fn handle_chunk(&mut self, chunk: &Chunk);

    /// The stream has ended.
    fn handle_end(&mut self) {}

    /// What it does next; none: it needs more bytes, or it has given up.
    fn poll(&mut self) -> Option<Step>;

    /// What it took for what in the step that was polled last; if none came, what it waits
    /// for.
    fn why(&self) -> Vec<Sentence>;

    /// Whether it has given up because of a frame that it takes for wrong, and where.
    fn refused(&self) -> Option<usize> {
        None
    }
}

/// The next frame of a decoder; what it refuses is passed over where it goes on.
pub(super) fn next_frame(
    decoder: &mut Decoder,
    goes_on: bool,
) -> Result<Option<Frame>, FrameError> {
    loop {
        match decoder.poll_frame() {
            Err(_) if goes_on => {}
            polled => return polled,
        }
    }
}

/// Bytes as they stand in a sentence, two digits each; the first of many.
pub(super) fn written(bytes: &[u8]) -> String {
    /// As many as the longest varint has.
    const MOST: usize = 10;
    let mut text = String::new();
    for byte in bytes.iter().take(MOST) {
        if !text.is_empty() {
            text.push(' ');
        }
        for digit in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    if bytes.len() > MOST {
        text.push('…');
    }
    text
}
