//! What a bridge leads to, as the operator writes it. Never what a client says.

use std::fmt;
use std::str::FromStr;

use protocol::Transport;

/// Longest name, in characters.
const MAX_NAME: usize = 32;

/// A name under `/bridge/` and the server it leads to.
///
/// Written `NAME=tcp:HOST:PORT` or `NAME=udp:HOST:PORT`; an IPv6 address
/// stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Lower-case letters, digits and hyphens, 1 to 32 of them.
    pub name: String,
    /// Stream or datagrams.
    pub transport: Transport,
    /// `HOST:PORT`, looked up at each connection.
    pub address: String,
}

/// Why a bridge can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// There is no `=`.
    #[error("bridge \"{0}\" has no name: write NAME=tcp:HOST:PORT or NAME=udp:HOST:PORT")]
    NoName(String),
    /// The name has something in it that does not go into a URL as it is.
    #[error(
        "bridge name \"{0}\" can't be used: 1 to 32 lower-case letters, digits and hyphens, as in my-server=tcp:127.0.0.1:9000"
    )]
    Name(String),
    /// Neither `tcp:` nor `udp:`.
    #[error(
        "bridge {name}: \"{target}\" begins with neither tcp: nor udp:, write {name}=tcp:HOST:PORT or {name}=udp:HOST:PORT"
    )]
    Transport {
        /// The bridge's name.
        name: String,
        /// What stands behind the `=`.
        target: String,
    },
    /// No host, or an IPv6 address without brackets.
    #[error(
        "bridge {name}: \"{address}\" has no host and port, write HOST:PORT such as 127.0.0.1:9000 or [::1]:9000"
    )]
    Address {
        /// The bridge's name.
        name: String,
        /// What should be the address.
        address: String,
    },
    /// The port is no number from 1 to 65535.
    #[error("bridge {name}: port \"{port}\" is no number from 1 to 65535")]
    Port {
        /// The bridge's name.
        name: String,
        /// What should be the port.
        port: String,
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
        let (transport, address) = match target.split_once(':') {
            Some(("tcp", address)) => (Transport::Tcp, address),
            Some(("udp", address)) => (Transport::Udp, address),
            _ => {
                return Err(BridgeError::Transport {
                    name: name.to_owned(),
                    target: target.to_owned(),
                });
            }
        };
        let no_address = || BridgeError::Address {
            name: name.to_owned(),
            address: address.to_owned(),
        };
        let (host, port) = address.rsplit_once(':').ok_or_else(no_address)?;
        let bracketed = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
        if host.is_empty() || (host.contains(':') && !bracketed) {
            return Err(no_address());
        }
        if !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(BridgeError::Port {
                name: name.to_owned(),
                port: port.to_owned(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            transport,
            address: address.to_owned(),
        })
    }
}

impl fmt::Display for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}:{}", self.name, self.transport, self.address)
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
        ] {
            assert_eq!(text.parse::<Bridge>().unwrap().to_string(), text);
        }
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
        check("a=127.0.0.1:80", "neither tcp: nor udp:");
        check("a=sctp:127.0.0.1:80", "neither tcp: nor udp:");
        check("a=tcp:localhost", "has no host and port");
        check("a=tcp::80", "has no host and port");
        check("a=tcp:::1:80", "has no host and port");
        check("a=tcp:localhost:http", "port \"http\" is no number");
        check("a=tcp:localhost:0", "port \"0\" is no number");
        check("a=tcp:localhost:65536", "port \"65536\" is no number");
    }
}
