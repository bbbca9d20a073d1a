//! What a row of the events table says about an event: the call, what its
//! bytes turned out to be. No element in here.

use protocol::Nanos;
use trace::lane::{Fate, Integrity, Lane, MessageKind};
use trace::rows::Rows;
use trace::text::{Catalog, Sentence, grouped};
use trace::{Analysis, Call, ClientId, Event, PartyId, Trace, Transport};

use super::wording;
use crate::scene::{self, HUES, Index};

/// Most characters of a message in its row.
const MOST: usize = 120;
/// Most digits' bytes of a challenge or an answer.
const MOST_BINARY: usize = 32;

/// What stands behind a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A message that this recv completed.
    Message {
        /// From 1, within its lane.
        number: usize,
        /// As shown.
        text: String,
        /// As on the stage.
        hue: usize,
    },
    /// A word about it, by its key in the catalogs.
    Flag {
        /// Key.
        key: &'static str,
        /// What it says.
        tone: Tone,
    },
}

/// What a word about an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It is as it should be.
    Good,
    /// It is a fact, and nobody said how it should be.
    Plain,
    /// It is not as it should be.
    Bad,
}

impl Tone {
    /// The attribute's value that the style sheet knows.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Bad => "bad",
        }
    }
}

/// The marks of an event.
pub(super) fn marks(trace: &Trace, analysis: &Analysis, index: &Index, at: usize) -> Vec<Mark> {
    let mut marks = Vec::new();
    let Some(event) = trace.events().get(at) else {
        return marks;
    };
    if let Some(lane) = analysis.lane_of(event) {
        lane_marks(trace, lane, index, at, &mut marks);
    }
    if event.error.is_some() {
        marks.push(bad("flag.failed"));
    } else if event.call == Call::Refuse {
        marks.push(bad("flag.refused"));
    } else if event.call == Call::Cut {
        marks.push(bad("flag.cut-off"));
    } else if event.call == Call::Send && event.len() < event.asked as usize {
        marks.push(bad("flag.partial"));
    } else if event.is_eof() && !trace.is_datagrams(event.connection) {
        marks.push(Mark::Flag {
            key: "flag.eof",
            tone: Tone::Good,
        });
    }
    marks
}

/// Those that its lane tells.
fn lane_marks(trace: &Trace, lane: &Lane, index: &Index, at: usize, marks: &mut Vec<Mark>) {
    let hues = index.hues(lane.connection, lane.direction);
    let messages = &lane.messages;
    let first = messages.partition_point(|message| message.event < at);
    let own = messages.iter().enumerate().skip(first);
    let changed = if Rows::at_the_end(trace, lane).says_messages() {
        Tone::Bad
    } else {
        Tone::Plain
    };
    for (number, message) in own.take_while(|(_, message)| message.event == at) {
        let body = &message.frame.body;
        let text = if message.kind.is_of_the_handshake() {
            wording::hex(body, MOST_BINARY)
        } else {
            wording::text(body, MOST)
        };
        let hue = hues.map_or(0, |hues| hues.at(message.frame.body_range().start));
        marks.push(Mark::Message {
            number: number + 1,
            text,
            hue: hue % usize::from(HUES),
        });
        let flag = match (message.kind, message.integrity) {
            (kind, _) if kind.is_refuted() => Some(("flag.denied", Tone::Bad)),
            (MessageKind::Skipped, _) => Some(("flag.skipped", Tone::Bad)),
            (MessageKind::Answer { .. } | MessageKind::Proof { .. }, _) => {
                Some(("flag.accepted", Tone::Good))
            }
            (_, Integrity::Glued(_)) => Some(("flag.glued", changed)),
            (_, Integrity::Part) => Some(("flag.split", changed)),
            (_, Integrity::Cut(_)) => Some(("flag.cut", Tone::Bad)),
            (_, Integrity::Wrong) => Some(("flag.wrong", Tone::Bad)),
            (_, Integrity::Whole) => None,
        };
        if let Some((key, tone)) = flag {
            marks.push(Mark::Flag { key, tone });
        }
    }
    if lane
        .failure
        .as_ref()
        .is_some_and(|failure| failure.event == at)
    {
        marks.push(bad("flag.refused"));
    }
    let packet = lane
        .wire
        .binary_search_by_key(&at, |packet| packet.span.event);
    if let Ok(packet) = packet {
        if lane.wire[packet].resent {
            marks.push(bad("flag.again"));
        } else if lane.wire[packet].fate == Fate::Dropped {
            marks.push(bad("flag.dropped"));
        }
    }
    if lane.unsure.binary_search(&at).is_ok() {
        marks.push(bad("flag.unsure"));
    }
    let send = lane.sends.binary_search_by_key(&at, |send| send.event);
    let reader = lane.direction.reader();
    let is_known = !lane.recvs.is_empty() || trace.is_watched(lane.connection, reader);
    // Until the run is over it may still be read.
    if let (Ok(number), Some(_), true) = (send, trace.ending(), is_known) {
        let send = &lane.sends[number];
        let read = if trace.is_datagrams(lane.connection) {
            matches!(lane.fate(number), Fate::Read(_))
        } else {
            send.is_empty() || !lane.recvs_in(send.range()).is_empty()
        };
        if !read {
            marks.push(bad("flag.unread"));
        }
    }
}

const fn bad(key: &'static str) -> Mark {
    Mark::Flag {
        key,
        tone: Tone::Bad,
    }
}

/// What the caller is called.
pub(super) fn caller(event: &Event, trace: &Trace, catalog: &Catalog) -> String {
    party_name(trace, event.party, catalog)
}

