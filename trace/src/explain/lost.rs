//! Bytes that a link lost and that came again: what a recv lacks for it, or had to wait for.

use protocol::{Nanos, Offset};

use super::Facts;
use crate::lane::{Lane, Span};
use crate::text::{Sentence, Time};

/// Packets that are looked through for the one that was sent again.
const MOST: usize = 4_096;

impl Facts<'_> {
    /// That the recv ended where a packet was lost, and that its first byte was in one.
    pub(super) fn lost_around(&self, lane: &Lane, span: &Span) -> Vec<Sentence> {
        let now = self.event.at;
        let mut rest = Vec::new();
        if let Some((sent, again)) = self.again(lane, span.start)
            && again.is_some_and(|again| again <= now)
        {
            let key = "explain.lost.first";
            rest.extend(again.map(|again| Sentence::new(key).with("time", later(sent, again))));
        }
        if let Some((sent, again)) = self.again(lane, span.end)
            && sent <= now
        {
            rest.extend(match again {
                Some(again) if again > now => {
                    Some(Sentence::new("explain.lost.next").with("time", later(sent, again)))
                }
                Some(_) => None,
                None => Some(Sentence::new("explain.lost.next-never")),
            });
        }
        rest
    }

    /// When the packet left that was the first with this byte, where a link lost it, and when
    /// the byte arrived at last.
    fn again(&self, lane: &Lane, offset: Offset) -> Option<(Nanos, Option<Nanos>)> {
        let first = lane.packet_at(offset)?;
        let packets = lane.wire.get(first..)?;
        if !packets.first()?.lost {
            return None;
        }
        let events = self.trace.events();
        let sent = events.get(packets[0].span.event)?.at;
        let with_it = packets.iter().take(MOST);
        let with_it = with_it.filter(|packet| packet.span.range().contains(&offset));
        let arrivals = with_it.filter_map(|packet| {
            let event = events.get(packet.span.event)?;
            event.transit()?.arrived
        });
        Some((sent, arrivals.min()))
    }
}

fn later(sent: Nanos, arrived: Nanos) -> String {
    Time(Nanos(arrived.0.saturating_sub(sent.0))).to_string()
}
