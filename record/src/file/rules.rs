//! What the lines behind the `run` line have to keep to, one by one: those of a file, and
//! those that another process says.

use std::collections::HashSet;

use super::{Line, MAX_OFFSET, RecordError};
use crate::{ConnectionId, Event, MAX_CONNECTIONS, MAX_PARTIES, PartyId, Record};

/// Rules 3 to 8 of [`Reader`](super::Reader), checked line by line.
#[derive(Debug, Default)]
pub struct Rules {
    parties: HashSet<PartyId>,
    connections: HashSet<ConnectionId>,
    events: usize,
}

impl Rules {
    /// Events that were taken.
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Takes a line, which is number `line` of its file, with at most `most` events in all.
    /// Adds it to `record`, unless it is an event: that is only checked and counted.
    ///
    /// # Errors
    /// The rule that the line breaks.
    pub fn take<P>(
        &mut self,
        record: &mut Record,
        parsed: &Line<P>,
        line: usize,
        most: usize,
    ) -> Result<(), RecordError> {
        if record.ending().is_some() {
            return Err(RecordError::Order { line });
        }
        match parsed {
            Line::Party(party) => {
                if !self.parties.insert(party.party) || record.parties.len() >= MAX_PARTIES {
                    return Err(RecordError::Repeated { line });
                }
                record.add_party(party.clone());
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
                record.add_connection(connection.clone());
            }
            Line::Event(event) => {
                check(record, event, line)?;
                if self.events == most {
                    return Err(RecordError::Events { most });
                }
                self.events += 1;
            }
            Line::Ended(ended) => {
                let (said, found) = (ended.events as usize, self.events);
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
