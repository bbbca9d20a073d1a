//! JSON values back to back (RFC 8259), as in a stream of JSON lines.
//!
//! ```text
//! +-------+--------------+-------+--------------+
//! | space | value        | space | value        |
//! +-------+--------------+-------+--------------+
//! ```
//!
//! An object, an array and a text end with their last character. A number, `true`,
//! `false` and `null` end where something else begins: a line end, the stream's end, or
//! the sender's silence ([`Decode::handle_quiet`]). Each value is checked, so that what
//! is no JSON is refused.

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::buffer::Buffer;
use super::table::{MAXIMUM, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
use crate::Offset;

settings! {
    /// Settings of the JSON framing.
    #[derive(Copy)]
    pub struct Json {
        /// The largest value accepted, in bytes.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for Json {
    type Decoder = JsonDecoder;

    fn decoder(&self, start: Offset) -> JsonDecoder {
        JsonDecoder {
            maximum: self.maximum,
            buffer: Buffer::new(start),
            space: 0,
            scan: Scan::default(),
            is_quiet: false,
        }
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        if message.len() > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length: message.len(),
                maximum: u64::from(self.maximum),
            });
        }
        let is_bare = message.trim_ascii() == message;
        if !is_bare || !is_json(message) {
            return Err(EncodeError::NotJson);
        }
        Ok([message, b"\n"].concat().into())
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_add(1)
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }

    fn maximum(&self) -> u32 {
        self.maximum
    }
}

/// Whether the bytes are one JSON value in UTF-8.
fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// How far the value at the front of the buffer has been looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Bytes of it that have been looked at.
    read: usize,
    /// Objects and arrays that are open.
    depth: usize,
    is_in_text: bool,
    /// The byte before was a backslash.
    is_escaped: bool,
}

/// Where the value ends.
enum End {
    /// It has come whole.
    Here,
    /// It may go on.
    Maybe,
    /// Its rest is missing.
    Later,
}

impl Scan {
    /// Goes on with what is in `value`, of which at most `most` bytes are looked at.
    fn read(&mut self, value: &[u8], most: usize) -> End {
        for &byte in &value[self.read..value.len().min(most)] {
            if self.is_in_text {
                self.read += 1;
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_text = false,
                    _ => {}
                }
                if !self.is_in_text && self.depth == 0 {
                    return End::Here;
                }
                continue;
            }
            // A bare word ends in front of what can't belong to it.
            let begins = matches!(byte, b'"' | b'{' | b'[') || is_space(byte);
            if self.depth == 0 && self.read > 0 && begins {
                return End::Here;
            }
            self.read += 1;
            match byte {
                b'"' => self.is_in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return End::Here;
                    }
                }
                _ => {}
            }
        }
        let is_word = self.read > 0 && self.depth == 0 && !self.is_in_text;
        if is_word { End::Maybe } else { End::Later }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[derive(Clone, Debug)]
pub(super) struct JsonDecoder {
    maximum: u32,
    /// What is behind the white space in front of the value.
    buffer: Buffer,
    /// White space in front of the value.
    space: usize,
    scan: Scan,
    /// The sender has paused, or ended the stream.
    is_quiet: bool,
}

impl JsonDecoder {
    /// Goes on with the value. One byte more than is allowed is enough to refuse it.
    fn read(&mut self) -> End {
        let most = (self.maximum as usize).saturating_add(1);
        self.scan.read(&self.buffer, most)
    }

    /// Drops white space in front of a value.
    fn skip_space(&mut self) {
        if self.scan.read == 0 {
            let first = self.buffer.iter().position(|byte| !is_space(*byte));
            let space = first.unwrap_or(self.buffer.len());
            self.space += space;
            self.buffer.skip(space);
        }
    }
}

