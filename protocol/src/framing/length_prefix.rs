//! A binary length, then that many bytes.
//!
//! The article's format, and the default: a signed 32-bit little-endian
//! length (Python's `struct.pack('i', n)`) that does not count itself.
//!
//! ```text
//! +----+----+----+----+------------------+
//! |  n, least first   |  n bytes         |
//! +----+----+----+----+------------------+
//! ```
//!
//! The knobs are those of Netty's `LengthFieldBasedFrameDecoder`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::buffer::Buffer;
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Frame, FrameError};
use crate::Offset;

/// Size of the length field in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Width {
    /// 8 bits.
    One = 1,
    /// 16 bits.
    Two = 2,
    /// 32 bits.
    Four = 4,
    /// 64 bits.
    Eight = 8,
}

impl Width {
    /// The width in bytes.
    pub const fn bytes(self) -> usize {
        self as usize
    }
}

impl From<Width> for u8 {
    fn from(width: Width) -> Self {
        width as Self
    }
}

impl TryFrom<u8> for Width {
    type Error = String;
    fn try_from(bytes: u8) -> Result<Self, String> {
        match bytes {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            _ => Err(format!(
                "a length field is 1, 2, 4 or 8 bytes wide, not {bytes}"
            )),
        }
    }
}

/// Which byte of the length comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endian {
    /// Least significant first, as x86 has it in memory.
    Little,
    /// Most significant first: network byte order.
    Big,
}

/// A length field's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LengthPrefix {
    /// Size of the field.
    pub width: Width,
    /// Its byte order.
    pub endian: Endian,
    /// Two's complement, as `struct 'i'`, or unsigned.
    pub signed: bool,
    /// Whether the length includes the field itself.
    pub counts_header: bool,
    /// The largest body accepted, in bytes.
    pub maximum: u32,
}

impl Default for LengthPrefix {
    fn default() -> Self {
        Self {
            width: Width::Four,
            endian: Endian::Little,
            signed: true,
            counts_header: false,
            maximum: DEFAULT_MAX_FRAME,
        }
    }
}

impl LengthPrefix {
    pub(super) fn header(self, length: usize) -> Result<Bytes, EncodeError> {
        let width = self.width.bytes();
        let overhead = if self.counts_header { width as u64 } else { 0 };
        let bits = 8 * self.width.bytes() - usize::from(self.signed);
        let field_maximum = u64::MAX >> (64 - bits);
        let maximum = u64::from(self.maximum).min(field_maximum.saturating_sub(overhead));
        if length as u64 > maximum {
            return Err(EncodeError::TooLarge { length, maximum });
        }
        let value = (length as u64 + overhead).to_be_bytes();
        let mut field = value[8 - width..].to_vec();
        if self.endian == Endian::Little {
            field.reverse();
        }
        Ok(field.into())
    }

    /// The length a field says, header and sign as configured. `field` has the
    /// configured width.
    fn read(self, field: &[u8]) -> i128 {
        // The field in the upper bytes: a shift brings it down with its sign.
        let mut wide = [0; 8];
        match self.endian {
            Endian::Big => wide[..field.len()].copy_from_slice(field),
            Endian::Little => wide[8 - field.len()..].copy_from_slice(field),
        }
        let unused = 64 - 8 * field.len();
        let bits = match self.endian {
            Endian::Big => u64::from_be_bytes(wide),
            Endian::Little => u64::from_le_bytes(wide),
        };
        if self.signed {
            i128::from(bits.cast_signed() >> unused)
        } else {
            i128::from(bits >> unused)
        }
    }

    /// Checks a field and gives the body's length: at most the maximum.
    fn body_length(self, field: &[u8], offset: Offset) -> Result<usize, FrameError> {
        let length = self.read(field);
        if length < 0 {
            return Err(FrameError::Negative { offset, length });
        }
        let header = self.width.bytes();
        let overhead = if self.counts_header {
            header as i128
        } else {
            0
        };
        if length < overhead {
            return Err(FrameError::ShorterThanHeader {
                offset,
                length,
                header,
            });
        }
        match usize::try_from(length - overhead) {
            Ok(body) if body <= self.maximum as usize => Ok(body),
            _ => Err(FrameError::TooLarge {
                offset,
                length,
                maximum: self.maximum,
            }),
        }
    }
}

#[derive(Debug)]
pub(super) struct LengthPrefixDecoder {
    prefix: LengthPrefix,
    buffer: Buffer,
    /// Length of the body whose header has been read and checked.
    body: Option<usize>,
}

impl LengthPrefixDecoder {
    pub(super) fn new(prefix: LengthPrefix, start: Offset) -> Self {
        Self {
            prefix,
            buffer: Buffer::new(start),
            body: None,
        }
    }
}

