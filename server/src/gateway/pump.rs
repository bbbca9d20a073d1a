//! Moves bytes between one WebSocket and one socket: a message in is a send,
//! a recv is a message out. It queues at most one piece of 64 KiB each way.
//!
//! One task drives both directions: a session is mostly one message bouncing,
//! and two tasks would add a wake-up to each way of it. It reads no clock: what
//! stands still is found by the keep-alive (see [`Pump::tick`]).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};

use super::metrics::{Metrics, Way};
use super::websocket::{self, Close, Event, PIECE, Violation, WebSocket, code};

/// Largest message a bridge takes from its WebSocket, in bytes.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;
/// Largest datagram there is, in bytes: over IPv6, 65,535 with UDP's header.
pub(super) const MAX_DATAGRAM: usize = 65_527;

/// The socket on the far side.
pub(super) enum Socket {
    /// A connected stream.
    Tcp(TcpStream),
    /// A datagram socket with a default peer.
    Udp(UdpSocket),
}

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
    /// A ping was sent and nothing has come since.
    pinged: bool,
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

    /// Whether something waited a whole tick in vain.
    fn tick(&mut self, waiting: bool) -> bool {
        let waited = std::mem::replace(&mut self.waited, waiting);
        !std::mem::take(&mut self.moved) && waited && waiting
    }
}

impl Pump {
    pub(super) fn new(web: WebSocket, socket: Socket, metrics: &Metrics) -> Self {
        Self {
            web,
            socket,
            due: false,
            more: false,
            up: Flow::new(metrics, Way::Up),
            down: Flow::new(metrics, Way::Down),
            pinged: false,
        }
    }

    /// Moves what can be moved. Ready when there is nothing left to move, ever.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        // In turn, or one way would fill all buffers while the other rests. Up
        // first: it may find a ping to answer.
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
        }
        self.web.settle();
        Poll::Pending
    }

    /// To be called at the pace of the keep-alive. An end if one side is gone
    /// or has taken nothing since the last call.
    pub(super) fn tick(&mut self) -> Option<End> {
        let taken = self.down.waited && self.down.moved;
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
                ready!(self.poll_give(cx))?;
                self.due = false;
            }
            match self.web.decode() {
                None => return Poll::Ready(Ok(())),
                Some(Ok(Event::Data { end, .. })) => {
                    self.due = end;
                    if end {
                        self.up.messages.inc();
                    } else if let Socket::Tcp(_) = self.socket {
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
        if let (true, Socket::Tcp(stream)) = (std::mem::take(&mut self.more), &self.socket) {
            // Set anew, it pushes (tcp(7)). It fails on a dead connection only.
            let _ = stream.set_nodelay(true);
        }
    }

    /// Gives the payload at hand to the socket.
    fn poll_give(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let payload = self.web.payload();
        match &mut self.socket {
            Socket::Tcp(_) if self.up.mute => {
                let length = payload.len();
                self.web.pass(length);
                Poll::Ready(Ok(()))
            }
            Socket::Tcp(stream) => {
                let mut given = 0;
                // A segment for each of many small messages costs more than they do.
                self.more = kernel::SUPPORTED && self.web.follows();
                while given < payload.len() {
                    match poll_send(cx, stream, &payload[given..], self.more) {
                        Poll::Ready(Ok(count @ 1..)) => given += count,
                        Poll::Ready(_) => {
                            // The connection is dead. What the server sent
                            // before that still has to be read.
                            self.up.mute = true;
                            break;
                        }
                        Poll::Pending => break,
                    }
                }
                let all = given == payload.len();
                self.web.pass(given);
                self.up.bytes.inc_by(given as u64);
                self.up.moved |= given > 0;
                match all {
                    true => Poll::Ready(Ok(())),
                    false if self.up.mute => self.poll_give(cx),
                    false => Poll::Pending,
                }
            }
            Socket::Udp(socket) => {
                let length = payload.len();
                let sent = loop {
                    match ready!(socket.poll_send(cx, payload)) {
                        // About a datagram before this one; this one was not sent.
                        Err(error) if refused(&error) => {}
                        sent => break sent,
                    }
                };
                self.web.pass(length);
                self.up.bytes.inc_by(length as u64);
                self.up.moved = true;
                let given = sent.map(|_| ()).map_err(|error| not_sent(&error, length));
                Poll::Ready(given)
            }
        }
    }

    /// One recv of the socket, to the WebSocket.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        ready!(self.poll_written(cx));
        let socket = &mut self.socket;
        match ready!(self.web.fill(|room| socket.poll_recv(cx, room))) {
            Ok(Some(count)) => {
                self.down.messages.inc();
                self.down.bytes.inc_by(count as u64);
                let _ = self.poll_written(cx);
                Poll::Ready(Ok(()))
            }
            Ok(None) => Poll::Ready(Err(End::Finished)),
            Err(error) => {
                let reason = format!("the server's connection failed: {error}");
                Poll::Ready(Err(End::Broken(code::ERROR, reason)))
            }
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

impl Socket {
    /// One recv; none: the stream has ended.
    fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<Option<usize>>> {
        let mut room = ReadBuf::new(room);
        match self {
            Self::Tcp(stream) => {
                ready!(Pin::new(stream).poll_read(cx, &mut room))?;
                let count = room.filled().len();
                Poll::Ready(Ok((count > 0).then_some(count)))
            }
            Self::Udp(socket) => loop {
                match ready!(socket.poll_recv(cx, &mut room)) {
                    Ok(()) => return Poll::Ready(Ok(Some(room.filled().len()))),
                    // Nobody was there for a datagram; the next may find somebody.
                    Err(error) if refused(&error) => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
            },
        }
    }
}

/// One send.
fn poll_send(
    cx: &mut Context<'_>,
    stream: &mut TcpStream,
    bytes: &[u8],
    more: bool,
) -> Poll<io::Result<usize>> {
    if !more {
        return Pin::new(stream).poll_write(cx, bytes);
    }
    loop {
        ready!(stream.poll_write_ready(cx))?;
        let sent = stream.try_io(Interest::WRITABLE, || kernel::send_more(stream, bytes));
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return Poll::Ready(sent),
        }
    }
}

fn refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn not_sent(error: &io::Error, length: usize) -> End {
    // EMSGSIZE has no kind of its own in the standard library.
    if error.to_string().to_lowercase().contains("too long") {
        return End::Broken(code::SIZE, no_datagram(length as u64));
    }
    End::Broken(code::ERROR, format!("send: {error}"))
}

fn no_datagram(length: u64) -> String {
    format!("{length} bytes do not fit into a datagram")
}