/// What a party is called.
pub(super) fn party_name(trace: &Trace, party: PartyId, catalog: &Catalog) -> String {
    catalog.value(&trace::explain::name(trace, party))
}

/// The call as it was made and what it gave, such as `recv(1024) → 7`; of a
/// packet its flags and length, such as `segment · PSH,ACK · 5 B`. Behind it the
/// number of a further connection.
pub(super) fn call(event: &Event, trace: &Trace, catalog: &Catalog) -> String {
    let mut text = bare_call(event, trace.transport(event.connection), catalog);
    let (_, further) = ClientId::of(event.connection);
    let number = match &trace.plan {
        Some(_) => further,
        None if trace.connections.len() > 1 => event.connection.0,
        None => 0,
    };
    if number > 0 {
        text += &[" · #", &(number + 1).to_string()].concat();
    }
    text
}

fn bare_call(event: &Event, transport: Transport, catalog: &Catalog) -> String {
    if event.call.is_packet() {
        return packet(event, transport, catalog);
    }
    if let Some(reason) = event.reason {
        return scene::decision(event.call, reason, catalog).join(" · ");
    }
    let name = event.call.name_on(transport);
    let moves = matches!(event.call, Call::Send | Call::Recv);
    let asked = if moves {
        event.asked.to_string()
    } else {
        String::new()
    };
    let gave = match (&event.error, moves) {
        (Some(_), _) => [" → ", &catalog.text("call.error")].concat(),
        (None, true) => [" → ", &event.len().to_string()].concat(),
        (None, false) => String::new(),
    };
    [name, "(", &asked, ")", &gave].concat()
}

/// What a call is called; of packets and decisions, what they are.
pub(super) fn call_name(call: Call, transport: Transport, catalog: &Catalog) -> String {
    match call {
        Call::Segment => catalog.text("events.segment"),
        Call::Datagram => catalog.text("events.datagram"),
        Call::Refuse => catalog.text("decision.refuse"),
        Call::Cut => catalog.text("decision.cut"),
        _ => call.name_on(transport).to_owned(),
    }
}

fn packet(event: &Event, transport: Transport, catalog: &Catalog) -> String {
    let mut text = call_name(event.call, transport, catalog);
    let flags = event.flags().names();
    if !flags.is_empty() {
        text += &[" · ", &flags].concat();
    }
    if !is_bare(event) {
        text += &[" · ", &grouped(event.len() as u64), " B"].concat();
    }
    text
}

/// Whether it is a segment without data.
pub(super) fn is_bare(event: &Event) -> bool {
    event.call == Call::Segment && event.is_empty()
}

/// What waited in the receive queue before a recv, where that is more than it
/// took. Of a datagram socket the kernel tells the next datagram alone.
pub(super) fn waited(event: &Event, trace: &Trace, catalog: &Catalog) -> Option<String> {
    let waiting = event.socket.waiting? as usize;
    let told = !trace.is_datagrams(event.connection) && waiting > event.len();
    let sentence = Sentence::new("events.waiting").with("n", waiting);
    told.then(|| catalog.render(&sentence))
}

/// A time since the start of the run: `+0.118 ms`.
pub(super) fn milliseconds(at: Nanos) -> String {
    let micros = (at.0 + 500) / 1_000;
    format!("+{}.{:03} ms", micros / 1_000, micros % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::Reason;

    #[test]
    fn packets_say_their_flags_and_their_length() {
        let catalog = crate::sample::catalog();
        let trace = crate::sample::wired(&crate::sample::five_sends());
        let said = |event: &Event| call(event, &trace, &catalog);
        let packets = trace.events().iter().filter(|e| e.call.is_packet());
        let texts: Vec<_> = packets.map(said).take(3).collect();
        let expected = ["segment · SYN", "segment · PSH,ACK · 5 B", "segment · ACK"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn decisions_say_their_reason_and_are_marked() {
        let catalog = crate::sample::catalog();
        let mut trace = crate::sample::five_sends();
        let reasons = [Reason::SourceFull, Reason::Time];
        for reason in reasons {
            let event = Event::new(Nanos(u64::MAX), ClientId::FIRST.acceptor(), reason.call());
            trace.insert(Event {
                reason: Some(reason),
                ..event
            });
        }
        let [.., refusal, cut] = trace.events() else {
            panic!("no events");
        };
        let said = |event: &Event| call(event, &trace, &catalog);
        assert_eq!(said(refusal), "refused · its source had all its places");
        assert_eq!(said(cut), "cut off · the run took too long");
        let analysis = Analysis::new(&trace);
        let index = Index::new(&trace, &analysis);
        let last = trace.events().len() - 1;
        let marks = |at| marks(&trace, &analysis, &index, at);
        assert_eq!(marks(last - 1), [bad("flag.refused")]);
        assert_eq!(marks(last), [bad("flag.cut-off")]);
    }

    #[test]
    fn a_recv_that_left_something_says_what_waited() {
        let catalog = crate::sample::catalog();
        let trace = crate::sample::wired(&crate::sample::five_sends());
        let said = |event| waited(event, &trace, &catalog);
        let said: Vec<_> = trace.events().iter().filter_map(said).collect();
        assert_eq!(said, ["15 B waited", "9 B waited"]);
        let mut told = trace.events().iter();
        let mut datagrams = trace.clone();
        datagrams.connections[0].transport = Transport::Udp;
        assert!(told.all(|event| waited(event, &datagrams, &catalog).is_none()));
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!(milliseconds(Nanos(118_499)), "+0.118 ms");
        assert_eq!(milliseconds(Nanos(62_699_500)), "+62.700 ms");
        assert_eq!(milliseconds(Nanos(0)), "+0.000 ms");
    }
}
