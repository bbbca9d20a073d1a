//! A few sentences for a step, computed from what happened: the head says
//! what the call did or which packet it was, the rest what became of its bytes
//! and why.

mod calls;
mod clue;
mod copies;
mod handshake;
mod kernel;
mod keys;
mod lost;
mod packet;
mod received;
mod refusal;
mod role;
mod sent;
mod why;

use protocol::Nanos;

use crate::experiment::MAX_CLIENTS;
use crate::lane::{Direction, Lane, Span};
use crate::link::Ending;
use crate::text::{Sentence, Time, Value};
use crate::{Analysis, Call, ClientId, ConnectionId, End, Event, PartyId, SERVER, Trace};

pub use calls::calls;
pub use clue::clues;
pub use keys::KEYS;
pub use refusal::refusal;
pub use why::why;

/// What to say about one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the call did.
    pub head: Sentence,
    /// What it means.
    pub rest: Vec<Sentence>,
}

/// Explains step `step`: 0 is before the first event, n is the n-th event.
pub fn explain(trace: &Trace, analysis: &Analysis, step: usize) -> Explanation {
    let Some(index) = step.checked_sub(1) else {
        return beginning(trace);
    };
    let Some(event) = trace.events().get(index) else {
        return Explanation {
            head: Sentence::new("explain.nothing"),
            rest: Vec::new(),
        };
    };
    let facts = Facts {
        trace,
        analysis,
        event,
        index,
        lane: analysis.lane_of(event),
    };
    let mut explanation = if let Some(error) = &event.error {
        let cut_off = facts.lane.filter(|_| event.is_broken());
        Explanation {
            head: facts.say("explain.failed").with("error", error.clone()),
            rest: cut_off.map_or_else(|| facts.port_closed(error), |lane| facts.refused_here(lane)),
        }
    } else {
        match event.call {
            Call::Connect => facts.connect(),
            Call::Accept => facts.accept(),
            Call::Send => facts.send(),
            Call::Recv if facts.is_end() => facts.eof(),
            Call::Recv => facts.recv(),
            Call::Shutdown => facts.shutdown(),
            Call::Close => facts.close(),
            Call::Segment => facts.segment(),
            Call::Datagram => facts.datagram(),
            Call::Refuse => facts.refuse(),
            Call::Cut => facts.cut(),
        }
    };
    explanation.rest.extend(facts.not_kept());
    explanation.rest.extend(facts.tried());
    explanation.rest.extend(facts.options());
    let (_, further) = ClientId::of(event.connection);
    if further > 0 && trace.plan.is_some() {
        let number = u64::from(further) + 1;
        let further = facts.say(if facts.is_refused() {
            "explain.further.refused"
        } else {
            "explain.further"
        });
        let further = further.with("number", number);
        explanation.rest.insert(0, further);
    }
    if step == trace.events().len()
        && let Some(ending) = ending(trace.ending())
    {
        explanation.rest.push(ending);
    }
    explanation
}

fn beginning(trace: &Trace) -> Explanation {
    let packets = trace.events().iter().filter(|event| event.call.is_packet());
    let packets = packets.count();
    let calls = trace.events().iter().filter(|event| event.call.is_call());
    let key = match packets {
        0 => "explain.start",
        _ => "explain.start.packets",
    };
    let head = Sentence::new(key)
        .with("n", calls.count())
        .with("packets", packets);
    let added = trace.head.added_per_call;
    let traced = added.map(|added| under_trace("explain.start.traced", added));
    let snap = trace.head.snap;
    let snap = snap.map(|snap| Sentence::new("explain.start.snap").with("n", u64::from(snap)));
    Explanation {
        head,
        rest: traced.into_iter().chain(snap).collect(),
    }
}

/// A sentence about what the tracer added to each call.
fn under_trace(key: &'static str, added: Nanos) -> Sentence {
    Sentence::new(key).with("time", Time(added).to_string())
}

fn ending(ending: Option<Ending>) -> Option<Sentence> {
    Some(Sentence::new(match ending? {
        Ending::Finished => "explain.ended.finished",
        Ending::Stopped => "explain.ended.stopped",
        Ending::TimedOut => "explain.ended.timed-out",
        Ending::Limit => "explain.ended.limit",
        Ending::Crashed => "explain.ended.crashed",
    }))
}

/// What is known about the event being explained.
struct Facts<'a> {
    trace: &'a Trace,
    analysis: &'a Analysis,
    event: &'a Event,
    index: usize,
    lane: Option<&'a Lane>,
}

