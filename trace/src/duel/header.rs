//! A decoder that takes whatever one recv() of the header returned for the header.

use protocol::FrameError;
use protocol::framing::LengthPrefix;

use super::settings;
use super::stream::{Chunk, Stream, at as position, offset};
use super::wrong::{Step, Wrong, written};
use crate::explain::refusal;
use crate::text::{Sentence, Value, signed};

/// ```python
/// header = recv(4)                              # may return fewer
/// n = int.from_bytes(header, "little", signed=True)
/// body = recv_exactly(n)
/// ```
pub(super) struct HeaderWhole<'a> {
    bytes: &'a [u8],
    prefix: &'a LengthPrefix,
    /// The chunk, as far as it has not been read.
    at: usize,
    received: usize,
    frame: Option<Frame>,
    /// The one that was polled last.
    last: Option<Frame>,
    error: Option<(usize, FrameError)>,
}

/// A frame that has begun.
#[derive(Clone, Copy)]
struct Frame {
    start: usize,
    /// Bytes that recv() returned for the header.
    header: usize,
    length: i128,
    end: usize,
}

impl<'a> HeaderWhole<'a> {
    pub(super) const fn new(stream: &Stream<'a>, prefix: &'a LengthPrefix) -> Self {
        Self {
            bytes: stream.bytes,
            prefix,
            at: stream.start,
            received: stream.start,
            frame: None,
            last: None,
            error: None,
        }
    }

    /// Reads a header, or what there is of one.
    fn begin(&mut self) -> Result<Frame, FrameError> {
        let start = self.at;
        let whole = settings::header(self.prefix);
        let header = whole.min(self.received - start);
        self.at += header;
        let bytes = &self.bytes[start..self.at];
        let field = bytes.get(self.prefix.offset as usize..).unwrap_or_default();
        let length = self.prefix.number(field);
        let mut frame = Frame {
            start,
            header,
            length,
            end: self.at,
        };
        self.last = Some(frame);
        let body = if let Some(head) = self.prefix.head(bytes, offset(start))? {
            head.body
        } else {
            let counted = if self.prefix.counts_header { whole } else { 0 };
            let body = length - counted as i128 + i128::from(self.prefix.adjustment);
            // A loop that reads until there are as many does not begin for fewer than none.
            let body = usize::try_from(body.max(0)).unwrap_or(usize::MAX);
            if body > self.prefix.maximum as usize {
                return Err(FrameError::TooLarge {
                    offset: offset(start),
                    length,
                    maximum: self.prefix.maximum,
                });
            }
            body
        };
        frame.end = self.at + body + self.prefix.trailer();
        self.last = Some(frame);
        Ok(frame)
    }
}

impl Wrong for HeaderWhole<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.received = chunk.range.end;
    }

    fn poll(&mut self) -> Option<Step> {
        if self.error.is_some() {
            return None;
        }
        let frame = match self.frame {
            Some(frame) => frame,
            None if self.at == self.received => return None,
            None => match self.begin() {
                Ok(frame) => frame,
                Err(error) => {
                    self.error = Some((position(error.offset()), error));
                    return None;
                }
            },
        };
        self.at = frame.end.min(self.received);
        self.last = Some(frame);
        if self.at < frame.end {
            self.frame = Some(frame);
            return None;
        }
        self.frame = None;
        Some(Step::Message(frame.start..frame.end))
    }

    fn why(&self) -> Vec<Sentence> {
        let frame = self.last.iter();
        let took = frame.map(|frame| {
            let whole = settings::header(self.prefix);
            let bytes = &self.bytes[frame.start..frame.start + frame.header];
            if frame.header < whole {
                Sentence::new("duel.why.header-short")
                    .with("header", whole)
                    .with("n", frame.header)
                    .with("bytes", written(bytes))
                    .with("length", Value::Text(signed(frame.length)))
            } else {
                let field = bytes.get(self.prefix.offset as usize..);
                Sentence::new("duel.why.length")
                    .with("bytes", written(field.unwrap_or_default()))
                    .with("length", Value::Text(signed(frame.length)))
            }
        });
        let refused = self.error.iter().map(|(_, error)| refusal(error));
        took.chain(refused).collect()
    }

    fn refused(&self) -> Option<usize> {
        Some(self.error.as_ref()?.0)
    }
}
