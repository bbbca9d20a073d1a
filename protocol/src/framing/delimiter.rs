//! A byte sequence ends each message, as a line feed ends a line.
//!
//! ```text
//! +------------------+-----------+------------------+-----------+
//! |  message         | delimiter |  message         | delimiter |
//! +------------------+-----------+------------------+-----------+
//! ```
//!
//! There may be several delimiters, of which the longest that fits counts: with `\n`,
//! `\r\n` and `\r`, a `\r` may be the whole delimiter or half of one. The decoder waits
//! for the next byte, unless the sender has fallen silent ([`Decode::handle_quiet`]).
//!
//! A message that contains a delimiter can't be sent, unless there is an escape: a byte
//! that makes the one behind it a byte like any other.

mod search;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::buffer::Buffer;
use super::byte::Byte;
use super::mark::{Mark, Marks};
use super::table::{MAXIMUM, Values, settings};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError, Resynchronised};
use crate::Offset;
use search::{Ends, Found, Search};

/// Longest delimiter, in bytes, or all of them together: each message is sent with one.
pub const MAX_DELIMITER: usize = 256;

settings! {
    /// Settings of the delimiter framing.
    pub struct Delimiter {
        /// What ends a message: at least one byte each, at most [`MAX_DELIMITER`] in all. The
        /// first is sent.
        pub delimiter: Marks = "\n".into()
            => "delimiter", Values::Alternatives { most: MAX_DELIMITER };
        /// Whether the delimiter stays with the message.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub keep: bool = false
            => "keep", Values::Flag;
        /// The byte that makes the next one a byte of the message; none: there is no such byte.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub escape: Option<Byte> = None
            => "escape", Values::Optional(&Values::Byte);
        /// Whether decoding goes on behind the next delimiter behind a message that is too large.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub resynchronise: bool = false
            => "resynchronise", Values::Flag;
        /// The largest message accepted, in bytes, delimiter not counted.
        #[serde(deserialize_with = "super::settings::maximum")]
        pub maximum: u32 = DEFAULT_MAX_FRAME
            => "maximum", MAXIMUM;
    }
}

impl Format for Delimiter {
    type Decoder = DelimiterDecoder;

    fn decoder(&self, start: Offset) -> DelimiterDecoder {
        DelimiterDecoder {
            settings: self.clone(),
            ends: Ends::of(self),
            buffer: Buffer::new(start),
            is_valid: self.validate().is_ok(),
            searched: 0,
            escapes: 0,
            is_quiet: false,
            taken_early: Mark::default(),
        }
    }

