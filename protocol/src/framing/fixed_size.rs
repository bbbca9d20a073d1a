//! Every frame has the same size; shorter messages are padded behind.
//!
//! ```text
//! +---------------+---------------+
//! | message | pad | message | pad |
//! +---------------+---------------+
//! ```
//!
//! Decoding takes the padding off again, so a message that ends in the padding
//! byte can't be sent.

use bytes::Bytes;

use super::buffer::Buffer;
use super::table::{MAXIMUM, Values, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
use crate::Offset;

settings! {
    /// Settings of the fixed-size framing.
    #[derive(Copy)]
    pub struct FixedSize {
        /// Size of every frame in bytes: 1 to [`DEFAULT_MAX_FRAME`].
        pub size: u32 = 8
            => "size", Values::Number { least: 1, most: DEFAULT_MAX_FRAME as i64 };
        /// What fills a frame up behind its message.
        #[serde(deserialize_with = "super::byte::deserialize")]
        pub pad: u8 = b' '
            => "pad", Values::Byte;
        /// The largest message accepted, in bytes, padding not counted.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for FixedSize {
    type Decoder = FixedSizeDecoder;

    fn decoder(&self, start: Offset) -> FixedSizeDecoder {
        FixedSizeDecoder {
            fixed: *self,
            buffer: Buffer::new(start),
        }
    }

    fn validate(&self) -> Result<(), EncodeError> {
        if self.size == 0 {
            return Err(EncodeError::ZeroSize);
        }
        // Each message is filled up to that, and a file or a page may ask for it.
        if self.size > DEFAULT_MAX_FRAME {
            return Err(EncodeError::Oversized {
                size: self.size as usize,
                maximum: DEFAULT_MAX_FRAME as usize,
            });
        }
        Ok(())
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        self.validate()?;
        let maximum = self.size.min(self.maximum);
        if message.len() > maximum as usize {
            return Err(EncodeError::TooLarge {
                length: message.len(),
                maximum: u64::from(maximum),
            });
        }
        if message.last() == Some(&self.pad) {
            return Err(EncodeError::EndsInPadding { pad: self.pad });
        }
        let mut frame = message.to_vec();
        frame.resize(self.size as usize, self.pad);
        Ok(frame.into())
    }

    fn body_length(&self, _length: usize) -> usize {
        self.size as usize
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }

    fn maximum(&self) -> u32 {
        self.maximum
    }
}

#[derive(Clone, Debug)]
pub(super) struct FixedSizeDecoder {
    fixed: FixedSize,
    buffer: Buffer,
}

impl Decode for FixedSizeDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let size = self.fixed.size as usize;
        if size == 0 || self.buffer.len() < size {
            return Ok(None);
        }
        let start = self.buffer.start();
        let mut message = self.buffer[..size].iter();
        let message = message.rposition(|&byte| byte != self.fixed.pad);
        let length = message.map_or(0, |last| last + 1);
        if length > self.fixed.maximum as usize {
            return Err(FrameError::TooLarge {
                offset: start,
                length: length as i128,
                maximum: self.fixed.maximum,
            });
        }
        let body = self.buffer.take(length);
        let trailer = size - length;
        self.buffer.skip(trailer);
        Ok(Some(Frame {
            start,
            header: 0,
            body,
            size: length,
            trailer,
        }))
    }

    fn lacks(&self) -> Option<u64> {
        let lacking = (self.fixed.size as usize).checked_sub(self.buffer.len())?;
        (lacking > 0).then_some(lacking as u64)
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
            need: self.fixed.size as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(size: u32, pad: u8) -> FixedSize {
        FixedSize {
            size,
            pad,
            ..FixedSize::default()
        }
    }

    #[test]
    fn padding_is_put_on_and_taken_off() {
        let format = fixed(4, b'.');
        assert_eq!(&format.body(b"ab").unwrap()[..], b"ab..");
        let mut decoder = format.decoder(Offset(0));
        decoder.handle_chunk(b"ab......c");
        let frame = decoder.poll_frame().unwrap().unwrap();
        assert_eq!((&frame.body[..], frame.trailer), (&b"ab"[..], 2));
        assert!(decoder.poll_frame().unwrap().unwrap().body.is_empty());
        assert_eq!(
            decoder.handle_eof(),
            Err(FrameError::Truncated {
                offset: Offset(8),
                have: 1,
                need: 4
            })
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let format = fixed(4, b'.');
        assert_eq!(
            format.body(b"abcde"),
            Err(EncodeError::TooLarge {
                length: 5,
                maximum: 4
            })
        );
        assert_eq!(
            format.body(b"a."),
            Err(EncodeError::EndsInPadding { pad: b'.' })
        );
        // Before a frame of that size is made.
        let size = u32::MAX;
        assert_eq!(
            fixed(size, 0).body(b"a"),
            Err(EncodeError::Oversized {
                size: 4_294_967_295,
                maximum: 1_048_576
            })
        );
        let size = DEFAULT_MAX_FRAME;
        assert_eq!(fixed(size, 0).validate(), Ok(()));
    }

    #[test]
    fn a_message_above_the_maximum_is_refused_when_its_frame_is_complete() {
        let format = FixedSize {
            maximum: 2,
            ..fixed(4, b'.')
        };
        assert_eq!(
            format.body(b"abc"),
            Err(EncodeError::TooLarge {
                length: 3,
                maximum: 2
            })
        );
        let mut decoder = format.decoder(Offset(0));
        decoder.handle_chunk(b"ab..a.c");
        assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"ab");
        assert_eq!(decoder.poll_frame(), Ok(None));
        decoder.handle_chunk(b".");
        assert_eq!(
            decoder.poll_frame(),
            Err(FrameError::TooLarge {
                offset: Offset(4),
                length: 3,
                maximum: 2
            })
        );
    }
}
