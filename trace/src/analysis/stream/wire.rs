//! The wire of a stream: which bytes each segment carried, and which for the
//! first time.

use protocol::Offset;

use super::lane::StreamLane;
use crate::Event;
use crate::lane::{Carrier, Fate, Packet, Span};

/// Adds a captured segment to its lane.
pub(super) fn handle_segment(stream: &mut StreamLane, index: usize, event: &Event) {
    if event.is_empty() {
        return;
    }
    let span = Span {
        event: index,
        start: event.offset,
        end: event.end(),
        cut: 0,
    };
    let size = event.header.as_ref().and_then(|header| header.gso);
    let size = size
        .filter(|&size| size > 0)
        .map_or(usize::MAX, usize::from);
    let segments = event.len().div_ceil(size);
    // A boundary inside of a send depends on all packets of the send.
    let sends = stream.lane.sends_in(span.range());
    let first = stream
        .lane
        .sends
        .get(sends.start)
        .filter(|_| !sends.is_empty());
    stream.disturb(first.map_or(span.start, |send| send.start.min(span.start)));
    let lane = &mut stream.lane;
    if !stream.has_calls {
        // No call was watched at either end: the packets are what is known,
        // up to the first gap.
        let known = lane.end();
        if let Some(new) = usize::try_from(known.0.wrapping_sub(span.start.0))
            .ok()
            .filter(|_| span.start <= known)
            .and_then(|known| event.bytes.get(known..))
        {
            lane.bytes.extend_from_slice(new);
        }
    }
    let packet = lane.wire.len();
    let is_fresh = carry(&mut lane.carriers, &span, packet);
    lane.push_packet(Packet {
        span,
        resent: !is_fresh,
        segments: u32::try_from(segments).unwrap_or(u32::MAX),
        fate: Fate::Unknown,
    });
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