    fn validate(&self) -> Result<(), EncodeError> {
        if self.delimiter.is_empty() || self.delimiter.iter().any(|mark| mark.is_empty()) {
            return Err(EncodeError::EmptyDelimiter);
        }
        let size = self.delimiter.iter().map(|mark| mark.len()).sum();
        if size > MAX_DELIMITER {
            return Err(EncodeError::Oversized {
                size,
                maximum: MAX_DELIMITER,
            });
        }
        let begins = |byte: Byte| self.delimiter.iter().any(|mark| mark[0] == byte.0);
        match self.escape {
            Some(escape) if begins(escape) => Err(EncodeError::SameMarks),
            _ => Ok(()),
        }
    }

    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        self.validate()?;
        let end = &self.delimiter[0];
        let message = self.without_end(message);
        if message.len() > self.maximum as usize {
            return Err(EncodeError::TooLarge {
                length: message.len(),
                maximum: u64::from(self.maximum),
            });
        }
        let mut framed = self.escaped(message);
        let ends = Ends::of(self);
        let length = framed.len();
        framed.extend_from_slice(end);
        // The delimiter in front of it could become a longer one by it.
        let longer = self
            .delimiter
            .iter()
            .filter_map(|mark| mark.strip_prefix(&**end));
        let mut rests = longer.filter(|rest| !rest.is_empty());
        if rests.any(|rest| framed.starts_with(rest) || rest.starts_with(&framed)) {
            return Err(EncodeError::ContainsDelimiter { at: 0 });
        }
        // The same of its own end, which a message behind it could make a longer one.
        for mark in self.delimiter.iter() {
            let begins = (end.len() + 1..mark.len()).map(|length| &mark[..length]);
            if let Some(begin) = begins.into_iter().find(|begin| framed.ends_with(begin)) {
                let at = framed.len() - begin.len();
                return Err(EncodeError::ContainsDelimiter { at });
            }
        }
        // Searched behind the message too: its end and the delimiter's start
        // can make a delimiter earlier than meant.
        let mut buffer = Buffer::new(Offset(0));
        buffer.push(&framed);
        let search = Search::new(self, &ends, &buffer);
        match search.from(0, true) {
            Found::At { at, .. } if at < length => Err(EncodeError::ContainsDelimiter { at }),
            _ => Ok(framed.into()),
        }
    }

    fn body_length(&self, length: usize) -> usize {
        let longest = match self.escape {
            Some(_) => length.saturating_mul(2),
            None => length,
        };
        longest.saturating_add(self.delimiter.first().map_or(0, |mark| mark.len()))
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

impl Delimiter {
    /// A message and the delimiter behind it, whatever it contains: a delimiter in it is
    /// escaped, if there is an escape.
    pub(super) fn body_unchecked(&self, message: &[u8]) -> Bytes {
        let end = self.delimiter.first().map_or(&[][..], |mark| mark);
        let mut framed = self.escaped(self.without_end(message));
        framed.extend_from_slice(end);
        framed.into()
    }

    /// The message without the delimiter that stays with it.
    fn without_end<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        let end = self.delimiter.first().filter(|_| self.keep);
        let before = end.and_then(|end| message.strip_suffix(&**end));
        before.unwrap_or(message)
    }

    /// The message with an escape in front of what begins a delimiter or is an escape.
    fn escaped(&self, message: &[u8]) -> Vec<u8> {
        let Some(escape) = self.escape else {
            return message.to_vec();
        };
        let ends = Ends::of(self);
        let mut escaped = Vec::new();
        for &byte in message {
            if ends.begin_with(byte) {
                escaped.push(escape.0);
            }
            escaped.push(byte);
        }
        escaped
    }

    /// How many of the bytes, in front of which no escape stands, are escapes.
    fn escapes(&self, bytes: &[u8]) -> usize {
        let Some(escape) = self.escape else {
            return 0;
        };
        let mut escapes = 0;
        let mut bytes = bytes.iter();
        while let Some(byte) = bytes.next() {
            if *byte == escape.0 {
                escapes += 1;
                bytes.next();
            }
        }
        escapes
    }
}

#[derive(Clone, Debug)]
pub(super) struct DelimiterDecoder {
    settings: Delimiter,
    ends: Ends,
    /// With other settings nothing ends a message.
    is_valid: bool,
    buffer: Buffer,
    /// Bytes at the front of the buffer that can't start a delimiter.
    searched: usize,
    /// Escapes among them.
    escapes: usize,
    /// The sender has paused, or ended the stream.
    is_quiet: bool,
    /// The delimiter that ended the last message, if its sender's silence made it one: a
    /// longer one may have been meant, whose rest comes now.
    taken_early: Mark,
}

impl DelimiterDecoder {
    /// Bytes at the front of the buffer that belong to the delimiter taken early; none: more
    /// bytes have to come before that is known.
    fn late(&self) -> Option<usize> {
        if self.taken_early.is_empty() {
            return Some(0);
        }
        let longer = self.settings.delimiter.iter();
        let rests = longer.filter_map(|mark| mark.strip_prefix(&*self.taken_early));
        let mut late = 0;
        for rest in rests.filter(|rest| !rest.is_empty()) {
            if self.buffer.starts_with(rest) {
                late = late.max(rest.len());
            } else if rest.starts_with(&self.buffer) && !self.is_quiet {
                return None;
            }
        }
        Some(late)
    }

    /// Remembers the delimiter that stands there if only the sender's silence made it one.
    fn take_end(&mut self, start: usize, end: usize) {
        let is_early = self.is_quiet && end == self.buffer.len();
        self.taken_early = Mark::from(if is_early { &self.buffer[start..] } else { &[] });
    }

