//! What a packet's headers say.

use protocol::Offset;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// The flags of a segment, as their bits stand in the header's 14th byte
/// (RFC 9293, 3.1). None are set for datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronises sequence numbers: begins a connection.
    pub const SYN: Self = Self(0x02);
    /// Resets the connection.
    pub const RST: Self = Self(0x04);
    /// Push: the sender's buffer was emptied.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x10);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::SYN, "SYN"),
        (Self::FIN, "FIN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::ACK, "ACK"),
    ];

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Their names, joined by commas, such as `PSH,ACK`.
    pub fn names(self) -> String {
        let set = Self::NAMES.iter().filter(|(flag, _)| self.has(*flag));
        let names: Vec<_> = set.map(|(_, name)| *name).collect();
        names.join(",")
    }
}

/// What a packet's headers said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// A segment's flags.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flags: Flags,
    /// The next byte the sender expects from the other side, as an offset of
    /// that direction's stream.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ack: Offset,
    /// Bytes the sender has room for, the window scale applied (RFC 7323).
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: u32,
    /// Largest payload of a segment its sender takes, in bytes; in a SYN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// Payload of each segment that a larger packet is cut into on its way
    /// out, in bytes (`gso_size` of its `virtio_net_hdr`, packet(7)); packets
    /// that are one segment have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gso: Option<u16>,
    /// The link, network and transport headers as they were captured; the
    /// packet is these and then the event's bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::hex")]
    pub raw: Vec<u8>,
}
