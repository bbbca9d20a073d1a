//! The server's side of a WebSocket: the crate `websocket` over a TCP
//! connection that HTTP was upgraded from. It answers pings, and holds at most
//! one piece of a message each way; of text that is said, one text more.

mod inbox;
mod outbox;
mod room;
mod upgrade;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use ::websocket::Item;
pub(super) use ::websocket::{Close, MessageLimits, Opcode, Violation, code};
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use super::stream::{GOODBYE, Readable, Stream, Unattached};
use inbox::{Inbox, Missing};
use outbox::Outbox;
pub(super) use room::PIECE;
use room::Room;
pub(super) use upgrade::{Upgrade, upgrade};

/// Bytes read and discarded after a protocol error before the connection is closed.
const MOST_DRAINED: usize = 4 * 1024 * 1024;
/// Frames that one message may have. A browser sends a megabyte in 8 to 64.
pub(super) const MAX_FRAMES: u32 = 1024;
/// Length of the shortest frame of a client, in bytes.
const MIN_HEADER: usize = 6;
/// Most bytes in the payload of a ping.
const MAX_PING: usize = 125;

/// What came from the peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// More payload, see [`WebSocket::payload`]; `end`: of its message.
    Data { text: bool, end: bool },
    /// A ping or a pong. There may be something to write.
    Control,
}

/// Why nothing more comes from the peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It said so.
    Closed(Option<Close>),
    /// Its connection has ended or failed without a word.
    Gone,
    /// The peer violated RFC 6455 or a limit; close with this code.
    Violated(Violation),
}

/// One connection.
#[derive(Debug)]
pub(super) struct WebSocket {
    stream: Stream,
    inbox: Inbox,
    outbox: Outbox,
    /// The last ping's payload, to be answered (RFC 6455, section 5.5.3).
    pong: Option<Box<[u8]>>,
    ping: bool,
    /// The last frame is queued or written.
    closing: bool,
}

/// A connection that belongs to no runtime.
#[derive(Debug)]
pub(super) struct Detached {
    stream: Unattached,
    inbox: Inbox,
}

impl Detached {
    /// Gives it to the runtime of the caller.
    pub(super) fn attach(self) -> io::Result<WebSocket> {
        let stream = self.stream.attach()?;
        Ok(WebSocket::with(stream, self.inbox))
    }
}

impl WebSocket {
    /// `begun` came behind the request's head.
    pub(super) fn new(stream: Stream, begun: &Bytes, limits: MessageLimits) -> Self {
        Self::with(stream, Inbox::new(limits, begun))
    }

    fn with(stream: Stream, inbox: Inbox) -> Self {
        Self {
            stream,
            inbox,
            outbox: Outbox::default(),
            pong: None,
            ping: false,
            closing: false,
        }
    }

    /// The next thing in what was read; none: more has to be read. Payload that
    /// was not passed on stays and grows.
    pub(super) fn decode(&mut self) -> Option<Result<Event, End>> {
        Some(match self.inbox.decode() {
            Ok((Item::Data { text, end, .. }, _)) => Ok(Event::Data { text, end }),
            Ok((Item::Ping(_), payload)) => {
                if !self.closing {
                    self.pong = Some(payload.into());
                }
                Ok(Event::Control)
            }
            Ok((Item::Pong, _)) => Ok(Event::Control),
            Ok((Item::Close(close), _)) => Err(End::Closed(close)),
            Err(Missing::Violated(violation)) => Err(End::Violated(violation)),
            Err(Missing::Bytes) => return None,
        })
    }

