//! What connects two parties, and what was observed of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PartyId;
use crate::is_default;

/// Number of a connection within its record.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ConnectionId(pub u32);

/// What carries a connection's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// A stream over TCP (RFC 9293).
    Tcp,
    /// Datagrams over UDP (RFC 768). A socket with many peers has a connection
    /// for each of them.
    Udp,
    /// A stream over a Unix socket (unix(7)).
    Unix,
}

impl Transport {
    protocol::all_variants! {
        /// All of them.
        Tcp, Udp, Unix
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }

    /// Whether it keeps the boundaries of what was sent.
    pub const fn keeps_boundaries(self) -> bool {
        matches!(self, Self::Udp)
    }
}

impl From<protocol::Transport> for Transport {
    fn from(transport: protocol::Transport) -> Self {
        match transport {
            protocol::Transport::Tcp => Self::Tcp,
            protocol::Transport::Udp => Self::Udp,
        }
    }
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The end that connected (an active open, RFC 9293), or sent the first datagram.
    Opener,
    /// The end that listened and accepted (a passive open).
    Acceptor,
}

impl End {
    protocol::all_variants! {
        /// Both.
        Opener, Acceptor
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Opener => Self::Acceptor,
            Self::Acceptor => Self::Opener,
        }
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opener => "opener",
            Self::Acceptor => "acceptor",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What of an end was watched. What was not watched is absent from the record,
/// which is not the same as not having happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Observed {
    /// The calls of its party.
    #[serde(skip_serializing_if = "is_default")]
    pub calls: bool,
    /// What its kernel told beside the calls: queues, counts.
    #[serde(skip_serializing_if = "is_default")]
    pub queues: bool,
    /// The packets that it sent.
    #[serde(skip_serializing_if = "is_default")]
    pub packets: bool,
}

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Endpoint {
    /// Whose it is, if that is known. A descriptor can be passed on: an event
    /// says who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyId>,
    /// Its address, if it is known: `127.0.0.1:8000`, `[::1]:8000`, or the path
    /// of a Unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What of it was watched.
    #[serde(skip_serializing_if = "is_default")]
    pub observed: Observed,
}

/// A connection between two parties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its number; each stands once in a record.
    pub connection: ConnectionId,
    /// What carries its bytes.
    pub transport: Transport,
    /// Who opened it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub opener: Endpoint,
    /// Who accepted it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub acceptor: Endpoint,
}

impl Connection {
    /// One of its two ends.
    pub const fn end(&self, end: End) -> &Endpoint {
        match end {
            End::Opener => &self.opener,
            End::Acceptor => &self.acceptor,
        }
    }
}
