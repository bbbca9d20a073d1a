//! Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): a zero ends each
//! message, and within one every zero is replaced by the distance to the next.
//!
//! ```text
//! +------+---------------+------+---------------+------+
//! | code | code - 1      | code | code - 1      | 0x00 |
//! |      | bytes, no 0   |      | bytes, no 0   |      |
//! +------+---------------+------+---------------+------+
//! ```
//!
//! A code below 255 stands for its bytes and a zero behind them, but for the last one.
//! Zeros in a row mean nothing.

use bytes::{Bytes, BytesMut};

use super::buffer::Buffer;
use super::table::{MAXIMUM, Values, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError, Resynchronised};
use crate::Offset;

/// The code of 254 bytes without a zero behind them.
const FULL: u8 = 255;

settings! {
    /// Settings of the COBS framing.
    #[derive(Copy)]
    pub struct Cobs {
        /// Whether decoding goes on behind the next zero behind a frame that can't be decoded.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub resynchronise: bool = false
            => "resynchronise", Values::Flag;
        /// The largest message accepted, in bytes, decoded.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for Cobs {
    type Decoder = CobsDecoder;

    fn decoder(&self, start: Offset) -> CobsDecoder {
        CobsDecoder {
            maximum: self.maximum,
            buffer: Buffer::new(start),
            header: 0,
            searched: 0,
            is_skipping: false,
        }
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        if message.len() > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length: message.len(),
                maximum: u64::from(self.maximum),
            });
        }
        let mut framed = Vec::with_capacity(self.body_length(message.len()));
        // Where the code of the bytes at hand stands.
        let mut code = 0;
        framed.push(1);
        for &byte in message {
            // Opened only if something follows: a message of 254 bytes has one code.
            if framed[code] == FULL {
                code = framed.len();
                framed.push(1);
            }
            if byte == 0 {
                code = framed.len();
                framed.push(1);
            } else {
                framed.push(byte);
                framed[code] += 1;
            }
        }
        framed.push(0);
        Ok(framed.into())
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_add(length / (usize::from(FULL) - 1) + 2)
    }

    fn resynchronises(&self) -> bool {
        self.resynchronise
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }

    fn maximum(&self) -> u32 {
        self.maximum
    }
}

#[derive(Clone, Debug)]
pub(super) struct CobsDecoder {
    maximum: u32,
    /// What is behind the zeros in front of the frame.
    buffer: Buffer,
    /// Zeros in front of the frame.
    header: usize,
    /// Bytes at the front of the buffer that have been searched for the end.
    searched: usize,
    /// The next zero ends a frame that was given up.
    is_skipping: bool,
}

impl CobsDecoder {
    /// The message of a frame at the front of the buffer, whose end is cut off.
    fn decoded(&self, frame: &[u8]) -> Result<Bytes, FrameError> {
        let mut body = BytesMut::with_capacity(frame.len());
        let mut rest = frame;
        while let [code, behind @ ..] = rest {
            let Some((piece, further)) = behind.split_at_checked(usize::from(*code) - 1) else {
                return Err(FrameError::Undecodable {
                    offset: self.buffer.start() + (frame.len() - rest.len()),
                    byte: *code,
                });
            };
            body.extend_from_slice(piece);
            if *code < FULL && !further.is_empty() {
                body.extend_from_slice(&[0]);
            }
            rest = further;
        }
        Ok(body.freeze())
    }

    fn too_large(&self) -> FrameError {
        FrameError::TooLarge {
            offset: self.buffer.start(),
            length: i128::from(self.maximum) + 1,
            maximum: self.maximum,
        }
    }

    /// Drops zeros in front of a frame.
    fn skip_zeros(&mut self) {
        if self.searched == 0 && !self.is_skipping {
            let first = self.buffer.iter().position(|&byte| byte != 0);
            let zeros = first.unwrap_or(self.buffer.len());
            self.header += zeros;
            self.buffer.skip(zeros);
        }
    }
}

