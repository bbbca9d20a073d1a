//! Decoders that decode right and do not keep right what is behind the first message.

use protocol::framing::Decode as _;
use protocol::{Decoder, FrameError, Framing};

use super::stream::{Chunk, Stream, at, offset};
use super::wrong::{Step, Wrong, next_frame};
use crate::explain::refusal;
use crate::text::Sentence;

/// A right decoder, and why it has given up.
struct Inner {
    decoder: Decoder,
    error: Option<FrameError>,
    /// It goes on behind what can't be decoded.
    goes_on: bool,
}

impl Inner {
    fn new(framing: &Framing, start: usize) -> Self {
        Self {
            decoder: Decoder::starting_at(framing, offset(start)),
            error: None,
            goes_on: framing.resynchronises(),
        }
    }

    /// One message; none if there is none yet, or none any more.
    fn poll(&mut self) -> Option<Step> {
        match next_frame(&mut self.decoder, self.goes_on) {
            Ok(frame) => {
                let range = frame?.range();
                Some(Step::Message(at(range.start)..at(range.end)))
            }
            Err(refused) => {
                self.error = Some(refused);
                None
            }
        }
    }

    /// What is said of a mistake, and why the decoder has given up.
    fn why(&self, mistake: Option<Sentence>) -> Vec<Sentence> {
        let refused = self.error.iter().map(refusal);
        mistake.into_iter().chain(refused).collect()
    }

    fn refused(&self) -> Option<usize> {
        Some(at(self.error.as_ref()?.offset()))
    }
}

/// What a chunk's rest is lost by.
struct Lost {
    key: &'static str,
    sentence: Option<Sentence>,
}

impl Lost {
    fn drop(&mut self, chunk: &Chunk, from: usize) -> Step {
        let range = from..chunk.range.end;
        let sentence = Sentence::new(self.key)
            .with("what", chunk.what)
            .with("number", chunk.number)
            .with("n", range.len())
            .with("offset", range.start);
        self.sentence = Some(sentence);
        Step::Dropped(range)
    }
}

/// ```python
/// data = recv(4096)
/// frame = data[:size_of_first(data)]       # what is behind it in data is forgotten
/// frame += recv_exactly(what is missing)
/// ```
pub(super) struct RestDropped<'a> {
    bytes: &'a [u8],
    framing: &'a Framing,
    inner: Inner,
    lost: Lost,
    chunk: Option<Chunk>,
    /// Bytes that the decoder has been given.
    fed: usize,
    /// The frame that has begun did so in an earlier chunk: its rest is read exactly.
    is_exact: bool,
    /// The rest of the chunk goes before anything else.
    dropping: bool,
}

impl<'a> RestDropped<'a> {
    pub(super) fn new(stream: &Stream<'a>, framing: &'a Framing) -> Self {
        Self {
            bytes: stream.bytes,
            framing,
            inner: Inner::new(framing, stream.start),
            lost: Lost {
                key: "duel.why.rest-dropped",
                sentence: None,
            },
            chunk: None,
            fed: stream.start,
            is_exact: false,
            dropping: false,
        }
    }
}

impl Wrong for RestDropped<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.is_exact = self.fed > 0 && self.inner.decoder.is_mid_frame();
        self.chunk = Some(chunk.clone());
    }

    fn poll(&mut self) -> Option<Step> {
        let chunk = self.chunk.as_ref()?;
        if std::mem::take(&mut self.dropping) && self.fed < chunk.range.end {
            let step = self.lost.drop(chunk, self.fed);
            self.fed = chunk.range.end;
            return Some(step);
        }
        while self.fed < chunk.range.end && self.inner.error.is_none() {
            self.inner
                .decoder
                .handle_chunk(&self.bytes[self.fed..=self.fed]);
            self.fed += 1;
            if let Some(step) = self.inner.poll() {
                self.dropping = !std::mem::take(&mut self.is_exact);
                self.inner.decoder = Decoder::starting_at(self.framing, offset(chunk.range.end));
                if !self.dropping {
                    self.inner.decoder = Decoder::starting_at(self.framing, offset(self.fed));
                }
                return Some(step);
            }
        }
        None
    }

    fn why(&self) -> Vec<Sentence> {
        self.inner.why(self.lost.sentence.clone())
    }

    fn refused(&self) -> Option<usize> {
        self.inner.refused()
    }
}

