//! Framings that go on behind what can't be decoded.

use std::ops::Range;

use protocol::Offset;
use protocol::framing::{Decode, Decoder, Frame, FrameError, Framing};

/// What a stream comes out as.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    frames: Vec<Frame>,
    /// What was skipped; stretches that follow each other are one.
    skipped: Vec<Range<Offset>>,
    /// What was refused, and where. How much of it had come by then is up to the cuts.
    errors: Vec<(std::mem::Discriminant<FrameError>, Offset)>,
}

impl Outcome {
    fn note(&mut self, error: &FrameError) {
        self.errors
            .push((std::mem::discriminant(error), error.offset()));
    }

    /// Polls until nothing comes. Frames and what is skipped tile the stream from `end` on.
    fn drain(&mut self, decoder: &mut Decoder, end: &mut Offset, most: usize) {
        loop {
            let polled = decoder.poll_frame();
            if let Some(skipped) = decoder.poll_skipped() {
                assert_eq!(skipped.start, *end);
                *end = skipped.end;
                match self.skipped.last_mut() {
                    Some(last) if last.end == skipped.start => last.end = skipped.end,
                    _ => self.skipped.push(skipped),
                }
            }
            match polled {
                Ok(Some(frame)) => {
                    assert_eq!(frame.start, *end);
                    *end = frame.range().end;
                    self.frames.push(frame);
                }
                Ok(None) => return,
                Err(error) => self.note(&error),
            }
            let count = self.frames.len() + self.errors.len();
            assert!(count <= most, "more than there are bytes: {self:?}");
        }
    }
}

/// The cuts change nothing, and each byte is in a frame, skipped, or of the last frame, which
/// is not complete.
pub(super) fn check(framing: &Framing, stream: &[u8], cuts: &[&[u8]]) {
    assert_eq!(decode(framing, cuts), decode(framing, &[stream]));
}

fn decode(framing: &Framing, chunks: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(framing);
    let (mut outcome, mut end) = (Outcome::default(), Offset(0));
    // An error gives up a byte at least, and a frame has one.
    let most = 2 * chunks.iter().map(|chunk| chunk.len()).sum::<usize>() + 1;
    for chunk in chunks {
        decoder.handle_chunk(chunk);
        outcome.drain(&mut decoder, &mut end, most);
    }
    let ended = decoder.handle_eof();
    outcome.drain(&mut decoder, &mut end, most);
    if let Err(error) = ended {
        outcome.note(&error);
    }
    outcome
}
