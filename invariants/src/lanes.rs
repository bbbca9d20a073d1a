//! What holds for each lane of any trace.

use std::ops::Range;

use protocol::Offset;
use trace::lane::{Lane, MessageSpan};
use trace::{Event, MAX_OFFSET, Trace};

/// All that a lane says has its place among the events.
pub(crate) fn check(trace: &Trace, lane: &Lane) {
    let events = trace.events().len();
    let spans = lane.sends.iter().chain(&lane.recvs);
    for span in spans.chain(lane.wire.iter().map(|packet| &packet.span)) {
        assert!(span.event < events);
        assert!(span.start <= span.end, "{span:?}");
        let event = &trace.events()[span.event];
        let header = event.header.as_ref().and_then(|header| header.length);
        let carried = event.len().max(header.unwrap_or(0) as usize);
        assert!(span.len() <= carried, "{span:?} of {carried} bytes");
    }
    let sent: usize = trace.events().iter().map(Event::len).sum();
    let missing = check_gaps(lane);
    assert!(
        lane.end() <= Offset(0) + sent + missing,
        "bytes that nobody sent"
    );
    check_undecoded(lane);
    let mut end = Offset(0);
    for message in &lane.messages {
        assert!(message.event < events);
        // Datagrams may be read in another order than they were sent.
        if !trace.is_datagrams(lane.connection) {
            assert!(message.range().start >= end, "{message:?}");
        }
        end = message.range().end;
    }
    assert!(lane.boundaries.is_sorted_by_key(|boundary| boundary.offset));
    // One behind the last byte too; of long ones the two ends.
    let long = lane.end().0 + 1;
    let offsets = (0..long.min(64)).chain(long.saturating_sub(64)..long);
    for offset in offsets.chain([MAX_OFFSET, u64::MAX]).map(Offset) {
        if let Some(way) = lane.itinerary(offset) {
            assert_eq!(way.offset, offset);
            assert!(way.send.is_none_or(|send| send < lane.sends.len()));
            assert!(way.recv.is_none_or(|recv| recv < lane.recvs.len()));
            assert!(way.packet.is_none_or(|packet| packet < lane.wire.len()));
        }
        if let Some(cut) = lane.character_cut_at(offset) {
            assert!(cut.start < offset && offset < cut.start + cut.bytes);
        }
    }
}

/// Where messages were not found, bytes are that were read, and no message is.
fn check_undecoded(lane: &Lane) {
    for passed in &lane.undecoded {
        assert!(passed.start <= passed.end, "{passed:?}");
        let mut messages = lane.messages.iter().map(MessageSpan::range);
        let is_among = |range: Range<Offset>| range.start < passed.end && range.end > passed.start;
        assert!(!messages.any(is_among), "a message of what was not kept");
    }
}

/// Gaps are bytes that no packet carried, between others, or that were not kept of a call.
/// How many of them are of packets is bounded by what was captured.
fn check_gaps(lane: &Lane) -> usize {
    let (mut end, mut missing) = (Offset(0), 0);
    let has_calls = !lane.sends.is_empty() || !lane.recvs.is_empty();
    for gap in lane.bytes.gaps() {
        assert!(gap.start >= end && gap.start < gap.end && gap.end <= lane.end());
        assert!(lane.slice(gap.clone()).is_empty());
        assert_eq!(lane.bytes.get(gap.end).is_some(), gap.end < lane.end());
        end = gap.end;
        if has_calls {
            continue;
        }
        assert_eq!(lane.packet_at(gap.start), None);
        assert!(lane.packet_at(gap.end).is_some());
        missing += usize::try_from(gap.end.0 - gap.start.0).expect("it is bounded");
    }
    let carried: usize = lane.wire.iter().map(|packet| packet.span.len()).sum();
    assert!(missing <= 2_048 * lane.wire.len() + 4 * carried);
    missing
}