impl Decode for LengthPrefixDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let header = self.prefix.width.bytes();
        let body = if let Some(body) = self.body {
            body
        } else {
            let Some(field) = self.buffer.get(..header) else {
                return Ok(None);
            };
            self.prefix.body_length(field, self.buffer.start())?
        };
        if self.buffer.len() < header + body {
            self.body = Some(body);
            return Ok(None);
        }
        self.body = None;
        let start = self.buffer.start();
        self.buffer.skip(header);
        Ok(Some(Frame {
            start,
            header,
            body: self.buffer.take(body),
            trailer: 0,
        }))
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        let header = self.prefix.width.bytes();
        let have = self.buffer.len();
        let start = self.buffer.start();
        match self.body {
            None if have == 0 => Ok(()),
            None => Err(FrameError::Truncated {
                offset: start,
                have,
                need: header,
            }),
            Some(body) => Err(FrameError::Truncated {
                offset: start + header,
                have: have - header,
                need: body,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Decoder, Framing};

    fn decode(prefix: LengthPrefix, bytes: &[u8]) -> Result<Vec<Bytes>, FrameError> {
        let mut decoder = Decoder::new(&Framing::LengthPrefix(prefix));
        decoder.handle_chunk(bytes);
        let mut bodies = Vec::new();
        while let Some(frame) = decoder.poll_frame()? {
            bodies.push(frame.body);
        }
        decoder.handle_eof().map(|()| bodies)
    }

    fn check(prefix: LengthPrefix, bytes: &[u8], expected: &Result<Vec<&[u8]>, FrameError>) {
        let decoded = decode(prefix, bytes);
        let decoded = decoded.map(|b| b.iter().map(|b| b.to_vec()).collect::<Vec<_>>());
        let expected = expected.clone();
        assert_eq!(
            decoded,
            expected.map(|b| b.iter().map(|b| b.to_vec()).collect()),
            "{bytes:02x?}"
        );
    }

    #[test]
    fn the_articles_header_is_little_endian_and_may_stick_to_anything() {
        let default = LengthPrefix::default();
        check(default, b"\x05\0\0\0hello", &Ok(vec![b"hello"]));
        check(
            default,
            b"\x05\0\0\0hello\x03\0\0\0abc",
            &Ok(vec![b"hello", b"abc"]),
        );
        check(default, b"", &Ok(vec![]));
    }

    #[test]
    fn a_zero_length_frame_is_an_empty_message() {
        check(
            LengthPrefix::default(),
            b"\0\0\0\0\x01\0\0\0x",
            &Ok(vec![b"", b"x"]),
        );
    }

    #[test]
    fn wrong_lengths_name_their_offset() {
        let default = LengthPrefix::default();
        check(
            default,
            b"\x01\0\0\0x\xff\xff\xff\xff",
            &Err(FrameError::Negative {
                offset: Offset(5),
                length: -1,
            }),
        );
        check(
            default,
            b"GET / HTTP/1.1\r\n",
            &Err(FrameError::TooLarge {
                offset: Offset(0),
                length: 542_393_671,
                maximum: DEFAULT_MAX_FRAME,
            }),
        );
        check(
            default,
            b"\x05\0\0\0hel",
            &Err(FrameError::Truncated {
                offset: Offset(4),
                have: 3,
                need: 5,
            }),
        );
        check(
            default,
            b"\x05\0",
            &Err(FrameError::Truncated {
                offset: Offset(0),
                have: 2,
                need: 4,
            }),
        );
    }

    #[test]
    fn the_maximum_itself_is_accepted_and_one_more_is_not() {
        let prefix = LengthPrefix {
            maximum: 3,
            ..LengthPrefix::default()
        };
        check(prefix, b"\x03\0\0\0abc", &Ok(vec![b"abc"]));
        check(
            prefix,
            b"\x04\0\0\0abcd",
            &Err(FrameError::TooLarge {
                offset: Offset(0),
                length: 4,
                maximum: 3,
            }),
        );
    }

    #[test]
    fn every_width_endianness_and_sign() {
        for (width, endian, signed, bytes) in [
            (Width::One, Endian::Big, false, &b"\x02ab"[..]),
            (Width::Two, Endian::Big, false, b"\0\x02ab"),
            (Width::Two, Endian::Little, true, b"\x02\0ab"),
            (Width::Four, Endian::Big, true, b"\0\0\0\x02ab"),
            (Width::Eight, Endian::Little, false, b"\x02\0\0\0\0\0\0\0ab"),
            (Width::Eight, Endian::Big, true, b"\0\0\0\0\0\0\0\x02ab"),
        ] {
            let prefix = LengthPrefix {
                width,
                endian,
                signed,
                ..LengthPrefix::default()
            };
            check(prefix, bytes, &Ok(vec![b"ab"]));
            let header = prefix.header(2).unwrap();
            assert_eq!(&header[..], &bytes[..width.bytes()]);
        }
    }

    #[test]
    fn an_unsigned_field_of_all_ones_is_huge_not_negative() {
        let prefix = LengthPrefix {
            width: Width::Eight,
            signed: false,
            ..LengthPrefix::default()
        };
        check(
            prefix,
            &[0xff; 8],
            &Err(FrameError::TooLarge {
                offset: Offset(0),
                length: i128::from(u64::MAX),
                maximum: DEFAULT_MAX_FRAME,
            }),
        );
    }

    #[test]
    fn a_length_may_count_its_header() {
        let prefix = LengthPrefix {
            counts_header: true,
            ..LengthPrefix::default()
        };
        check(prefix, b"\x06\0\0\0ab", &Ok(vec![b"ab"]));
        check(prefix, b"\x04\0\0\0", &Ok(vec![b""]));
        check(
            prefix,
            b"\x03\0\0\0",
            &Err(FrameError::ShorterThanHeader {
                offset: Offset(0),
                length: 3,
                header: 4,
            }),
        );
    }

    #[test]
    fn a_narrow_field_refuses_what_it_cannot_say() {
        let prefix = LengthPrefix {
            width: Width::One,
            signed: true,
            counts_header: true,
            ..LengthPrefix::default()
        };
        assert_eq!(&prefix.header(126).unwrap()[..], b"\x7f");
        assert_eq!(
            prefix.header(127),
            Err(EncodeError::TooLarge {
                length: 127,
                maximum: 126
            })
        );
    }
}
