//! A captured packet taken apart: its link, network and transport headers.

use core::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, LaxNetSlice,
    LaxSlicedPacket, TransportSlice, ip_number,
};

use crate::Link;

/// Length of an IPv6 header without extensions (RFC 8200, 3).
const IPV6_HEADER: usize = 40;

/// An IP packet in a captured frame, which may be cut off.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    frame: &'a [u8],
    start: usize,
    sliced: LaxSlicedPacket<'a>,
}

/// Which part of an IP packet a fragment is (RFC 791, 2.3; RFC 8200, 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The number that the sender gave the packet.
    pub identification: u32,
    /// Where its bytes belong, in bytes behind the headers that each fragment has.
    pub offset: usize,
    /// Whether it is not the last one.
    pub more: bool,
    /// Where in the frame its bytes begin.
    pub at: usize,
    /// What its first bytes are (an IP protocol number).
    pub next_header: u8,
}

impl<'a> Network<'a> {
    /// The IP packet in `frame`; none if there is none, or its header is cut off.
    pub fn of(link: Link, frame: &'a [u8]) -> Option<Self> {
        let start = link.network(frame)?;
        let sliced = LaxSlicedPacket::from_ip(frame.get(start..)?).ok()?;
        Some(Self {
            frame,
            start,
            sliced,
        })
    }

    /// Where in the frame the IP header begins.
    pub const fn start(&self) -> usize {
        self.start
    }

    /// The IP packet as far as it was captured, with what is behind it in the frame.
    pub fn packet(&self) -> &'a [u8] {
        self.frame.get(self.start..).unwrap_or_default()
    }

    /// Its IP header.
    pub const fn header(&self) -> Option<&LaxNetSlice<'a>> {
        self.sliced.net.as_ref()
    }

    /// The addresses of its sender and of its receiver.
    pub fn addresses(&self) -> Option<[IpAddr; 2]> {
        Some(match self.header()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                [header.source_addr(), header.destination_addr()].map(IpAddr::V4)
            }
            LaxNetSlice::Ipv6(ip) => {
                let header = ip.header();
                [header.source_addr(), header.destination_addr()].map(IpAddr::V6)
            }
            LaxNetSlice::Arp(_) => return None,
        })
    }

    /// Its length as its header says; none where a packet is longer than the field
    /// can say, which the kernel leaves for its network card to cut (TSO).
    fn announced(&self) -> Option<usize> {
        match self.header()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                let total = usize::from(header.total_len());
                Some(total).filter(|&total| total >= header.slice().len())
            }
            LaxNetSlice::Ipv6(ip) => match ip.header().payload_length() {
                0 => None,
                length => Some(IPV6_HEADER + usize::from(length)),
            },
            LaxNetSlice::Arp(_) => None,
        }
    }

    /// Where it ends in a frame that had `length` bytes when it was sent.
    pub fn end(&self, length: usize) -> usize {
        let announced = self.announced().map(|announced| self.start + announced);
        announced.unwrap_or(length)
    }

    /// Where in the frame the headers of IP end.
    pub fn transport_at(&self) -> usize {
        let there = self.frame.len();
        let end = self.end(there).min(there);
        let payload = self.header().and_then(LaxNetSlice::ip_payload_ref);
        end.saturating_sub(payload.map_or(0, |payload| payload.payload.len()))
    }

    /// Its segment or datagram, if it is whole and has one.
    pub const fn transport(&self) -> Option<&TransportSlice<'a>> {
        self.sliced.transport.as_ref()
    }

    /// Which part of a packet it is, unless it is a whole one.
    pub fn fragment(&self) -> Option<Fragment> {
        match self.header()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                header.is_fragmenting_payload().then(|| Fragment {
                    identification: u32::from(header.identification()),
                    offset: usize::from(header.fragments_offset().byte_offset()),
                    more: header.more_fragments(),
                    at: self.start + header.slice().len(),
                    next_header: header.protocol().0,
                })
            }
            LaxNetSlice::Ipv6(ip) => {
                let first = ip.header().next_header();
                fragment_behind(first, ip.extensions().slice(), self.start + IPV6_HEADER)
            }
            LaxNetSlice::Arp(_) => None,
        }
    }
}

/// The fragment header among the extension headers of IPv6 in `headers`, which begin at
/// `at` of the frame with one of the kind `next`; none where there is none, where it is
/// of a whole packet, or behind a header that is cut off. The iterator of etherparse
/// reads beyond such a header (0.21).
fn fragment_behind(mut next: IpNumber, headers: &[u8], mut at: usize) -> Option<Fragment> {
    let mut rest = headers;
    loop {
        let length = match next {
            ip_number::IPV6_HEADER_HOP_BY_HOP
            | ip_number::IPV6_ROUTE_HEADER
            | ip_number::IPV6_DESTINATION_OPTIONS => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).ok()?;
                next = header.next_header();
                header.slice().len()
            }
            ip_number::AUTHENTICATION_HEADER => {
                let header = IpAuthHeaderSlice::from_slice(rest).ok()?;
                next = header.next_header();
                header.slice().len()
            }
            ip_number::IPV6_FRAGMENTATION_HEADER => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).ok()?;
                let length = header.slice().len();
                if header.is_fragmenting_payload() {
                    return Some(Fragment {
                        identification: header.identification(),
                        offset: usize::from(header.fragment_offset().byte_offset()),
                        more: header.more_fragments(),
                        at: at + length,
                        next_header: header.next_header().0,
                    });
                }
                next = header.next_header();
                length
            }
            _ => return None,
        };
        at += length;
        rest = rest.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fragment header: UDP, offset 8, more to come, number 7.
    const FRAGMENT: [u8; 8] = [17, 0, 0, 9, 0, 0, 0, 7];

    #[test]
    fn a_fragment_header_is_found_behind_others_that_are_whole() {
        let found = Fragment {
            identification: 7,
            offset: 8,
            more: true,
            at: 48,
            next_header: 17,
        };
        let fragment = ip_number::IPV6_FRAGMENTATION_HEADER;
        assert_eq!(fragment_behind(fragment, &FRAGMENT, 40), Some(found));
        let options = ip_number::IPV6_DESTINATION_OPTIONS;
        let both = [&[44, 0, 1, 4, 0, 0, 0, 0][..], &FRAGMENT].concat();
        let behind = Fragment { at: 56, ..found };
        assert_eq!(fragment_behind(options, &both, 40), Some(behind));
        for length in 0..both.len() {
            assert_eq!(
                fragment_behind(options, &both[..length], 40),
                None,
                "{length}"
            );
        }
        // One that claims to be longer than what is there.
        let claims = [&[44, 200, 1, 4, 0, 0, 0, 0][..], &FRAGMENT].concat();
        assert_eq!(fragment_behind(options, &claims, 40), None);
        assert_eq!(fragment_behind(ip_number::UDP, &FRAGMENT, 40), None);
    }
}
