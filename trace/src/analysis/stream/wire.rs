//! The wire of a stream: which bytes each segment carried, and which for the
//! first time. Where no calls were watched the stream is put together from them: what
//! came first counts, and what never came is a gap.

use protocol::Offset;

use super::lane::{Hidden, StreamLane};
use crate::lane::{Carrier, Fate, Lane, Numbered, Packet, Span};
use crate::{Event, Flags, Trace};

/// Most bytes that no packet carried and that still are shown: so many for each packet,
/// and so many for each byte that was carried. A wrong sequence number would otherwise
/// leave nothing else to see.
const FILL_PER_PACKET: u64 = 2_048;
const FILL_PER_BYTE: u64 = 4;

/// Adds a captured segment to its lane.
pub(super) fn handle_segment(stream: &mut StreamLane, trace: &Trace, index: usize, event: &Event) {
    if event.flags().has(Flags::FIN) {
        let cut = event.header.as_ref().and_then(|header| header.length);
        let end = event.offset + event.len().max(cut.unwrap_or(0) as usize);
        stream.state.fin.get_or_insert(end);
    }
    if carried_by(stream, event) > 0 {
        carry_segment(stream, trace, index, event);
    }
    stream.finish_packets(index);
}

/// How many bytes of the stream a segment carried. Where only packets were watched, what
/// of it was not captured is missing.
fn carried_by(stream: &StreamLane, event: &Event) -> usize {
    let sent = event.header.as_ref().and_then(|header| header.length);
    let sent = sent.filter(|_| stream.has_calls);
    event.len().max(sent.unwrap_or(0) as usize)
}

fn carry_segment(stream: &mut StreamLane, trace: &Trace, index: usize, event: &Event) {
    let span = Span {
        event: index,
        start: event.offset,
        end: event.offset + carried_by(stream, event),
        cut: 0,
    };
    let size = event.header.as_ref().and_then(|header| header.gso);
    let size = size
        .filter(|&size| size > 0)
        .map_or(usize::MAX, usize::from);
    let segments = span.len().div_ceil(size);
    // A boundary inside of a send depends on all packets of the send.
    let sends = stream.lane.sends_in(span.range());
    let first = stream
        .lane
        .sends
        .get(sends.start)
        .filter(|_| !sends.is_empty());
    stream.disturb(first.map_or(span.start, |send| send.start.min(span.start)));
    let lane = &mut stream.lane;
    let differs = !stream.has_calls && differs(lane, trace, event);
    let packet = lane.wire.len();
    let is_fresh = carry(&mut lane.carriers, &span, packet);
    lane.push_packet(Packet {
        span,
        resent: !is_fresh,
        differs,
        segments: u32::try_from(segments).unwrap_or(u32::MAX),
        lost: event
            .transit()
            .is_some_and(|transit| transit.lost.is_some()),
        fate: Fate::Unknown,
        fragment: Numbered::ONLY,
    });
    if !stream.has_calls {
        // No call was watched at either end: the packets are what is known.
        let known = lane.end();
        let mut next = lane.carriers.partition_point(|c| c.end <= lane.end());
        while let Some(carrier) = lane.carriers.get(next).filter(|c| c.start <= lane.end()) {
            let new = carried(lane, trace, carrier);
            lane.bytes.push(new);
            next += 1;
        }
        stream.decode_packets(index, known);
    }
}

/// The bytes that a packet was the first to carry.
fn carried<'a>(lane: &Lane, trace: &'a Trace, carrier: &Carrier) -> &'a [u8] {
    let event = lane.wire.get(carrier.packet);
    let event = event.and_then(|packet| trace.events().get(packet.span.event));
    let bytes = event.and_then(|event| bytes_in(event, carrier.start, carrier.end));
    bytes.unwrap_or_default()
}

/// The bytes of an event between two offsets that it has.
fn bytes_in(event: &Event, start: Offset, end: Offset) -> Option<&[u8]> {
    let index = |offset: Offset| usize::try_from(offset.0.checked_sub(event.offset.0)?).ok();
    event.bytes.get(index(start)?..index(end)?)
}

/// Whether an event has other bytes than those that were carried at its offsets
/// before.
fn differs(lane: &Lane, trace: &Trace, event: &Event) -> bool {
    let before = lane.carriers_in(&(event.offset..event.end())).iter();
    let mut both = before.map(|&carrier| Carrier {
        start: carrier.start.max(event.offset),
        end: carrier.end.min(event.end()),
        ..carrier
    });
    both.any(|both| Some(carried(lane, trace, &both)) != bytes_in(event, both.start, both.end))
}

/// Adds what was carried behind bytes that no packet carried, where only packets were
/// watched; where calls were, what is known of the bytes that were not kept of a send.
pub(super) fn show_gaps(stream: &mut StreamLane, trace: &Trace) {
    let lane = &mut stream.lane;
    if stream.has_calls {
        if lane.bytes.unknown() > 0 {
            stream.hidden = Some(Hidden::All(lane.bytes.clone()));
            fill_gaps(lane, trace);
        }
        return;
    }
    stream.hidden = Some(Hidden::Up(lane.end()));
    let carried_in_all: u64 = lane.carriers.iter().map(|c| c.end.0 - c.start.0).sum();
    let mut room = FILL_PER_PACKET * lane.wire.len() as u64 + FILL_PER_BYTE * carried_in_all;
    let mut next = lane.carriers.partition_point(|c| c.end <= lane.end());
    while let Some(&carrier) = lane.carriers.get(next) {
        let gap = carrier.start.0.saturating_sub(lane.end().0);
        let Some(left) = room.checked_sub(gap) else {
            return;
        };
        room = left;
        lane.bytes.skip(gap);
        let new = carried(lane, trace, &carrier);
        lane.bytes.push(new);
        next += 1;
    }
}

/// What was not kept of a send may have been kept of a recv or of a packet.
fn fill_gaps(lane: &mut Lane, trace: &Trace) {
    let packets = lane.wire.iter().map(|packet| packet.span);
    for span in lane.recvs.iter().copied().chain(packets) {
        if let Some(event) = trace.events().get(span.event) {
            lane.bytes.fill(span.start, &event.bytes);
        }
    }
}

/// Takes back what [`show_gaps`] added, so that the lane can go on.
pub(super) fn hide_gaps(stream: &mut StreamLane) {
    match stream.hidden.take() {
        Some(Hidden::Up(end)) => stream.lane.bytes.truncate(end),
        Some(Hidden::All(content)) => stream.lane.bytes = content,
        None => {}
    }
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