impl Decode for CobsDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
        self.skip_zeros();
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let found = memchr::memchr(0, &self.buffer[self.searched..]);
        let size = self.searched + found.unwrap_or(self.buffer.len() - self.searched);
        self.searched = size;
        // Encoded, a message has at least one byte more, and one for each 254 bytes.
        let maximum = self.maximum as usize;
        if size > maximum.saturating_add(maximum / (usize::from(FULL) - 1) + 1) {
            return Err(self.too_large());
        }
        if found.is_none() {
            return Ok(None);
        }
        let body = self.decoded(&self.buffer[..size])?;
        if body.len() > maximum {
            return Err(self.too_large());
        }
        let frame = Frame {
            start: Offset(self.buffer.start().0 - self.header as u64),
            header: self.header,
            body,
            size,
            trailer: 1,
        };
        self.buffer.skip(size + 1);
        self.searched = 0;
        self.header = 0;
        self.skip_zeros();
        Ok(Some(frame))
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Behind the next zero.
    fn resynchronise(&mut self, _is_first: bool) -> Resynchronised {
        let found = memchr::memchr(0, &self.buffer[self.searched..]);
        let given_up = found.map_or(self.buffer.len(), |at| self.searched + at + 1);
        self.buffer.skip(given_up);
        self.searched = 0;
        self.header = 0;
        self.is_skipping = found.is_none();
        let until = self.buffer.start();
        self.skip_zeros();
        Resynchronised {
            until,
            is_found: found.is_some(),
        }
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        let have = self.buffer.len();
        if have == 0 {
            return Ok(());
        }
        Err(FrameError::Truncated {
            offset: self.buffer.start(),
            have,
            need: have + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(maximum: u32, stream: &[u8], cut: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut decoder = Cobs {
            maximum,
            ..Cobs::default()
        }
        .decoder(Offset(0));
        let (mut messages, mut end) = (Vec::new(), Offset(0));
        for chunk in [&stream[..cut], &stream[cut..]] {
            decoder.handle_chunk(chunk);
            while let Some(frame) = decoder.poll_frame()? {
                assert_eq!(frame.start, end);
                end = frame.range().end;
                messages.push(frame.body.to_vec());
            }
        }
        decoder.handle_eof().map(|()| messages)
    }

    /// The examples that the paper and its readers agree on.
    #[test]
    fn the_published_examples() {
        let ascending: Vec<u8> = (1..=254).collect();
        let full = [&[255][..], &ascending, &[0]].concat();
        let above = [&[255][..], &ascending, &[2, 255, 0]].concat();
        for (message, encoded) in [
            (&b""[..], &b"\x01\0"[..]),
            (b"\0", b"\x01\x01\0"),
            (b"\0\0", b"\x01\x01\x01\0"),
            (b"\0\x11\0", b"\x01\x02\x11\x01\0"),
            (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33\0"),
            (b"\x11\x22\x33\x44", b"\x05\x11\x22\x33\x44\0"),
            (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01\0"),
            (&ascending, &full),
            (&[&ascending[..], &[255]].concat(), &above),
        ] {
            assert_eq!(&Cobs::default().body(message).unwrap()[..], encoded);
            for cut in 0..=encoded.len() {
                let decoded = decode(300, encoded, cut);
                assert_eq!(decoded, Ok(vec![message.to_vec()]), "cut at {cut}");
            }
        }
        // Zeros in a row are nothing between frames.
        let decoded = decode(9, b"\0\0\x02a\0\0\x02b\0\0", 4);
        assert_eq!(decoded, Ok(vec![b"a".to_vec(), b"b".to_vec()]));
    }

    #[test]
    fn what_is_wrong_is_refused_where_it_stands() {
        let stream = b"\x02a\0\x03b\0";
        for cut in 0..=stream.len() {
            let (offset, byte) = (Offset(3), 3);
            let expected = Err(FrameError::Undecodable { offset, byte });
            assert_eq!(decode(9, stream, cut), expected);
        }
        let too_large = |maximum| {
            let offset = Offset(0);
            let length = i128::from(maximum) + 1;
            Err(FrameError::TooLarge {
                offset,
                length,
                maximum,
            })
        };
        assert_eq!(decode(3, b"\x05abcd\0", 2), too_large(3));
        // Without an end it is refused as well, before more is kept.
        assert_eq!(decode(3, b"\x09abcde", 2), too_large(3));
        let (offset, have, need) = (Offset(0), 2, 3);
        let truncated = Err(FrameError::Truncated { offset, have, need });
        assert_eq!(decode(9, b"\x03a", 1), truncated);
    }
}
