//! Which calls a packet's bytes came from and went to, in plain English.

use std::ops::Range;

use super::front;
use crate::explain::end_name;
use crate::lane::{Fate, Lane};
use crate::rows::Passage;
use crate::text::Value;
use crate::{Analysis, Call, End, Trace};

/// The comment of a captured packet; none for one without data.
pub(super) fn packet(trace: &Trace, analysis: &Analysis, index: usize) -> Option<String> {
    let event = trace.events().get(index)?;
    let lane = analysis.lane_of(event)?;
    let passage = Passage::of(lane, index)?;
    if event.call == Call::Datagram {
        return Some(datagram(trace, lane, &passage));
    }
    let is_resent = lane.wire[passage.packet].resent;
    let front = if is_resent { "retransmission; " } else { "" };
    let read = if is_resent {
        "; the same bytes were read by "
    } else {
        "; read by "
    };
    Some([front, &stretch(trace, lane, &passage, read)].concat())
}

/// The comment of a segment.
pub(super) fn segment(trace: &Trace, lane: &Lane, passage: &Passage) -> String {
    stretch(trace, lane, passage, "; read by ")
}

fn stretch(trace: &Trace, lane: &Lane, passage: &Passage, read: &str) -> String {
    let sender = name(trace, lane, lane.direction.sender());
    let mut text = ["bytes of ", &calls("send()", &passage.sends, &sender)].concat();
    if !passage.recvs.is_empty() {
        let reader = name(trace, lane, lane.direction.reader());
        text += read;
        text += &calls("recv()", &passage.recvs, &reader);
    } else if trace.ending().is_some() && trace.is_watched(lane.connection, lane.direction.reader())
    {
        text += "; never read";
    }
    text
}

/// The comment of a datagram.
pub(super) fn datagram(trace: &Trace, lane: &Lane, passage: &Passage) -> String {
    let sender = name(trace, lane, lane.direction.sender());
    let mut text = calls("sendto()", &passage.sends, &sender);
    match passage.fate {
        Fate::Read(_) => {
            let reader = name(trace, lane, lane.direction.reader());
            text += if passage.is_unsure {
                "; perhaps read by "
            } else {
                "; read by "
            };
            text += &calls("recvfrom()", &passage.recvs, &reader);
        }
        Fate::Dropped => text += "; dropped: the receive buffer was full",
        Fate::Unread => text += "; never read",
        Fate::Unknown if passage.sends.is_empty() => {}
        Fate::Unknown if trace.ending().is_some() => text += "; not seen at the reader",
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
fn calls(call: &str, numbers: &Range<usize>, whose: &str) -> String {
    let first = (numbers.start + 1).to_string();
    let last = numbers.end.to_string();
    match numbers.len() {
        0 => [call, " not observed"].concat(),
        1 => [call, " #", &first, " of ", whose].concat(),
        _ => [call, " #", &first, " to #", &last, " of ", whose].concat(),
    }
}
