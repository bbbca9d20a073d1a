//! Reads a stream of frames that a length is in front of.

use memchr::memmem;

use super::{Checksum, Endian, LengthPrefix, MAX_DIGITS, MAX_VARINT, Width};
use crate::Offset;
use crate::framing::buffer::Buffer;
use crate::framing::{Decode, Format as _, Frame, FrameError, Resynchronised};

#[derive(Clone, Debug)]
pub(in crate::framing) struct LengthPrefixDecoder {
    prefix: LengthPrefix,
    /// With other settings no frame ever comes.
    is_valid: bool,
    buffer: Buffer,
    /// Of the frame that has begun: what its header says, once it has been read and checked.
    head: Option<Head>,
    sums: Sums,
}

/// What checksums have cost since the last frame that was right: where decoding goes on behind
/// damage, any byte may seem to begin a frame.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// Behind the last frame that was right.
    good: Offset,
    /// Bytes that were summed since.
    bytes: u64,
    /// Size of the frame whose checksum is wrong.
    refused: usize,
}

/// How often each byte may be summed until a frame with a wrong checksum is given up whole.
const MOST_SUMS: u64 = 8;

/// What is known of a frame as soon as its header has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes in front of the body.
    pub header: usize,
    /// Bytes of the body: at most the maximum.
    pub body: usize,
}

/// A length field that has come whole.
struct Field {
    /// What it says.
    length: i128,
    /// Bytes it takes, its end included.
    size: usize,
}

impl LengthPrefixDecoder {
    pub(super) fn new(prefix: LengthPrefix, start: Offset) -> Self {
        Self {
            is_valid: prefix.validate().is_ok(),
            prefix,
            buffer: Buffer::new(start),
            head: None,
            sums: Sums {
                good: start,
                bytes: 0,
                refused: 0,
            },
        }
    }

    /// Compares the checksum of a frame that has come whole with what it should be.
    fn check_sum(&self, header: usize, body: usize) -> Result<(), FrameError> {
        let prefix = &self.prefix;
        let (front, rest) = self.buffer.split_at(header);
        let (body, rest) = rest.split_at(body);
        let before = prefix.trailer() - prefix.checksum.width();
        let field = &rest[before..prefix.trailer()];
        let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        let said = match prefix.checksum_endian() {
            Endian::Big => field.iter().fold(0, fold),
            Endian::Little => field.iter().rev().fold(0, fold),
        };
        let computed = prefix.computed(front, body);
        if said == computed {
            return Ok(());
        }
        Err(FrameError::Checksum {
            offset: self.buffer.start() + header + body.len() + before,
            said,
            computed,
        })
    }

    /// The frame that has come whole.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn take(&mut self, head: Head) -> Frame {
        let Head { header, body } = head;
        let start = self.buffer.start();
        let strip = self.prefix.strip.map_or(header, |strip| strip as usize);
        let strip = strip.min(header + body);
        self.buffer.skip(strip);
        let body = self.buffer.take(header + body - strip);
        let trailer = self.prefix.trailer();
        self.buffer.skip(trailer);
        Frame {
            start,
            header: strip,
            size: body.len(),
            body,
            trailer,
        }
    }
}

impl Decode for LengthPrefixDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let head = match self.head {
            Some(head) => head,
            None if !self.is_valid => return Ok(None),
            None => match self.prefix.head(&self.buffer, self.buffer.start())? {
                Some(head) => head,
                None => return Ok(None),
            },
        };
        let size = head.header + head.body + self.prefix.trailer();
        if self.buffer.len() < size {
            self.head = Some(head);
            return Ok(None);
        }
        self.head = None;
        if self.prefix.checksum != Checksum::None {
            let checked = self.check_sum(head.header, head.body);
            if checked.is_err() {
                self.sums.bytes += size as u64;
                self.sums.refused = size;
            }
            checked?;
        }
        let frame = self.take(head);
        self.sums.good = self.buffer.start();
        self.sums.bytes = 0;
        Ok(Some(frame))
    }

    fn lacks(&self) -> Option<u64> {
        let head = self.head?;
        let need = head.header + head.body + self.prefix.trailer();
        Some(need.saturating_sub(self.buffer.len()) as u64)
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// At the next magic: behind the first byte of what was refused, or behind the whole frame
    /// if its bytes were summed often enough. What may be the beginning of a magic stays.
    fn resynchronise(&mut self, is_first: bool) -> Resynchronised {
        let refused = std::mem::take(&mut self.sums.refused);
        let reached = self.buffer.start() + refused;
        let seen = reached.0.saturating_sub(self.sums.good.0);
        let from = match is_first {
            true if self.sums.bytes > MOST_SUMS.saturating_mul(seen) => refused.max(1),
            true => 1,
            false => 0,
        };
        let magic = &self.prefix.magic[..];
        let from = from.min(self.buffer.len());
        let rest = &self.buffer[from..];
        let found = memmem::find(rest, magic);
        let begins = |at: &usize| magic.starts_with(&rest[*at..]);
        let at = found.unwrap_or_else(|| {
            let earliest = rest.len().saturating_sub(magic.len().saturating_sub(1));
            (earliest..rest.len()).find(begins).unwrap_or(rest.len())
        });
        let is_found = found.is_some();
        self.head = None;
        self.buffer.skip(from + at);
        Resynchronised {
            until: self.buffer.start(),
            is_found,
        }
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        let have = self.buffer.len();
        let start = self.buffer.start();
        match self.head {
            None if have == 0 => Ok(()),
            None => {
                // How long a number is whose end has not come nobody knows.
                let field = match self.prefix.width {
                    Width::Bytes(width) => self.prefix.offset as usize + usize::from(width),
                    Width::Varint | Width::Decimal => self.prefix.offset as usize + 1,
                };
                Err(FrameError::Truncated {
                    offset: start,
                    have,
                    need: field.max(have + 1),
                })
            }
            Some(Head { header, body }) => Err(FrameError::Truncated {
                offset: start + header,
                have: have - header,
                need: body + self.prefix.trailer(),
            }),
        }
    }
}

