//! Takes frames with marks out of a stream.

use bytes::BytesMut;

use super::Marked;
use crate::Offset;
use crate::framing::buffer::Buffer;
use crate::framing::{Decode, Frame, FrameError, Resynchronised};

#[derive(Clone, Debug)]
pub(in crate::framing) struct MarkedDecoder {
    settings: Marked,
    /// What has not been looked at.
    buffer: Buffer,
    /// A byte of the frame has come, or its start mark.
    is_within: bool,
    /// Where the frame begins, marks in front included.
    frame: Offset,
    /// Marks in front of it.
    header: usize,
    /// Bytes of it that have been taken, marks not included.
    size: usize,
    /// What they mean: at most the maximum.
    body: BytesMut,
    /// The last byte was an escape.
    is_escaped: bool,
}

impl MarkedDecoder {
    pub(super) fn new(settings: Marked, start: Offset) -> Self {
        Self {
            settings,
            buffer: Buffer::new(start),
            is_within: false,
            frame: start,
            header: 0,
            size: 0,
            body: BytesMut::new(),
            is_escaped: false,
        }
    }

    /// Takes bytes up to the next mark or escape, or the one byte behind an escape.
    /// Whether the frame has ended.
    fn step(&mut self) -> Result<bool, FrameError> {
        let Marked {
            start, end, escape, ..
        } = self.settings;
        let first = self.buffer[0];
        let offset = self.buffer.start();
        let is_mark = first == end.0 || start.is_some_and(|start| start.0 == first);
        if self.is_escaped {
            let meant = self.settings.meant(first).filter(|_| !is_mark);
            let meant = meant.ok_or(FrameError::Undecodable {
                offset,
                byte: first,
            })?;
            self.keep(&[meant])?;
            self.is_escaped = false;
            self.advance(1);
        } else if first == end.0 && (self.is_within || start.is_some()) {
            if !self.is_within {
                return Err(self.unexpected(first));
            }
            self.buffer.skip(1);
            return Ok(true);
        } else if is_mark {
            // A start mark inside a frame, whose end is missing.
            if self.is_within {
                return Err(FrameError::Undecodable {
                    offset,
                    byte: first,
                });
            }
            self.is_within = start.is_some();
            self.header += 1;
            self.buffer.skip(1);
        } else if start.is_some() && !self.is_within {
            return Err(self.unexpected(first));
        } else if first == escape.0 {
            self.is_escaped = true;
            self.advance(1);
        } else {
            let marks = (end.0, escape.0, start.unwrap_or(end).0);
            let run = memchr::memchr3(marks.0, marks.1, marks.2, &self.buffer);
            let run = run.unwrap_or(self.buffer.len());
            // One more than is allowed is enough to refuse it.
            let most = self.settings.maximum as usize + 1 - self.body.len();
            let run = run.min(most);
            self.body.extend_from_slice(&self.buffer[..run]);
            self.keep(&[])?;
            self.advance(run);
        }
        Ok(false)
    }

    fn advance(&mut self, count: usize) {
        self.is_within = true;
        self.size += count;
        self.buffer.skip(count);
    }

    /// Keeps bytes of the message, of which there are not too many.
    fn keep(&mut self, meant: &[u8]) -> Result<(), FrameError> {
        self.body.extend_from_slice(meant);
        if self.body.len() > self.settings.maximum as usize {
            return Err(FrameError::TooLarge {
                offset: self.frame,
                length: self.body.len() as i128,
                maximum: self.settings.maximum,
            });
        }
        Ok(())
    }

    fn unexpected(&self, byte: u8) -> FrameError {
        FrameError::Unexpected {
            offset: self.buffer.start(),
            byte,
            expected: self.settings.start.unwrap_or(self.settings.end).0,
        }
    }
}

impl Decode for MarkedDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        while !self.buffer.is_empty() {
            if !self.step()? {
                continue;
            }
            let frame = Frame {
                start: self.frame,
                header: self.header,
                body: self.body.split().freeze(),
                size: self.size,
                trailer: 1,
            };
            self.is_within = false;
            self.frame = self.buffer.start();
            self.header = 0;
            self.size = 0;
            return Ok(Some(frame));
        }
        Ok(None)
    }

    fn is_mid_frame(&self) -> bool {
        self.is_within
    }

    /// At the next start mark, or behind the next end mark where there is none.
    fn resynchronise(&mut self, _is_first: bool) -> Resynchronised {
        let Marked { start, end, .. } = self.settings;
        let found = memchr::memchr(start.unwrap_or(end).0, &self.buffer);
        let given_up = match found {
            Some(at) => at + usize::from(start.is_none()),
            None => self.buffer.len(),
        };
        self.buffer.skip(given_up);
        self.body.clear();
        self.is_within = false;
        self.is_escaped = false;
        self.frame = self.buffer.start();
        self.header = 0;
        self.size = 0;
        Resynchronised {
            until: self.frame,
            is_found: found.is_some(),
        }
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        if !self.is_within {
            return Ok(());
        }
        let have = self.header + self.size;
        Err(FrameError::Truncated {
            offset: self.frame,
            have,
            need: have + 1,
        })
    }
}
