//! Which calls a packet's bytes came from and went to, in plain English.

use std::ops::Range;

use protocol::Nanos;
use record::{Loss, Transit};

use super::front;
use crate::explain::end_name;
use crate::lane::{Fate, Lane, Numbered};
use crate::rows::Passage;
use crate::text::{Time, Value};
use crate::{Analysis, Call, End, Trace};

/// The comment of a captured packet; none for one without data.
pub(super) fn packet(trace: &Trace, analysis: &Analysis, index: usize) -> Option<String> {
    let event = trace.events().get(index)?;
    let lane = analysis.lane_of(event)?;
    let passage = Passage::of(lane, index)?;
    let link = event
        .transit()
        .map_or_else(String::new, |transit| on_the_link(transit, event.at));
    if event.call == Call::Datagram {
        let text = datagram(trace, lane, &passage) + &link;
        return Some(fragment(lane, &passage) + &text);
    }
    let is_resent = lane.wire[passage.packet].resent;
    let front = if is_resent { "retransmission; " } else { "" };
    let read = if is_resent {
        "; the same bytes were read by "
    } else {
        "; read by "
    };
    Some([front, &stretch(trace, lane, &passage, read), &link].concat())
}

/// Which fragment of a datagram a packet is, if it is one.
fn fragment(lane: &Lane, passage: &Passage) -> String {
    let packet = &lane.wire[passage.packet];
    let Numbered { number, of } = packet.fragment;
    let fragment = match of {
        1 => return String::new(),
        0 => "a fragment of a datagram".to_owned(),
        _ => format!("fragment {number} of {of}"),
    };
    let lost = match packet.fate {
        Fate::Lost => ", not all of which arrived, so that none counts",
        _ => "",
    };
    [&fragment, lost, "; "].concat()
}

/// What a link did to it.
fn on_the_link(transit: &Transit, sent: Nanos) -> String {
    let mut text = match (transit.lost, transit.arrived) {
        (Some(Loss::Chance), _) => "; lost on the link".to_owned(),
        (Some(Loss::Queue), _) => "; lost on the link: its queue was full".to_owned(),
        (None, Some(arrived)) => {
            let took = Nanos(arrived.0.saturating_sub(sent.0));
            format!("; arrived {} later", Time(took))
        }
        (None, None) => "; still on the link at the end".to_owned(),
    };
    if transit.twice {
        text += "; arrived twice";
    }
    if transit.late {
        text += "; held back on the link";
    }
    text
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
        Fate::Lost | Fate::Unknown => {}
    }
    text
}

fn name(trace: &Trace, lane: &Lane, end: End) -> String {
    match end_name(trace, lane.connection, end) {
        Value::Text(name) => front(&name).to_owned(),
        Value::Word("actor.server") => "server".to_owned(),
        Value::Word(word) => match word.strip_prefix("actor.client") {
            Some(number) => ["client ", number].concat(),
            None => "an unknown end".to_owned(),
        },
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