/// ```python
/// buffer += recv(4096)
/// if is_complete(buffer):
///     handle(first_message(buffer))
///     buffer = b""
/// ```
pub(super) struct BufferCleared<'a> {
    bytes: &'a [u8],
    framing: &'a Framing,
    inner: Inner,
    lost: Lost,
    chunk: Option<Chunk>,
    /// Where the last message ended, if its chunk goes on.
    behind: Option<usize>,
}

impl<'a> BufferCleared<'a> {
    pub(super) fn new(stream: &Stream<'a>, framing: &'a Framing) -> Self {
        Self {
            bytes: stream.bytes,
            framing,
            inner: Inner::new(framing, stream.start),
            lost: Lost {
                key: "duel.why.buffer-cleared",
                sentence: None,
            },
            chunk: None,
            behind: None,
        }
    }
}

impl Wrong for BufferCleared<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.inner
            .decoder
            .handle_chunk(&self.bytes[chunk.range.clone()]);
        self.chunk = Some(chunk.clone());
    }

    fn handle_end(&mut self) {
        // Whether it ends in a frame is for the comparison not to be told.
        let _ = self.inner.decoder.handle_eof();
    }

    fn poll(&mut self) -> Option<Step> {
        let chunk = self.chunk.as_ref()?;
        if let Some(behind) = self.behind.take() {
            return (behind < chunk.range.end).then(|| self.lost.drop(chunk, behind));
        }
        let step = self.inner.poll()?;
        if let Step::Message(range) = &step {
            self.behind = Some(range.end);
            self.inner.decoder = Decoder::starting_at(self.framing, offset(chunk.range.end));
        }
        Some(step)
    }

    fn why(&self) -> Vec<Sentence> {
        self.inner.why(self.lost.sentence.clone())
    }

    fn refused(&self) -> Option<usize> {
        self.inner.refused()
    }
}

/// `if` where there should be `while`:
///
/// ```python
/// buffer += recv(4096)
/// if is_complete(buffer):
///     message, buffer = first_message(buffer)
/// ```
pub(super) struct OnePerRecv<'a> {
    bytes: &'a [u8],
    inner: Inner,
    chunk: Option<Chunk>,
    /// Bytes that were taken.
    taken: usize,
    /// It has looked since the last recv().
    has_looked: bool,
}

impl<'a> OnePerRecv<'a> {
    pub(super) fn new(stream: &Stream<'a>, framing: &Framing) -> Self {
        Self {
            bytes: stream.bytes,
            inner: Inner::new(framing, stream.start),
            chunk: None,
            taken: stream.start,
            has_looked: true,
        }
    }
}

impl Wrong for OnePerRecv<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.inner
            .decoder
            .handle_chunk(&self.bytes[chunk.range.clone()]);
        self.chunk = Some(chunk.clone());
        self.has_looked = false;
    }

    fn handle_end(&mut self) {
        // As above. An end is what a recv() of no bytes tells.
        let _ = self.inner.decoder.handle_eof();
        self.has_looked = false;
    }

    fn poll(&mut self) -> Option<Step> {
        if std::mem::replace(&mut self.has_looked, true) {
            return None;
        }
        let step = self.inner.poll();
        if let Some(Step::Message(range)) = &step {
            self.taken = range.end;
        }
        step
    }

    fn why(&self) -> Vec<Sentence> {
        let chunk = self.chunk.as_ref();
        let left = chunk.map(|chunk| {
            Sentence::new("duel.why.one-per-recv")
                .with("what", chunk.what)
                .with("number", chunk.number)
                .with("n", chunk.range.end - self.taken)
        });
        self.inner.why(left)
    }

    fn refused(&self) -> Option<usize> {
        self.inner.refused()
    }
}
