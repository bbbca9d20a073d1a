//! A trace: what was observed, in the order of its times, and what is known of
//! what it means.

use std::collections::HashSet;

use protocol::Framing;
use record::{Call, Connection, ConnectionId, End, Event, Party, PartyId, Reason, Transport};
use serde::Deserialize;

use crate::lane::Direction;
use crate::link::{Capture, Ending, Line, VERSION};
use crate::told::Reference;
use crate::{Client, Experiment, Setup, plan};

mod earlier;
mod error;
#[cfg(test)]
mod tests;

pub use error::TraceError;

/// The largest offset a trace may hold: no run comes near it, and sums of
/// offsets and lengths stay far from the end of 64 bits.
pub const MAX_OFFSET: u64 = 1 << 48;
/// Most parties of a trace.
pub const MAX_PARTIES: usize = 4_096;
/// Most connections of a trace.
pub const MAX_CONNECTIONS: usize = 65_536;

/// What was observed, and what is known of what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was meant to happen, if that was planned: an experiment.
    pub plan: Option<Experiment>,
    /// Which lesson it is of, if anybody said.
    pub lesson: Option<Reference>,
    /// What is known of the connections; of an experiment, the plan tells.
    pub setup: Setup,
    /// Kernel name and release it ran on; empty if nobody said.
    pub kernel: String,
    /// Whether the wire was watched.
    pub capture: Capture,
    /// Packets the capture lost; none without one, or if it broke off.
    pub missed: Option<u32>,
    /// Datagrams that the acceptor's socket lost to its full buffer, once the
    /// run is over; none for streams.
    pub dropped: Option<u32>,
    /// Who makes calls, by number.
    pub parties: Vec<Party>,
    /// What connects them, by number.
    pub connections: Vec<Connection>,
    events: Vec<Event>,
    ending: Option<Ending>,
}

impl Trace {
    /// A run of `experiment` of which nothing has been observed yet.
    pub fn new(experiment: Experiment, kernel: String, capture: Capture) -> Self {
        Self {
            parties: plan::parties(&experiment),
            connections: plan::connections(&experiment),
            plan: Some(experiment),
            ..Self::without_plan(Setup::default(), kernel, capture)
        }
    }

    /// A record of whatever happens, without a plan.
    pub fn without_plan(setup: Setup, kernel: String, capture: Capture) -> Self {
        Self {
            plan: None,
            lesson: None,
            setup,
            kernel,
            capture,
            missed: None,
            dropped: None,
            parties: Vec::new(),
            connections: Vec::new(),
            events: Vec::new(),
            ending: None,
        }
    }

    /// Adds a party, or says more of one that is known already.
    pub fn add_party(&mut self, party: Party) {
        match self.parties.binary_search_by_key(&party.party, |p| p.party) {
            Ok(at) => self.parties[at] = party,
            Err(at) => self.parties.insert(at, party),
        }
    }

    /// Adds a connection, or says more of one that is known already.
    pub fn add_connection(&mut self, connection: Connection) {
        match self.find_connection(connection.connection) {
            Ok(at) => self.connections[at] = connection,
            Err(at) => self.connections.insert(at, connection),
        }
    }

    fn find_connection(&self, connection: ConnectionId) -> Result<usize, usize> {
        self.connections
            .binary_search_by_key(&connection, |c| c.connection)
    }

    /// The party with this number.
    pub fn party(&self, party: PartyId) -> Option<&Party> {
        let found = self.parties.binary_search_by_key(&party, |p| p.party);
        found.ok().map(|at| &self.parties[at])
    }

    /// The connection with this number.
    pub fn connection(&self, connection: ConnectionId) -> Option<&Connection> {
        let found = self.find_connection(connection);
        found.ok().map(|at| &self.connections[at])
    }

    /// Whose an end of a connection is.
    pub fn party_at(&self, connection: ConnectionId, end: End) -> Option<PartyId> {
        self.connection(connection)?.end(end).party
    }

    /// Whether the calls at an end of a connection were watched, by what the
    /// record says of it.
    pub(crate) fn is_watched(&self, connection: ConnectionId, end: End) -> bool {
        let found = self.connection(connection);
        found.is_some_and(|found| found.end(end).observed.calls)
    }

    /// Whether a connection carries datagrams.
    pub fn is_datagrams(&self, connection: ConnectionId) -> bool {
        let found = self.connection(connection);
        found.is_some_and(|found| found.transport == Transport::Udp)
    }