    /// Refuses a message that is too large, of which `length` bytes have come behind those of
    /// the delimiter before it.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn check_length(&self, behind: usize, length: usize) -> Result<(), FrameError> {
        if length <= self.settings.maximum as usize {
            return Ok(());
        }
        Err(FrameError::TooLarge {
            offset: self.buffer.start() + behind,
            length: length as i128,
            maximum: self.settings.maximum,
        })
    }

    /// The next frame where there are several delimiters, or an escape.
    fn poll_any(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(header) = self.late() else {
            return Ok(None);
        };
        let search = Search::new(&self.settings, &self.ends, &self.buffer);
        let from = self.searched.max(header);
        let found = search.from(from, self.is_quiet);
        let (Found::At { at, .. } | Found::NotBefore { at }) = found;
        self.escapes += self.settings.escapes(&self.buffer[from..at.max(from)]);
        let length = at - header;
        self.check_length(header, length - self.escapes)?;
        let Found::At { length: end, .. } = found else {
            self.searched = at;
            return Ok(None);
        };
        let start = self.buffer.start();
        self.take_end(at, at + end);
        self.buffer.skip(header);
        let kept = if self.settings.keep { end } else { 0 };
        let (size, trailer) = (length + kept, end - kept);
        let body = self.buffer.take(size);
        self.buffer.skip(trailer);
        self.searched = 0;
        self.escapes = 0;
        Ok(Some(Frame {
            start,
            header,
            body: self.unescaped(body, length),
            size,
            trailer,
        }))
    }

    /// The body without the escapes of its message, the first `length` bytes of it; the
    /// delimiter may stand behind them.
    fn unescaped(&self, body: Bytes, length: usize) -> Bytes {
        let Some(escape) = self.settings.escape else {
            return body;
        };
        let (message, delimiter) = body.split_at(length);
        let mut meant = Vec::with_capacity(body.len());
        let mut bytes = message.iter();
        while let Some(&byte) = bytes.next() {
            let byte = if byte == escape.0 {
                bytes.next()
            } else {
                Some(&byte)
            };
            meant.extend(byte);
        }
        meant.extend_from_slice(delimiter);
        meant.into()
    }
}

impl Decode for DelimiterDecoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.buffer.push(chunk);
        self.is_quiet &= chunk.is_empty();
    }

    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if !self.is_valid {
            return Ok(None);
        }
        let Some(only) = self.ends.only() else {
            return self.poll_any();
        };
        // A message that has one delimiter, no escape and no doubt where it ends.
        let from = self.searched;
        let end = only.needle().len();
        let Some(found) = only.find(&self.buffer[from..]) else {
            self.searched = from.max(self.buffer.len().saturating_sub(end - 1));
            self.check_length(0, self.searched)?;
            return Ok(None);
        };
        let length = from + found;
        self.check_length(0, length)?;
        self.searched = 0;
        let kept = if self.settings.keep { end } else { 0 };
        let start = self.buffer.start();
        let (size, trailer) = (length + kept, end - kept);
        let body = self.buffer.take(size);
        self.buffer.skip(trailer);
        Ok(Some(Frame {
            start,
            header: 0,
            body,
            size,
            trailer,
        }))
    }

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        self.is_quiet = true;
        // What could have become a longer delimiter is one now, and polled for.
        let search = Search::new(&self.settings, &self.ends, &self.buffer);
        let mut whole = self.late().unwrap_or(0);
        let mut from = self.searched.max(whole);
        while self.is_valid
            && let Found::At { at, length } = search.from(from, true)
        {
            whole = at + length;
            from = whole;
        }
        let have = self.buffer.len() - whole;
        if have == 0 {
            return Ok(());
        }
        let delimiter = self.settings.delimiter.first();
        Err(FrameError::Truncated {
            offset: self.buffer.start() + whole,
            have,
            need: have + delimiter.map_or(0, |mark| mark.len()),
        })
    }

    fn awaits_quiet(&self) -> bool {
        let waits = self.late().is_none() && !self.buffer.is_empty();
        // What has not been searched begins with a delimiter that may become a longer one.
        let rest = &self.buffer[self.searched.min(self.buffer.len())..];
        let mut marks = self.settings.delimiter.iter();
        let may_end = marks.any(|mark| !mark.is_empty() && rest.starts_with(mark));
        !self.is_quiet && (waits || may_end)
    }

    /// Behind the next delimiter. What may be the beginning of one stays.
    fn resynchronise(&mut self, _is_first: bool) -> Resynchronised {
        let search = Search::new(&self.settings, &self.ends, &self.buffer);
        let from = self.searched.max(self.late().unwrap_or(0));
        let found = search.from(from, self.is_quiet);
        self.taken_early = Mark::default();
        let (given_up, is_found) = match found {
            Found::At { at, length } => {
                self.take_end(at, at + length);
                (at + length, true)
            }
            Found::NotBefore { at } => (at, false),
        };
        self.buffer.skip(given_up);
        self.searched = 0;
        self.escapes = 0;
        Resynchronised {
            until: self.buffer.start(),
            is_found,
        }
    }

    fn handle_quiet(&mut self) {
        self.is_quiet = true;
    }
}
