//! Which headers a captured packet begins with.

use serde::{Deserialize, Serialize};

/// The link type of a capture (LINKTYPE_, draft-ietf-opsawg-pcaplinktype): which
/// headers stand in front of the network packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(pub u16);

/// Ethernet types (IEEE 802 numbers).
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// In front of a VLAN tag: IEEE 802.1Q, 802.1ad, and what was used before it.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

impl Link {
    /// BSD loopback: the address family in the byte order of the machine.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// An IP packet without any header in front.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, what `any` gave before version 2.
    pub const LINUX_SLL: Self = Self(113);
    /// An IPv4 packet without any header in front.
    pub const IPV4: Self = Self(228);
    /// An IPv6 packet without any header in front.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// Where in `frame` the IP packet begins; none if the link is not known, the
    /// headers are cut off, or they announce something else than IP.
    pub fn network(self, frame: &[u8]) -> Option<usize> {
        match self {
            Self::ETHERNET => behind_tags(frame, number(frame, 12)?, 14),
            // 12 and 14 are the same under names of old systems.
            Self::RAW | Self::IPV4 | Self::IPV6 | Self(12 | 14) => Some(0),
            Self::NULL | Self::LOOP => Some(4).filter(|&at| at <= frame.len()),
            Self::LINUX_SLL => behind_tags(frame, number(frame, 14)?, 16),
            Self::LINUX_SLL2 => behind_tags(frame, number(frame, 0)?, 20),
            _ => None,
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::ETHERNET
    }
}

/// Where the packet is whose Ethernet type is `kind` and which begins at `at`,
/// behind any number of VLAN tags.
fn behind_tags(frame: &[u8], mut kind: u16, mut at: usize) -> Option<usize> {
    while TAGS.contains(&kind) {
        // The tag's control information, then the type of what is behind it.
        kind = number(frame, at + 2)?;
        at += 4;
    }
    (matches!(kind, IPV4 | IPV6) && at <= frame.len()).then_some(at)
}

/// A number of 16 bits in network byte order.
fn number(frame: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: Link, frame: &[u8], expected: Option<usize>) {
        assert_eq!(link.network(frame), expected, "{link:?} {frame:?}");
        // Cut off anywhere it is no reason to panic.
        for end in 0..frame.len() {
            let _ = link.network(&frame[..end]);
        }
    }

    #[test]
    fn the_packet_is_found_behind_each_link_header() {
        let ethernet = |kinds: &[u8]| [&[0; 12][..], kinds, &[0x45]].concat();
        check(Link::ETHERNET, &ethernet(&[8, 0]), Some(14));
        check(Link::ETHERNET, &ethernet(&[0x86, 0xdd]), Some(14));
        // A tag in a tag in a tag in a tag.
        let tags = [
            0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x91, 0, 0, 3, 0x81, 0, 0, 4, 8, 0,
        ];
        check(Link::ETHERNET, &ethernet(&tags), Some(30));
        check(Link::ETHERNET, &ethernet(&[0x81, 0, 0, 1, 8, 6]), None);
        check(Link::ETHERNET, &ethernet(&[8, 6]), None);
        for raw in [Link::RAW, Link::IPV4, Link::IPV6, Link(12), Link(14)] {
            check(raw, &[0x45], Some(0));
        }
        check(Link::NULL, &[2, 0, 0, 0, 0x45], Some(4));
        check(Link::LOOP, &[0, 0, 0, 2, 0x45], Some(4));
        check(Link::NULL, &[2, 0, 0], None);
        let cooked = [
            0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 1, 8, 0, 0x45,
        ];
        check(Link::LINUX_SLL, &cooked, Some(20));
        let cooked = [
            0x86, 0xdd, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x60,
        ];
        check(Link::LINUX_SLL2, &cooked, Some(20));
        check(Link(105), &[0x45; 64], None);
    }
}