impl LengthPrefix {
    /// Reads the header of the frame that `bytes` begin with, the first of which stands at
    /// `start`; none: it has not come whole. The settings have to be valid
    /// ([`Framing::validate`](crate::Framing::validate)).
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub fn head(&self, bytes: &[u8], start: Offset) -> Result<Option<Head>, FrameError> {
        if !self.magic.is_empty() {
            self.check_magic(bytes, start)?;
        }
        let before = self.offset as usize;
        let offset = start + before;
        let Some(field) = bytes.get(before..) else {
            return Ok(None);
        };
        let read = match self.width {
            Width::Bytes(width) => field.get(..usize::from(width)).map(|field| Field {
                length: self.number(field),
                size: field.len(),
            }),
            Width::Varint => varint(field, offset)?,
            Width::Decimal => self.decimal(field, offset)?,
        };
        let Some(Field { length, size }) = read else {
            return Ok(None);
        };
        let header = before + size;
        let body = self.body_of(length, header, offset)?;
        Ok(Some(Head { header, body }))
    }

    /// Refuses a frame that does not begin with the magic, as far as it has come.
    fn check_magic(&self, bytes: &[u8], start: Offset) -> Result<(), FrameError> {
        let magic = &self.magic;
        let mut pairs = bytes.iter().zip(magic.iter());
        match pairs.position(|(byte, expected)| byte != expected) {
            None => Ok(()),
            Some(at) => Err(FrameError::Unexpected {
                offset: start + at,
                byte: bytes[at],
                expected: magic[at],
            }),
        }
    }

    /// Checks a length and gives the body's: at most the maximum.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn body_of(&self, length: i128, header: usize, offset: Offset) -> Result<usize, FrameError> {
        let body = length - self.overhead() + i128::from(self.adjustment);
        match usize::try_from(body) {
            // What is dropped of a body has to be there.
            Ok(body) if length >= 0 && (self.dropped()..=self.maximum as usize).contains(&body) => {
                Ok(body)
            }
            _ => Err(self.wrong(length, header, offset)),
        }
    }

    /// Why a length can't be right.
    #[cold]
    fn wrong(&self, length: i128, header: usize, offset: Offset) -> FrameError {
        let adjustment = self.adjustment;
        let body = length - self.overhead() + i128::from(adjustment);
        if length < 0 {
            FrameError::Negative { offset, length }
        } else if body >= self.dropped() as i128 {
            FrameError::TooLarge {
                offset,
                length,
                maximum: self.maximum,
            }
        } else if self.counts_header {
            FrameError::ShorterThanHeader {
                offset,
                length,
                header,
            }
        } else {
            FrameError::BelowAdjustment {
                offset,
                length,
                adjustment,
            }
        }
    }

    /// Digits and their end.
    fn decimal(&self, field: &[u8], offset: Offset) -> Result<Option<Field>, FrameError> {
        let digits = field.iter().take_while(|byte| byte.is_ascii_digit());
        let digits = digits.take(MAX_DIGITS + 1).count();
        let length = field[..digits]
            .iter()
            .fold(0, |length, digit| length * 10 + i128::from(digit - b'0'));
        // No end has to come before that is known.
        if digits > MAX_DIGITS {
            return Err(FrameError::TooLarge {
                offset,
                length,
                maximum: self.maximum,
            });
        }
        let end = &self.separator;
        for (at, (&byte, &expected)) in field[digits..].iter().zip(end.iter()).enumerate() {
            let offset = offset + digits + at;
            if digits == 0 {
                return Err(FrameError::NonNumeric { offset, byte });
            } else if byte != expected {
                return Err(if at == 0 {
                    FrameError::NonNumeric { offset, byte }
                } else {
                    FrameError::Unexpected {
                        offset,
                        byte,
                        expected,
                    }
                });
            }
        }
        let size = digits + end.len();
        Ok((digits > 0 && field.len() >= size).then_some(Field { length, size }))
    }

    /// The number that the bytes of a field say, sign and order as set: all of a field that
    /// is a number of bytes wide, or the front of one that has not come whole; 0 of none.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub fn number(&self, field: &[u8]) -> i128 {
        let field = &field[..field.len().min(8)];
        if field.is_empty() {
            return 0;
        }
        let fold = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = match self.endian {
            Endian::Big => field.iter().fold(0, fold),
            Endian::Little => field.iter().rev().fold(0, fold),
        };
        // In the upper bytes: a shift brings it down with its sign.
        let unused = 64 - 8 * field.len();
        let bits = bits << unused;
        if self.signed {
            i128::from(bits.cast_signed() >> unused)
        } else {
            i128::from(bits >> unused)
        }
    }
}

/// LEB128: 7 bits a byte, the lowest first.
fn varint(field: &[u8], offset: Offset) -> Result<Option<Field>, FrameError> {
    let mut length = 0;
    for (at, byte) in field.iter().take(MAX_VARINT).enumerate() {
        length |= i128::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let size = at + 1;
            return Ok(Some(Field { length, size }));
        }
    }
    if field.len() < MAX_VARINT {
        return Ok(None);
    }
    Err(FrameError::EndlessVarint { offset })
}
