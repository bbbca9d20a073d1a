//! What goes to a WebSocket: frames that the kernel did not take yet.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::websocket::{Header, Opcode};
use tokio::io::AsyncWrite;

use super::super::stream::Stream;
use super::room::{PIECE, Room};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    room: Room,
    used: Range<usize>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    /// Adds a message or a control frame.
    pub(super) fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = Header::new(opcode, payload.len());
        self.room.whole(self.used.clone());
        let end = self.used.len() + header.as_ref().len() + payload.len();
        self.used = 0..self.used.len();
        if end > self.room.bytes.len() {
            self.room.bytes.resize(end, 0);
        }
        for part in [header.as_ref(), payload] {
            let at = self.used.end;
            self.used.end += part.len();
            self.room.bytes[at..self.used.end].copy_from_slice(part);
        }
    }

    /// Has `receive` put one piece into the empty outbox, and say what message
    /// it is and of how many bytes; the header goes in front of it, nothing is
    /// moved. The number of bytes; none: it is no message.
    pub(super) fn fill<E>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> Poll<Result<Option<(Opcode, usize)>, E>>,
    ) -> Poll<Result<Option<usize>, E>> {
        debug_assert!(self.is_empty(), "frames are not overwritten");
        self.room.whole(0..0);
        let room = &mut self.room.bytes[Header::MAX..Header::MAX + PIECE];
        let Some((opcode, count)) = ready!(receive(room))? else {
            return Poll::Ready(Ok(None));
        };
        let header = Header::new(opcode, count);
        let start = Header::MAX - header.as_ref().len();
        self.room.bytes[start..Header::MAX].copy_from_slice(header.as_ref());
        self.used = start..Header::MAX + count;
        Poll::Ready(Ok(Some(count)))
    }

    /// Writes what the kernel takes at once; the number of bytes.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<io::Result<usize>> {
        let waiting = &self.room.bytes[self.used.clone()];
        let count = ready!(Pin::new(stream).poll_write(cx, waiting))?;
        self.used.start += count;
        if self.used.is_empty() {
            self.used = 0..0;
        }
        Poll::Ready(Ok(count))
    }

    /// Holds no room where none is needed. To be called when nothing moves.
    pub(super) fn settle(&mut self) {
        if self.room.settle(self.used.clone()) {
            self.used = 0..self.used.len();
        }
    }
}