impl Decode for JsonDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
        self.skip_space();
        self.is_quiet &= chunk.is_empty();
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let end = self.read();
        let read = self.scan.read;
        let offset = self.buffer.start();
        if read > self.maximum as usize {
            return Err(FrameError::TooLarge {
                offset,
                length: read as i128,
                maximum: self.maximum,
            });
        }
        let value = &self.buffer[..read];
        match end {
            End::Later => return Ok(None),
            End::Maybe if !self.is_quiet => return Ok(None),
            End::Here | End::Maybe if is_json(value) => {}
            End::Here | End::Maybe => return Err(FrameError::NotJson { offset }),
        }
        let start = Offset(offset.0 - self.space as u64);
        let header = std::mem::take(&mut self.space);
        let body = self.buffer.take(read);
        self.scan = Scan::default();
        self.skip_space();
        Ok(Some(Frame {
            start,
            header,
            body,
            size: read,
            trailer: 0,
        }))
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        self.is_quiet = true;
        match self.read() {
            End::Later if self.scan.read > 0 => {
                let have = self.scan.read;
                Err(FrameError::Truncated {
                    offset: self.buffer.start(),
                    have,
                    need: have + 1,
                })
            }
            // The value that only the end completes is polled for.
            _ => Ok(()),
        }
    }

    fn awaits_quiet(&self) -> bool {
        !self.is_quiet && self.scan.read > 0 && self.scan.depth == 0 && !self.scan.is_in_text
    }

    fn handle_quiet(&mut self) {
        self.is_quiet = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(maximum: u32, chunks: &[&[u8]]) -> Result<Vec<String>, FrameError> {
        let mut decoder = Json { maximum }.decoder(Offset(0));
        let (mut values, mut end) = (Vec::new(), Offset(0));
        let mut drain = |decoder: &mut JsonDecoder| {
            while let Some(frame) = decoder.poll_frame()? {
                assert_eq!(frame.start, end);
                end = frame.range().end;
                values.push(String::from_utf8(frame.body.to_vec()).unwrap());
            }
            Ok(())
        };
        for chunk in chunks {
            decoder.handle_chunk(chunk);
            drain(&mut decoder)?;
        }
        decoder.handle_eof()?;
        drain(&mut decoder)?;
        Ok(values)
    }

    fn check(maximum: u32, stream: &str, expected: &Result<Vec<&str>, FrameError>) {
        let stream = stream.as_bytes();
        for cut in 0..=stream.len() {
            let decoded = decode(maximum, &[&stream[..cut], &stream[cut..]]);
            let expected = expected.clone();
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!(decoded, expected, "cut at {cut}");
        }
    }

    #[test]
    fn values_back_to_back_and_in_lines() {
        check(
            99,
            r#"{"a":1}{"b":"}"}[2]"#,
            &Ok(vec![r#"{"a":1}"#, r#"{"b":"}"}"#, "[2]"]),
        );
        check(
            99,
            " 1\n-2.5e3\r\ntrue null\"a\\\"\"[[]]7",
            &Ok(vec!["1", "-2.5e3", "true", "null", r#""a\"""#, "[[]]", "7"]),
        );
        check(99, "{\"粘\":\"包\"}\n\n", &Ok(vec!["{\"粘\":\"包\"}"]));
    }

    #[test]
    fn silence_ends_a_number() {
        let mut decoder = Json::default().decoder(Offset(0));
        decoder.handle_chunk(b"12");
        assert_eq!(decoder.poll_frame(), Ok(None));
        assert!(decoder.awaits_quiet());
        decoder.handle_quiet();
        assert_eq!(&decoder.poll_frame().unwrap().unwrap().body[..], b"12");
        decoder.handle_chunk(b"[1");
        assert_eq!(decoder.poll_frame(), Ok(None));
        assert!(!decoder.awaits_quiet() && decoder.is_mid_frame());
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_begins() {
        let not_json = |offset| {
            let offset = Offset(offset);
            Err(FrameError::NotJson { offset })
        };
        check(99, "1 {a}", &not_json(2));
        check(99, "truefalse\n", &not_json(0));
        check(99, "[1}", &not_json(0));
        check(99, "}", &not_json(0));
        check(99, "GET / HTTP/1.1\r\n", &not_json(0));
        assert_eq!(
            decode(99, &[b"\"\xff\""]),
            Err(FrameError::NotJson { offset: Offset(0) })
        );
        let (offset, have, need) = (Offset(1), 3, 4);
        let truncated = FrameError::Truncated { offset, have, need };
        check(99, " [1,", &Err(truncated));
        let too_large = FrameError::TooLarge {
            offset: Offset(0),
            length: 4,
            maximum: 3,
        };
        check(3, "[1,2]", &Err(too_large));
    }

    #[test]
    fn one_value_is_sent_with_a_line_end() {
        assert_eq!(&Json::default().body(b"[1]").unwrap()[..], b"[1]\n");
        for wrong in ["", " 1", "1\n", "1 2", "{", "a"] {
            let refused = Json::default().body(wrong.as_bytes());
            assert_eq!(refused, Err(EncodeError::NotJson), "{wrong:?}");
        }
    }
}
