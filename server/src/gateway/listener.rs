//! Where connections to the gateway come from: a TCP address, or a Unix
//! socket for a proxy on the same machine.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::client::Peer;
use super::stream::Stream;
use super::unread::UNSENT;
#[cfg(unix)]
use crate::net::SocketFile;

/// A socket that accepts the gateway's connections. It displays as `tcp
/// 127.0.0.1:7878` or `unix /run/stickylab/page`.
#[derive(Debug)]
pub enum Listener {
    /// tcp(7).
    Tcp(TcpListener),
    /// unix(7). Whoever connects counts as a proxy on this machine.
    #[cfg(unix)]
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// The TCP address it is bound to, with its real port; none for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    /// Waits for the next connection. Dropping the future before it is ready
    /// loses no connection.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Tcp(stream), Peer::Tcp(peer)))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Local))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    /// Its connections inherit that a reply does not wait for the
    /// acknowledgement of the one before, and a bound on unsent bytes, where the
    /// system has one.
    fn from(listener: TcpListener) -> Self {
        if let Err(error) = SockRef::from(&listener).set_tcp_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY on the page's listener");
        }
        if let Err(error) = kernel::bound_unsent(&listener, UNSENT) {
            tracing::debug!(%error, "TCP_NOTSENT_LOWAT");
        }
        Self::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<(UnixListener, SocketFile)> for Listener {
    fn from((listener, file): (UnixListener, SocketFile)) -> Self {
        Self::Unix(listener, file)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "tcp {address}"),
                Err(error) => write!(f, "tcp ({error})"),
            },
            #[cfg(unix)]
            Self::Unix(_, file) => write!(f, "unix {}", file.path().display()),
        }
    }
}
