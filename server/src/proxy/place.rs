//! Where the proxy listens and where it connects to.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::str::FromStr;

use record::Transport;
use tokio::net::{TcpListener, UdpSocket};

use super::side::Socket;
use crate::net::Address;
#[cfg(unix)]
use crate::net::SocketFile;

/// An address of one of the transports, as the command line has it: `127.0.0.1:9000` or
/// `tcp:127.0.0.1:9000`, `udp:127.0.0.1:9000`, `unix:/run/server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// tcp(7).
    Tcp(Address),
    /// udp(7).
    Udp(Address),
    /// A stream of unix(7).
    #[cfg(unix)]
    Unix(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write 127.0.0.1:9000, udp:127.0.0.1:9000 or unix:/run/server";
        let address = |text: &str| {
            let parsed = text.parse::<Address>();
            parsed.map_err(|error| format!("{error}; {example}"))
        };
        match text.split_once(':') {
            #[cfg(unix)]
            Some(("unix", "")) => Err(format!("there is no path: {example}")),
            #[cfg(unix)]
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("tcp", rest)) if rest.contains(':') => address(rest).map(Self::Tcp),
            Some(("udp", rest)) if rest.contains(':') => address(rest).map(Self::Udp),
            _ => address(text).map(Self::Tcp),
        }
    }
}

impl Place {
    /// What carries the bytes.
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Tcp(_) => Transport::Tcp,
            Self::Udp(_) => Transport::Udp,
            #[cfg(unix)]
            Self::Unix(_) => Transport::Unix,
        }
    }

    /// The address alone, as a record has it.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(address) | Self::Udp(address) => address.to_string(),
            #[cfg(unix)]
            Self::Unix(path) => path.display().to_string(),
        }
    }
}

/// `tcp 127.0.0.1:9000`, as the lines of listeners have it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.transport().name(), self.address())
    }
}

/// A socket that takes in what is to be passed on.
#[derive(Debug)]
pub enum Listening {
    /// Connections.
    Stream(Listener),
    /// Datagrams.
    Udp(UdpSocket),
}

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// tcp(7).
    Tcp(TcpListener),
    /// unix(7).
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, SocketFile),
}

impl Listening {
    /// What carries the bytes.
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Stream(listener) => listener.transport(),
            Self::Udp(_) => Transport::Udp,
        }
    }

    /// Whether what is sent to `to` comes in here: then the proxy would only serve itself.
    pub async fn is_reached_at(&self, to: &Place) -> bool {
        let own = match (self, to) {
            (Self::Udp(socket), Place::Udp(_)) => socket.local_addr(),
            (Self::Stream(Listener::Tcp(listener)), Place::Tcp(_)) => listener.local_addr(),
            #[cfg(unix)]
            (Self::Stream(Listener::Unix(_, file)), Place::Unix(path)) => {
                let same = |path: &Path| std::fs::canonicalize(path).ok();
                return same(path).is_some() && same(path) == same(file.path());
            }
            _ => return false,
        };
        let (Ok(own), Place::Tcp(address) | Place::Udp(address)) = (own, to) else {
            return false;
        };
        // One that can't be looked up is told when it is connected to.
        let all = address.to_connect().await.unwrap_or_default();
        all.into_iter().any(|to| {
            let (own_ip, to_ip) = (own.ip().to_canonical(), to.ip().to_canonical());
            let is_every = own_ip.is_unspecified() && (own_ip.is_ipv6() || to_ip.is_ipv4());
            own.port() == to.port()
                && (own_ip == to_ip || is_every && (to_ip.is_loopback() || to_ip.is_unspecified()))
        })
    }

    /// Where it listens, with its real port.
    pub fn address(&self) -> io::Result<String> {
        match self {
            Self::Stream(listener) => listener.address(),
            Self::Udp(socket) => Ok(socket.local_addr()?.to_string()),
        }
    }
}

impl Listener {
    pub(super) const fn transport(&self) -> Transport {
        match self {
            Self::Tcp(_) => Transport::Tcp,
            #[cfg(unix)]
            Self::Unix(..) => Transport::Unix,
        }
    }

    pub(super) fn address(&self) -> io::Result<String> {
        Ok(match self {
            Self::Tcp(listener) => listener.local_addr()?.to_string(),
            #[cfg(unix)]
            Self::Unix(_, file) => file.path().display().to_string(),
        })
    }

    /// The next connection, with the address of its client where it has one.
    pub(super) async fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Socket::Tcp(stream), Some(peer)))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_its_transport_or_is_one_of_tcp() {
        fn check(text: &str, expected: &str) {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), expected, "{text}");
        }
        check(":9000", "tcp 127.0.0.1:9000");
        check("tcp:localhost:9000", "tcp localhost:9000");
        check("udp::53", "udp 127.0.0.1:53");
        check("udp:[::1]:53", "udp [::1]:53");
        // A host may be called so.
        check("udp:53", "tcp udp:53");
        #[cfg(unix)]
        check("unix:/run/a:b", "unix /run/a:b");
    }

    #[tokio::test]
    async fn a_proxy_knows_its_own_address() {
        for (listens, own, other) in [
            ("127.0.0.1:0", ["127.0.0.1", "localhost"], "127.0.0.2"),
            ("0.0.0.0:0", ["127.0.0.1", "127.0.0.9"], "192.0.2.1"),
            ("[::1]:0", ["[::1]", "[::1]"], "127.0.0.1"),
        ] {
            let Ok(listener) = TcpListener::bind(listens).await else {
                eprintln!("not compared: there is no {listens} here");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let listening = Listening::Stream(Listener::Tcp(listener));
            let place = |host: &str| format!("{host}:{port}").parse::<Place>().unwrap();
            for own in own {
                assert!(
                    listening.is_reached_at(&place(own)).await,
                    "{listens}: {own}"
                );
            }
            assert!(
                !listening.is_reached_at(&place(other)).await,
                "{listens}: {other}"
            );
            let elsewhere = Place::Tcp(format!("127.0.0.1:{}", port ^ 1).parse().unwrap());
            assert!(!listening.is_reached_at(&elsewhere).await);
            let datagrams = format!("udp:{}:{port}", own[0]).parse().unwrap();
            assert!(!listening.is_reached_at(&datagrams).await);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for text in ["", "9000", "udp:", "unix:", "tcp:a:b", "sctp:a:1"] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains("udp:127.0.0.1:9000"), "{text}: {error}");
        }
    }
}
