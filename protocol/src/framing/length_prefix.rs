//! A length, then that many bytes.
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
//! With all of its settings, which are those of Netty's `LengthFieldBasedFrameDecoder`
//! and tokio-util's `LengthDelimitedCodec`, and some that other protocols have:
//!
//! ```text
//! |<- offset ->|
//! +-------+----+--------+-----+------------------------------+---------+
//! | magic | .. | length | :   | n + adjustment bytes         | trailer |
//! +-------+----+--------+-----+------------------------------+---------+
//! |<- strip, unless it is said: the header ->|<-- message -->|
//! ```

mod checksum;
mod decoder;
mod width;

use bytes::Bytes;

pub use checksum::{Checksum, Covers};
pub use decoder::Head;
pub(super) use decoder::LengthPrefixDecoder;
pub use width::{UnknownWidth, Width};

use super::mark::Mark;
use super::table::{MAXIMUM, Values, settings, words};
use super::{DEFAULT_MAX_FRAME, EncodeError, Format};
use crate::Offset;

/// Most bytes that may stand in front of a length, in a mark, or behind a message.
pub const MAX_AROUND: u32 = 256;
/// Bounds of the number of such bytes.
const AROUND: Values = Values::Number {
    least: 0,
    most: MAX_AROUND as i64,
};
/// Most digits of a length in decimal: u64 has as many.
const MAX_DIGITS: usize = 20;
/// Most bytes of a varint: u64 has as many.
const MAX_VARINT: usize = 10;

words! {
    /// Which byte of a number comes first.
    pub enum Endian {
        /// Least significant first, as x86 has it in memory.
        Little = "little",
        /// Most significant first: network byte order.
        Big = "big",
    }
}

