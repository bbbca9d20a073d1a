//! What a packet's headers say.

use core::ops::Range;

use etherparse::{TcpSlice, TransportSlice};
use protocol::Offset;
use serde::{Deserialize, Serialize};

use crate::{Link, Network, Piece, Transit, is_default};

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
    /// Payload that was sent, in bytes, where less of it was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Which part of a datagram it carries; none where it carries a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fragment: Option<Box<Piece>>,
    /// What a link between the ends did to it, where the run had one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit: Option<Transit>,
    /// What `raw` begins with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub link: Link,
    /// What somebody noted about the packet in a capture file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Box<str>>,
    /// The link, network and transport headers as they were captured; the
    /// packet is these and then the event's bytes. Where a capture file was read, and the
    /// packet was sent in fragments, they are put together again (RFC 791, 3.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::hex")]
    pub raw: Vec<u8>,
}

impl Header {
    /// The TCP or UDP header of a captured packet; none where its raw headers are not
    /// known.
    pub fn transport(&self) -> Option<TransportSlice<'_>> {
        Network::of(self.link, &self.raw)?.transport().cloned()
    }

    fn tcp(&self) -> Option<TcpSlice<'_>> {
        match self.transport()? {
            TransportSlice::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The ports of its sender and of its receiver, where its raw headers are known.
    pub fn ports(&self) -> Option<[u16; 2]> {
        Some(match self.transport()? {
            TransportSlice::Tcp(tcp) => [tcp.source_port(), tcp.destination_port()],
            TransportSlice::Udp(udp) => [udp.source_port(), udp.destination_port()],
            _ => return None,
        })
    }

    /// The options of a captured segment (RFC 9293, 3.1); none where its raw
    /// headers are not known.
    fn options(&self) -> Option<&[u8]> {
        self.tcp()?.header_slice().get(20..)
    }

    /// Length of a captured segment's options, in bytes; 0 where its raw headers
    /// are not known.
    pub fn options_len(&self) -> usize {
        self.options().map_or(0, <[u8]>::len)
    }

    /// Bytes that the sender of this segment got a second time and discarded
    /// (D-SACK, RFC 2883: the first block of the SACK option, if it lies before
    /// the acknowledgment), as offsets of the other direction's stream. One that
    /// begins before the stream is none.
    pub fn discarded(&self) -> Option<Range<Offset>> {
        let acknowledged = self.tcp()?.acknowledgment_number();
        let mut options = self.options()?;
        loop {
            options = match options {
                // SACK (RFC 2018).
                [5, length, blocks @ ..] if *length >= 10 => {
                    let before = |edge: &[u8]| {
                        let edge = u32::from_be_bytes(*edge.first_chunk()?);
                        let distance = u64::from(acknowledged.wrapping_sub(edge));
                        self.ack.0.checked_sub(distance).map(Offset)
                    };
                    let (start, end) = (before(blocks)?, before(blocks.get(4..)?)?);
                    return (start < end).then_some(start..end);
                }
                [0, ..] => return None,
                [1, rest @ ..] => rest,
                [_, length, ..] if *length >= 2 => options.get(usize::from(*length)..)?,
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header whose acknowledgment is 4,000 and 5,000 on the wire, with these
    /// options.
    fn header(options: &[u8]) -> Header {
        let mut raw = vec![0; 14 + 20 + 20];
        raw[12] = 8;
        raw[14] = 0x45;
        raw[14 + 9] = 6;
        raw[14 + 20 + 8..][..4].copy_from_slice(&5_000_u32.to_be_bytes());
        raw[14 + 20 + 12] = u8::try_from((20 + options.len()) / 4 * 16).unwrap();
        raw.extend_from_slice(options);
        Header {
            ack: Offset(4_000),
            raw,
            ..Header::default()
        }
    }

    /// SACK with one block, as numbers on the wire, behind two NOPs.
    fn sack(start: u32, end: u32) -> Vec<u8> {
        let edges = [start.to_be_bytes(), end.to_be_bytes()].concat();
        [&[1, 1, 5, 10][..], &edges].concat()
    }

    #[test]
    fn a_block_in_front_of_the_acknowledgment_names_discarded_bytes() {
        let timestamps = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
        let told = header(&[&timestamps[..], &sack(4_152, 5_000)].concat());
        assert_eq!(told.discarded(), Some(Offset(3_152)..Offset(4_000)));
        assert_eq!(told.options_len(), 24);
        assert_eq!(header(&timestamps).discarded(), None);
        // Behind the acknowledgment it is what has come out of order.
        assert_eq!(header(&sack(5_100, 5_200)).discarded(), None);
        assert_eq!(header(&sack(5_000, 5_000)).discarded(), None);
        // Before the first byte of the stream.
        assert_eq!(header(&sack(900, 1_100)).discarded(), None);
    }

    #[test]
    fn options_that_make_no_sense_say_nothing() {
        for options in [
            &[][..],
            &[5, 10, 0, 0],
            &[5, 2, 0, 0],
            &[8, 0, 0, 0],
            &[8, 200, 0, 0],
            &[0, 5, 10, 0],
            &[1, 1, 1, 5],
        ] {
            assert_eq!(header(options).discarded(), None, "{options:?}");
        }
        assert_eq!(Header::default().discarded(), None);
        assert_eq!(Header::default().options_len(), 0);
        let mut short = header(&sack(4_152, 5_000));
        short.raw.truncate(40);
        assert_eq!((short.discarded(), short.options_len()), (None, 0));
    }
}
