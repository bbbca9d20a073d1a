//! Decoders that look for a delimiter in one recv() only.

use protocol::framing::{Decode as _, Delimiter};
use protocol::{Decoder, Framing};

use super::stream::{Chunk, Stream, at, offset};
use super::wrong::{Step, Wrong, next_frame};
use crate::text::Sentence;

/// ```python
/// data = recv(4096)
/// buffer += data
/// if data.endswith(b"\n"):
///     handle(buffer[:-1])
///     buffer = b""
/// ```
pub(super) struct AtEnd<'a> {
    bytes: &'a [u8],
    delimiter: &'a Delimiter,
    taken: usize,
    chunk: Option<Chunk>,
    has_looked: bool,
    /// Bytes of the message that was polled last.
    size: Option<usize>,
    refused: Option<usize>,
    /// What comes up to the next delimiter at an end belongs to a message that is too large.
    is_skipping: bool,
}

impl<'a> AtEnd<'a> {
    pub(super) const fn new(stream: &Stream<'a>, delimiter: &'a Delimiter) -> Self {
        Self {
            bytes: stream.bytes,
            delimiter,
            taken: stream.start,
            chunk: None,
            has_looked: true,
            size: None,
            refused: None,
            is_skipping: false,
        }
    }
}

impl Wrong for AtEnd<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.chunk = Some(chunk.clone());
        self.has_looked = false;
    }

    fn poll(&mut self) -> Option<Step> {
        let chunk = self.chunk.as_ref()?;
        if std::mem::replace(&mut self.has_looked, true) || self.refused.is_some() {
            return None;
        }
        let data = &self.bytes[chunk.range.clone()];
        let marks = self.delimiter.delimiter.iter();
        let range = self.taken..chunk.range.end;
        self.size = None;
        if marks.filter(|mark| data.ends_with(mark)).count() == 0 {
            let is_too_large = range.len() > self.delimiter.maximum as usize;
            if is_too_large && self.delimiter.resynchronise {
                self.taken = range.end;
                self.is_skipping = true;
            } else if is_too_large {
                self.refused = Some(self.taken);
            }
            return None;
        }
        self.taken = range.end;
        if std::mem::take(&mut self.is_skipping) {
            return None;
        }
        self.size = Some(range.len());
        Some(Step::Message(range))
    }

    fn why(&self) -> Vec<Sentence> {
        let chunk = self.chunk.iter();
        let why = chunk.map(|chunk| {
            let sentence = match self.size {
                Some(size) => Sentence::new("duel.why.at-end").with("n", size),
                None => Sentence::new("duel.why.not-at-end"),
            };
            sentence
                .with("what", chunk.what)
                .with("number", chunk.number)
        });
        why.collect()
    }

    fn refused(&self) -> Option<usize> {
        self.refused
    }
}

/// ```python
/// for line in recv(4096).split(b"\n"):
///     if line:
///         handle(line)
/// ```
pub(super) struct SplitEach<'a> {
    bytes: &'a [u8],
    framing: &'a Framing,
    decoder: Option<Decoder>,
    taken: usize,
    chunk: Option<Chunk>,
    /// Bytes of the message that was polled last, if no delimiter ends it.
    rest: Option<usize>,
    refused: Option<usize>,
}

impl<'a> SplitEach<'a> {
    pub(super) const fn new(stream: &Stream<'a>, framing: &'a Framing) -> Self {
        Self {
            bytes: stream.bytes,
            framing,
            decoder: None,
            taken: stream.start,
            chunk: None,
            rest: None,
            refused: None,
        }
    }
}

impl Wrong for SplitEach<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        let mut decoder = Decoder::starting_at(self.framing, offset(chunk.range.start));
        decoder.handle_chunk(&self.bytes[chunk.range.clone()]);
        // For it the chunk is all there is; what is cut off is polled as the rest.
        let _ = decoder.handle_eof();
        self.decoder = Some(decoder);
        self.chunk = Some(chunk.clone());
    }

    fn poll(&mut self) -> Option<Step> {
        let chunk = self.chunk.as_ref()?;
        self.rest = None;
        let decoder = self.decoder.as_mut()?;
        match next_frame(decoder, self.framing.resynchronises()) {
            Ok(Some(frame)) => {
                let range = frame.range();
                self.taken = at(range.end);
                Some(Step::Message(at(range.start)..self.taken))
            }
            Ok(None) => {
                // What it still skips at the end of the chunk is gone.
                let _ = decoder.handle_eof();
                let skipped = decoder.poll_skipped().map(|skipped| at(skipped.end));
                self.taken = skipped.map_or(self.taken, |end| end.max(self.taken));
                self.decoder = None;
                let range = self.taken..chunk.range.end;
                if range.is_empty() {
                    return None;
                }
                self.taken = range.end;
                self.rest = Some(range.len());
                Some(Step::Message(range))
            }
            Err(error) => {
                self.refused = Some(at(error.offset()));
                self.decoder = None;
                None
            }
        }
    }

    fn why(&self) -> Vec<Sentence> {
        let both = self.chunk.iter().zip(self.rest);
        let why = both.map(|(chunk, rest)| {
            Sentence::new("duel.why.split-each")
                .with("what", chunk.what)
                .with("number", chunk.number)
                .with("n", rest)
        });
        why.collect()
    }

    fn refused(&self) -> Option<usize> {
        self.refused
    }
}
