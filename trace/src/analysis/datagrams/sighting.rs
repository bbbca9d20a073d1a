//! Datagrams as the wire showed them: each in one packet, or in the fragments that it was
//! sent in.

use record::Transit;

use crate::lane::{Carrier, Fate, Lane, Numbered, Packet, Span};
use crate::{Event, order};

/// Datagrams between the first fragment of one and its last.
const MOST: usize = 256;

/// A captured datagram.
pub(super) struct Sighting {
    /// The packets that carried it, as indices of events, in the order of their times.
    packets: Vec<usize>,
    /// It as one packet, where it was sent in fragments.
    whole: Option<Box<Event>>,
    /// The send that it was.
    pub(super) send: Option<usize>,
}

impl Sighting {
    /// Adds a packet to a direction's.
    pub(super) fn add(all: &mut Vec<Self>, index: usize, event: &Event) {
        if let Some(piece) = event.fragment()
            && piece.offset > 0
        {
            let is_its = |sighting: &&mut Self| {
                let whole = sighting.whole.as_ref().and_then(|whole| whole.fragment());
                whole.is_some_and(|first| first.identification == piece.identification)
            };
            if let Some(sighting) = all.iter_mut().rev().take(MOST).find(is_its) {
                sighting.packets.push(index);
            }
            return;
        }
        all.push(Self {
            packets: vec![index],
            whole: event.fragment().map(|_| Box::new(event.clone())),
            send: None,
        });
    }

    /// All its packets are known.
    pub(super) fn put_together(&mut self, events: &[Event]) {
        let Some(whole) = &mut self.whole else {
            return;
        };
        let of = whole.fragment().map_or(0, |piece| piece.of);
        let mut pieces: Vec<_> = self.packets.iter().map(|&packet| &events[packet]).collect();
        order::sort_by_key(&mut pieces, |event| {
            let offset = event.fragment().map_or(0, |piece| piece.offset);
            [offset.into(), 0]
        });
        whole.bytes.clear();
        for event in pieces {
            let offset = event.fragment().map_or(0, |piece| piece.offset);
            // What is missing ends what is known.
            if offset as usize == whole.bytes.len() {
                whole.bytes.extend_from_slice(&event.bytes);
            }
        }
        if let Some(header) = &mut whole.header {
            header.length = Some(of).filter(|&of| (of as usize) > whole.bytes.len());
        }
    }

    /// How many packets it was sent in; 0 where not all of them were captured.
    fn count(&self, events: &[Event]) -> usize {
        let Some(piece) = self.whole.as_ref().and_then(|whole| whole.fragment()) else {
            return 1;
        };
        let lengths = self.packets.iter().map(|&packet| {
            let event = &events[packet];
            let sent = event.header.as_ref().and_then(|header| header.length);
            sent.map_or(event.bytes.len() as u64, u64::from)
        });
        if lengths.sum::<u64>() == u64::from(piece.of) {
            self.packets.len()
        } else {
            0
        }
    }

    /// Its first packet.
    pub(super) fn event(&self) -> usize {
        self.packets[0]
    }

    /// It as one packet.
    pub(super) fn datagram<'a>(&'a self, events: &'a [Event]) -> &'a Event {
        self.whole.as_deref().unwrap_or(&events[self.packets[0]])
    }

    /// What a link did to it: it arrives with its last fragment, and is lost with any. A
    /// fragment that arrives again is none of a second datagram.
    pub(super) fn transit(&self, events: &[Event]) -> Option<Transit> {
        let mut all = self.packets.iter().map(|&packet| events[packet].transit());
        if self.whole.is_none() {
            return all.next().flatten().copied();
        }
        let mut joined: Option<Transit> = None;
        for transit in all {
            let transit = *transit?;
            joined = Some(match joined {
                None => Transit {
                    twice: false,
                    ..transit
                },
                Some(before) => Transit {
                    lost: before.lost.or(transit.lost),
                    arrived: before.arrived.zip(transit.arrived).map(|(a, b)| a.max(b)),
                    twice: false,
                    late: before.late || transit.late,
                },
            });
        }
        joined.map(|joined| Transit {
            arrived: joined.arrived.filter(|_| joined.lost.is_none()),
            ..joined
        })
    }
}

/// Adds the packets of the datagrams whose sends are known to a lane's wire.
pub(super) fn carry(lane: &mut Lane, all: &[Sighting], fates: &[Fate], events: &[Event]) {
    let mut packets = Vec::new();
    for sighting in all {
        let Some(send) = sighting.send else {
            continue;
        };
        let of = sighting.count(events);
        for (at, &event) in sighting.packets.iter().enumerate() {
            let Span { start, end, .. } = lane.sends[send];
            let span = match events[event].fragment() {
                Some(piece) => {
                    let start = (start + piece.offset as usize).min(end);
                    let end = (start + events[event].bytes.len()).min(end);
                    Span {
                        event,
                        start,
                        end,
                        cut: 0,
                    }
                }
                None => Span {
                    event,
                    start,
                    end,
                    cut: 0,
                },
            };
            let mut packet = Packet::datagram(span, fates[send]);
            packet.fragment = Numbered { number: at + 1, of };
            if sighting.whole.is_some() {
                let transit = events[event].transit();
                packet.lost = transit.is_some_and(|transit| transit.lost.is_some());
            }
            packets.push((packet, send));
        }
    }
    order::sort_by_key(&mut packets, |(packet, _)| [packet.span.event as u64, 0]);
    for (packet, send) in packets {
        let Span { start, end, .. } = packet.span;
        if start < end {
            let packet = lane.wire.len();
            lane.carriers.push(Carrier { start, end, packet });
        }
        lane.packet_sends.push(send);
        lane.push_packet(packet);
    }
}
