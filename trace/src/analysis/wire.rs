//! The wire of a stream: which bytes each segment carried, and which for the
//! first time.

use protocol::Offset;

use super::{direction, transfers};
use crate::lane::{Carrier, Fate, Lane, Packet, Span};
use crate::{Call, Flags, Trace};

/// Fills the wire of a stream's lane from its captured segments.
pub(super) fn segments(lane: &mut Lane, trace: &Trace) {
    let most = largest(lane, trace);
    for (index, way, event) in transfers(trace, lane.client) {
        if event.call != Call::Segment || way != lane.direction || event.is_empty() {
            continue;
        }
        let span = Span {
            event: index,
            start: event.offset,
            end: event.end(),
            cut: 0,
        };
        let segments = event.len().div_ceil(most);
        let packet = lane.wire.len();
        let fresh = carry(&mut lane.carriers, &span, packet);
        lane.wire.push(Packet {
            span,
            resent: !fresh,
            segments: u32::try_from(segments).unwrap_or(u32::MAX),
            fate: Fate::Unknown,
        });
    }
}

/// The longest payload that the lane's reader said it takes (RFC 9293,
/// 3.7.1); no limit if its SYN was not captured.
fn largest(lane: &Lane, trace: &Trace) -> usize {
    let announced = trace.events().iter().find_map(|event| {
        let reader = event.client == lane.client
            && event.call == Call::Segment
            && event.flags().has(Flags::SYN)
            && direction(event) != Some(lane.direction);
        event.header.as_ref().filter(|_| reader)?.mss
    });
    announced.map_or(usize::MAX, |mss| usize::from(mss.max(1)))
}

/// Notes the bytes of `span` that no packet carried before. False if there
/// are none: the packet is a retransmission.
fn carry(carriers: &mut Vec<Carrier>, span: &Span, packet: usize) -> bool {
    let mut fresh = false;
    let mut at = carriers.partition_point(|carrier| carrier.end <= span.start);
    let mut start = span.start;
    while start < span.end {
        let next = carriers.get(at).copied();
        let end = next.map_or(span.end, |next| span.end.min(next.start));
        if start < end {
            fresh = true;
            carriers.insert(at, Carrier { start, end, packet });
            at += 1;
        }
        start = next.map_or(Offset(u64::MAX), |next| next.end);
        at += 1;
    }
    fresh
}
