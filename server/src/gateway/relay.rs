//! The connections that a bridge makes for its clients.
//!
//! A server counts its clients by their address, and all bridges share the
//! gateway's: one visitor with wrong keys would make the others wait. So
//! towards a server on this machine each visitor has an address of its own,
//! out of 127.64.0.0/10 (any address of 127.0.0.0/8 is this machine, RFC 1122,
//! section 3.2.1.3). A visitor from this machine keeps the one it has. A server
//! behind a Unix socket sees no addresses, and can't tell visitors apart.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

use super::client::Client;
use super::socket::{Datagrams, Socket};
use super::{Bridge, Target};
use crate::net::admission::Source;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// The first of the visitors' addresses, and how many there are.
const VISITORS: Ipv4Addr = Ipv4Addr::new(127, 64, 0, 0);
const MASK: u32 = (1 << 22) - 1;

/// Gives each visitor its address; nobody outside can tell which.
#[derive(Clone, Debug, Default)]
pub(super) struct Relay(Arc<RandomState>);

impl Relay {
    /// Connects to `bridge`'s server on behalf of `client`.
    pub(super) async fn connect(&self, bridge: &Bridge, client: Client) -> io::Result<Socket> {
        match timeout(CONNECT, self.try_each(bridge, client)).await {
            Ok(Ok(socket)) => Ok(socket),
            // The operating system's text ends in its number.
            Ok(Err(error)) => Err(match error.kind() {
                kind @ io::ErrorKind::ConnectionRefused => {
                    io::Error::new(kind, "connection refused")
                }
                kind @ io::ErrorKind::NotFound if bridge.target.is_unix() => {
                    io::Error::new(kind, "no socket")
                }
                kind @ io::ErrorKind::PermissionDenied => io::Error::new(kind, "permission denied"),
                _ => error,
            }),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer")),
        }
    }

    /// The first of the server's addresses that takes the connection.
    async fn try_each(&self, bridge: &Bridge, client: Client) -> io::Result<Socket> {
        let (address, is_stream) = match &bridge.target {
            Target::Tcp(address) => (address, true),
            Target::Udp(address) => (address, false),
            // Its visitors have no address there.
            #[cfg(unix)]
            Target::Unix(path) => return UnixStream::connect(path).await.map(Socket::Unix),
        };
        let mut failure = io::ErrorKind::NotFound.into();
        for server in address.to_connect().await? {
            let from = self.visitor(client, server);
            let connected = if is_stream {
                stream(server, from).await.map(Socket::Tcp)
            } else {
                datagrams(server, from).await.map(Socket::Udp)
            };
            match connected {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Under which address `client` is to be seen; none: under the gateway's.
    fn visitor(&self, client: Client, server: SocketAddr) -> Option<Ipv4Addr> {
        let local = matches!(server.ip(), IpAddr::V4(server) if server.is_loopback());
        if !cfg!(target_os = "linux") || !local {
            return None;
        }
        match client.0.ip() {
            IpAddr::V4(own) if own.is_loopback() => {
                return Some(own).filter(|own| *own != Ipv4Addr::LOCALHOST);
            }
            own if own.is_loopback() => return None,
            _ => {}
        }
        let number = self.0.hash_one(Source::of(client.0)) & u64::from(MASK);
        let number = u32::try_from(number).unwrap_or_default();
        Some(Ipv4Addr::from_bits(VISITORS.to_bits() | number))
    }
}

async fn stream(server: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let socket = match server {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_nodelay(true)?;
    if let Some(from) = from {
        // Else the bind would take a port that no other connection may have.
        kernel::bind_address_no_port(&socket)?;
        socket.bind((from, 0).into())?;
    }
    socket.connect(server).await
}

async fn datagrams(server: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<Datagrams> {
    let any = match server {
        SocketAddr::V4(_) => IpAddr::from(from.unwrap_or(Ipv4Addr::UNSPECIFIED)),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(Datagrams::new(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(relay: &Relay, client: &str, server: &str) -> Option<Ipv4Addr> {
        let client = Client(SocketAddr::new(client.parse().unwrap(), 5000));
        relay.visitor(client, server.parse().unwrap())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_visitor_has_an_address_of_its_own() {
        let relay = Relay::default();
        let seen = |client| visitor(&relay, client, "127.0.0.1:8080").unwrap();
        let first = seen("203.0.113.1");
        assert_eq!(first, seen("203.0.113.1"));
        assert_ne!(first, seen("203.0.113.2"));
        // One subscriber is one visitor.
        assert_eq!(seen("2001:db8::1"), seen("2001:db8::2"));
        assert!((64..128).contains(&first.octets()[1]), "{first}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_is_on_this_machine_keeps_its_address() {
        let relay = Relay::default();
        let own = visitor(&relay, "127.0.0.2", "127.0.0.1:8080");
        assert_eq!(own, Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(visitor(&relay, "::1", "127.0.0.1:8080"), None);
    }

    #[test]
    fn only_this_machine_sees_visitors() {
        let relay = Relay::default();
        assert_eq!(visitor(&relay, "127.0.0.1", "127.0.0.1:8080"), None);
        assert_eq!(visitor(&relay, "203.0.113.1", "192.0.2.1:8080"), None);
        assert_eq!(visitor(&relay, "203.0.113.1", "[::1]:8080"), None);
    }
}
