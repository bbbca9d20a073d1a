//! Packets that stand twice in a file, because they were captured in two places: on
//! loopback where they went out and where they came in, or on several interfaces.

use std::collections::VecDeque;

use etherparse::{LaxNetSlice, TransportSlice};
use record::{Link, Network};

use crate::container::{Packet, Place};

/// How many packets there may be between the two.
const DISTANCE: usize = 16;
/// How much time there may be between the two, in nanoseconds. No retransmission
/// comes so soon with the same identification and time stamp.
const TIME: u64 = 10_000_000;

/// The last packets.
#[derive(Debug, Default)]
pub(crate) struct Doubles<'a>(VecDeque<Seen<'a>>);

/// A packet that may come again.
#[derive(Clone, Copy, Debug)]
struct Seen<'a> {
    at: u64,
    place: [u32; 3],
    ip: &'a [u8],
}

impl<'a> Doubles<'a> {
    /// Whether a packet is one of the last ones, captured a second time. Each of them
    /// is doubled once.
    ///
    /// Where the file does not tell two places apart, a segment that is the same to
    /// the last byte is a double, and a datagram if its identification says that it is
    /// no other one: programs do send equal datagrams.
    pub(crate) fn is_double(&mut self, packet: &Packet<'a>, network: &Network<'a>) -> bool {
        let seen = Seen {
            at: packet.at,
            place: place(packet.link, packet.place, packet.bytes),
            ip: network.packet(),
        };
        let is_told = is_told(network);
        let found = self.0.iter().position(|before| {
            before.ip == seen.ip
                && before.at.abs_diff(seen.at) <= TIME
                && (before.place != seen.place || is_told)
        });
        if let Some(found) = found {
            self.0.remove(found);
            return true;
        }
        if self.0.len() == DISTANCE {
            self.0.pop_front();
        }
        self.0.push_back(seen);
        false
    }
}

/// Where a packet was captured, as far as the file says: interface, direction, and
/// what the header of a cooked capture has of both.
fn place(link: Link, place: Place, frame: &[u8]) -> [u32; 3] {
    let cooked = match link {
        // Whether it came in or went out.
        Link::LINUX_SLL => frame.get(..2).map(|two| u32::from(two[1])),
        // The interface's number and that.
        Link::LINUX_SLL2 => frame
            .get(4..11)
            .map(|seven| u32::from_be_bytes([seven[1], seven[2], seven[3], seven[6]])),
        _ => None,
    };
    [place.interface, place.direction, cooked.unwrap_or(0)]
}

/// Whether a packet differs from another one with the same content.
fn is_told(network: &Network<'_>) -> bool {
    let identified = match network.header() {
        Some(LaxNetSlice::Ipv4(ip)) => ip.header().identification() != 0,
        _ => false,
    };
    identified || matches!(network.transport(), Some(TransportSlice::Tcp(_)))
}
