//! Moves bytes between one WebSocket and one socket: a message in is a send,
//! a recv is a message out. It queues at most one piece of 64 KiB each way.
//!
//! One task drives both directions: a session is mostly one message bouncing,
//! and two tasks would add a wake-up to each way of it. It reads no clock: a
//! stalled direction is found by the keep-alive (see [`Pump::tick`]).

use std::io;
use std::task::{Context, Poll, ready};

use prometheus_client::metrics::counter::Counter;

use super::metrics::{Metrics, Way};
use super::socket::Socket;
use super::text::Encoding;
use super::websocket::{self, Close, Event, Opcode, PIECE, Violation, WebSocket, code};
use crate::net::{TimeSlice, give_way};

/// Largest message a bridge takes from its WebSocket, in bytes.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;
/// Largest datagram there is, in bytes: over IPv6, 65,535 with UDP's header.
pub(super) const MAX_DATAGRAM: usize = 65_527;

/// Why the pump stopped.
#[derive(Debug)]
pub(super) enum End {
    /// The WebSocket's peer closed it; everything it sent is with the socket.
    Closed(Option<Close>),
    /// The WebSocket's connection has ended without a close. Every message
    /// that arrived whole is with the socket.
    Gone,
    /// The socket's peer sent its last byte; everything it sent is queued for
    /// the WebSocket.
    Finished,
    /// The session can't go on; the code and reason to close the WebSocket with.
    Broken(u16, String),
    /// Nobody listens where the datagrams go (ICMP port unreachable, RFC 792).
    /// Everything that came from there before is queued for the WebSocket.
    Absent,
    /// A message, or the frame at hand, was not finished for a whole tick.
    Unfinished,
    /// One side took nothing for a whole tick while something waited for it.
    Stalled(Way),
}

/// Both ends and what is between them.
pub(super) struct Pump {
    pub(super) web: WebSocket,
    pub(super) socket: Socket,
    /// Whether the payload at hand has to go before anything else comes.
    due: bool,
    /// Whether the kernel was told that more follows.
    more: bool,
    up: Flow,
    down: Flow,
    /// How what comes from the socket is sent.
    encoding: Encoding,
    /// The kernel said that nobody listens where the datagrams go.
    absent: bool,
    /// The socket has given something since the last tick.
    heard: bool,
    /// A ping was sent and nothing has come since.
    pinged: bool,
    /// What the WebSocket's peer had begun and not finished at the last tick.
    unfinished: Option<u64>,
    /// The peer could not go on since then: the socket took nothing for a while.
    blocked: bool,
}

/// One way, and what went there, counted.
struct Flow {
    bytes: Counter,
    messages: Counter,
    /// Something was taken since the last tick.
    moved: bool,
    /// At the last tick something waited.
    waited: bool,
    /// Nothing can be given any more. What still comes from there decides how
    /// the session ends.
    mute: bool,
}

impl Flow {
    fn new(metrics: &Metrics, way: Way) -> Self {
        let (bytes, messages) = metrics.flow(way);
        Self {
            bytes,
            messages,
            moved: true,
            waited: false,
            mute: false,
        }
    }

    /// Whether something waited for a whole tick without progress.
    fn tick(&mut self, waiting: bool) -> bool {
        let waited = std::mem::replace(&mut self.waited, waiting);
        !std::mem::take(&mut self.moved) && waited && waiting
    }
}

impl Pump {
    pub(super) fn new(
        web: WebSocket,
        socket: Socket,
        encoding: Encoding,
        metrics: &Metrics,
    ) -> Self {
        Self {
            web,
            socket,
            due: false,
            more: false,
            up: Flow::new(metrics, Way::Up),
            down: Flow::new(metrics, Way::Down),
            encoding,
            absent: false,
            heard: false,
            pinged: false,
            unfinished: None,
            blocked: false,
        }
    }

