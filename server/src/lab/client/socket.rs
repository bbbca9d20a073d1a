//! A client's socket, and what the kernel tells beside its calls.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::sleep_until;

use crate::net::observe;

pub(super) enum Socket {
    Stream(TcpStream),
    /// Each send names the server, as the article's do; or nobody, if it is connected.
    Datagrams(UdpSocket, Option<SocketAddr>),
}

impl Socket {
    /// One send(2), also of no bytes.
    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.try_write(bytes),
            Self::Datagrams(socket, Some(server)) => socket.try_send_to(bytes, *server),
            Self::Datagrams(socket, None) => socket.try_send(bytes),
        }
    }

    /// What the kernel tells just after a send.
    pub(super) fn after_send(&self) -> trace::Socket {
        match self {
            Self::Stream(stream) => observe::after_send(stream),
            // What loopback takes is the reader's at once.
            Self::Datagrams(..) => trace::Socket::default(),
        }
    }

    /// One recv, and what the kernel told beside it.
    pub(super) fn try_recv(&self, room: &mut [u8]) -> io::Result<(usize, trace::Socket)> {
        match self {
            Self::Stream(stream) => {
                let told = observe::before_recv(stream);
                Ok((stream.try_read(room)?, told))
            }
            Self::Datagrams(socket, _) => {
                let receive = || observe::receive(socket, room);
                let (count, _, told) = socket.try_io(Interest::READABLE, receive)?;
                Ok((count, told))
            }
        }
    }

    /// Errors of waiting are those of the next call, which reports them.
    pub(super) async fn readable(&self) {
        let _ = match self {
            Self::Stream(stream) => stream.readable().await,
            Self::Datagrams(socket, _) => socket.readable().await,
        };
    }

    /// Until there is something to read, and `delay` has passed then. `due` keeps when that
    /// is, for who asks again.
    pub(super) async fn ready(&self, delay: Duration, due: &mut Option<Instant>) {
        self.readable().await;
        if !delay.is_zero() {
            let due = *due.get_or_insert_with(|| Instant::now() + delay);
            sleep_until(due.into()).await;
        }
    }

    pub(super) async fn writable(&self) {
        let _ = match self {
            Self::Stream(stream) => stream.writable().await,
            Self::Datagrams(socket, _) => socket.writable().await,
        };
    }
}
