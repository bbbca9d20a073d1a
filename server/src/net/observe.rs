//! What the kernel tells about a socket beside the calls made on it. Only
//! watched sockets are asked.

use std::io;
use std::net::SocketAddr;

use kernel::{AsSocket, told};
use record::Options;
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
    ask(stream.socket(), told::before_recv)
}

/// To be asked just after a send on a stream.
pub fn after_send(stream: &impl Observable) -> Socket {
    ask(stream.socket(), told::after_send)
}

/// Options of a stream that its program has set, as the kernel has them: those that are in
/// `set`.
pub fn options(stream: &impl Observable, set: &Options) -> Option<Options> {
    told::options(stream.socket()?, set)
}

/// To be asked just before the close of a connection.
pub fn before_close(stream: &impl Observable) -> Socket {
    ask(stream.socket(), told::before_close)
}

/// To be asked of the listener, beside a connect or just before an accept.
pub fn accept_queue(listener: Option<&impl AsSocket>) -> Socket {
    ask(listener, told::accept_queue)
}

fn ask<S>(socket: Option<&S>, question: impl FnOnce(&S) -> Socket) -> Socket {
    socket.map(question).unwrap_or_default()
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