    /// Moves what can be moved. Ready when there is nothing left to move, ever.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        // Alternately, or one direction would fill all buffers first. Up
        // first: it may find a ping to answer.
        let mut slice = TimeSlice::default();
        loop {
            let mut moved = false;
            for step in [Self::poll_up, Self::poll_down] {
                match step(self, cx) {
                    Poll::Ready(Ok(())) => moved = true,
                    Poll::Ready(Err(end)) => return Poll::Ready(end),
                    Poll::Pending => {}
                }
            }
            if !moved {
                break;
            }
            if slice.is_over() {
                give_way(cx);
                return Poll::Pending;
            }
        }
        self.web.settle();
        Poll::Pending
    }

    /// To be called at the pace of the keep-alive. An end if one side is gone
    /// or has taken nothing since the last call.
    pub(super) fn tick(&mut self) -> Option<End> {
        let taken = self.down.waited && self.down.moved;
        if !std::mem::take(&mut self.heard) && !self.web.is_waiting() {
            self.release();
        }
        if self.down.tick(self.web.is_waiting()) {
            return Some(End::Stalled(Way::Down));
        }
        if self.up.tick(self.due) {
            return Some(End::Stalled(Way::Up));
        }
        // While the socket takes nothing the WebSocket is not read, and a ping
        // waits behind what is being taken: then silence means nothing.
        if self.pinged && !self.due && !taken {
            return Some(End::Gone);
        }
        // While the socket takes nothing the peer can't finish what it has begun.
        let blocked = std::mem::take(&mut self.blocked) || self.due;
        let unfinished = self.web.unfinished().filter(|_| !blocked);
        let before = std::mem::replace(&mut self.unfinished, unfinished);
        if unfinished.is_some() && unfinished == before {
            return Some(End::Unfinished);
        }
        self.pinged = true;
        self.web.ping();
        None
    }

    /// One read of the WebSocket, and what it held to the socket.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        // What the read before has left.
        ready!(self.poll_pass_on(cx))?;
        self.push();
        if !ready!(self.web.poll_read(cx)) {
            return Poll::Ready(Err(End::Gone));
        }
        self.pinged = false;
        let passed = self.poll_pass_on(cx);
        self.push();
        match passed {
            Poll::Ready(Err(end)) => Poll::Ready(Err(end)),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Gives the socket all that was read.
    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        loop {
            if self.due {
                let given = self.poll_give(cx);
                self.blocked |= given.is_pending();
                ready!(given)?;
                self.due = false;
            }
            match self.web.decode() {
                None => return Poll::Ready(Ok(())),
                Some(Ok(Event::Data { end, .. })) => {
                    self.due = end;
                    if end {
                        self.up.messages.inc();
                    } else if self.socket.is_stream() {
                        // A message of many pieces is as many sends.
                        self.due = self.web.payload().len() >= PIECE;
                    }
                }
                Some(Ok(Event::Control)) => {}
                Some(Err(end)) => return Poll::Ready(Err(self.end_of_web(end))),
            }
        }
    }

    /// Nothing follows after all: what waits for it is sent now.
    fn push(&mut self) {
        if std::mem::take(&mut self.more) {
            self.socket.push();
        }
    }

    /// Gives the payload at hand to the socket.
    fn poll_give(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        if self.socket.is_stream() {
            self.poll_give_bytes(cx).map(Ok)
        } else {
            self.poll_give_datagram(cx)
        }
    }

    fn poll_give_bytes(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A segment for each of many small messages costs more than they do.
        self.more = self.socket.takes_hints() && self.web.follows();
        while !self.up.mute {
            let payload = self.web.payload();
            if payload.is_empty() {
                return Poll::Ready(());
            }
            match ready!(self.socket.poll_send(cx, payload, self.more)) {
                Ok(count @ 1..) => {
                    self.web.pass(count);
                    self.up.bytes.inc_by(count as u64);
                    self.up.moved = true;
                }
                // The connection is dead. What the server sent before that
                // still has to be read.
                Ok(0) | Err(_) => self.up.mute = true,
            }
        }
        self.web.pass(self.web.payload().len());
        Poll::Ready(())
    }

    fn poll_give_datagram(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let payload = self.web.payload();
        let length = payload.len();
        let sent = ready!(self.socket.poll_send(cx, payload, false));
        self.web.pass(length);
        self.up.moved = true;
        match sent {
            Ok(_) => {
                self.up.bytes.inc_by(length as u64);
            }
            // It is about a datagram before this one; this one was not sent.
            Err(error) if is_refusal(&error) => self.absent = true,
            Err(error) => return Poll::Ready(Err(not_sent(&error, length))),
        }
        Poll::Ready(Ok(()))
    }

    /// One recv of the socket, to the WebSocket.
    pub(super) fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        ready!(self.poll_written(cx));
        let Self {
            web,
            socket,
            encoding,
            absent,
            heard,
            down,
            ..
        } = self;
        let mut ended = false;
        let filled = web.fill(|room| {
            let held = encoding.held();
            let start = held.len();
            room[..start].copy_from_slice(&held);
            let received = loop {
                match socket.poll_recv(cx, &mut room[start..]) {
                    // Told once; what came before that is still to be read.
                    Poll::Ready(Err(error)) if !socket.is_stream() && is_refusal(&error) => {
                        *absent = true;
                    }
                    received => break ready!(received)?,
                }
            };
            ended = received.is_none();
            *heard = true;
            Poll::Ready(Ok(received.and_then(|count| {
                encoding.handle(&room[..start + count], socket.is_stream())
            })))
        });
        match filled {
            Poll::Ready(Ok(Some(count))) => {
                down.messages.inc();
                down.bytes.inc_by(count as u64);
                let _ = self.poll_written(cx);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(None)) if ended => Poll::Ready(Err(End::Finished)),
            Poll::Ready(Ok(None)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(failed(&error))),
            Poll::Pending if *absent => Poll::Ready(Err(End::Absent)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Queues what was held back of text: its end will not come.
    pub(super) fn release(&mut self) {
        let held = self.encoding.release();
        if !held.is_empty() {
            self.web.push(Opcode::Binary, &held);
            self.down.messages.inc();
            self.down.bytes.inc_by(held.len() as u64);
        }
    }

    /// Moves what the socket still sends once the WebSocket's peer has said its
    /// last. Ready with whether there can be more.
    pub(super) fn poll_last(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.poll_down(cx) {
            Poll::Ready(moved) => Poll::Ready(moved.is_ok()),
            Poll::Pending if self.down.mute => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Until nothing waits for the WebSocket any more; for ever if it can't be
    /// written to: then what its peer sent before that decides.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.down.mute {
            let Ok(moved) = ready!(self.web.poll_flush(cx)) else {
                self.down.mute = true;
                break;
            };
            self.down.moved |= moved;
            if !self.web.is_waiting() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Writes what is queued for the WebSocket and goes on taking what its
    /// peer still sends. Ready when something has moved, or with its end.
    pub(super) fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let up = match self.poll_up(cx) {
            Poll::Ready(Err(end)) => return Poll::Ready(Some(end)),
            up => up.is_ready(),
        };
        let flushed = match self.web.poll_flush(cx) {
            Poll::Ready(Ok(moved)) => moved,
            Poll::Ready(Err(_)) => return Poll::Ready(Some(End::Gone)),
            Poll::Pending => false,
        };
        self.web.settle();
        if flushed || up {
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    fn end_of_web(&self, end: websocket::End) -> End {
        match end {
            websocket::End::Closed(close) => End::Closed(close),
            websocket::End::Gone => End::Gone,
            websocket::End::Violated(violation) => {
                let reason = match (&violation, &self.socket) {
                    (Violation::TooLarge { length, .. }, Socket::Udp(_)) => no_datagram(*length),
                    _ => violation.to_string(),
                };
                End::Broken(violation.code(), reason)
            }
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn failed(error: &io::Error) -> End {
    let reason = format!("the server's connection failed: {error}");
    End::Broken(code::ERROR, reason)
}

fn not_sent(error: &io::Error, length: usize) -> End {
    // It has no kind of its own in the standard library.
    #[cfg(unix)]
    let message_size = rustix::io::Errno::MSGSIZE.raw_os_error();
    // WSAEMSGSIZE (Winsock).
    #[cfg(not(unix))]
    let message_size = 10_040;
    if error.raw_os_error() == Some(message_size) {
        return End::Broken(code::SIZE, no_datagram(length as u64));
    }
    End::Broken(code::ERROR, format!("send: {error}"))
}

fn no_datagram(length: u64) -> String {
    format!("{length} bytes do not fit into a datagram")
}
