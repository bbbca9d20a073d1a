//! Decoders that read as many characters as a length says.

use protocol::FrameError;
use protocol::framing::{Head, LengthPrefix, Width};

use super::stream::{Chunk, Stream, at as position, offset};
use super::wrong::{Step, Wrong, written};
use crate::explain::refusal;
use crate::text::{Sentence, Value, signed};

/// ```python
/// n = int.from_bytes(recv_exactly(4), "little", signed=True)
/// body = codecs.getreader("utf-8")(stream).read(n)   # n characters, not n bytes
/// ```
///
/// The same with units of UTF-16, as `InputStreamReader.read(char[])` of Java counts.
pub(super) struct Characters<'a> {
    bytes: &'a [u8],
    prefix: &'a LengthPrefix,
    in_utf16: bool,
    received: usize,
    /// Where the frame begins.
    at: usize,
    body: Option<Body>,
    /// Of the frame that was polled last, or has begun: its length, and how many bytes it is.
    last: Option<Told>,
    error: Option<FrameError>,
}

/// A body that has begun.
#[derive(Clone, Copy)]
struct Body {
    head: Head,
    /// Behind the characters that were read.
    at: usize,
    /// Characters that are missing.
    missing: usize,
}

struct Told {
    field: String,
    length: i128,
    units: usize,
    bytes: usize,
    is_complete: bool,
}

impl<'a> Characters<'a> {
    pub(super) const fn new(stream: &Stream<'a>, prefix: &'a LengthPrefix, in_utf16: bool) -> Self {
        Self {
            bytes: stream.bytes,
            prefix,
            in_utf16,
            received: stream.start,
            at: stream.start,
            body: None,
            last: None,
            error: None,
        }
    }

    /// The bytes and units of the character at `at`, or of what is none there; none if its
    /// rest has not come.
    fn character(&self, at: usize) -> Option<(usize, usize)> {
        let front = &self.bytes[at..self.received.min(at + 4)];
        let valid = match std::str::from_utf8(front) {
            Ok(text) => text,
            Err(error) => match (error.valid_up_to(), error.error_len()) {
                (0, None) => return None,
                // U+FFFD stands for it.
                (0, Some(size)) => return Some((size, 1)),
                (valid, _) => std::str::from_utf8(&front[..valid]).ok()?,
            },
        };
        let character = valid.chars().next()?;
        let units = if self.in_utf16 {
            character.len_utf16()
        } else {
            1
        };
        Some((character.len_utf8(), units))
    }

    fn begin(&mut self) -> Option<Body> {
        let bytes = &self.bytes[self.at..self.received];
        match self.prefix.head(bytes, offset(self.at)) {
            Ok(head) => head.map(|head| Body {
                head,
                at: self.at + head.header,
                missing: head.body,
            }),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn tell(&mut self, body: Body, is_complete: bool) {
        let Head { header, body: size } = body.head;
        let counted = if self.prefix.counts_header { header } else { 0 };
        let behind = match self.prefix.width {
            Width::Decimal => self.prefix.separator.len(),
            Width::Bytes(_) | Width::Varint => 0,
        };
        let field = self.at + self.prefix.offset as usize..self.at + header - behind;
        self.last = Some(Told {
            field: written(&self.bytes[field]),
            length: (size + counted) as i128 - i128::from(self.prefix.adjustment),
            units: size - body.missing,
            bytes: body.at - self.at - header,
            is_complete,
        });
    }
}

impl Wrong for Characters<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.received = chunk.range.end;
    }

    fn poll(&mut self) -> Option<Step> {
        if self.error.is_some() {
            return None;
        }
        let mut body = match self.body.take() {
            Some(body) => body,
            None => self.begin()?,
        };
        while body.missing > 0
            && let Some((size, units)) = self.character(body.at)
        {
            body.at += size;
            body.missing = body.missing.saturating_sub(units);
        }
        let end = body.at + self.prefix.trailer();
        let is_complete = body.missing == 0 && end <= self.received;
        self.tell(body, is_complete);
        if !is_complete {
            self.body = Some(body);
            return None;
        }
        let start = std::mem::replace(&mut self.at, end);
        Some(Step::Message(start..end))
    }

    fn why(&self) -> Vec<Sentence> {
        let told = self.last.iter().map(|told| {
            let sentence = if told.is_complete {
                Sentence::new("duel.why.characters").with("n", told.bytes)
            } else {
                Sentence::new("duel.why.characters-missing").with("n", told.units)
            };
            sentence
                .with("bytes", told.field.clone())
                .with("length", Value::Text(signed(told.length)))
        });
        told.chain(self.error.iter().map(refusal)).collect()
    }

    fn refused(&self) -> Option<usize> {
        Some(position(self.error.as_ref()?.offset()))
    }
}