    /// The plan, and its client whose conversation a connection is.
    pub fn planned(&self, connection: ConnectionId) -> Option<(&Experiment, &Client)> {
        let experiment = self.plan.as_ref()?;
        Some((experiment, experiment.client_of(connection)?))
    }

    /// How the sender of this direction frames its messages, as far as it is known.
    pub fn framing(&self, direction: Direction) -> Framing {
        match (&self.plan, direction) {
            (Some(plan), Direction::FromOpener) => plan.rules().framing,
            (Some(_), Direction::FromAcceptor) => Framing::None,
            (None, Direction::FromOpener) => known(self.setup.opener_framing.as_ref()),
            (None, Direction::FromAcceptor) => known(self.setup.acceptor_framing.as_ref()),
        }
    }

    /// Whether an end of a connection sends with Nagle's algorithm; none where
    /// that is not known.
    pub fn nagle(&self, connection: ConnectionId, end: End) -> Option<bool> {
        match (&self.plan, end) {
            (Some(plan), End::Opener) => Some(plan.client_of(connection)?.nagle),
            // The lab's servers turn it off on every connection.
            (Some(_), End::Acceptor) => Some(false),
            (None, End::Opener) => self.setup.opener_nagle,
            (None, End::Acceptor) => self.setup.acceptor_nagle,
        }
    }

    /// Puts an event where its time belongs; events of the same time stay in
    /// the order they came. Returns its index.
    pub fn insert(&mut self, event: Event) -> usize {
        let later = self.events.iter().rev().take_while(|e| e.at > event.at);
        let index = self.events.len() - later.count();
        self.events.insert(index, event);
        index
    }

    /// The run is over. `missed` and `dropped` as in [`Line::Ended`].
    pub fn end(&mut self, why: Ending, missed: Option<u32>, dropped: Option<u32>) {
        self.ending = Some(why);
        self.missed = missed;
        self.dropped = dropped;
    }

    /// All events by time.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Why the run is over, once it is.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Whether calls were made that are not among the events, because the run was cut
    /// off: of what the events lack nothing follows then.
    pub fn lacks_calls(&self) -> bool {
        let cuts = self.events.iter().filter(|event| event.call == Call::Cut);
        let mut reasons = cuts.filter_map(|event| event.reason).peekable();
        match reasons.peek() {
            None => self.ending == Some(Ending::Limit),
            Some(_) => {
                reasons.any(|why| matches!(why, Reason::Calls | Reason::Bytes | Reason::Unread))
            }
        }
    }

