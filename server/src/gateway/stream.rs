//! A connection to the gateway: TCP, or a Unix socket from a proxy on the same
//! machine. Both read and write alike; what only TCP has is nothing here.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// How long a peer may take to answer the end of a connection: a close frame, or
/// the last bytes.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

/// One connection.
#[derive(Debug)]
pub(super) enum Stream {
    /// tcp(7).
    Tcp(TcpStream),
    /// unix(7), SOCK_STREAM.
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A connection that belongs to no runtime.
#[derive(Debug)]
pub(super) enum Unattached {
    Tcp(std::net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Unattached {
    /// Gives it to the runtime of the caller.
    pub(super) fn attach(self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(stream) => Stream::Tcp(TcpStream::from_std(stream)?),
            #[cfg(unix)]
            Self::Unix(stream) => Stream::Unix(UnixStream::from_std(stream)?),
        })
    }
}

impl Stream {
    /// Takes it from its runtime.
    pub(super) fn into_std(self) -> io::Result<Unattached> {
        Ok(match self {
            Self::Tcp(stream) => Unattached::Tcp(stream.into_std()?),
            #[cfg(unix)]
            Self::Unix(stream) => Unattached::Unix(stream.into_std()?),
        })
    }

    /// Makes the close a reset that discards what the peer has not taken
    /// (SO_LINGER of zero, socket(7)). The kernel would otherwise keep those
    /// bytes for minutes. A Unix socket has no such state: its peer keeps what
    /// was written, and nothing else remains.
    pub(super) fn discard_at_close(&self) {
        let set = match self {
            Self::Tcp(stream) => stream.set_zero_linger(),
            #[cfg(unix)]
            Self::Unix(_) => Ok(()),
        };
        if let Err(error) = set {
            tracing::debug!(%error, "SO_LINGER");
        }
    }

    /// Bytes that the peer has not acknowledged (of a Unix socket: has not
    /// read, overhead included); 0 where the system does not tell.
    pub(super) fn send_queue(&self) -> usize {
        let queue = match self {
            Self::Tcp(stream) => kernel::send_queue(stream),
            #[cfg(unix)]
            Self::Unix(stream) => kernel::send_queue(stream),
        };
        queue.map_or(0, |bytes| bytes as usize)
    }

    /// Bytes that can be read at once; 0 where the system does not tell.
    pub(super) fn receive_queue(&self) -> usize {
        let queue = match self {
            Self::Tcp(stream) => kernel::receive_queue(stream),
            #[cfg(unix)]
            Self::Unix(stream) => kernel::receive_queue(stream),
        };
        queue.map_or(0, |bytes| bytes as usize)
    }
}

/// A stream that says when it can be read.
pub(super) trait Readable {
    /// Until a read would not block.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
    /// One read that does not block.
    fn try_read(&self, room: &mut [u8]) -> io::Result<usize>;
}

impl Readable for tokio::net::TcpStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }

    fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, room)
    }
}

#[cfg(unix)]
impl Readable for tokio::net::UnixStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }

    fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, room)
    }
}

impl Readable for Stream {
    async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.readable().await,
        }
    }

    fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(room),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_read(room),
        }
    }
}

/// Calls the same method of whichever stream it is.
macro_rules! either {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match $stream.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).$method($($argument),*),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, poll_read(cx, room))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_shutdown(cx))
    }
}
