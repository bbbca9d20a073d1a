//! Which calls a packet's bytes came from and went to, in plain English.

use std::ops::Range;

use super::front;
use crate::explain::end_name;
use crate::lane::{Fate, Lane};
use crate::text::Value;
use crate::{Analysis, Call, End, Trace};

/// The comment of a captured packet; none for one without data.
pub(super) fn packet(trace: &Trace, analysis: &Analysis, index: usize) -> Option<String> {
    let event = trace.events().get(index)?;
    let lane = analysis.lane_of(event)?;
    let number = lane
        .wire
        .partition_point(|packet| packet.span.event < index);
    let packet = lane
        .wire
        .get(number)
        .filter(|packet| packet.span.event == index)?;
    let sends = lane.sends_of_packet(number);
    if event.call == Call::Datagram {
        return Some(datagram(trace, lane, sends.start, packet.fate));
    }
    let mut text = String::new();
    if packet.resent {
        text.push_str("retransmission; ");
    }
    text.push_str(&segment(trace, lane, sends, packet.span.range()));
    Some(text)
}

/// The comment of a segment that carries `range`, bytes of `sends`.
pub(super) fn segment(
    trace: &Trace,
    lane: &Lane,
    sends: Range<usize>,
    range: Range<protocol::Offset>,
) -> String {
    let mut text = "bytes of ".to_owned();
    calls(
        &mut text,
        "send()",
        sends,
        &name(trace, lane, lane.direction.sender()),
    );
    let recvs = lane.recvs_in(range);
    if !recvs.is_empty() {
        text.push_str("; read by ");
        calls(
            &mut text,
            "recv()",
            recvs,
            &name(trace, lane, lane.direction.reader()),
        );
    } else if trace.ending().is_some() {
        text.push_str("; never read");
    }
    text
}

/// The comment of a datagram: the send with this number.
pub(super) fn datagram(trace: &Trace, lane: &Lane, send: usize, fate: Fate) -> String {
    let mut text = String::new();
    calls(
        &mut text,
        "sendto()",
        send..send + 1,
        &name(trace, lane, lane.direction.sender()),
    );
    match fate {
        Fate::Read(event) => {
            let unsure = lane.unsure.binary_search(&event).is_ok();
            text.push_str(if unsure {
                "; perhaps read by "
            } else {
                "; read by "
            });
            let recv = lane.recvs.partition_point(|recv| recv.event < event);
            calls(
                &mut text,
                "recvfrom()",
                recv..recv + 1,
                &name(trace, lane, lane.direction.reader()),
            );
        }
        Fate::Dropped => text.push_str("; dropped: the receive buffer was full"),
        Fate::Unread => text.push_str("; never read"),
        Fate::Unknown if trace.ending().is_some() => text.push_str("; not seen at the reader"),
        Fate::Unknown => {}
    }
    text
}

fn name(trace: &Trace, lane: &Lane, end: End) -> String {
    match end_name(trace, lane.connection, end) {
        Value::Text(name) => front(&name).to_owned(),
        Value::Word("actor.client1") => "client 1".to_owned(),
        Value::Word("actor.client2") => "client 2".to_owned(),
        Value::Word("actor.server") => "server".to_owned(),
        _ => "an unknown end".to_owned(),
    }
}

/// Such as `send() #2 to #3 of client 1`.
fn calls(text: &mut String, call: &str, numbers: Range<usize>, whose: &str) {
    text.push_str(call);
    if numbers.is_empty() {
        text.push_str(" not observed");
        return;
    }
    text.push_str(" #");
    text.push_str(&(numbers.start + 1).to_string());
    if numbers.len() > 1 {
        text.push_str(" to #");
        text.push_str(&numbers.end.to_string());
    }
    text.push_str(" of ");
    text.push_str(whose);
}
