//! A mark ends each message, and within one an escape stands for it: SLIP (RFC 1055),
//! the byte-stuffed HDLC of PPP (RFC 1662), and their likes.
//!
//! ```text
//! +-----+--------------------------------+-----+
//! | end |  message, its marks escaped    | end |
//! +-----+--------------------------------+-----+
//! ```
//!
//! Where a frame starts with a byte of its own, that is `start`. Otherwise one mark may
//! both end a frame and start the next, and nothing between two marks is no message.

mod decoder;

use bytes::Bytes;

use super::byte::Byte;
use super::table::{MAXIMUM, Values, settings, words};
use super::{DEFAULT_MAX_FRAME, EncodeError, Format};
use crate::Offset;

pub(super) use decoder::MarkedDecoder;

words! {
    /// What stands behind an escape.
    pub enum Escaping {
        /// A byte for each: 0xdc for the end, 0xdd for the escape, 0xde for the start.
        Slip = "slip",
        /// The byte itself, with its bit 0x20 turned.
        Xor = "xor",
    }
}

/// The bit that [`Escaping::Xor`] turns (RFC 1662, 4.2).
const TURNED: u8 = 0x20;

settings! {
    /// Settings of the marked framing: SLIP's, unless they are said.
    #[derive(Copy)]
    pub struct Marked {
        /// What a frame starts with; none: it may start with the end mark.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub start: Option<Byte> = None
            => "start", Values::Optional(&Values::Byte);
        /// What ends a frame.
        pub end: Byte = Byte(0xc0)
            => "end", Values::Byte;
        /// What stands in front of an escaped byte.
        pub escape: Byte = Byte(0xdb)
            => "escape", Values::Byte;
        /// What the escaped byte is.
        pub escaping: Escaping = Escaping::Slip
            => "escaping", Values::Words(Escaping::WORDS);
        /// Whether decoding goes on at the next mark behind a frame that can't be decoded.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub resynchronise: bool = false
            => "resynchronise", Values::Flag;
        /// The largest message accepted, in bytes, escapes not counted.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for Marked {
    type Decoder = MarkedDecoder;

    fn decoder(&self, start: Offset) -> MarkedDecoder {
        MarkedDecoder::new(*self, start)
    }

    fn validate(&self) -> Result<(), EncodeError> {
        let (end, escape) = (self.end, self.escape);
        let is_mark = |byte| byte == end.0 || self.start.is_some_and(|start| start.0 == byte);
        let mut codes = self.pairs().into_iter().flatten();
        // What stands behind an escape is no mark either.
        let is_same = end == escape
            || self
                .start
                .is_some_and(|start| start == end || start == escape)
            || codes.any(|(_, code)| is_mark(code));
        if is_same {
            return Err(EncodeError::SameMarks);
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
        if message.is_empty() && self.start.is_none() {
            return Err(EncodeError::Empty);
        }
        let mut framed = vec![self.start.unwrap_or(self.end).0];
        for &byte in message {
            match self.stands_for(byte) {
                Some(escaped) => framed.extend([self.escape.0, escaped]),
                None => framed.push(byte),
            }
        }
        framed.push(self.end.0);
        Ok(framed.into())
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_mul(2).saturating_add(2)
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

impl Marked {
    /// The marks with what stands for each of them.
    fn pairs(&self) -> [Option<(u8, u8)>; 3] {
        let slip = [
            (Some(self.end), 0xdc),
            (Some(self.escape), 0xdd),
            (self.start, 0xde),
        ];
        slip.map(|(mark, code)| {
            let mark = mark?.0;
            Some(match self.escaping {
                Escaping::Slip => (mark, code),
                Escaping::Xor => (mark, mark ^ TURNED),
            })
        })
    }

    /// What is sent behind an escape for `byte`; none: it is sent as it is.
    fn stands_for(&self, byte: u8) -> Option<u8> {
        let mut pairs = self.pairs().into_iter().flatten();
        pairs.find_map(|(mark, code)| (mark == byte).then_some(code))
    }

    /// What `code` behind an escape means.
    fn meant(&self, code: u8) -> Option<u8> {
        match self.escaping {
            // Any byte may be escaped, as control characters are on a serial line.
            Escaping::Xor => Some(code ^ TURNED),
            Escaping::Slip => {
                let mut pairs = self.pairs().into_iter().flatten();
                pairs.find_map(|(mark, other)| (other == code).then_some(mark))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Decode as _, FrameError};

    const HDLC: Marked = Marked {
        start: None,
        end: Byte(0x7e),
        escape: Byte(0x7d),
        escaping: Escaping::Xor,
        resynchronise: false,
        maximum: 8,
    };

    /// The messages of a stream cut anywhere; the frames cover it without gaps.
    fn check(settings: Marked, stream: &[u8], expected: &[&[u8]], ended: &Result<(), FrameError>) {
        for cut in 0..=stream.len() {
            let mut decoder = settings.decoder(Offset(0));
            let (mut messages, mut end, mut failed) = (Vec::new(), Offset(0), None);
            for chunk in [&stream[..cut], &stream[cut..]] {
                decoder.handle_chunk(chunk);
                while failed.is_none() {
                    match decoder.poll_frame() {
                        Ok(Some(frame)) => {
                            assert_eq!(frame.start, end);
                            end = frame.range().end;
                            messages.push(frame.body);
                        }
                        Ok(None) => break,
                        Err(error) => failed = Some(error),
                    }
                }
            }
            assert_eq!(messages, expected, "cut at {cut}");
            let all = failed.map_or_else(|| decoder.handle_eof(), Err);
            assert_eq!(all, *ended, "cut at {cut}");
        }
    }

    #[test]
    fn the_published_escapes() {
        let slip = Marked::default();
        check(slip, b"\xc0A\xdb\xdcB\xc0", &[b"A\xc0B"], &Ok(()));
        check(
            slip,
            b"A\xdb\xddB\xc0\xc0\xc0C\xc0",
            &[b"A\xdbB", b"C"],
            &Ok(()),
        );
        check(HDLC, b"\x7eA\x7d\x5eB\x7e", &[b"A~B"], &Ok(()));
        check(HDLC, b"\x7eA\x7eB\x7e", &[b"A", b"B"], &Ok(()));
    }

    #[test]
    fn a_start_mark_of_its_own() {
        let settings = Marked {
            start: Some(Byte(2)),
            end: Byte(3),
            ..HDLC
        };
        check(
            settings,
            b"\x02\x03\x02a\x7d\x22\x03",
            &[b"", b"a\x02"],
            &Ok(()),
        );
        let unexpected = FrameError::Unexpected {
            offset: Offset(2),
            byte: b'x',
            expected: 2,
        };
        check(settings, b"\x02\x03x", &[b""], &Err(unexpected));
        let again = FrameError::Undecodable {
            offset: Offset(2),
            byte: 2,
        };
        check(settings, b"\x02a\x02b\x03", &[], &Err(again));
    }

    #[test]
    fn what_is_wrong_is_refused_where_it_stands() {
        let undecodable = |offset, byte| {
            let offset = Offset(offset);
            Err(FrameError::Undecodable { offset, byte })
        };
        check(Marked::default(), b"A\xdbB\xc0", &[], &undecodable(2, b'B'));
        // The sender gave the frame up (RFC 1662, 4.3).
        check(HDLC, b"A\x7d\x7e", &[], &undecodable(2, 0x7e));
        let too_large = Err(FrameError::TooLarge {
            offset: Offset(0),
            length: 9,
            maximum: 8,
        });
        check(HDLC, b"1234567\x7d\x019\x7e", &[], &too_large);
        check(HDLC, b"123456789012\x7e", &[], &too_large);
        check(HDLC, b"12345678\x7e", &[b"12345678"], &Ok(()));
        let (offset, have, need) = (Offset(2), 1, 2);
        let truncated = Err(FrameError::Truncated { offset, have, need });
        check(HDLC, b"a\x7eb", &[b"a"], &truncated);
    }

    #[test]
    fn marks_differ_and_a_message_has_bytes() {
        let same = Marked {
            escape: Byte(0x7e),
            ..HDLC
        };
        assert_eq!(same.validate(), Err(EncodeError::SameMarks));
        assert_eq!(HDLC.body(b""), Err(EncodeError::Empty));
        assert_eq!(&HDLC.body(b"~").unwrap()[..], b"\x7e\x7d\x5e\x7e");
    }
}
