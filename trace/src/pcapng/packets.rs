//! The interfaces, packets and statistics of a file.

use record::Link;

use super::block::{Block, COMMENT};
use crate::link::Capture;
use crate::{Header, Trace};

/// Longest packet written; Wireshark refuses longer ones.
const SNAP: usize = 262_144;

/// Writes packets, each on the interface of its link.
pub(super) struct Packets {
    links: Vec<Link>,
}

impl Packets {
    /// Describes the interfaces: one for each link of the trace's packets, or Ethernet
    /// where there is none.
    pub(super) fn new(trace: &Trace, file: &mut Vec<u8>) -> Self {
        let mut links = Vec::new();
        let headers = trace
            .events()
            .iter()
            .filter_map(|event| event.header.as_ref());
        for header in headers.filter(|header| !header.raw.is_empty()) {
            if !links.contains(&header.link) {
                links.push(header.link);
            }
        }
        if links.is_empty() {
            links.push(Link::ETHERNET);
        }
        for &link in &links {
            interface(link, file);
        }
        Self { links }
    }

    /// An Enhanced Packet Block (4.3).
    pub(super) fn put(
        &self,
        file: &mut Vec<u8>,
        at: u64,
        header: &Header,
        payload: &[u8],
        comment: Option<&str>,
    ) {
        let headers = &header.raw[..];
        let sent = header.length.map_or(0, |length| length as usize);
        let whole = headers.len() + payload.len().max(sent);
        let kept = (headers.len() + payload.len()).min(SNAP);
        let headers = &headers[..headers.len().min(kept)];
        let payload = &payload[..kept - headers.len()];
        let interface = self.links.iter().position(|link| *link == header.link);
        let mut block = Block::new(6);
        block.u32(interface.and_then(|at| u32::try_from(at).ok()).unwrap_or(0));
        let [high, low] = [at >> 32, at & 0xFFFF_FFFF];
        for half in [high, low, kept as u64, whole as u64] {
            block.u32(u32::try_from(half).unwrap_or(u32::MAX));
        }
        block.padded(&[headers, payload]);
        if let Some(comment) = comment {
            block.option(COMMENT, comment.as_bytes());
            block.end_options();
        }
        block.finish(file);
    }
}

/// What the capture missed, as the statistics of the first interface (4.6), where that
/// is known.
pub(super) fn statistics(trace: &Trace, file: &mut Vec<u8>) {
    let (Some(missed), Capture::On) = (trace.missed, trace.head.capture) else {
        return;
    };
    let last = trace.events().last().map_or(0, |event| event.at.0);
    let mut block = Block::new(5);
    for number in [0, last >> 32, last & 0xFFFF_FFFF] {
        block.u32(u32::try_from(number).unwrap_or(u32::MAX));
    }
    // isb_ifdrop
    block.option(5, &u64::from(missed).to_le_bytes());
    block.end_options();
    block.finish(file);
}

/// The Interface Description Block (4.2): its link, nanoseconds.
fn interface(link: Link, file: &mut Vec<u8>) {
    let mut block = Block::new(1);
    block.u16(link.0);
    block.u16(0);
    block.u32(u32::try_from(SNAP).unwrap_or(u32::MAX));
    block.option(9, &[9]);
    block.end_options();
    block.finish(file);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with these headers.
    fn put(at: u64, headers: &[u8], payload: &[u8], comment: Option<&str>) -> Vec<u8> {
        let packets = Packets {
            links: vec![Link::ETHERNET],
        };
        let header = Header {
            raw: headers.to_vec(),
            ..Header::default()
        };
        let mut file = Vec::new();
        packets.put(&mut file, at, &header, payload, comment);
        file
    }

    #[test]
    fn a_packet_is_an_enhanced_packet_block() {
        let file = put(0x1_0000_0002, &[0xAA, 0xBB], b"abc", Some("hi"));
        #[rustfmt::skip]
        let expected = [
            6, 0, 0, 0, 52, 0, 0, 0,
            0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0,
            0xAA, 0xBB, b'a', b'b', b'c', 0, 0, 0,
            1, 0, 2, 0, b'h', b'i', 0, 0,
            0, 0, 0, 0,
            52, 0, 0, 0,
        ];
        assert_eq!(file, expected);
    }

    #[test]
    fn a_packet_longer_than_wireshark_takes_is_cut() {
        let file = put(0, &[1; 54], &vec![2; SNAP], None);
        assert_eq!(file.len(), 32 + SNAP);
        assert_eq!(file[20..24], [0, 0, 4, 0]);
        assert_eq!(file[24..28], [54, 0, 4, 0]);
    }

    #[test]
    fn the_interface_is_ethernet_in_nanoseconds() {
        let mut file = Vec::new();
        interface(Link::ETHERNET, &mut file);
        #[rustfmt::skip]
        let expected = [
            1, 0, 0, 0, 32, 0, 0, 0,
            1, 0, 0, 0, 0, 0, 4, 0,
            9, 0, 1, 0, 9, 0, 0, 0,
            0, 0, 0, 0,
            32, 0, 0, 0,
        ];
        assert_eq!(file, expected);
    }
}
