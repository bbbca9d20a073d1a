//! HTTP/1.1's chunked transfer coding (RFC 9112, 7.1): a size in hexadecimal, a line
//! end, so many bytes, a line end.
//!
//! ```text
//! +------+---------------+------+---------+------+
//! | size | ;extensions   | CRLF | message | CRLF |
//! +------+---------------+------+---------+------+
//! ```
//!
//! Each chunk is a message. A chunk of no bytes is the last of a body: an empty message,
//! whose frame has the lines of the trailer section, up to an empty one.

use bytes::Bytes;

use super::buffer::Buffer;
use super::table::{MAXIMUM, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError};
use crate::Offset;

/// Most bytes of a line: of a size with its extensions, or of the trailer section.
const MAX_LINE: u32 = 8192;
/// Most digits of a size.
const MAX_DIGITS: usize = 16;
const END: &[u8] = b"\r\n";

settings! {
    /// Settings of the chunked coding.
    #[derive(Copy)]
    pub struct Chunked {
        /// The largest chunk accepted, in bytes.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for Chunked {
    type Decoder = ChunkedDecoder;

    fn decoder(&self, start: Offset) -> ChunkedDecoder {
        ChunkedDecoder {
            maximum: self.maximum,
            buffer: Buffer::new(start),
            stage: Stage::Size,
            searched: 0,
        }
    }

    fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
        if length > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length,
                maximum: u64::from(self.maximum),
            });
        }
        Ok(format!("{length:x}\r\n").into())
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        Ok([message, END].concat().into())
    }

    fn body_length(&self, length: usize) -> usize {
        length.saturating_add(END.len())
    }

    fn limit(&mut self, most: u32) {
        self.maximum = self.maximum.min(most);
    }

    fn maximum(&self) -> u32 {
        self.maximum
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Size,
    /// The size's line has come: so many bytes of it, and so many of the chunk.
    Body {
        header: usize,
        body: usize,
    },
    /// The chunk of no bytes: lines of the trailer section up to there have been read.
    Section {
        header: usize,
        read: usize,
    },
}

#[derive(Clone, Debug)]
pub(super) struct ChunkedDecoder {
    maximum: u32,
    buffer: Buffer,
    stage: Stage,
    /// Where the search for a line's end goes on.
    searched: usize,
}

impl ChunkedDecoder {
    /// Length of the line that begins at `from`, its end included; none: that has not come.
    fn line(&mut self, from: usize) -> Result<Option<usize>, FrameError> {
        let searched = self.searched.max(from);
        let found = memchr::memchr(b'\n', &self.buffer[searched..]);
        self.searched = searched + found.unwrap_or(self.buffer.len() - searched);
        let length = self.searched - from;
        if length > MAX_LINE as usize {
            return Err(self.long(from));
        }
        if found.is_none() {
            return Ok(None);
        }
        let before = self
            .searched
            .checked_sub(1)
            .filter(|before| *before >= from);
        if before.is_none_or(|before| self.buffer[before] != b'\r') {
            return Err(self.unexpected(self.searched, b'\r'));
        }
        Ok(Some(length + 1))
    }

    /// What begins at `from` is longer than a line, or a trailer section, may be.
    fn long(&self, from: usize) -> FrameError {
        FrameError::TooLarge {
            offset: self.buffer.start() + from,
            length: i128::from(MAX_LINE) + 1,
            maximum: MAX_LINE,
        }
    }

    fn unexpected(&self, at: usize, expected: u8) -> FrameError {
        FrameError::Unexpected {
            offset: self.buffer.start() + at,
            byte: self.buffer[at],
            expected,
        }
    }

    /// Checks the size as far as it has come, before its line has ended: digits, then
    /// nothing else than extensions or the line's end.
    fn size(&self) -> Result<usize, FrameError> {
        let offset = self.buffer.start();
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let digits = self.buffer.iter().map_while(digit);
        let (count, size) = digits
            .take(MAX_DIGITS + 1)
            .fold((0, 0), |(count, size), digit| {
                (count + 1, size * 16 + i128::from(digit))
            });
        if size > i128::from(self.maximum) || count > MAX_DIGITS {
            return Err(FrameError::TooLarge {
                offset,
                length: size,
                maximum: self.maximum,
            });
        }
        match self.buffer.get(count) {
            Some(b';' | b'\r' | b' ' | b'\t') if count > 0 => {}
            Some(&byte) => {
                let offset = offset + count;
                return Err(FrameError::NonNumeric { offset, byte });
            }
            None => {}
        }
        Ok(usize::try_from(size).unwrap_or(0))
    }

    /// Checks that a line end stands at `at`, as far as it has come. Whether it is whole.
    fn ends(&self, at: usize) -> Result<bool, FrameError> {
        for (index, &expected) in END.iter().enumerate() {
            match self.buffer.get(at + index) {
                None => return Ok(false),
                Some(&byte) if byte != expected => {
                    return Err(self.unexpected(at + index, expected));
                }
                Some(_) => {}
            }
        }
        Ok(true)
    }