    /// The trace as lines, the events by time.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let first = Line::Run {
            version: VERSION,
            run: 0,
            kernel: self.kernel.clone(),
            experiment: self.plan.clone(),
            lesson: self.lesson.clone().map(Box::new),
            setup: self.setup.clone(),
            capture: self.capture,
        };
        let parties = self.parties.iter().cloned().map(Line::Party);
        let connections = self.connections.iter().cloned().map(Line::Connection);
        let last = self.ending.map(|why| Line::Ended {
            events: u32::try_from(self.events.len()).unwrap_or(u32::MAX),
            why,
            missed: self.missed,
            dropped: self.dropped,
        });
        let events = self.events.iter().cloned().map(Line::Event);
        let first = std::iter::once(first).chain(parties).chain(connections);
        first.chain(events).chain(last)
    }

    /// Reads what [`Trace::lines`] gives, one JSON object a line.
    ///
    /// A byte order mark in front and white space behind are no part of it;
    /// if nothing else is there, it is empty. Then, line by line, the first
    /// that breaks a rule is refused:
    ///
    /// 1. Until the `run` line was read: a version above [`VERSION`] is
    ///    refused before anything else is looked at.
    /// 2. Each line is a JSON object of a known type; a blank line is none.
    /// 3. The first line is the `run` line, there is no second one; behind it
    ///    come parties, connections and events, then one `ended` line, and nothing behind that.
    /// 4. The experiment, if there is one, can be run ([`Experiment::validate`]).
    /// 5. Parties and connections stand in front of their events, each once; in
    ///    an experiment's trace they may be left out. Up to version 4 there are
    ///    none, and an event names a client of the experiment instead.
    /// 6. An event's offset, and then the one its header acknowledges, are at
    ///    most [`MAX_OFFSET`].
    /// 7. A decision has a reason that fits it; no other event has one.
    /// 8. The `ended` line's count is that of the events in front of it.
    ///
    /// At the end, an `ended` line was there. Events may come in any order;
    /// those of the same time stay in theirs.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        Self::parse_within(text, usize::MAX)
    }

    /// The same of a trace with at most `most` events.
    pub fn parse_within(text: &str, most: usize) -> Result<Self, TraceError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        if text.is_empty() {
            return Err(TraceError::Empty);
        }
        let mut trace: Option<Self> = None;
        let (mut line, mut written) = (0, VERSION);
        let mut named = (HashSet::new(), HashSet::new());
        for (index, json) in text.lines().enumerate() {
            line = index + 1;
            if trace.is_none() {
                match version(json) {
                    Some(found) if found > VERSION => return Err(TraceError::Version { found }),
                    found => written = found.unwrap_or(VERSION),
                }
            }
            let parsed = if written <= earlier::LAST {
                earlier::parse(json)
            } else {
                Line::parse(json)
            };
            let parsed = parsed.map_err(|error| TraceError::Line {
                line,
                error: error.to_string(),
            })?;
            match (parsed, &mut trace) {
                (
                    Line::Run {
                        kernel,
                        experiment,
                        lesson,
                        setup,
                        capture,
                        ..
                    },
                    None,
                ) => {
                    let mut begun = match experiment {
                        Some(experiment) => {
                            let valid = experiment.validate();
                            valid.map_err(|error| TraceError::Experiment { line, error })?;
                            Self::new(experiment, kernel, capture)
                        }
                        None => Self::without_plan(setup, kernel, capture),
                    };
                    begun.lesson = lesson.map(|lesson| *lesson);
                    trace = Some(begun);
                }
                (Line::Party(party), Some(trace)) if trace.ending.is_none() => {
                    if !named.0.insert(party.party) || trace.parties.len() >= MAX_PARTIES {
                        return Err(TraceError::Repeated { line });
                    }
                    trace.add_party(party);
                }
                (Line::Connection(connection), Some(trace)) if trace.ending.is_none() => {
                    let parties = [connection.opener.party, connection.acceptor.party];
                    for party in parties.into_iter().flatten() {
                        if trace.party(party).is_none() {
                            return Err(TraceError::Party { line, party });
                        }
                    }
                    let many = trace.connections.len() >= MAX_CONNECTIONS;
                    if !named.1.insert(connection.connection) || many {
                        return Err(TraceError::Repeated { line });
                    }
                    trace.add_connection(connection);
                }
                // Sorted once at the end: a file may have them in any order.
                (Line::Event(event), Some(trace)) if trace.ending.is_none() => {
                    if written <= earlier::LAST {
                        earlier::complete(trace, &event, line)?;
                    }
                    trace.check(&event, line)?;
                    if trace.events.len() == most {
                        return Err(TraceError::Events { most });
                    }
                    trace.events.push(event);
                }
                (
                    Line::Ended {
                        events,
                        why,
                        missed,
                        dropped,
                    },
                    Some(trace),
                ) if trace.ending.is_none() => {
                    let (said, found) = (events as usize, trace.events.len());
                    if said != found {
                        return Err(TraceError::Count { line, said, found });
                    }
                    trace.end(why, missed, dropped);
                }
                _ => return Err(TraceError::Order { line }),
            }
        }
        let mut trace = trace.ok_or(TraceError::Order { line })?;
        trace.events.sort_by_key(|event| event.at);
        match trace.ending {
            Some(_) => Ok(trace),
            None => Err(TraceError::Truncated { line }),
        }
    }
}

impl Trace {
    /// What a file's event may not be.
    fn check(&self, event: &Event, line: usize) -> Result<(), TraceError> {
        let (party, connection) = (event.party, event.connection);
        if self.party(party).is_none() {
            return Err(TraceError::Party { line, party });
        }
        if self.connection(connection).is_none() {
            return Err(TraceError::Connection { line, connection });
        }
        check_values(event, line)
    }
}

fn known(framing: Option<&Framing>) -> Framing {
    framing.cloned().unwrap_or(Framing::None)
}

fn check_values(event: &Event, line: usize) -> Result<(), TraceError> {
    let ack = event.header.as_ref().map_or(0, |header| header.ack.0);
    let beyond = [event.offset.0, ack].into_iter();
    match beyond.into_iter().find(|&offset| offset > MAX_OFFSET) {
        Some(offset) => Err(TraceError::Offset { line, offset }),
        None if !event.has_fitting_reason() => Err(TraceError::Reason {
            line,
            call: event.call,
            reason: event.reason,
        }),
        None => Ok(()),
    }
}

/// The version in a `run` line that may be unreadable because it is from a
/// later one.
fn version(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Run {
        version: u32,
    }
    serde_json::from_str::<Run>(json)
        .ok()
        .map(|run| run.version)
}