    /// Reads more; less than a [`PIECE`] of payload may be left. False: there
    /// will be no more.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let read = ready!(self.inbox.poll_read(cx, &mut self.stream));
        Poll::Ready(matches!(read, Ok(1..)))
    }

    /// The next thing from the peer.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, End>> {
        loop {
            if let Some(event) = self.decode() {
                return Poll::Ready(event);
            }
            if !ready!(self.poll_read(cx)) {
                return Poll::Ready(Err(End::Gone));
            }
        }
    }

    /// Payload of the message at hand.
    pub(super) fn payload(&self) -> &[u8] {
        self.inbox.payload()
    }

    /// Whether more payload was read already, behind the message at hand.
    pub(super) fn follows(&self) -> bool {
        self.inbox.follows()
    }

    /// `count` bytes of the payload have been passed on.
    pub(super) fn pass(&mut self, count: usize) {
        self.inbox.pass(count);
    }

    /// Whether the peer has begun a message or a frame and not finished it; then
    /// how many it had finished before: the same number says that it is the same.
    pub(super) fn unfinished(&self) -> Option<u64> {
        self.inbox.unfinished()
    }

    /// Whether frames wait for the peer.
    pub(super) fn is_waiting(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Asks the peer whether it is still there, as soon as it takes anything.
    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    /// Writes until nothing waits; true if anything was written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut moved = false;
        loop {
            while !self.outbox.is_empty() {
                match self.outbox.poll_write(cx, &mut self.stream) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(_)) => moved = true,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if moved => return Poll::Ready(Ok(true)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            if let Some(payload) = self.pong.take() {
                debug_assert!(payload.len() <= MAX_PING, "the decoder has checked it");
                self.outbox.push(Opcode::Pong, &payload);
            } else if std::mem::take(&mut self.ping) {
                self.outbox.push(Opcode::Ping, &[]);
            } else {
                return Poll::Ready(Ok(moved));
            }
        }
    }

    /// Has `receive` give one message: its opcode and its length in bytes.
    /// Nothing may wait for the peer.
    pub(super) fn fill<E>(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> Poll<Result<Option<(Opcode, usize)>, E>>,
    ) -> Poll<Result<Option<usize>, E>> {
        self.outbox.fill(receive)
    }

    /// Holds no room where none is needed. To be called when nothing moves.
    pub(super) fn settle(&mut self) {
        self.inbox.settle();
        self.outbox.settle();
    }

    /// The next thing from the peer. Safe to cancel.
    pub(super) async fn event(&mut self) -> Result<Event, End> {
        self.settle();
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Queues a text message. Write what is queued once that is a [`PIECE`].
    pub(super) fn queue(&mut self, text: &str) {
        self.push(Opcode::Text, text.as_bytes());
    }

    /// Queues a message.
    pub(super) fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        self.outbox.push(opcode, payload);
    }

    /// Bytes that are queued.
    pub(super) fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// Takes a connection on which nothing was said yet from this runtime's
    /// I/O driver, to be attached to another's.
    pub(super) fn detach(self) -> io::Result<Detached> {
        debug_assert!(self.outbox.is_empty(), "nothing was said");
        Ok(Detached {
            stream: self.stream.into_std()?,
            inbox: self.inbox,
        })
    }

    /// Writes all that waits.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while poll_fn(|cx| self.poll_flush(cx)).await? || self.is_waiting() {}
        self.outbox.settle();
        Ok(())
    }

    /// Queues the last frame. Without anything to say it is an empty one.
    pub(super) fn push_close(&mut self, close: Option<&Close>) {
        (self.pong, self.ping, self.closing) = (None, false, true);
        let payload = close.map(Close::payload).unwrap_or_default();
        self.outbox.push(Opcode::Close, &payload);
    }

    /// Closes with a code and a reason and waits for the answer.
    pub(super) async fn close(mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.push_close(Some(&Close { code, reason }));
        let farewell = async {
            self.flush().await?;
            self.pass(self.payload().len());
            let mut most = MOST_DRAINED;
            while let (1.., Ok(_)) = (most, self.event().await) {
                // Also an empty frame has a header.
                most = most.saturating_sub(self.payload().len() + MIN_HEADER);
                self.pass(self.payload().len());
            }
            self.finish().await
        };
        let _ = timeout(GOODBYE, farewell).await;
    }

    /// Answers the peer's close. Behind that it sends nothing, so there is
    /// nothing to read before the connection is dropped.
    pub(super) async fn answer(mut self, close: Option<&Close>) {
        self.push_close(close);
        let _ = timeout(GOODBYE, self.flush()).await;
    }

    /// Ends the connection: all was said that will be.
    pub(super) async fn part(mut self) {
        let _ = timeout(GOODBYE, self.finish()).await;
    }

    /// Ends the connection so that the peer has all that was written: a close
    /// with bytes that nobody read would be a reset.
    async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        drain(&self.stream, MOST_DRAINED).await
    }

    /// The connection, to end it without a word.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }
}

/// Reads to the end, or until `most` bytes have come. While it waits it holds
/// no room for them.
pub(super) async fn drain(stream: &impl Readable, most: usize) -> io::Result<()> {
    let mut left = most;
    while left > 0 {
        stream.readable().await?;
        // It gives way now and then, so that a fast sender stops no other task.
        consume_budget().await;
        let mut room = Room::default();
        room.whole(0..0);
        match stream.try_read(&mut room.bytes) {
            Ok(0) => break,
            Ok(count) => left = left.saturating_sub(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
