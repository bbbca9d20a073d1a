//! Addresses as the operator writes them: `HOST:PORT`, or `:PORT` for this
//! machine. Names are looked up when a socket is bound or connected, not before.

use std::fmt;
use std::io;
use std::net::{SocketAddr, SocketAddrV6};
use std::str::FromStr;

use tokio::net::lookup_host;

/// The host of an address without one. Never every interface: who wants to be
/// reached from other machines has to say so (`0.0.0.0:PORT`).
const THIS_MACHINE: &str = "127.0.0.1";
/// Longest host name, in bytes (RFC 1035, section 2.3.4, as text).
const LONGEST_NAME: usize = 253;

/// A host and a port.
///
/// The host is an IPv4 address, an IPv6 address in brackets or a name; the
/// port is a number from 0 to 65535. A port alone (`:7946`) is on 127.0.0.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// An IPv6 address stands here without its brackets.
    host: String,
    port: u16,
}

/// Why an address can't be understood. The text ends in examples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `:PORT` at the end.
    #[error(
        "\"{0}\" has no port: write HOST:PORT, such as 127.0.0.1:9000, localhost:9000 or :9000"
    )]
    NoPort(String),
    /// The port is not a number from 0 to 65535.
    #[error(
        "port \"{0}\" is not a number from 0 to 65535: write HOST:PORT, such as 127.0.0.1:9000"
    )]
    Port(String),
    /// An IPv6 address without brackets: where its port begins can't be told.
    #[error(
        "\"{0}\" has more than one colon: an IPv6 address stands in brackets, as in [::1]:9000"
    )]
    Brackets(String),
    /// What stands in brackets is not an IPv6 address.
    #[error("\"{0}\" in brackets is not an IPv6 address: write one such as [::1]:9000")]
    NotIpv6(String),
    /// The host is neither an address nor a name.
    #[error(
        "\"{0}\" is neither an address nor a host name: write HOST:PORT, such as 127.0.0.1:9000 or localhost:9000"
    )]
    Host(String),
    /// The port is 0 where something has to be connected to.
    #[error(
        "nothing can be connected to at port 0: write the port of the server, such as 127.0.0.1:9000"
    )]
    Zero,
}

impl Address {
    /// Its port; 0 asks for a free one.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The same address, if it can be connected to.
    ///
    /// # Errors
    /// [`AddressError::Zero`] if its port is 0.
    pub fn to_connect_to(self) -> Result<Self, AddressError> {
        match self.port {
            0 => Err(AddressError::Zero),
            _ => Ok(self),
        }
    }

    /// Every socket address that it stands for, in the order in which they are
    /// to be tried by somebody who connects (RFC 6724).
    ///
    /// # Errors
    /// What the resolver said.
    pub async fn to_connect(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<_> = lookup_host((self.host.as_str(), self.port))
            .await?
            .collect();
        if found.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        Ok(found)
    }

    /// Every socket address that it stands for, in the order in which they are
    /// to be tried by somebody who listens: IPv4 first, because the systems'
    /// own addresses are IPv4 and clients of `localhost` reach both.
    ///
    /// # Errors
    /// What the resolver said.
    pub async fn to_listen(&self) -> io::Result<Vec<SocketAddr>> {
        let mut found = self.to_connect().await?;
        found.sort_by_key(SocketAddr::is_ipv6);
        Ok(found)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let shown = |text: &str| text.chars().take(100).collect::<String>();
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| AddressError::NoPort(shown(text)))?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = match bare {
            // With a scope, which Ipv6Addr does not have: [fe80::1%2].
            Some(bare) if format!("{host}:0").parse::<SocketAddrV6>().is_err() => {
                return Err(AddressError::NotIpv6(shown(bare)));
            }
            Some(bare) => bare,
            // The last colon is one of the address, not the port's.
            None if host.starts_with('[') && port.ends_with(']') => {
                return Err(AddressError::NoPort(shown(text)));
            }
            None if host.contains(':') => return Err(AddressError::Brackets(shown(text))),
            None if host.is_empty() => THIS_MACHINE,
            None => host,
        };
        // `+1` would parse, too.
        let number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port.parse() {
            Ok(port) if number => port,
            _ => return Err(AddressError::Port(shown(port))),
        };
        if bare.is_none() && !is_name(host) {
            return Err(AddressError::Host(shown(host)));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// Whether `host` can be an IPv4 address or the name of a host (RFC 1123,
/// section 2.1; underscores are in use). The resolver has the last word.
fn is_name(host: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    host.len() <= LONGEST_NAME && host.chars().all(allowed) && !host.starts_with(['-', '.'])
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let host = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            _ => address.ip().to_string(),
        };
        let port = address.port();
        Self { host, port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            return write!(f, "[{host}]:{port}");
        }
        write!(f, "{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip_and_a_port_alone_is_on_this_machine() {
        fn check(text: &str, expected: &str) {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), expected);
            assert_eq!(expected.parse(), Ok(address));
        }
        check("127.0.0.1:80", "127.0.0.1:80");
        check("0.0.0.0:0", "0.0.0.0:0");
        check("[::1]:9000", "[::1]:9000");
        check("[fe80::1%2]:9000", "[fe80::1%2]:9000");
        check("localhost:65535", "localhost:65535");
        check("my_host-2.example.:7", "my_host-2.example.:7");
        check(":7946", "127.0.0.1:7946");
        check(":0", "127.0.0.1:0");
        for text in ["192.0.2.1:5", "[2001:db8::1]:5", "[fe80::1%2]:5"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Address::from(address).to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_named_with_an_example() {
        fn check(text: &str, part: &str) {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains(":9000"), "{text}: {error}");
        }
        check("", "\"\" has no port");
        check("8000", "\"8000\" has no port");
        check("localhost", "\"localhost\" has no port");
        check("[::1]", "\"[::1]\" has no port");
        check("localhost:", "port \"\" is not a number");
        check("localhost:http", "port \"http\" is not a number");
        check("localhost:+1", "port \"+1\" is not a number");
        check("localhost:65536", "port \"65536\" is not a number");
        check("localhost:-1", "port \"-1\" is not a number");
        check("::1:80", "\"::1:80\" has more than one colon");
        check("::1", "\"::1\" has more than one colon");
        check("http://a:80", "\"http://a:80\" has more than one colon");
        check("[localhost]:80", "\"localhost\" in brackets");
        check("a b:80", "\"a b\" is neither");
        check("a/b:80", "\"a/b\" is neither");
        check("-a:80", "\"-a\" is neither");
        check(&format!("{}:80", "a".repeat(254)), "is neither");
        let zero: Address = "localhost:0".parse().unwrap();
        let error = zero.to_connect_to().unwrap_err().to_string();
        assert!(error.contains("port 0"), "{error}");
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_who_listens_tries_ipv4_first() {
        let address: Address = "localhost:7".parse().unwrap();
        let found = address.to_listen().await.unwrap();
        assert_eq!(found[0], "127.0.0.1:7".parse().unwrap());
        assert!(found.iter().all(|found| found.ip().is_loopback()));
        let literal: Address = "[::1]:7".parse().unwrap();
        assert_eq!(
            literal.to_connect().await.unwrap(),
            ["[::1]:7".parse().unwrap()]
        );
        let nobody: Address = "no.such.host.invalid:7".parse().unwrap();
        assert!(nobody.to_connect().await.is_err());
    }
}
