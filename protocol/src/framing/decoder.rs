//! The decoder of any framing: what happens when a frame can't be decoded.

use std::ops::Range;

use super::{AnyDecoder, Decode, Frame, FrameError, Framing};
use crate::Offset;

/// A decoder of any framing. Once it has failed it stays failed, unless its framing
/// resynchronises: then each error is given once, and frames follow that begin behind what
/// was skipped ([`Decoder::poll_skipped`]).
#[derive(Clone, Debug)]
pub struct Decoder {
    inner: AnyDecoder,
    /// Why it stays failed.
    failed: Option<FrameError>,
    resynchronises: bool,
    /// No place has been found yet where a frame may begin.
    is_skipping: bool,
    /// Behind the last frame, and behind what is skipped.
    taken: Offset,
    /// What is skipped and has not been told.
    skipped: Range<Offset>,
    received: Offset,
}

impl Decoder {
    /// A decoder at offset 0 of a stream framed by `framing`.
    pub fn new(framing: &Framing) -> Self {
        Self::starting_at(framing, Offset(0))
    }

    /// A decoder whose first byte stands at `start`, for example behind a handshake.
    pub fn starting_at(framing: &Framing, start: Offset) -> Self {
        Self {
            inner: AnyDecoder::new(framing, start),
            failed: None,
            resynchronises: framing.resynchronises(),
            is_skipping: false,
            taken: start,
            skipped: start..start,
            received: start,
        }
    }

    /// Bytes that were skipped, those of the frame that can't be decoded included; once.
    /// To be asked after each poll for a frame: they stand in front of the one it gave.
    pub fn poll_skipped(&mut self) -> Option<Range<Offset>> {
        let end = self.skipped.end;
        let skipped = std::mem::replace(&mut self.skipped, end..end);
        (!skipped.is_empty()).then_some(skipped)
    }

    /// The next frame behind one that can't be decoded.
    #[cold]
    fn poll_behind_error(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.resynchronise(false);
        if self.is_skipping {
            return Ok(None);
        }
        self.inner.poll_frame()
    }

    /// Looks for the next place where a frame may begin.
    fn resynchronise(&mut self, is_first: bool) {
        let reached = self.inner.get().resynchronise(is_first);
        self.skip(reached.until);
        self.is_skipping = !reached.is_found;
    }

    fn skip(&mut self, until: Offset) {
        // At the end of the stream all of it has been skipped already.
        let until = until.max(self.taken);
        if self.skipped.is_empty() {
            self.skipped.start = self.taken;
        }
        self.skipped.end = until;
        self.taken = until;
    }
}

impl Decode for Decoder {
    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn handle_chunk(&mut self, chunk: &[u8]) {
        if self.failed.is_none() {
            self.received += chunk.len();
            self.inner.handle_chunk(chunk);
        }
    }

    // Inlined, so that the frame is made where the caller has it: copying it took as long as
    // finding the end of a short line.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let polled = if self.failed.is_none() && !self.is_skipping {
            self.inner.poll_frame()
        } else {
            self.poll_behind_error()
        };
        match &polled {
            Ok(Some(frame)) if self.resynchronises => self.taken = frame.range().end,
            Ok(_) => {}
            Err(_) if self.resynchronises => self.resynchronise(true),
            Err(error) => self.failed = Some(error.clone()),
        }
        polled
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.is_skipping {
            self.skip(self.received);
            return Ok(());
        }
        self.inner.get().handle_eof()
    }

    fn poll_reply(&mut self) -> Option<&'static [u8]> {
        self.inner.get().poll_reply()
    }

    fn is_mid_frame(&self) -> bool {
        self.is_skipping || self.inner.is_mid_frame()
    }

    fn lacks(&self) -> Option<u64> {
        let is_lost = self.failed.is_some() || self.is_skipping;
        self.inner.lacks().filter(|_| !is_lost)
    }

    fn awaits_quiet(&self) -> bool {
        self.failed.is_none() && self.inner.awaits_quiet()
    }

    fn handle_quiet(&mut self) {
        if self.failed.is_none() {
            self.inner.get().handle_quiet();
        }
    }
}
