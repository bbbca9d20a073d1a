//! Which call an event is of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Transport;

/// Which call of a program, what its kernel put on the wire, or what it decided. On datagram
/// sockets `send` is `sendto(2)` and `recv` is `recvfrom(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `connect(2)`.
    Connect,
    /// `accept(2)`.
    Accept,
    /// `send(2)`.
    Send,
    /// `recv(2)`.
    Recv,
    /// `shutdown(2)` of the sending side.
    Shutdown,
    /// `close(2)`.
    Close,
    /// A TCP segment left the sender's kernel (RFC 9293); the actor is the sender.
    Segment,
    /// A UDP datagram left the sender's kernel (RFC 768); the actor is the sender.
    Datagram,
    /// The server decided to have no more of a connection, and acts on it
    /// next; [`crate::Event::reason`] says why. No call of the kernel's.
    Refuse,
    /// The lab ended the run's record, all of it or that of the packets,
    /// because it had become too much; [`crate::Event::reason`] says of what. No
    /// program's call: the actor counts for nothing.
    Cut,
}

impl Call {
    protocol::all_variants! {
        /// All of them.
        Connect, Accept, Send, Recv, Shutdown, Close, Segment, Datagram, Refuse, Cut
    }

    /// Whether it is a packet on the wire and no call of a program.
    pub const fn is_packet(self) -> bool {
        matches!(self, Self::Segment | Self::Datagram)
    }

    /// Whether a program called it.
    pub const fn is_call(self) -> bool {
        !self.is_packet() && !self.is_decision()
    }

    /// Whether it was decided, and is no call and no packet.
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::Refuse | Self::Cut)
    }

    /// The call's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Send => "send",
            Self::Recv => "recv",
            Self::Shutdown => "shutdown",
            Self::Close => "close",
            Self::Segment => "segment",
            Self::Datagram => "datagram",
            Self::Refuse => "refuse",
            Self::Cut => "cut",
        }
    }

    /// The name of the call that programs make on a socket of this transport:
    /// `sendto` and `recvfrom` where it is UDP.
    pub const fn name_on(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Send, Transport::Udp) => "sendto",
            (Self::Recv, Transport::Udp) => "recvfrom",
            _ => self.name(),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_json() {
        for call in Call::ALL {
            let json = serde_json::to_string(&call).unwrap();
            assert_eq!(json, format!("\"{call}\""));
        }
    }
}
