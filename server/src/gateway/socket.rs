//! The socket on a bridge's far side: a stream over TCP or over a Unix socket,
//! or datagrams. One call of it is one system call.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, Interest, ReadBuf};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpStream, UdpSocket};

use super::websocket::drain;

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    /// A stream over TCP.
    Tcp(TcpStream),
    /// A stream between two programs of this machine (unix(7)).
    #[cfg(unix)]
    Unix(UnixStream),
    /// Datagrams, with a default peer.
    Udp(Datagrams),
}

/// A datagram socket that hears of errors, too.
pub(super) struct Datagrams {
    socket: Arc<UdpSocket>,
    /// Ready once the socket has an error. None: it was.
    failing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl Datagrams {
    pub(super) fn new(socket: UdpSocket) -> Self {
        let socket = Arc::new(socket);
        let watched = Arc::clone(&socket);
        // An error alone (EPOLLERR, epoll_ctl(2)) makes a socket not readable,
        // so that who waits for a datagram would never hear of it.
        let failing = async move {
            let _ = watched.ready(Interest::ERROR).await;
        };
        Self {
            socket,
            failing: Some(Box::pin(failing)),
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let received @ Poll::Ready(_) = self.socket.poll_recv(cx, room) {
            return received;
        }
        if let Some(failing) = &mut self.failing {
            ready!(failing.as_mut().poll(cx));
            self.failing = None;
            if let Some(error) = self.socket.take_error()? {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Pending
    }
}

impl Socket {
    /// Whether it carries a stream; else datagrams.
    pub(super) const fn is_stream(&self) -> bool {
        !matches!(self, Self::Udp(_))
    }

    /// Whether it can be told that more follows (MSG_MORE, send(2)).
    pub(super) const fn takes_hints(&self) -> bool {
        kernel::SUPPORTED && matches!(self, Self::Tcp(_))
    }

    /// One recv. None: the stream has ended.
    pub(super) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<Option<usize>>> {
        let mut room = ReadBuf::new(room);
        match self {
            Self::Tcp(stream) => ready!(Pin::new(stream).poll_read(cx, &mut room))?,
            #[cfg(unix)]
            Self::Unix(stream) => ready!(Pin::new(stream).poll_read(cx, &mut room))?,
            Self::Udp(datagrams) => {
                ready!(datagrams.poll_recv(cx, &mut room))?;
                return Poll::Ready(Ok(Some(room.filled().len())));
            }
        }
        let count = room.filled().len();
        Poll::Ready(Ok((count > 0).then_some(count)))
    }

    /// One send. `more`: another one follows at once, see
    /// [`takes_hints`](Self::takes_hints).
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) if more => loop {
                ready!(stream.poll_write_ready(cx))?;
                let call = || kernel::send_more(&*stream, bytes);
                match stream.try_io(Interest::WRITABLE, call) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    sent => return Poll::Ready(sent),
                }
            },
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Udp(datagrams) => datagrams.socket.poll_send(cx, bytes),
        }
    }

    /// Nothing follows after all: what waits for it is sent now.
    pub(super) fn push(&self) {
        if let Self::Tcp(stream) = self {
            // Set anew, it pushes (tcp(7)). It fails on a dead connection only.
            let _ = stream.set_nodelay(true);
        }
    }

    /// Sends the end of the stream. Fails on a dead connection only. Datagrams
    /// have no end.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown().await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown().await,
            Self::Udp(_) => Ok(()),
        }
    }

    /// Reads and discards to the end of the stream, or until `most` bytes have
    /// come.
    pub(super) async fn drain(&mut self, most: usize) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => drain(stream, most).await,
            #[cfg(unix)]
            Self::Unix(stream) => drain(stream, most).await,
            Self::Udp(_) => Ok(()),
        }
    }

    /// Ends the connection in a reset: what waits for a peer that takes nothing
    /// would stay in the kernel for minutes.
    pub(super) fn reset(self) {
        // A Unix socket's peer reads what it was sent; nothing stays behind.
        if let Self::Tcp(stream) = self {
            reset(&stream);
        }
    }
}

/// Has a connection end in a reset when it is closed (SO_LINGER, socket(7)).
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "SO_LINGER");
    }
}