settings! {
    /// A length field's shape, and what stands around it.
    pub struct LengthPrefix {
        /// Bytes of the frame in front of the length field, magic included: at most
        /// [`MAX_AROUND`].
        #[serde(skip_serializing_if = "is_default")]
        pub offset: u32 = 0
            => "offset", AROUND;
        /// Size of the field.
        pub width: Width = Width::Bytes(4)
            => "width", Values::Words(Width::WORDS);
        /// Its byte order, where it is a number of bytes wide.
        pub endian: Endian = Endian::Little
            => "endian", Values::Words(Endian::WORDS);
        /// Two's complement, as `struct 'i'`, or unsigned; where it is a number of bytes wide.
        pub signed: bool = true
            => "signed", Values::Flag;
        /// Whether the length includes all that stands in front of the body: the field and
        /// what is before it.
        pub counts_header: bool = false
            => "counts-header", Values::Flag;
        /// What is added to the length to have the number of bytes behind the header.
        #[serde(skip_serializing_if = "is_default")]
        pub adjustment: i32 = 0
            => "adjustment", Values::Number { least: i32::MIN as i64, most: i32::MAX as i64 };
        /// Bytes at the front of the frame that are no part of the message; none: the header.
        #[serde(skip_serializing_if = "is_default")]
        pub strip: Option<u32> = None
            => "strip", Values::Optional(&AROUND);
        /// What ends the digits of a length in decimal.
        #[serde(skip_serializing_if = "is_colon")]
        pub separator: Mark = ":".into()
            => "separator", Values::Bytes { least: 1, most: MAX_AROUND as usize };
        /// What each frame begins with.
        #[serde(skip_serializing_if = "is_default")]
        pub magic: Mark = Mark::default()
            => "magic", Values::Bytes { least: 0, most: MAX_AROUND as usize };
        /// Bytes behind the body that the length does not count: at most [`MAX_AROUND`].
        /// A checksum is the last of them.
        #[serde(skip_serializing_if = "is_default")]
        pub trailer: u32 = 0
            => "trailer", AROUND;
        /// What the trailer's last bytes have to be.
        #[serde(skip_serializing_if = "is_default")]
        pub checksum: Checksum = Checksum::None
            => "checksum", Values::Words(Checksum::WORDS);
        /// What the checksum is computed over.
        #[serde(skip_serializing_if = "is_default")]
        pub covers: Covers = Covers::Body
            => "covers", Values::Words(Covers::WORDS);
        /// The checksum's byte order; none: as the length's.
        #[serde(skip_serializing_if = "is_default")]
        pub checksum_endian: Option<Endian> = None
            => "checksum-endian", Values::Optional(&Values::Words(Endian::WORDS));
        /// Whether decoding goes on at the next magic behind a frame that can't be decoded.
        #[serde(skip_serializing_if = "is_default")]
        pub resynchronise: bool = false
            => "resynchronise", Values::Flag;
        /// The largest body accepted, in bytes.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_colon(end: &Mark) -> bool {
    **end == *b":"
}

impl Format for LengthPrefix {
    type Decoder = LengthPrefixDecoder;

    fn decoder(&self, start: Offset) -> LengthPrefixDecoder {
        LengthPrefixDecoder::new(self.clone(), start)
    }

    fn validate(&self) -> Result<(), EncodeError> {
        let around = [self.offset, self.trailer, self.strip.unwrap_or(0)];
        let around = around.map(|size| size as usize);
        let marks = [self.magic.len(), self.separator.len()];
        let size = around.into_iter().chain(marks).fold(0, usize::max);
        let maximum = MAX_AROUND as usize;
        if size > maximum {
            return Err(EncodeError::Oversized { size, maximum });
        }
        for (name, value, least) in [
            ("offset", self.offset as usize, self.magic.len()),
            ("trailer", self.trailer(), self.checksum.width()),
            ("separator", self.separator.len(), 1),
            ("magic", self.magic.len(), usize::from(self.resynchronise)),
        ] {
            if value < least {
                return Err(EncodeError::Setting { name, least });
            }
        }
        // The header's size depends on the length there.
        let variable = match self.width {
            Width::Bytes(_) => None,
            Width::Varint => Some(width::VARINT),
            Width::Decimal => Some(width::DECIMAL),
        };
        for (name, is_set) in [
            ("counts-header", self.counts_header),
            ("strip", self.strip.is_some_and(|strip| strip > 0)),
        ] {
            if let (Some(width), true) = (variable, is_set) {
                return Err(EncodeError::NotWith { name, width });
            }
        }
        Ok(())
    }

    fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
        self.validate()?;
        // The most that the field can say.
        let beside = self.beside();
        let field = match self.width {
            Width::Bytes(width) => u64::MAX >> (64 - 8 * u32::from(width) + u32::from(self.signed)),
            Width::Varint | Width::Decimal => u64::MAX,
        };
        let body = i128::from(self.maximum) - self.dropped() as i128;
        let maximum = body.min(i128::from(field) - beside);
        if length as i128 > maximum {
            let maximum = u64::try_from(maximum).unwrap_or(0);
            return Err(EncodeError::TooLarge { length, maximum });
        }
        if length as i128 + beside < 0 {
            return Err(EncodeError::TooShort {
                length,
                minimum: usize::try_from(-beside).unwrap_or(usize::MAX),
            });
        }
        self.header_saying(length as i128)
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        let header = self.header(message.len())?;
        let mut body = vec![0; self.dropped()];
        body.extend_from_slice(message);
        let checksum = self.computed(&header, &body);
        let width = self.checksum.width();
        body.resize(body.len() + self.trailer() - width, 0);
        body.extend(ordered(checksum.into(), width, self.checksum_endian()));
        Ok(body.into())
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_add(self.dropped() + self.trailer())
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

impl LengthPrefix {
    /// The header that says that the message has `length` bytes, true or not: below zero as
    /// two's complement, or with a sign in front of the digits; of a number that is too large
    /// its lowest bytes.
    pub(super) fn header_saying(&self, length: i128) -> Result<Bytes, EncodeError> {
        self.validate()?;
        let value = length + self.beside();
        // Two's complement.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "as said"
        )]
        let bits = value as u64;
        let mut header = self.magic.to_vec();
        header.resize(self.offset as usize, 0);
        match self.width {
            Width::Bytes(width) => {
                header.extend(ordered(bits, usize::from(width), self.endian));
            }
            Width::Varint => header.extend(varint(bits)),
            Width::Decimal => {
                header.extend(value.to_string().into_bytes());
                header.extend_from_slice(&self.separator);
            }
        }
        Ok(header.into())
    }

    /// What the length says beside the message's bytes.
    fn beside(&self) -> i128 {
        self.dropped() as i128 + self.overhead() - i128::from(self.adjustment)
    }

    /// Bytes in front of the body that the length includes.
    fn overhead(&self) -> i128 {
        match self.width {
            Width::Bytes(width) if self.counts_header => {
                i128::from(self.offset) + i128::from(width)
            }
            _ => 0,
        }
    }

    /// Bytes of the body that are no part of the message.
    fn dropped(&self) -> usize {
        match (self.width, self.strip) {
            (Width::Bytes(width), Some(strip)) => {
                (strip as usize).saturating_sub(self.offset as usize + usize::from(width))
            }
            _ => 0,
        }
    }

    /// Bytes behind the body: the trailer's, with its checksum.
    pub fn trailer(&self) -> usize {
        match self.trailer {
            0 => self.checksum.width(),
            bytes => bytes as usize,
        }
    }

    fn checksum_endian(&self) -> Endian {
        self.checksum_endian.unwrap_or(self.endian)
    }

    /// The checksum that belongs behind `body`.
    fn computed(&self, header: &[u8], body: &[u8]) -> u32 {
        match self.covers {
            Covers::Body => self.checksum.of([b"", body]),
            Covers::Frame => self.checksum.of([header, body]),
        }
    }
}

/// The lowest `width` bytes of a number.
fn ordered(value: u64, width: usize, endian: Endian) -> Vec<u8> {
    let mut bytes = value.to_be_bytes()[8 - width..].to_vec();
    if endian == Endian::Little {
        bytes.reverse();
    }
    bytes
}

/// A number in LEB128.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests;
