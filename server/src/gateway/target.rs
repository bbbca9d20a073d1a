//! What a bridge leads to, as the operator writes it. Never what a client says.

use std::fmt;
#[cfg(unix)]
use std::os::unix::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;
use std::str::FromStr;

use protocol::Transport;

use crate::net::{Address, AddressError};

/// Longest name, in characters.
const MAX_NAME: usize = 32;

/// A name under `/bridge/` and the server it leads to.
///
/// Written `NAME=tcp:HOST:PORT`, `NAME=udp:HOST:PORT` or `NAME=unix:PATH`; an
/// IPv6 address stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Lower-case letters, digits and hyphens, 1 to 32 of them.
    pub name: String,
    /// Where its server is.
    pub target: Target,
}

/// Where a bridge's server is. A name is looked up at each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A stream over TCP.
    Tcp(Address),
    /// Datagrams (UDP).
    Udp(Address),
    /// A stream over a Unix socket, by its path (unix(7)).
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Target {
    /// A server at `address`.
    pub const fn new(transport: Transport, address: Address) -> Self {
        match transport {
            Transport::Tcp => Self::Tcp(address),
            Transport::Udp => Self::Udp(address),
        }
    }

    /// Whether a message is a datagram; else it is a part of a stream.
    pub(super) const fn takes_datagrams(&self) -> bool {
        matches!(self, Self::Udp(_))
    }

    /// Whether it is a Unix socket.
    pub(super) const fn is_unix(&self) -> bool {
        !matches!(self, Self::Tcp(_) | Self::Udp(_))
    }

    fn parse(name: &str, target: &str) -> Result<Self, BridgeError> {
        let address = |text: &str| {
            let address = text.parse().and_then(Address::to_connect_to);
            address.map_err(|error| BridgeError::Address {
                name: name.to_owned(),
                error,
            })
        };
        match target.split_once(':') {
            Some(("tcp", text)) => Ok(Self::Tcp(address(text)?)),
            Some(("udp", text)) => Ok(Self::Udp(address(text)?)),
            #[cfg(unix)]
            Some(("unix", path)) => match SocketAddr::from_pathname(path) {
                Ok(_) if !path.is_empty() => Ok(Self::Unix(path.into())),
                _ => Err(BridgeError::Path {
                    name: name.to_owned(),
                    path: path.to_owned(),
                }),
            },
            _ => Err(BridgeError::Transport {
                name: name.to_owned(),
                target: target.to_owned(),
            }),
        }
    }
}

/// Why a bridge can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// There is no `=`.
    #[error(
        "bridge \"{0}\" has no name: write NAME=tcp:HOST:PORT, NAME=udp:HOST:PORT or NAME=unix:PATH"
    )]
    NoName(String),
    /// The name has something in it that does not go into a URL as it is.
    #[error(
        "bridge name \"{0}\" can't be used: 1 to 32 lower-case letters, digits and hyphens, as in my-server=tcp:127.0.0.1:9000"
    )]
    Name(String),
    /// None of `tcp:`, `udp:` and `unix:`.
    #[error(
        "bridge {name}: \"{target}\" begins with none of tcp:, udp: and unix:, write {name}=tcp:HOST:PORT, {name}=udp:HOST:PORT or {name}=unix:PATH"
    )]
    Transport {
        /// The bridge's name.
        name: String,
        /// What stands behind the `=`.
        target: String,
    },
    /// The path is empty or longer than a socket's may be (`sun_path`, unix(7)).
    #[error(
        "bridge {name}: \"{path}\" can't be the path of a socket: write a path of at most about 100 bytes, such as {name}=unix:/run/app.sock"
    )]
    Path {
        /// The bridge's name.
        name: String,
        /// What should be the path.
        path: String,
    },
    /// The address is none that can be connected to.
    #[error("bridge {name}: {error}")]
    Address {
        /// The bridge's name.
        name: String,
        /// What is wrong with it.
        error: AddressError,
    },
}

impl FromStr for Bridge {
    type Err = BridgeError;

    fn from_str(text: &str) -> Result<Self, BridgeError> {
        let (name, target) = text
            .split_once('=')
            .ok_or_else(|| BridgeError::NoName(text.to_owned()))?;
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
            return Err(BridgeError::Name(name.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            target: Target::parse(name, target)?,
        })
    }
}

impl Bridge {
    /// What is said to a client whose server is not there.
    pub(super) fn absent(&self, error: &str) -> String {
        let name = &self.name;
        let place: &dyn fmt::Display = match &self.target {
            Target::Tcp(address) | Target::Udp(address) => address,
            #[cfg(unix)]
            Target::Unix(path) => &path.display(),
        };
        format!("{name}: {error} at {place}: is the server running?")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Udp(address) => write!(f, "udp:{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_round_trip() {
        for text in [
            "a=tcp:127.0.0.1:80",
            "my-server-2=udp:[::1]:9000",
            "x=tcp:localhost:65535",
            "y=unix:/run/a b.sock",
            "z=unix:relative",
        ] {
            assert_eq!(text.parse::<Bridge>().unwrap().to_string(), text);
        }
        let short: Bridge = "a=udp::9000".parse().unwrap();
        assert_eq!(short.to_string(), "a=udp:127.0.0.1:9000");
    }

    #[test]
    fn mistakes_are_named() {
        fn check(text: &str, part: &str) {
            let error = text.parse::<Bridge>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        check("tcp:127.0.0.1:80", "has no name");
        check("=tcp:127.0.0.1:80", "name \"\" can't be used");
        check("A=tcp:127.0.0.1:80", "name \"A\" can't be used");
        check("a/b=tcp:127.0.0.1:80", "name \"a/b\" can't be used");
        check("a=127.0.0.1:80", "none of tcp:, udp: and unix:");
        check("a=sctp:127.0.0.1:80", "none of tcp:, udp: and unix:");
        check("a=tcp:localhost", "bridge a: \"localhost\" has no port");
        check("a=tcp:::1:80", "more than one colon");
        check("a=tcp:localhost:http", "port \"http\" is not a number");
        check("a=tcp:localhost:0", "port 0");
        check("a=unix:", "can't be the path");
        check(&format!("a=unix:/{}", "a".repeat(110)), "can't be the path");
        check("a=tcp:localhost:65536", "port \"65536\" is not a number");
    }
}
