//! A byte sequence ends each message, as a line feed ends a line.
//!
//! ```text
//! +------------------+-----------+------------------+-----------+
//! |  message         | delimiter |  message         | delimiter |
//! +------------------+-----------+------------------+-----------+
//! ```
//!
//! A message that contains the delimiter can't be sent: there is no escaping.

use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::buffer::Buffer;
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
use crate::Offset;

/// Longest delimiter, in bytes: each message is sent with one.
pub const MAX_DELIMITER: usize = 256;

/// Settings of the delimiter framing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delimiter {
    /// What ends a message, as text: 1 to [`MAX_DELIMITER`] bytes.
    pub delimiter: String,
    /// The largest message accepted, in bytes, delimiter not counted.
    pub maximum: u32,
}

impl Default for Delimiter {
    fn default() -> Self {
        Self {
            delimiter: "\n".to_owned(),
            maximum: DEFAULT_MAX_FRAME,
        }
    }
}

impl Format for Delimiter {
    type Decoder = DelimiterDecoder;

    fn decoder(&self, start: Offset) -> DelimiterDecoder {
        DelimiterDecoder {
            delimiter: self.clone(),
            buffer: Buffer::new(start),
            searched: 0,
        }
    }

    fn validate(&self) -> Result<(), EncodeError> {
        if self.delimiter.is_empty() {
            return Err(EncodeError::EmptyDelimiter);
        }
        if self.delimiter.len() > MAX_DELIMITER {
            return Err(EncodeError::Oversized {
                size: self.delimiter.len(),
                maximum: MAX_DELIMITER,
            });
        }
        Ok(())
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        self.validate()?;
        if message.len() > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length: message.len(),
                maximum: u64::from(self.maximum),
            });
        }
        let framed = [message, self.delimiter.as_bytes()].concat();
        // Searched behind the message too: its end and the delimiter's start
        // can make a delimiter earlier than meant.
        match memmem::find(&framed, self.delimiter.as_bytes()) {
            Some(at) if at < message.len() => Err(EncodeError::ContainsDelimiter { at }),
            _ => Ok(framed.into()),
        }
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_add(self.delimiter.len())
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }
}

#[derive(Clone, Debug)]
pub(super) struct DelimiterDecoder {
    delimiter: Delimiter,
    buffer: Buffer,
    /// Bytes at the front of the buffer that can't start a delimiter.
    searched: usize,
}

impl Decode for DelimiterDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let delimiter = self.delimiter.delimiter.as_bytes();
        if delimiter.is_empty() {
            return Ok(None);
        }
        let found = memmem::find(&self.buffer[self.searched..], delimiter);
        let end = found.map(|at| at + self.searched);
        if end.is_none() {
            self.searched = self.buffer.len().saturating_sub(delimiter.len() - 1);
        }
        let length = end.unwrap_or(self.searched);
        if length > self.delimiter.maximum as usize {
            return Err(FrameError::TooLarge {
                offset: self.buffer.start(),
                length: length as i128,
                maximum: self.delimiter.maximum,
            });
        }
        if end.is_none() {
            return Ok(None);
        }
        let trailer = delimiter.len();
        let start = self.buffer.start();
        let body = self.buffer.take(length);
        self.buffer.skip(trailer);
        self.searched = 0;
        Ok(Some(Frame {
            start,
            header: 0,
            body,
            trailer,
        }))
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        Err(FrameError::Truncated {
            offset: self.buffer.start(),
            have: self.buffer.len(),
            need: self.buffer.len() + self.delimiter.delimiter.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crlf() -> Delimiter {
        Delimiter {
            delimiter: "\r\n".to_owned(),
            maximum: 8,
        }
    }

    #[test]
    fn a_delimiter_split_across_chunks_still_ends_the_message() {
        let mut decoder = crlf().decoder(Offset(0));
        decoder.handle_chunk(b"abc\r");
        assert_eq!(decoder.poll_frame(), Ok(None));
        decoder.handle_chunk(b"\n\r\n");
        let frame = decoder.poll_frame().unwrap().unwrap();
        assert_eq!((&frame.body[..], frame.trailer), (&b"abc"[..], 2));
        assert!(decoder.poll_frame().unwrap().unwrap().body.is_empty());
        assert_eq!(decoder.handle_eof(), Ok(()));
    }

    #[test]
    fn a_message_without_end_is_refused_at_the_maximum() {
        let mut decoder = crlf().decoder(Offset(0));
        decoder.handle_chunk(b"12345678\r\n");
        assert_eq!(decoder.poll_frame().unwrap().unwrap().body.len(), 8);
        decoder.handle_chunk(b"1234567890");
        assert_eq!(
            decoder.poll_frame(),
            Err(FrameError::TooLarge {
                offset: Offset(10),
                length: 9,
                maximum: 8
            })
        );
    }

    /// Whatever part of the delimiter has come with it.
    #[test]
    fn a_message_one_byte_above_the_maximum_is_refused() {
        for chunks in [
            ["123456789\r\n", ""],
            ["123456789\r", "\n"],
            ["123456789", "\r\n"],
        ] {
            let mut decoder = crlf().decoder(Offset(0));
            let polled = chunks.map(|chunk| {
                decoder.handle_chunk(chunk.as_bytes());
                decoder.poll_frame()
            });
            let refused = Err(FrameError::TooLarge {
                offset: Offset(0),
                length: 9,
                maximum: 8,
            });
            assert!(polled.contains(&refused), "{chunks:?}: {polled:?}");
        }
    }

    #[test]
    fn a_delimiter_has_a_length() {
        let of = |length| Delimiter {
            delimiter: "x".repeat(length),
            ..Delimiter::default()
        };
        assert_eq!(of(0).validate(), Err(EncodeError::EmptyDelimiter));
        assert_eq!(of(256).validate(), Ok(()));
        assert_eq!(
            of(257).body(b"a"),
            Err(EncodeError::Oversized {
                size: 257,
                maximum: 256
            })
        );
    }

    #[test]
    fn a_message_with_the_delimiter_in_it_is_not_sent() {
        assert_eq!(
            crlf().body(b"a\r\nb"),
            Err(EncodeError::ContainsDelimiter { at: 1 })
        );
        let doubled = Delimiter {
            delimiter: "aa".to_owned(),
            maximum: 8,
        };
        assert_eq!(
            doubled.body(b"xa"),
            Err(EncodeError::ContainsDelimiter { at: 1 })
        );
    }
}