    fn take(&mut self, header: usize, size: usize, trailer: usize) -> Frame {
        let start = self.buffer.start();
        self.buffer.skip(header);
        let body = self.buffer.take(size);
        self.buffer.skip(trailer);
        self.stage = Stage::Size;
        self.searched = 0;
        Frame {
            start,
            header,
            body,
            size,
            trailer,
        }
    }
}

impl Decode for ChunkedDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            match self.stage {
                Stage::Size => {
                    let body = self.size()?;
                    let Some(header) = self.line(0)? else {
                        return Ok(None);
                    };
                    self.stage = match body {
                        0 => Stage::Section {
                            header,
                            read: header,
                        },
                        _ => Stage::Body { header, body },
                    };
                }
                Stage::Body { header, body } => {
                    let whole = self.ends(header + body)?;
                    return Ok(whole.then(|| self.take(header, body, END.len())));
                }
                Stage::Section { header, read } => {
                    let Some(line) = self.line(read)? else {
                        return Ok(None);
                    };
                    let read = read + line;
                    if line == END.len() {
                        return Ok(Some(self.take(header, 0, read - header)));
                    }
                    if read - header > MAX_LINE as usize {
                        return Err(self.long(header));
                    }
                    self.stage = Stage::Section { header, read };
                }
            }
        }
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        let have = self.buffer.len();
        if have == 0 {
            return Ok(());
        }
        let (at, need) = match self.stage {
            Stage::Size => (0, have + 1),
            Stage::Body { header, body } => (header, body + END.len()),
            Stage::Section { read, .. } => (read, (have - read + 1).max(END.len())),
        };
        Err(FrameError::Truncated {
            offset: self.buffer.start() + at,
            have: have - at,
            need,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(maximum: u32, stream: &[u8], expected: &Result<Vec<&[u8]>, FrameError>) {
        for cut in 0..=stream.len() {
            let decoded = decode(maximum, &[&stream[..cut], &stream[cut..]]);
            let expected = expected.clone();
            let expected = expected.map(|all| all.iter().map(|one| one.to_vec()).collect());
            assert_eq!(decoded, expected, "cut at {cut}");
        }
    }

    fn decode(maximum: u32, chunks: &[&[u8]]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut decoder = Chunked { maximum }.decoder(Offset(0));
        let (mut messages, mut end) = (Vec::new(), Offset(0));
        for chunk in chunks {
            decoder.handle_chunk(chunk);
            while let Some(frame) = decoder.poll_frame()? {
                assert_eq!(frame.start, end);
                end = frame.range().end;
                messages.push(frame.body.to_vec());
            }
        }
        decoder.handle_eof().map(|()| messages)
    }

    #[test]
    fn chunks_with_extensions_and_the_last_one() {
        let stream = b"5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n";
        check(9, stream, &Ok(vec![b"hello", b" world", b""]));
        let section = b"0;a\r\nExpires: now\r\nX: y\r\n\r\n1\r\nx\r\n";
        check(9, section, &Ok(vec![b"", b"x"]));
        check(255, b"00A\r\n0123456789\r\n", &Ok(vec![b"0123456789"]));
    }

    #[test]
    fn what_is_wrong_is_refused_where_it_stands() {
        let digit = |offset, byte| {
            let offset = Offset(offset);
            Err(FrameError::NonNumeric { offset, byte })
        };
        check(9, b"x\r\n", &digit(0, b'x'));
        check(9, b"\r\n", &digit(0, b'\r'));
        check(9, b"5x\r\nhello\r\n", &digit(1, b'x'));
        let unexpected = |offset, byte, expected| {
            Err(FrameError::Unexpected {
                offset: Offset(offset),
                byte,
                expected,
            })
        };
        check(9, b"5\r\nhello!\r\n", &unexpected(8, b'!', b'\r'));
        check(9, b"5\r\nhello\r!", &unexpected(9, b'!', b'\n'));
        check(9, b"5;x\nhello", &unexpected(3, b'\n', b'\r'));
        let too_large = |offset, length, maximum| {
            Err(FrameError::TooLarge {
                offset: Offset(offset),
                length,
                maximum,
            })
        };
        check(9, b"a\r\n", &too_large(0, 10, 9));
        let (offset, have, need) = (Offset(3), 5, 7);
        let truncated = FrameError::Truncated { offset, have, need };
        check(9, b"5\r\nhello", &Err(truncated));
        let endless = [b"1;".to_vec(), vec![b'x'; 9000]].concat();
        let refused = decode(9, &[&endless]).unwrap_err();
        assert!(matches!(
            refused,
            FrameError::TooLarge { maximum: 8192, .. }
        ));
    }
}
