//! The article's "LOW" framing: ask first.
//!
//! ```text
//! client  "5"            the length in ASCII decimal, alone
//! server       "ready"
//! client  "hello"        that many bytes; then the next length, if any
//! ```
//!
//! Nothing on the wire says where the number ends: only the client's waiting
//! does. So the decoder takes every digit that has come, and the length counts
//! as complete when the sender falls silent ([`Decode::handle_quiet`]) or ends
//! it with a line feed, which Python's `int()` accepts as well.

use bytes::Bytes;

use super::buffer::Buffer;
use super::table::{MAXIMUM, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
use crate::Offset;

/// What a server answers to a length.
pub const READY: &[u8] = b"ready";

/// The most characters a length may have, line ending included: u64 has 20 digits.
const MAX_LENGTH_FIELD: usize = 22;

settings! {
    /// Settings of the ready-ack framing.
    #[derive(Copy)]
    pub struct ReadyAck {
        /// The largest body accepted, in bytes.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for ReadyAck {
    type Decoder = ReadyAckDecoder;

    fn decoder(&self, start: Offset) -> ReadyAckDecoder {
        ReadyAckDecoder {
            ready_ack: *self,
            buffer: Buffer::new(start),
            stage: Stage::Length,
            owes_ready: false,
        }
    }

    fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
        if length > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length,
                maximum: u64::from(self.maximum),
            });
        }
        Ok(length.to_string().into())
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }

    fn maximum(&self) -> u32 {
        self.maximum
    }

    fn waits_for_ready(&self) -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Length,
    /// The length is known; its body follows `ready`.
    Body {
        header: usize,
        body: usize,
    },
}

#[derive(Clone, Debug)]
pub(super) struct ReadyAckDecoder {
    ready_ack: ReadyAck,
    buffer: Buffer,
    stage: Stage,
    owes_ready: bool,
}

/// A length field as far as it has come.
struct Length {
    value: usize,
    /// Bytes of digits and line ending.
    bytes: usize,
    /// Whether a line feed ended it.
    terminated: bool,
}

impl ReadyAckDecoder {
    /// Reads the digits at the front of the buffer; `None`: none there yet.
    fn length(&self) -> Result<Option<Length>, FrameError> {
        let offset = self.buffer.start();
        let field = &self.buffer[..];
        let too_large = |length| FrameError::TooLarge {
            offset,
            length,
            maximum: self.ready_ack.maximum,
        };
        if field.first() == Some(&b'-') {
            let digits = field[1..].iter().take(MAX_LENGTH_FIELD);
            let digits = digits.take_while(|byte| byte.is_ascii_digit());
            let value = digits.fold(0, |value, byte| value * 10 + i128::from(byte - b'0'));
            // A lone sign may still be followed by its digits.
            return if field.len() == 1 {
                Ok(None)
            } else {
                Err(FrameError::Negative {
                    offset,
                    length: -value,
                })
            };
        }
        let mut value: i128 = 0;
        let mut bytes = 0;
        for &byte in field {
            match byte {
                b'0'..=b'9' if bytes < MAX_LENGTH_FIELD => {
                    value = value * 10 + i128::from(byte - b'0');
                    bytes += 1;
                }
                b'0'..=b'9' => return Err(too_large(value)),
                _ => break,
            }
        }
        if value > i128::from(self.ready_ack.maximum) {
            return Err(too_large(value));
        }
        let ending = match &field[bytes..] {
            [] | [b'\r'] => 0,
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [byte, ..] if bytes == 0 => {
                return Err(FrameError::NonNumeric {
                    offset,
                    byte: *byte,
                });
            }
            rest => {
                return Err(FrameError::Leftover {
                    offset: offset + bytes,
                    count: rest.len(),
                });
            }
        };
        if bytes == 0 {
            return match field.first() {
                None => Ok(None),
                Some(&byte) => Err(FrameError::NonNumeric { offset, byte }),
            };
        }
        if ending > 0 && field.len() > bytes + ending {
            return Err(FrameError::Leftover {
                offset: offset + bytes + ending,
                count: field.len() - bytes - ending,
            });
        }
        let value = usize::try_from(value).map_err(|_| too_large(value))?;
        Ok(Some(Length {
            value,
            bytes: bytes + ending,
            terminated: ending > 0,
        }))
    }

    fn begin_body(&mut self, length: &Length) {
        self.stage = Stage::Body {
            header: length.bytes,
            body: length.value,
        };
        self.owes_ready = true;
    }
}

impl Decode for ReadyAckDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.stage == Stage::Length {
            match self.length()? {
                Some(length) if length.terminated => self.begin_body(&length),
                _ => return Ok(None),
            }
        }
        let Stage::Body { header, body } = self.stage else {
            return Ok(None);
        };
        if self.owes_ready && self.buffer.len() > header {
            return Err(FrameError::Leftover {
                offset: self.buffer.start() + header,
                count: self.buffer.len() - header,
            });
        }
        if self.owes_ready || self.buffer.len() < header + body {
            return Ok(None);
        }
        self.stage = Stage::Length;
        let start = self.buffer.start();
        self.buffer.skip(header);
        Ok(Some(Frame {
            start,
            header,
            body: self.buffer.take(body),
            size: body,
            trailer: 0,
        }))
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        let have = self.buffer.len();
        let start = self.buffer.start();
        match self.stage {
            Stage::Length if have == 0 => Ok(()),
            // The stream ended behind the digits: a length without its body.
            Stage::Length => {
                let need = self.length()?.map_or(1, |length| length.value);
                Err(FrameError::Truncated {
                    offset: start + have,
                    have: 0,
                    need,
                })
            }
            Stage::Body { header, body } => Err(FrameError::Truncated {
                offset: start + header,
                have: have - header,
                need: body,
            }),
        }
    }

    fn poll_reply(&mut self) -> Option<&'static [u8]> {
        std::mem::take(&mut self.owes_ready).then_some(READY)
    }

    fn is_mid_frame(&self) -> bool {
        self.stage != Stage::Length || !self.buffer.is_empty()
    }

    fn awaits_quiet(&self) -> bool {
        self.stage == Stage::Length && !self.buffer.is_empty()
    }

    fn handle_quiet(&mut self) {
        if self.stage == Stage::Length
            && let Ok(Some(length)) = self.length()
        {
            self.begin_body(&length);
        }
    }
}

#[cfg(test)]
mod tests;
