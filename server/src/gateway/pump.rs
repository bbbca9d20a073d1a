//! Moves bytes between one WebSocket and one socket: a message in is a send,
//! a recv is a message out. It queues at most one message each way.
//!
//! One task drives both directions: a session is mostly one message bouncing,
//! and two tasks would add a wake-up to each way of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::ws::{Message, WebSocket, close_code};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Sink, Stream};
use prometheus_client::metrics::counter::Counter;
use tokio::io::AsyncWrite;
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite;

use super::metrics::{Metrics, Way};

/// Largest message a bridge takes from its WebSocket, in bytes.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;
/// Room for each recv, in bytes: any datagram fits.
const ROOM: usize = 64 * 1024;

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
    /// The WebSocket's peer closed it or is gone; everything it sent is with the socket.
    PeerDone,
    /// The socket's peer sent its last byte; everything it sent is with the WebSocket.
    SocketDone,
    /// The session can't go on; the code and reason to close the WebSocket with.
    Broken(u16, String),
}

/// Both ends and what is between them.
pub(super) struct Pump {
    pub(super) web: WebSocket,
    pub(super) socket: Socket,
    /// Taken from the WebSocket, not yet taken by the socket.
    pub(super) up: Option<Bytes>,
    room: BytesMut,
    /// Whether the WebSocket holds bytes it has not written yet.
    unflushed: bool,
    ping: Ping,
    sent: Flow,
    received: Flow,
}

/// What went one way, counted.
struct Flow {
    bytes: Counter,
    messages: Counter,
}

impl Flow {
    fn new(metrics: &Metrics, way: Way) -> Self {
        let (bytes, messages) = metrics.flow(way);
        Self { bytes, messages }
    }

    fn count(&self, bytes: usize) {
        self.messages.inc();
        self.bytes.inc_by(bytes as u64);
    }
}

/// Where the keep-alive stands.
#[derive(PartialEq, Eq)]
enum Ping {
    /// Something came since the last tick.
    Heard,
    /// To be sent.
    Due,
    /// Sent, nothing came since.
    Sent,
}

impl Pump {
    pub(super) fn new(web: WebSocket, socket: Socket, metrics: &Metrics) -> Self {
        Self {
            web,
            socket,
            up: None,
            room: BytesMut::with_capacity(ROOM),
            unflushed: false,
            ping: Ping::Heard,
            sent: Flow::new(metrics, Way::Up),
            received: Flow::new(metrics, Way::Down),
        }
    }

    /// Moves what can be moved. Ready when there is nothing left to move, ever.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
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
        // Only now that nothing more is there: messages that come together
        // leave together.
        if self.unflushed {
            match Pin::new(&mut self.web).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => return Poll::Ready(End::PeerDone),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    /// To be called at the pace of the keep-alive. False if the peer was
    /// silent since the last one although it was asked to answer.
    pub(super) fn tick(&mut self) -> bool {
        // While the socket takes nothing the WebSocket is not read, so
        // silence means nothing.
        if self.ping == Ping::Sent && self.up.is_none() {
            return false;
        }
        self.ping = Ping::Due;
        true
    }

    /// One step from the WebSocket to the socket.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        if let Some(bytes) = &mut self.up {
            let sent = match std::task::ready!(self.socket.poll_send(cx, bytes)) {
                Ok(sent) => sent,
                Err(error) => return Poll::Ready(Err(send_failed(&error, bytes.len()))),
            };
            bytes.advance(sent);
            if bytes.is_empty() {
                self.up = None;
            }
            return Poll::Ready(Ok(()));
        }
        let message = std::task::ready!(Pin::new(&mut self.web).poll_next(cx));
        self.ping = Ping::Heard;
        let bytes = match message {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                // Its answer waits in the WebSocket.
                self.unflushed = true;
                return Poll::Ready(Ok(()));
            }
            Some(Ok(Message::Close(_))) | None => return Poll::Ready(Err(End::PeerDone)),
            Some(Err(error)) => return Poll::Ready(Err(web_failed(error))),
        };
        if bytes.len() > MAX_MESSAGE {
            let reason = format!(
                "a message of {} bytes: at most {MAX_MESSAGE} are taken at once",
                bytes.len()
            );
            return Poll::Ready(Err(End::Broken(close_code::SIZE, reason)));
        }
        self.sent.count(bytes.len());
        // A stream has no empty send; a datagram may well be empty.
        if !bytes.is_empty() || matches!(self.socket, Socket::Udp(_)) {
            self.up = Some(bytes);
        }
        Poll::Ready(Ok(()))
    }

    /// One step from the socket to the WebSocket.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let ready = std::task::ready!(Pin::new(&mut self.web).poll_ready(cx));
        if ready.is_err() {
            return Poll::Ready(Err(End::PeerDone));
        }
        if self.ping == Ping::Due {
            self.ping = Ping::Sent;
            return Poll::Ready(self.give(Message::Ping(Bytes::new())));
        }
        self.room.reserve(ROOM);
        let step = match std::task::ready!(self.socket.poll_recv(cx, &mut self.room)) {
            Ok(0) if matches!(self.socket, Socket::Tcp(_)) => Err(End::SocketDone),
            Ok(_) => {
                let bytes = self.room.split().freeze();
                self.received.count(bytes.len());
                self.give(Message::Binary(bytes))
            }
            Err(error) => Err(End::Broken(close_code::ERROR, format!("recv: {error}"))),
        };
        Poll::Ready(step)
    }

    fn give(&mut self, message: Message) -> Result<(), End> {
        self.unflushed = true;
        Pin::new(&mut self.web)
            .start_send(message)
            .map_err(|_| End::PeerDone)
    }
}

impl Socket {
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Udp(socket) => loop {
                match std::task::ready!(socket.poll_send(cx, bytes)) {
                    // About a datagram before this one; this one was not sent.
                    Err(error) if refused(&error) => {}
                    sent => return Poll::Ready(sent),
                }
            },
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, room: &mut BytesMut) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => tokio_util::io::poll_read_buf(Pin::new(stream), cx, room),
            Self::Udp(socket) => loop {
                std::task::ready!(socket.poll_recv_ready(cx))?;
                match socket.try_recv_buf(room) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    // Nobody was there for a datagram; the next may find somebody.
                    Err(error) if refused(&error) => {}
                    received => return Poll::Ready(received),
                }
            },
        }
    }
}

fn refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn send_failed(error: &io::Error, length: usize) -> End {
    // EMSGSIZE has no kind of its own in the standard library.
    if error.to_string().to_lowercase().contains("too long") {
        let reason = format!("{length} bytes do not fit into a datagram");
        return End::Broken(close_code::SIZE, reason);
    }
    End::Broken(close_code::ERROR, format!("send: {error}"))
}

/// What an error of the WebSocket means for its session.
pub(super) fn web_failed(error: axum::Error) -> End {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    let error = match error.into_inner().downcast::<Error>() {
        Ok(error) => *error,
        Err(_) => return End::PeerDone,
    };
    let code = match &error {
        Error::Capacity(_) => close_code::SIZE,
        Error::Utf8(_) => close_code::INVALID,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::PeerDone,
        Error::Protocol(_) => close_code::PROTOCOL,
        _ => return End::PeerDone,
    };
    End::Broken(code, error.to_string())
}
