//! Decoders that take what comes for messages, whatever is in it: by recvs, by pauses, by
//! the PSH flag.

use super::stream::{Chunk, Stream};
use super::wrong::{Step, Wrong};
use crate::text::Sentence;

/// `message = connection.recv(4096)`.
pub(super) struct OneRecv {
    chunk: Option<Chunk>,
    is_taken: bool,
}

impl OneRecv {
    pub(super) const fn new(_: &Stream<'_>) -> Self {
        Self {
            chunk: None,
            is_taken: true,
        }
    }
}

impl Wrong for OneRecv {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.chunk = Some(chunk.clone());
        self.is_taken = false;
    }

    fn poll(&mut self) -> Option<Step> {
        let chunk = self.chunk.as_ref().filter(|_| !self.is_taken)?;
        self.is_taken = true;
        Some(Step::Message(chunk.range.clone()))
    }

    fn why(&self) -> Vec<Sentence> {
        let chunk = self.chunk.iter();
        let why = chunk.map(|chunk| {
            Sentence::new("duel.why.one-recv")
                .with("what", chunk.what)
                .with("number", chunk.number)
                .with("n", chunk.range.len())
        });
        why.collect()
    }
}

/// `settimeout(0.05)`, recv() until the time is over, and what has come by then is a message.
pub(super) struct Silence {
    taken: usize,
    received: usize,
    is_silent: bool,
    /// Bytes of the last message.
    size: Option<usize>,
}

impl Silence {
    pub(super) const fn new(stream: &Stream<'_>) -> Self {
        Self {
            taken: stream.start,
            received: stream.start,
            is_silent: false,
            size: None,
        }
    }
}

impl Wrong for Silence {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.received = chunk.range.end;
        self.is_silent = chunk.is_pause_behind;
    }

    fn handle_end(&mut self) {
        self.is_silent = true;
    }

    fn poll(&mut self) -> Option<Step> {
        if !self.is_silent || self.taken == self.received {
            self.size = None;
            return None;
        }
        let range = self.taken..self.received;
        self.taken = self.received;
        self.size = Some(range.len());
        Some(Step::Message(range))
    }

    fn why(&self) -> Vec<Sentence> {
        vec![match self.size {
            Some(size) => Sentence::new("duel.why.silence").with("n", size),
            None => Sentence::new("duel.why.no-silence").with("n", self.received - self.taken),
        }]
    }
}

/// Takes the bytes up to the end of a segment with PSH for one message.
pub(super) struct Psh<'a> {
    pushes: std::slice::Iter<'a, usize>,
    taken: usize,
    received: usize,
    size: Option<usize>,
}

impl<'a> Psh<'a> {
    pub(super) fn new(stream: &'a Stream<'_>) -> Self {
        Self {
            pushes: stream.pushes.as_deref().unwrap_or_default().iter(),
            taken: stream.start,
            received: stream.start,
            size: None,
        }
    }
}

impl Wrong for Psh<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.received = chunk.range.end;
    }

    fn poll(&mut self) -> Option<Step> {
        self.size = None;
        while let Some(&end) = self.pushes.as_slice().first() {
            if end > self.received {
                return None;
            }
            self.pushes.next();
            // That of a segment of the handshake, or of one that was sent again.
            if end > self.taken {
                let range = self.taken..end;
                self.taken = end;
                self.size = Some(range.len());
                return Some(Step::Message(range));
            }
        }
        None
    }

    fn why(&self) -> Vec<Sentence> {
        vec![match self.size {
            Some(size) => Sentence::new("duel.why.psh").with("n", size),
            None => Sentence::new("duel.why.no-psh").with("n", self.received - self.taken),
        }]
    }
}
