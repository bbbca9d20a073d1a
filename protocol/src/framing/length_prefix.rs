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
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
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
    crate::all_variants! {
        /// All of them, narrow ones first.
        One, Two, Four, Eight
    }

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

impl Endian {
    crate::all_variants! {
        /// Both.
        Little, Big
    }
}

/// A length field's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LengthPrefix {
    /// Size of the field.
    pub width: Width,
    /// Its byte order.
    pub endian: Endian,
    /// Two's complement, as `struct 'i'`, or unsigned.
    pub signed: bool,
    /// Whether the length includes the field itself.
    #[serde(rename = "counts-header", alias = "counts_header")]
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

impl Format for LengthPrefix {
    type Decoder = LengthPrefixDecoder;

    fn decoder(&self, start: Offset) -> LengthPrefixDecoder {
        LengthPrefixDecoder {
            prefix: *self,
            buffer: Buffer::new(start),
            body: None,
        }
    }

    fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
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

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }
}

impl LengthPrefix {
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

#[derive(Clone, Debug)]
pub(super) struct LengthPrefixDecoder {
    prefix: LengthPrefix,
    buffer: Buffer,
    /// Length of the body whose header has been read and checked.
    body: Option<usize>,
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
mod tests;
