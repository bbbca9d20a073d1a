//! What of the connections of other programs is recorded: those that `--only` names, and
//! no more than a record may have.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use record::Transport;

/// Which connections are recorded: those that one of the patterns fits; all, if there
/// are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub Vec<Pattern>);

/// What a record may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events, the one that says that there were more included; at least 1.
    pub events: u32,
    /// Bytes of all calls together that are kept.
    pub bytes: usize,
    /// Bytes that are kept of each call, and of each packet's payload; none: all.
    pub snap: Option<u32>,
}

/// What one end of a connection is, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// What carries it: `tcp`, `udp` or `unix`.
    Transport(Transport),
    /// The port of an end: `:8000`.
    Port(u16),
    /// The host of an end: `127.0.0.1` or `::1`.
    Host(IpAddr),
    /// The address of an end: `127.0.0.1:8000` or `[::1]:8000`.
    Address(SocketAddr),
    /// The path of a Unix socket, or its abstract name with `@` in front.
    Path(String),
}

/// The address of an end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum Address<'a> {
    /// Of ip(7) or ipv6(7).
    Internet(SocketAddr),
    /// Of unix(7): a path, or a zero byte and an abstract name.
    Unix(&'a [u8]),
}

impl Filter {
    /// Whether a connection is recorded that has ends with these addresses.
    pub fn wants(&self, transport: Transport, addresses: &[Address<'_>]) -> bool {
        let fits = |pattern: &Pattern| match pattern {
            Pattern::Transport(wanted) => *wanted == transport,
            _ => addresses.iter().any(|address| pattern.is_of(*address)),
        };
        self.0.is_empty() || self.0.iter().any(fits)
    }
}

impl Pattern {
    fn is_of(&self, address: Address<'_>) -> bool {
        match (self, address) {
            (Self::Port(port), Address::Internet(address)) => address.port() == *port,
            (Self::Host(host), Address::Internet(address)) => address.ip() == *host,
            (Self::Address(wanted), Address::Internet(address)) => *wanted == address,
            (Self::Path(path), Address::Unix(name)) => match path.strip_prefix('@') {
                Some(path) => name.strip_prefix(&[0]) == Some(path.as_bytes()),
                None => name == path.as_bytes(),
            },
            _ => false,
        }
    }
}

/// What a filter may be.
const EXPECTED: &str =
    "write tcp, udp or unix, a port as :8000, an address as 127.0.0.1 or 127.0.0.1:8000, or a path";

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut transports = Transport::ALL.into_iter();
        let transport = transports.find(|transport| transport.name() == text);
        if let Some(transport) = transport {
            return Ok(Self::Transport(transport));
        }
        if text.starts_with('@') || text.contains('/') {
            return Ok(Self::Path(text.to_owned()));
        }
        if let Some(port) = text.strip_prefix(':').and_then(|port| port.parse().ok()) {
            return Ok(Self::Port(port));
        }
        let host = text.parse().map(Self::Host);
        host.or_else(|_| text.parse().map(Self::Address))
            .map_err(|_| EXPECTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patterns: &[&str], transport: Transport, addresses: &[&str], expected: bool) {
        let parsed = patterns.iter().map(|text| text.parse().unwrap());
        let filter = Filter(parsed.collect());
        let names: Vec<_> = addresses
            .iter()
            .map(|text| text.replace('@', "\0").into_bytes())
            .collect();
        let addresses: Vec<_> = addresses
            .iter()
            .zip(&names)
            .map(|(text, name)| match text.parse() {
                Ok(address) => Address::Internet(address),
                Err(_) => Address::Unix(name),
            })
            .collect();
        let wants = filter.wants(transport, &addresses);
        assert_eq!(wants, expected, "{patterns:?} {addresses:?}");
    }

    #[test]
    fn a_connection_is_wanted_if_one_pattern_fits() {
        let both = ["127.0.0.1:40000", "127.0.0.1:8000"];
        let check_both = |patterns, expected| check(patterns, Transport::Tcp, &both, expected);
        check_both(&[], true);
        check_both(&["tcp"], true);
        check_both(&["udp"], false);
        check_both(&["udp", ":8000"], true);
        check_both(&[":80"], false);
        check_both(&["127.0.0.1"], true);
        check_both(&["127.0.0.2", "::1"], false);
        check_both(&["127.0.0.1:40000"], true);
        check_both(&["127.0.0.1:8001"], false);
        check(&["/run/x"], Transport::Unix, &["/run/x"], true);
        check(&["@x"], Transport::Unix, &["@x"], true);
        check(&["@x"], Transport::Unix, &["x"], false);
    }

    #[test]
    fn what_could_mean_anything_is_refused() {
        for text in ["", "8000", ":", ":99999", "localhost:8000", "TCP", "[::1"] {
            assert_eq!(text.parse::<Pattern>(), Err(EXPECTED), "{text}");
        }
    }
}
