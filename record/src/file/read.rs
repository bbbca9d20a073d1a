//! Reads a file, and refuses what breaks a rule.

use std::collections::HashSet;
use std::iter::Enumerate;
use std::str::Lines;

use serde::Deserialize;

use super::{Line, MAX_OFFSET, RecordError, VERSION, earlier};
use crate::{ConnectionId, Event, MAX_CONNECTIONS, MAX_PARTIES, PartyId, Record};

/// Reads the lines of a file, one JSON object a line: the `run` line in
/// [`new`](Self::new), all others in [`read`](Self::read).
///
/// A byte order mark in front and white space behind are no part of it;
/// if nothing else is there, it is empty. Then, line by line, the first
/// that breaks a rule is refused:
///
/// 1. Until the `run` line was read: a version above [`VERSION`] is
///    refused before anything else is looked at.
/// 2. Each line is a JSON object of a known type; a blank line is none.
/// 3. The first line is the `run` line, there is no second one; behind it
///    come parties, connections and events, then one `ended` line, and nothing
///    behind that.
/// 4. Parties and connections stand in front of their events, each once; those
///    that the reader's `record` has before may be left out. Up to version 4
///    there are none, and an event names a client instead.
/// 5. An event's offset, and then the one its header acknowledges, are at
///    most [`MAX_OFFSET`].
/// 6. A decision has a reason that fits it; no other event has one.
/// 7. Only a call of which fewer bytes were kept than it transferred has a length, and
///    the `run` line says then how many are kept at most.
/// 8. The `ended` line's count is that of the events in front of it.
///
/// At the end, an `ended` line was there. Events may come in any order;
/// those of the same time stay in theirs.
#[derive(Debug)]
pub struct Reader<'a, P> {
    /// What stands of a plan in the `run` line.
    pub plan: P,
    /// What was read. Parties and connections that the plan implies may be
    /// added before the rest is read.
    pub record: Record,
    version: u32,
    lines: Enumerate<Lines<'a>>,
    parties: HashSet<PartyId>,
    connections: HashSet<ConnectionId>,
    events: Vec<Event>,
}

impl<'a, P: for<'de> Deserialize<'de>> Reader<'a, P> {
    /// Reads the `run` line of the file with this text.
    pub fn new(text: &'a str) -> Result<Self, RecordError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        let mut lines = text.lines().enumerate();
        let Some((_, first)) = lines.next() else {
            return Err(RecordError::Empty);
        };
        let version = match version(first) {
            Some(found) if found > VERSION => return Err(RecordError::Version { found }),
            found => found.unwrap_or(VERSION),
        };
        let Line::Run(run) = parse(version, first, 1)? else {
            return Err(RecordError::Order { line: 1 });
        };
        Ok(Self {
            plan: run.plan,
            record: Record::new(run.head),
            version,
            lines,
            parties: HashSet::new(),
            connections: HashSet::new(),
            events: Vec::new(),
        })
    }

    /// Reads the rest, of at most `most` events.
    pub fn read(self, most: usize) -> Result<(Record, P), RecordError> {
        match self.read_truncated(most)? {
            (record, plan, None) => Ok((record, plan)),
            (.., Some(error)) => Err(error),
        }
    }

    /// Reads the rest of a file that may have been cut off, in a line or behind one: what
    /// stands before that, without an ending, and the error.
    pub fn read_truncated(
        mut self,
        most: usize,
    ) -> Result<(Record, P, Option<RecordError>), RecordError> {
        let mut line = 1;
        let mut truncated = None;
        while let Some((index, json)) = self.lines.next() {
            line = index + 1;
            let parsed = match parse(self.version, json, line) {
                Ok(parsed) => parsed,
                Err(error) => {
                    let is_last = self.lines.next().is_none();
                    if !is_last || self.record.ending().is_some() {
                        return Err(error);
                    }
                    truncated = Some(error);
                    break;
                }
            };
            if self.record.ending().is_some() {
                return Err(RecordError::Order { line });
            }
            self.handle(parsed, line, most)?;
        }
        if self.record.ending().is_none() {
            truncated.get_or_insert(RecordError::Truncated { line });
        }
        self.record.extend(self.events);
        Ok((self.record, self.plan, truncated))
    }

    fn handle(&mut self, parsed: Line<P>, line: usize, most: usize) -> Result<(), RecordError> {
        let record = &mut self.record;
        match parsed {
            Line::Party(party) => {
                if !self.parties.insert(party.party) || record.parties.len() >= MAX_PARTIES {
                    return Err(RecordError::Repeated { line });
                }
                record.add_party(party);
            }
            Line::Connection(connection) => {
                let parties = [connection.opener.party, connection.acceptor.party];
                for party in parties.into_iter().flatten() {
                    if record.party(party).is_none() {
                        return Err(RecordError::Party { line, party });
                    }
                }
                let many = record.connections.len() >= MAX_CONNECTIONS;
                if !self.connections.insert(connection.connection) || many {
                    return Err(RecordError::Repeated { line });
                }
                record.add_connection(connection);
            }
            Line::Event(event) => {
                if self.version <= earlier::LAST {
                    earlier::complete(record, &event, line)?;
                }
                check(record, &event, line)?;
                if self.events.len() == most {
                    return Err(RecordError::Events { most });
                }
                // Sorted once at the end.
                self.events.push(event);
            }
            Line::Ended(ended) => {
                let (said, found) = (ended.events as usize, self.events.len());
                if said != found {
                    return Err(RecordError::Count { line, said, found });
                }
                record.end(ended.why, ended.missed, ended.dropped);
            }
            _ => return Err(RecordError::Order { line }),
        }
        Ok(())
    }
}

fn parse<P: for<'de> Deserialize<'de>>(
    version: u32,
    json: &str,
    line: usize,
) -> Result<Line<P>, RecordError> {
    let parsed = if version <= earlier::LAST {
        earlier::parse(json)
    } else {
        Line::parse(json)
    };
    parsed.map_err(|error| RecordError::Line {
        line,
        error: error.to_string(),
    })
}

/// What an event may not be.
fn check(record: &Record, event: &Event, line: usize) -> Result<(), RecordError> {
    let (party, connection) = (event.party, event.connection);
    if record.party(party).is_none() {
        return Err(RecordError::Party { line, party });
    }
    if record.connection(connection).is_none() {
        return Err(RecordError::Connection { line, connection });
    }
    let ack = event.header.as_ref().map_or(0, |header| header.ack.0);
    let mut offsets = [event.offset.0, ack].into_iter();
    match offsets.find(|&offset| offset > MAX_OFFSET) {
        Some(offset) => Err(RecordError::Offset { line, offset }),
        None if !event.has_fitting_reason() => Err(RecordError::Reason {
            line,
            call: event.call,
            reason: event.reason,
        }),
        None if !event.has_fitting_length(record.head.snap) => Err(RecordError::Length {
            line,
            call: event.call,
            length: event.length.unwrap_or(0),
            kept: event.bytes.len(),
            snap: record.head.snap,
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
