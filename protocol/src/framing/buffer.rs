//! Received bytes that are not yet a frame, and where they stand in the stream.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::Offset;

#[derive(Clone, Debug)]
pub(super) struct Buffer {
    bytes: BytesMut,
    start: Offset,
}

impl Buffer {
    pub(super) fn new(start: Offset) -> Self {
        Self {
            bytes: BytesMut::new(),
            start,
        }
    }

    /// Stream offset of the first byte held.
    #[inline]
    pub(super) fn start(&self) -> Offset {
        self.start
    }

    #[inline]
    pub(super) fn push(&mut self, chunk: &[u8]) {
        // Twice the room that the chunk takes, so that a frame that has begun is moved to the
        // front of the memory, or to other memory, less often.
        if self.bytes.capacity() - self.bytes.len() < chunk.len() {
            self.bytes.reserve(2 * chunk.len());
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Takes the first `count` bytes out; `count` is at most [`Buffer::len`].
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        self.start += count;
        self.bytes.split_to(count).freeze()
    }

    /// Drops the first `count` bytes; `count` is at most [`Buffer::len`].
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        self.start += count;
        self.bytes.advance(count);
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
