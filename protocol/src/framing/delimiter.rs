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

use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::buffer::Buffer;
use super::byte::Byte;
use super::mark::{Mark, Marks};
use super::{DEFAULT_MAX_FRAME, Decode, EncodeError, Format, Frame, FrameError, Resynchronised};
use crate::Offset;

/// Longest delimiter, in bytes, or all of them together: each message is sent with one.
pub const MAX_DELIMITER: usize = 256;

/// Settings of the delimiter framing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delimiter {
    /// What ends a message: at least one byte each, at most [`MAX_DELIMITER`] in all. The
    /// first is sent.
    pub delimiter: Marks,
    /// Whether the delimiter stays with the message.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// The byte that makes the next one a byte of the message; none: there is no such byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<Byte>,
    /// Whether decoding goes on behind the next delimiter behind a message that is too large.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resynchronise: bool,
    /// The largest message accepted, in bytes, delimiter not counted.
    #[serde(deserialize_with = "super::settings::maximum")]
    pub maximum: u32,
}

impl Default for Delimiter {
    fn default() -> Self {
        Self {
            delimiter: "\n".into(),
            keep: false,
            escape: None,
            resynchronise: false,
            maximum: DEFAULT_MAX_FRAME,
        }
    }
}

impl Format for Delimiter {
    type Decoder = DelimiterDecoder;

    fn decoder(&self, start: Offset) -> DelimiterDecoder {
        DelimiterDecoder {
            settings: self.clone(),
            begins: Begins::of(self),
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
        let begins = Begins::of(self);
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
        let search = Search::new(self, &begins, &buffer);
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
        let begins = Begins::of(self);
        let mut escaped = Vec::new();
        for &byte in message {
            if begins.has(byte) {
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

/// Which bytes begin a delimiter or are the escape.
#[derive(Clone, Debug)]
struct Begins(Box<[bool; 256]>);

impl Begins {
    fn of(settings: &Delimiter) -> Self {
        let mut begins = Box::new([false; 256]);
        for mark in settings.delimiter.iter() {
            if let Some(first) = mark.first() {
                begins[usize::from(*first)] = true;
            }
        }
        if let Some(escape) = settings.escape {
            begins[usize::from(escape.0)] = true;
        }
        Self(begins)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// Looks for the end of a message.
struct Search<'a> {
    settings: &'a Delimiter,
    begins: &'a Begins,
    bytes: &'a [u8],
}

/// What was found.
enum Found {
    /// A delimiter of that length.
    At { at: usize, length: usize },
    /// None before `at`, where one may begin or the bytes end. The next search goes on
    /// from there.
    NotBefore { at: usize },
}

impl<'a> Search<'a> {
    fn new(settings: &'a Delimiter, begins: &'a Begins, bytes: &'a [u8]) -> Self {
        Self {
            settings,
            begins,
            bytes,
        }
    }

    /// Searches from `start`, which no escape stands in front of. `is_quiet`: a delimiter
    /// that could become a longer one is taken as it is.
    fn from(&self, start: usize, is_quiet: bool) -> Found {
        match (&self.settings.delimiter[..], self.settings.escape) {
            ([only], None) => self.only(only, start),
            _ => self.any(start, is_quiet),
        }
    }

    fn only(&self, delimiter: &[u8], start: usize) -> Found {
        let length = delimiter.len();
        if let Some(at) = memmem::find(&self.bytes[start..], delimiter) {
            let at = start + at;
            return Found::At { at, length };
        }
        let behind = self.bytes.len().saturating_sub(length.saturating_sub(1));
        Found::NotBefore {
            at: behind.max(start),
        }
    }

    fn any(&self, start: usize, is_quiet: bool) -> Found {
        let mut at = start;
        while let Some(next) = self.bytes[at..]
            .iter()
            .position(|byte| self.begins.has(*byte))
        {
            at += next;
            let rest = &self.bytes[at..];
            if self.settings.escape == Some(Byte(rest[0])) {
                if rest.len() == 1 {
                    return Found::NotBefore { at };
                }
                at += 2;
                continue;
            }
            let all = || self.settings.delimiter.iter().map(|mark| &**mark);
            let longest = all().filter(|mark| rest.starts_with(mark)).map(<[u8]>::len);
            let longest = longest.max();
            let may_be_longer = all().any(|mark| mark.len() > rest.len() && mark.starts_with(rest));
            match longest {
                Some(length) if is_quiet || !may_be_longer => return Found::At { at, length },
                None if !may_be_longer => at += 1,
                _ => return Found::NotBefore { at },
            }
        }
        Found::NotBefore {
            at: self.bytes.len(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct DelimiterDecoder {
    settings: Delimiter,
    begins: Begins,
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

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if !self.is_valid {
            return Ok(None);
        }
        let Some(header) = self.late() else {
            return Ok(None);
        };
        let search = Search::new(&self.settings, &self.begins, &self.buffer);
        let found = search.from(self.searched.max(header), self.is_quiet);
        let (Found::At { at, .. } | Found::NotBefore { at }) = found;
        let from = self.searched.max(header);
        self.escapes += self.settings.escapes(&self.buffer[from..at.max(from)]);
        let length = at - header;
        let meant = length - self.escapes;
        if meant > self.settings.maximum as usize {
            return Err(FrameError::TooLarge {
                offset: self.buffer.start() + header,
                length: meant as i128,
                maximum: self.settings.maximum,
            });
        }
        let Found::At { length: end, .. } = found else {
            self.searched = at;
            return Ok(None);
        };
        let start = self.buffer.start();
        let is_early = self.is_quiet && at + end == self.buffer.len();
        self.taken_early = Mark::from(if is_early { &self.buffer[at..] } else { &[] });
        self.buffer.skip(header);
        let (size, trailer) = if self.settings.keep {
            (length + end, 0)
        } else {
            (length, end)
        };
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

    fn is_mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        self.is_quiet = true;
        // What could have become a longer delimiter is one now, and polled for.
        let search = Search::new(&self.settings, &self.begins, &self.buffer);
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
        let search = Search::new(&self.settings, &self.begins, &self.buffer);
        let from = self.searched.max(self.late().unwrap_or(0));
        let found = search.from(from, self.is_quiet);
        self.taken_early = Mark::default();
        let (given_up, is_found) = match found {
            Found::At { at, length } => {
                let end = at + length;
                let is_early = self.is_quiet && end == self.buffer.len();
                if is_early {
                    self.taken_early = Mark::from(&self.buffer[at..]);
                }
                (end, true)
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

#[cfg(test)]
mod tests;
