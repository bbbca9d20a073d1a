//! Fragments of datagrams in a capture (RFC 791, 2.3; RFC 8200, 4.5): only the first one has
//! ports, by which a filter in the kernel knows whose it is. Later ones pass the filter whoever
//! sent them, and those of other programs are left out here, before anybody sees them.

use std::collections::VecDeque;

/// Datagrams of which fragments may still come. A further one takes the place of the oldest.
const MOST: usize = 64;

/// Of an Ethernet header, in bytes.
const ETHERNET: usize = 14;
/// Its type for IPv4 and for IPv6.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// The next header in front of a fragment header of IPv6.
pub(crate) const FRAGMENT: u8 = 44;

/// The datagrams whose first fragment passed the filter, each with an interface that it was seen
/// on: on a bridge, a VLAN or a bond that may be several.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    begun: VecDeque<(Datagram, u32)>,
}

/// What the fragments of a datagram have in common: the last 4 bytes of both addresses, and the
/// number that its sender gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Datagram {
    hosts: [u32; 2],
    identification: u32,
}

impl Fragments {
    /// Whether an Ethernet frame that passed the filter is of what was wanted: it is no
    /// fragment, the first one, or one of a datagram whose first one was seen before, on the
    /// same interface.
    pub(crate) fn are_wanted(&mut self, frame: &[u8], interface: u32) -> bool {
        let Some((datagram, is_first)) = fragment(frame) else {
            return true;
        };
        let is_known = self.begun.contains(&(datagram, interface));
        if is_first && !is_known {
            if self.begun.len() >= MOST {
                self.begun.pop_front();
            }
            self.begun.push_back((datagram, interface));
        }
        is_first || is_known
    }
}

/// Of what datagram a frame has a fragment, and whether it is the first one.
fn fragment(frame: &[u8]) -> Option<(Datagram, bool)> {
    let packet = frame.get(ETHERNET..)?;
    let half = |at: usize| Some(u16::from_be_bytes(*packet.get(at..)?.first_chunk()?));
    let word = |at: usize| Some(u32::from_be_bytes(*packet.get(at..)?.first_chunk()?));
    let kind = u16::from_be_bytes(*frame.get(ETHERNET - 2..)?.first_chunk()?);
    let (field, offset, hosts, identification) = match kind {
        // Of IPv4 the offset is below the flags, of IPv6 above them.
        IPV4 => (half(6)? & 0x3fff, 0x1fff, [12, 16], half(4)?.into()),
        IPV6 if packet.get(6) == Some(&FRAGMENT) => {
            (half(42)? & 0xfff9, 0xfff8, [20, 36], word(44)?)
        }
        _ => return None,
    };
    let [from, to] = hosts;
    let datagram = Datagram {
        hosts: [word(from)?, word(to)?],
        identification,
    };
    (field != 0).then_some((datagram, field & offset == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fragment of IPv4 at an offset, in units of 8 bytes.
    fn ipv4(identification: u16, offset: u16, more: bool) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0, 0, 28]);
        frame.extend(identification.to_be_bytes());
        frame.extend((offset | if more { 0x2000 } else { 0 }).to_be_bytes());
        frame.extend([64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        frame.extend([0; 8]);
        frame
    }

    /// The same of IPv6.
    fn ipv6(identification: u32, offset: u16, more: bool) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 16, FRAGMENT, 64]);
        frame.extend([[0; 15].as_slice(), &[1], &[0; 15], &[1]].concat());
        frame.extend([17, 0]);
        frame.extend((offset << 3 | u16::from(more)).to_be_bytes());
        frame.extend(identification.to_be_bytes());
        frame.extend([0; 8]);
        frame
    }

    /// Whether frames are wanted, one after the other.
    fn check(frames: &[(Vec<u8>, bool)]) {
        let mut fragments = Fragments::default();
        for (number, (frame, expected)) in frames.iter().enumerate() {
            assert_eq!(fragments.are_wanted(frame, 1), *expected, "frame {number}");
        }
        // Cut off anywhere it is no reason to panic.
        for (frame, _) in frames {
            for end in 0..frame.len() {
                let _ = fragments.are_wanted(&frame[..end], 1);
            }
        }
    }

    #[test]
    fn later_fragments_are_of_the_datagram_whose_first_one_was_seen() {
        check(&[
            (ipv4(7, 8, false), false),
            (ipv4(7, 0, true), true),
            (ipv4(7, 8, true), true),
            (ipv4(8, 8, true), false),
            (ipv4(7, 16, false), true),
            // Another version of IP has numbers of its own.
            (ipv6(7, 8, false), false),
            (ipv6(7, 0, true), true),
            (ipv6(7, 8, false), true),
            (ipv6(0x1_0007, 8, false), false),
        ]);
    }

    #[test]
    fn a_packet_that_is_whole_is_no_fragment() {
        // RFC 8200 has fragment headers of whole packets, too (RFC 6946).
        check(&[(ipv4(7, 0, false), true), (ipv6(7, 0, false), true)]);
        check(&[
            (ipv4(7, 0, false), true),
            (ipv4(7, 8, false), false),
            (ipv6(7, 0, false), true),
            (ipv6(7, 8, false), false),
        ]);
    }

    #[test]
    fn each_interface_has_datagrams_of_its_own() {
        let mut fragments = Fragments::default();
        let (first, second) = (ipv4(7, 0, true), ipv4(7, 8, false));
        assert!(fragments.are_wanted(&first, 3));
        assert!(!fragments.are_wanted(&second, 4), "not begun there");
        assert!(fragments.are_wanted(&first, 4));
        for interface in [3, 4] {
            assert!(fragments.are_wanted(&second, interface));
        }
    }

    #[test]
    fn so_many_datagrams_are_remembered_and_no_more() {
        let mut fragments = Fragments::default();
        for number in 0..1_000 {
            assert!(fragments.are_wanted(&ipv6(number, 0, true), 1));
            assert!(fragments.are_wanted(&ipv6(number, 0, true), 1), "again");
        }
        assert_eq!(fragments.begun.len(), MOST);
        assert!(!fragments.are_wanted(&ipv6(0, 8, false), 1));
        assert!(fragments.are_wanted(&ipv6(999, 8, false), 1));
    }
}
