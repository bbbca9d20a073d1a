//! What the kernel tells about a socket beside the calls made on it. Only
//! watched sockets are asked.

use std::io;
use std::net::SocketAddr;

use kernel::AsSocket;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use trace::Socket;

/// A stream or listener that may be a socket of the kernel.
pub trait Observable {
    /// The socket's type.
    type Socket: AsSocket;

    /// The socket; none if this is no socket at all.
    fn socket(&self) -> Option<&Self::Socket>;
}

impl Observable for TcpStream {
    type Socket = Self;
    fn socket(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(unix)]
impl Observable for tokio::net::UnixStream {
    type Socket = Self;
    fn socket(&self) -> Option<&Self> {
        Some(self)
    }
}

impl Observable for TcpListener {
    type Socket = Self;
    fn socket(&self) -> Option<&Self> {
        Some(self)
    }
}

/// To be asked just before a recv on a stream.
pub fn before_recv(stream: &impl Observable) -> Socket {
    Socket {
        waiting: stream.socket().and_then(kernel::receive_queue),
        ..Socket::default()
    }
}

/// To be asked just after a send on a stream.
pub fn after_send(stream: &impl Observable) -> Socket {
    // In this order: what is sent in between is not both sent and unsent.
    let unacked = stream.socket().and_then(kernel::send_queue);
    let unsent = stream.socket().and_then(kernel::unsent);
    let waits = unsent.is_some_and(|unsent| unsent > 0);
    let sending = stream.socket().filter(|_| waits).and_then(kernel::sending);
    // Of the same moment, or not at all.
    let sending = sending.filter(|sending| {
        Some(sending.unsent) == unsent && stream.socket().and_then(kernel::send_queue) == unacked
    });
    Socket {
        unacked,
        unsent,
        mss: sending.map(|sending| sending.mss),
        window: sending.map(|sending| sending.window),
        ..Socket::default()
    }
}

/// To be asked just before the close of a connection.
pub fn before_close(stream: &impl Observable) -> Socket {
    Socket {
        counts: stream.socket().and_then(kernel::counts),
        ..Socket::default()
    }
}

/// To be asked of the listener, beside a connect or just before an accept.
pub fn accept_queue(listener: Option<&impl AsSocket>) -> Socket {
    Socket {
        accept_queue: listener.and_then(kernel::accept_queue),
        listen_drops: listener.and_then(kernel::memory).map(|m| m.dropped),
        ..Socket::default()
    }
}

/// One recvmsg(2), where there is something to be asked; to be called when the
/// socket is readable. Gives the bytes in `buffer`, the sender, and what the
/// kernel told. The drops count only if `kernel::count_drops` was called.
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Socket)> {
    if !kernel::SUPPORTED {
        let (count, from) = socket.try_recv_from(buffer)?;
        return Ok((count, from, Socket::default()));
    }
    let waiting = kernel::receive_queue(socket);
    let datagram = kernel::receive(socket, buffer)?;
    let told = Socket {
        waiting,
        length: u32::try_from(datagram.length).ok(),
        dropped: Some(datagram.dropped),
        ..Socket::default()
    };
    Ok((datagram.length.min(buffer.len()), datagram.from, told))
}
