//! What came from a WebSocket: payload that was decoded, then bytes that were
//! not. Payload stays where the kernel put it until it is passed on.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::websocket::{Decoder, Item, MAX_HEADER, MessageLimits, Violation, carries_data};
use tokio::io::{AsyncRead, ReadBuf};

use super::super::stream::Stream;
use super::room::{PIECE, Room};

/// From here on a frame is read by its length, so that nothing behind it has
/// to be moved afterwards.
const LARGE: u64 = 16 * 1024;

/// Why there was no item.
pub(super) enum Missing {
    /// More bytes are needed.
    Bytes,
    /// Nothing will come any more.
    Violated(Violation),
}

#[derive(Debug)]
pub(super) struct Inbox {
    decoder: Decoder,
    room: Room,
    /// Unmasked, not passed on.
    payload: Range<usize>,
    /// Not decoded.
    raw: Range<usize>,
    /// Messages, and control frames that stood between two of them, so far.
    finished: u64,
}

impl Inbox {
    /// `begun` came behind the request's head.
    pub(super) fn new(limits: MessageLimits, begun: &[u8]) -> Self {
        Self {
            decoder: Decoder::new(limits),
            room: Room {
                bytes: begun.to_vec(),
            },
            payload: 0..0,
            raw: 0..begun.len(),
            finished: 0,
        }
    }

    /// Whether a message or a frame has begun that was not finished; then how
    /// many were before it.
    pub(super) fn unfinished(&self) -> Option<u64> {
        let begun = self.decoder.is_within_message() || !self.raw.is_empty();
        begun.then_some(self.finished)
    }

    /// Payload of the message at hand that was not passed on.
    pub(super) fn payload(&self) -> &[u8] {
        &self.room.bytes[self.payload.clone()]
    }

    /// `count` bytes of the payload were passed on.
    pub(super) fn pass(&mut self, count: usize) {
        self.payload.start += count;
    }

    /// Whether more payload is here already, behind what was decoded.
    pub(super) fn follows(&self) -> bool {
        let raw = &self.room.bytes[self.raw.clone()];
        raw.len() > MAX_HEADER && carries_data(raw[0])
    }

    /// The next item. Data is added to the payload; a ping's bytes are given.
    pub(super) fn decode(&mut self) -> Result<(Item, &[u8]), Missing> {
        let raw = &mut self.room.bytes[self.raw.clone()];
        let (count, item) = self.decoder.decode(raw).map_err(Missing::Violated)?;
        let start = self.raw.start;
        self.raw.start += count;
        let here = |range: &Range<usize>| start + range.start..start + range.end;
        match item {
            None => Err(Missing::Bytes),
            Some(item) => {
                self.finished += u64::from(!self.decoder.is_within_message());
                let mut echo = 0..0;
                match &item {
                    Item::Data { payload, .. } => self.add(here(payload)),
                    Item::Ping(payload) => echo = here(payload),
                    Item::Pong | Item::Close(_) => {}
                }
                Ok((item, &self.room.bytes[echo]))
            }
        }
    }

    fn add(&mut self, piece: Range<usize>) {
        if self.payload.is_empty() {
            self.payload = piece;
            return;
        }
        let end = self.payload.end;
        self.payload.end += piece.len();
        if piece.start != end {
            // A header stood between.
            self.room.bytes.copy_within(piece, end);
        }
    }

    /// Reads more; 0: the end. At most a piece of payload may be waiting.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<io::Result<usize>> {
        self.gather();
        let mut end = self.room.bytes.len();
        let missing = self.decoder.missing();
        if missing > LARGE {
            let missing = usize::try_from(missing).unwrap_or(PIECE);
            end = end.min(self.raw.end + missing + MAX_HEADER);
        }
        let mut room = ReadBuf::new(&mut self.room.bytes[self.raw.end..end]);
        let read = ready!(Pin::new(stream).poll_read(cx, &mut room));
        let count = room.filled().len();
        self.raw.end += count;
        Poll::Ready(read.map(|()| count))
    }

    /// Moves what is there to the beginning of a whole room.
    fn gather(&mut self) {
        if self.payload.is_empty() {
            self.payload = self.raw.start..self.raw.start;
        } else if self.payload.end != self.raw.start {
            self.room
                .bytes
                .copy_within(self.raw.clone(), self.payload.end);
            self.raw = self.payload.end..self.payload.end + self.raw.len();
        }
        let used = self.payload.start..self.raw.end;
        self.room.whole(used.clone());
        self.moved(used.start);
    }

    /// Holds no room where none is needed. To be called when nothing moves.
    pub(super) fn settle(&mut self) {
        if self.payload.is_empty() {
            self.payload = self.raw.start..self.raw.start;
        }
        let used = self.payload.start..self.raw.end;
        if self.room.settle(used.clone()) {
            self.moved(used.start);
        }
    }

    fn moved(&mut self, by: usize) {
        for range in [&mut self.payload, &mut self.raw] {
            *range = range.start - by..range.end - by;
        }
    }
}
