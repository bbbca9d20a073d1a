//! Which calls a packet's bytes came from and went to.

use std::ops::Range;

use crate::lane::{Fate, Lane};

/// Which calls a packet's bytes came from and went to, by their numbers in the
/// lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The packet's number in [`Lane::wire`].
    pub packet: usize,
    /// The sends; of a datagram one.
    pub sends: Range<usize>,
    /// The recvs that took of it; none where nobody did, or nobody knows.
    pub recvs: Range<usize>,
    /// What became of a datagram.
    pub fate: Fate,
    /// Equal datagrams were lost: it may have been another of them.
    pub is_unsure: bool,
}

impl Passage {
    /// That of the packet with the event index `event`; none for a packet
    /// without data.
    pub fn of(lane: &Lane, event: usize) -> Option<Self> {
        let packet = lane.wire.partition_point(|p| p.span.event < event);
        let found = lane.wire.get(packet).filter(|p| p.span.event == event)?;
        let sends = lane.sends_of_packet(packet);
        Some(match found.fate {
            // Of a segment its bytes tell.
            Fate::Unknown if lane.packet_sends.is_empty() => Self {
                packet,
                sends,
                recvs: lane.recvs_in(found.span.range()),
                fate: Fate::Unknown,
                is_unsure: false,
            },
            fate => Self {
                packet,
                ..Self::of_datagram(lane, sends.start, fate)
            },
        })
    }

    /// That of a datagram of which only the send with this number was seen.
    pub fn of_datagram(lane: &Lane, send: usize, fate: Fate) -> Self {
        let recv = match fate {
            Fate::Read(event) => Some(event),
            _ => None,
        };
        let number = |event| lane.recvs.partition_point(|recv| recv.event < event);
        Self {
            packet: lane.wire.len(),
            sends: send..send + 1,
            recvs: recv.map_or(0..0, |event| number(event)..number(event) + 1),
            fate,
            is_unsure: recv.is_some_and(|event| lane.unsure.binary_search(&event).is_ok()),
        }
    }

    /// That of a stretch of a stream.
    pub fn of_stretch(lane: &Lane, range: Range<protocol::Offset>) -> Self {
        Self {
            packet: lane.wire.len(),
            sends: lane.sends_in(range.clone()),
            recvs: lane.recvs_in(range),
            fate: Fate::Unknown,
            is_unsure: false,
        }
    }
}
