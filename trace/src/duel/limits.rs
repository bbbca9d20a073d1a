//! Decoders that believe any length: one allocates as many bytes, one waits for them.

use protocol::framing::{Decode as _, Width};
use protocol::{Decoder, FrameError, Framing};

use super::stream::{Chunk, Stream, at, offset};
use super::wrong::{Step, Wrong, written};
use crate::explain::refusal;
use crate::text::{Sentence, Value, signed};

/// ```c
/// recv(fd, &n, 4, MSG_WAITALL);
/// char *body = malloc(n);                  /* one of them */
/// recv(fd, body, n, MSG_WAITALL);          /* the other: what it returns is not looked at */
/// ```
pub(super) struct Limitless<'a> {
    bytes: &'a [u8],
    framing: &'a Framing,
    decoder: Decoder,
    allocates: bool,
    received: usize,
    next: usize,
    /// It gave up for another reason.
    error: Option<FrameError>,
    /// The length that it believes, and where it stands.
    believed: Option<(usize, i128)>,
    is_ended: bool,
    /// Bytes that came and bytes that should have come, of the message that the end cut off.
    short: Option<(usize, usize)>,
}

impl<'a> Limitless<'a> {
    pub(super) fn allocating(stream: &Stream<'a>, framing: &'a Framing) -> Self {
        Self::new(stream, framing, true)
    }

    pub(super) fn waiting(stream: &Stream<'a>, framing: &'a Framing) -> Self {
        Self::new(stream, framing, false)
    }

    fn new(stream: &Stream<'a>, framing: &'a Framing, allocates: bool) -> Self {
        Self {
            bytes: stream.bytes,
            framing,
            decoder: Decoder::starting_at(framing, offset(stream.start)),
            allocates,
            received: stream.start,
            next: stream.start,
            error: None,
            believed: None,
            is_ended: false,
            short: None,
        }
    }

    /// The bytes of the length at `at`.
    fn field(&self, at: usize) -> &'a [u8] {
        let rest = &self.bytes[at.min(self.received)..self.received];
        let size = match self.framing {
            Framing::LengthPrefix(prefix) => match prefix.width {
                Width::Bytes(width) => usize::from(width),
                Width::Varint => 1 + rest.iter().take_while(|byte| **byte & 0x80 != 0).count(),
                Width::Decimal => digits(rest),
            },
            _ => digits(rest),
        };
        &rest[..size.min(rest.len())]
    }
}

/// How many digits there are in front.
fn digits(bytes: &[u8]) -> usize {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit());
    digits.count()
}

impl Wrong for Limitless<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.decoder.handle_chunk(&self.bytes[chunk.range.clone()]);
        self.received = chunk.range.end;
    }

    fn handle_end(&mut self) {
        self.is_ended = !self.allocates;
    }

    fn poll(&mut self) -> Option<Step> {
        if self.believed.is_some() {
            return None;
        }
        let goes_on = self.framing.resynchronises();
        let is_passed = |polled: &Result<_, FrameError>| {
            let believes = matches!(
                polled,
                Err(FrameError::TooLarge { .. } | FrameError::Negative { .. })
            );
            goes_on && polled.is_err() && !believes
        };
        let polled = loop {
            let polled = self.decoder.poll_frame();
            if !is_passed(&polled) {
                break polled;
            }
        };
        match polled {
            Ok(Some(frame)) => {
                let range = frame.range();
                self.next = at(range.end);
                Some(Step::Message(at(range.start)..self.next))
            }
            Ok(None) => {
                let ended = std::mem::take(&mut self.is_ended).then(|| self.decoder.handle_eof());
                let Some(Err(FrameError::Truncated { offset, have, need })) = ended else {
                    return None;
                };
                // A header that is cut off says no length.
                if at(offset) == self.next {
                    return None;
                }
                self.short = Some((have, need));
                Some(Step::Message(self.next..self.received))
            }
            Err(
                FrameError::TooLarge { offset, length, .. }
                | FrameError::Negative { offset, length },
            ) => {
                self.believed = Some((at(offset), length));
                None
            }
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn why(&self) -> Vec<Sentence> {
        let mut why = Vec::new();
        if let Some((have, need)) = self.short {
            let sentence = Sentence::new("duel.why.short");
            why.push(sentence.with("have", have).with("n", need));
        }
        if let Some((field, length)) = self.believed {
            let key = if self.allocates {
                "duel.why.allocate"
            } else {
                "duel.why.wait"
            };
            // As a size_t of 64 bits has it.
            let size = if length < 0 {
                length + (1 << 64)
            } else {
                length
            };
            let sentence = Sentence::new(key)
                .with("bytes", written(self.field(field)))
                .with("length", Value::Text(signed(length)))
                .with("size", Value::Text(signed(size)));
            why.push(sentence);
        }
        why.extend(self.error.iter().map(refusal));
        why
    }

    fn refused(&self) -> Option<usize> {
        Some(at(self.error.as_ref()?.offset()))
    }
}
