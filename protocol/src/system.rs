//! The systems of the lab: names, transports, default addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What carries a system's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Datagrams: boundaries kept, delivery not promised.
    Udp,
    /// A stream: every byte in order, no boundaries.
    Tcp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        })
    }
}

/// One of the lab's systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// Each datagram answered with its bytes ASCII-uppercased.
    UdpEcho,
    /// Each chunk answered with its bytes ASCII-uppercased, one client at a time.
    TcpEcho,
    /// The length in ASCII, `ready` back, then that many bytes.
    ReadyAck,
    /// A binary length, then that many bytes. No reply.
    LengthPrefix,
    /// A challenge first; then length-prefix frames, uppercased back unframed.
    Auth,
    /// Frames of any framing, each answered with its message in a frame of its own.
    Framed,
    /// Any bytes, none answered.
    Sink,
}

impl System {
    crate::all_variants! {
        /// All of them; those of the article first, in its order.
        UdpEcho, TcpEcho, ReadyAck, LengthPrefix, Auth, Framed, Sink
    }

    /// Those of the article, in its order: what `stickylab serve` starts.
    pub const ARTICLE: [Self; 5] = [
        Self::UdpEcho,
        Self::TcpEcho,
        Self::ReadyAck,
        Self::LengthPrefix,
        Self::Auth,
    ];

    /// The names of all of them.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };

    /// The name used on the command line, in URLs and in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UdpEcho => "udp-echo",
            Self::TcpEcho => "tcp-echo",
            Self::ReadyAck => "ready-ack",
            Self::LengthPrefix => "length-prefix",
            Self::Auth => "auth",
            Self::Framed => "framed",
            Self::Sink => "sink",
        }
    }

    /// What carries its bytes.
    pub const fn transport(self) -> Transport {
        match self {
            Self::UdpEcho => Transport::Udp,
            _ => Transport::Tcp,
        }
    }

    /// The article's address and port, as `HOST:PORT`; of the others one of their own.
    pub const fn default_address(self) -> &'static str {
        match self {
            Self::UdpEcho | Self::ReadyAck => "127.0.0.1:8000",
            Self::TcpEcho => "127.0.0.2:8000",
            Self::LengthPrefix => "127.0.0.1:8001",
            Self::Auth => "127.0.0.1:8080",
            Self::Framed => "127.0.0.1:8003",
            Self::Sink => "127.0.0.1:8004",
        }
    }

    /// Whether its server finishes with one client before it accepts the next.
    pub const fn is_serial(self) -> bool {
        matches!(self, Self::TcpEcho)
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the systems.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no system is called \"{0}\": it is one of {list}", list = System::NAMES.join(", "))]
pub struct UnknownSystem(String);

impl FromStr for System {
    type Err = UnknownSystem;
    fn from_str(name: &str) -> Result<Self, UnknownSystem> {
        Self::ALL
            .into_iter()
            .find(|system| system.name() == name)
            .ok_or_else(|| UnknownSystem(name.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for system in System::ALL {
            assert_eq!(system.name().parse(), Ok(system));
            assert_eq!(
                serde_json::to_string(&system).unwrap(),
                format!("\"{}\"", system.name())
            );
        }
        assert!("tcp".parse::<System>().is_err());
    }

    #[test]
    fn default_addresses_parse_and_only_udp_and_ready_ack_share_one() {
        for a in System::ALL {
            let address: std::net::SocketAddr = a.default_address().parse().unwrap();
            assert!(address.ip().is_loopback());
            for b in System::ALL {
                let same =
                    (a.default_address(), a.transport()) == (b.default_address(), b.transport());
                assert_eq!(same, a == b, "{a} and {b}");
            }
        }
    }
}