impl Facts<'_> {
    fn is_udp(&self) -> bool {
        self.trace.is_datagrams(self.event.connection)
    }

    /// A sentence that knows the actor, the call and the amounts.
    fn say(&self, key: &'static str) -> Sentence {
        Sentence::new(key)
            .with("who", speaker(self.trace, self.event.party))
            .with("peer", self.peer())
            .with("call", self.call_name().to_owned())
            .with("n", self.event.len())
    }

    fn plain(&self, key: &'static str) -> Explanation {
        Explanation {
            head: self.say(key),
            rest: Vec::new(),
        }
    }

    /// How much of its bytes was kept, if that is not all.
    fn not_kept(&self) -> Option<Sentence> {
        let (kept, more) = (self.event.bytes.len(), self.event.not_kept());
        let key = if kept == 0 {
            "explain.none-kept"
        } else {
            "explain.not-kept"
        };
        (more > 0).then(|| Sentence::new(key).with("n", kept).with("more", more))
    }

    /// The name of whoever is at the other end.
    fn peer(&self) -> Value {
        end_speaker(self.trace, self.event.connection, self.event.end.other())
    }

    /// An empty recv on a stream; an empty datagram is not the end of anything.
    fn is_end(&self) -> bool {
        self.event.is_eof() && !self.is_udp()
    }

    /// Whether the server refused the connection, before or after this event.
    fn is_refused(&self) -> bool {
        let mut events = self.trace.events().iter();
        let connection = self.event.connection;
        events.any(|event| event.call == Call::Refuse && event.connection == connection)
    }

    fn eof(&self) -> Explanation {
        let mut explanation = self.plain("explain.eof");
        if let Some(lane) = self.lane {
            explanation.rest.extend(self.refused_here(lane));
        }
        explanation
    }

    fn shutdown(&self) -> Explanation {
        let mut explanation = self.plain("explain.shutdown");
        explanation.rest.extend(self.ended());
        explanation
    }

    fn close(&self) -> Explanation {
        let mut explanation = self.plain("explain.close");
        explanation.rest.extend(self.counts());
        explanation.rest.extend(self.ended());
        let lane = self
            .analysis
            .lane(self.event.connection, Direction::FromOpener)
            .filter(|_| self.event.end == End::Acceptor);
        let Some(lane) = lane else {
            return explanation;
        };
        let wrong = lane.messages.iter().any(|m| m.kind.is_refuted());
        if wrong {
            explanation
                .rest
                .push(Sentence::new("explain.close.wrong-answer"));
        } else if let Some(failure) = &lane.failure {
            explanation
                .rest
                .push(Sentence::new("explain.close.refused"));
            explanation.rest.push(refusal(&failure.error));
        }
        explanation
    }

    /// What an error that names no connection is about: a datagram sent before.
    fn port_closed(&self, error: &str) -> Vec<Sentence> {
        let is_udp = self.trace.is_datagrams(self.event.connection);
        if !is_udp || !error.contains("refused") {
            return Vec::new();
        }
        let mut sentences = vec![self.say("explain.port-closed")];
        if self.event.call == Call::Send {
            sentences.push(self.say("explain.port-closed.unsent"));
        }
        sentences
    }

    /// Position of this event among the lane's spans.
    fn number(&self, spans: &[Span]) -> Option<usize> {
        let index = spans.partition_point(|span| span.event < self.index);
        (spans.get(index)?.event == self.index).then_some(index)
    }

    /// The lane's sends where the event is one, else its recvs.
    fn spans<'a>(&self, lane: &'a Lane) -> &'a [Span] {
        match self.event.call {
            Call::Send => &lane.sends,
            _ => &lane.recvs,
        }
    }

    fn span(&self, lane: &Lane) -> Option<Span> {
        let spans = self.spans(lane);
        self.number(spans).map(|index| spans[index])
    }
}

/// The clients of a plan, in their order.
const CLIENTS: [&str; MAX_CLIENTS] = [
    "actor.client1",
    "actor.client2",
    "actor.client3",
    "actor.client4",
];

/// What a party is called: the server and the clients of a plan have words in
/// every language, others the name that the record gives them.
pub fn name(trace: &Trace, party: PartyId) -> Value {
    if trace.plan.is_some() {
        if party == SERVER {
            return Value::Word("actor.server");
        }
        let mut clients = CLIENTS.iter().zip(ClientId::ALL);
        if let Some((word, _)) = clients.find(|(_, client)| client.party() == party) {
            return Value::Word(word);
        }
    }
    match trace.party(party) {
        Some(party) => Value::Text(party.name.clone()),
        None => Value::Text(party.0.to_string()),
    }
}

/// What a party is called in a sentence.
pub fn speaker(trace: &Trace, party: PartyId) -> Value {
    in_a_sentence(name(trace, party))
}

/// What [`end_name`] gives, as it is called in a sentence.
pub fn end_speaker(trace: &Trace, connection: ConnectionId, end: End) -> Value {
    in_a_sentence(end_name(trace, connection, end))
}

/// English has an article in front of a word that is no name.
fn in_a_sentence(name: Value) -> Value {
    match name {
        Value::Word("actor.server") => Value::Word("actor.the-server"),
        name => name,
    }
}

/// Who sends in a direction, and to whom; two of one name with their addresses.
pub fn ends(trace: &Trace, connection: ConnectionId, direction: Direction) -> [Value; 2] {
    let ends = [direction.sender(), direction.reader()];
    let names = ends.map(|end| end_name(trace, connection, end));
    if names[0] != names[1] {
        return names;
    }
    let found = trace.connection(connection);
    ends.map(|end| {
        let address = found.and_then(|found| found.end(end).address.clone());
        match (end_name(trace, connection, end), address) {
            (Value::Text(name), Some(address)) => {
                Value::Text([&name, " (", &address, ")"].concat())
            }
            (name, _) => name,
        }
    })
}

/// What is at an end of a connection: its party, or where nobody is known to
/// be there, its address.
pub fn end_name(trace: &Trace, connection: ConnectionId, end: End) -> Value {
    let endpoint = trace.connection(connection).map(|found| found.end(end));
    match endpoint.map(|endpoint| (endpoint.party, &endpoint.address)) {
        Some((Some(party), _)) => name(trace, party),
        Some((None, Some(address))) => Value::Text(address.clone()),
        _ => Value::Word("actor.unknown"),
    }
}
