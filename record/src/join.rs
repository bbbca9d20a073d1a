//! Two records of one machine as one: their connections are put together by their
//! addresses, their times by the clock in their heads.

#[cfg(test)]
mod tests;

use core::net::{IpAddr, SocketAddr};
use std::collections::{HashMap, HashSet};

use protocol::Nanos;

use crate::{
    Capture, ClockName, Connection, ConnectionId, End, Ending, Endpoint, Event, MAX_CONNECTIONS,
    MAX_PARTIES, Note, Observed, Party, PartyId, Record, Transport,
};

/// Two observations of one connection may be apart by so much: the last packets follow
/// the close of a socket.
const APART: Nanos = Nanos(1_000_000_000);

/// Why two records cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// One of them does not say which clock its times are of.
    #[error("a record without a clock cannot be joined")]
    NoClock,
    /// Their times are of two clocks, or of two machines or boots.
    #[error("their times are of two clocks: records of the same boot of one machine can be joined")]
    OtherClock,
    /// There are more parties or connections than a record may have.
    #[error("together they have more parties or connections than a record may have")]
    TooMany,
}

/// Which of another record's connections are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// All.
    All,
    /// Those that the first record has, too.
    Common,
}

impl Record {
    /// Adds what `other` observed. An end whose calls both observed is no common one, and
    /// of packets that both observed those of this record stay.
    ///
    /// # Errors
    /// Their times have nothing to do with each other, or there is too much.
    pub fn join(mut self, mut other: Self) -> Result<Self, JoinError> {
        let clocks = self.head.clock.zip(other.head.clock);
        let (own, its) = clocks.ok_or(JoinError::NoClock)?;
        let is_one_boot = self.head.boot == other.head.boot && !self.head.boot.is_empty();
        // Nobody sets the monotonic clock, and it begins anew with each boot.
        let is_one_clock = own.name == ClockName::Realtime || is_one_boot;
        if own.name != its.name || !is_one_clock {
            return Err(JoinError::OtherClock);
        }
        if its.zero < own.zero {
            std::mem::swap(&mut self, &mut other);
        }
        let later = own.zero.abs_diff(its.zero);
        other.shift(Nanos(later));
        self.add(&other, Joined::All)?;
        Ok(self)
    }

    /// Adds what `other` observed, whose times count from the same moment.
    ///
    /// # Errors
    /// [`JoinError::TooMany`].
    pub fn add(&mut self, other: &Self, which: Joined) -> Result<(), JoinError> {
        let common = common(self, other);
        let missed = match (self.missed, other.missed) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (one, two) => one.or(two),
        };
        let why = match (self.ending(), other.ending()) {
            (Some(Ending::Finished) | None, Some(why)) => Some(why),
            (why, _) => why,
        };
        if other.head.capture == Capture::On {
            self.head.capture = Capture::On;
        }
        self.head.snap = self.head.snap.max(other.head.snap);
        self.head.added_per_call = self.head.added_per_call.max(other.head.added_per_call);
        if self.head.note == Note::default() {
            self.head.note = other.head.note.clone();
            self.head
                .note_language
                .clone_from(&other.head.note_language);
        }
        let dropped = self.dropped.or(other.dropped);
        let mut joining = Joining {
            record: self,
            common,
            parties: HashMap::new(),
            connections: HashMap::new(),
        };
        joining.add(other, which)?;
        self.attribute_packets();
        if let Some(why) = why {
            self.end(why, missed, dropped);
        }
        Ok(())
    }
}

impl Record {
    /// Packets are of the party at their end, once one is known there; hosts of which
    /// nothing is left are no parties.
    fn attribute_packets(&mut self) {
        let known: HashMap<_, _> = self
            .connections
            .iter()
            .map(|connection| {
                (
                    connection.connection,
                    End::ALL.map(|end| connection.end(end).party),
                )
            })
            .collect();
        self.change_parties(|event| {
            let parties = known.get(&event.connection)?;
            let at = usize::from(event.end == End::Acceptor);
            parties[at].filter(|_| event.call.is_packet())
        });
        let ends = known.values().flatten().copied().flatten();
        let events = self.events().iter().map(|event| event.party);
        let named: HashSet<_> = ends.chain(events).collect();
        self.parties.retain(|party| named.contains(&party.party));
    }
}

/// Where a connection of another record belongs.
#[derive(Clone, Copy, Debug)]
struct Place {
    connection: ConnectionId,
    /// Whether its ends are the other way round.
    is_turned: bool,
    /// Whether its packets are known already.
    has_packets: bool,
}

struct Joining<'a> {
    record: &'a mut Record,
    common: HashMap<ConnectionId, Place>,
    /// Numbers of the other record's parties in this one.
    parties: HashMap<PartyId, PartyId>,
    connections: HashMap<ConnectionId, Place>,
}

impl Joining<'_> {
    fn add(&mut self, other: &Record, which: Joined) -> Result<(), JoinError> {
        for connection in &other.connections {
            let place = self.common.get(&connection.connection).copied();
            let place = match place {
                Some(place) => {
                    self.merge(other, connection, place)?;
                    place
                }
                None if which == Joined::Common => continue,
                None => self.new_connection(other, connection)?,
            };
            self.connections.insert(connection.connection, place);
        }
        let mut events = Vec::new();
        for event in other.events() {
            let Some(&place) = self.connections.get(&event.connection) else {
                continue;
            };
            if place.has_packets && event.call.is_packet() {
                continue;
            }
            let end = turned(event.end, place.is_turned);
            let own = self.record.party_at(place.connection, end);
            let party = match own {
                Some(own) if event.call.is_packet() => own,
                _ => self.party(other, event.party)?,
            };
            events.push(Event {
                party,
                end,
                connection: place.connection,
                ..event.clone()
            });
        }
        self.record.extend(events);
        Ok(())
    }

    /// Says more of a connection that this record has.
    fn merge(
        &mut self,
        other: &Record,
        connection: &Connection,
        place: Place,
    ) -> Result<(), JoinError> {
        let Some(mut known) = self.record.connection(place.connection).cloned() else {
            return Ok(());
        };
        for end in End::ALL {
            let more = connection.end(turned(end, place.is_turned));
            let party = match more.party {
                Some(party) => Some(self.party(other, party)?),
                None => None,
            };
            let own = match end {
                End::Opener => &mut known.opener,
                End::Acceptor => &mut known.acceptor,
            };
            own.party = own.party.or(party);
            if own.address.as_deref().is_none_or(is_any) && more.address.is_some() {
                own.address.clone_from(&more.address);
            }
            own.observed = Observed {
                calls: own.observed.calls || more.observed.calls,
                queues: own.observed.queues || more.observed.queues,
                packets: own.observed.packets || more.observed.packets,
            };
        }
        self.record.add_connection(known);
        Ok(())
    }

    fn new_connection(
        &mut self,
        other: &Record,
        connection: &Connection,
    ) -> Result<Place, JoinError> {
        if self.record.connections.len() >= MAX_CONNECTIONS {
            return Err(JoinError::TooMany);
        }
        let last = self.record.connections.last();
        let id = ConnectionId(
            last.map_or(Some(0), |last| last.connection.0.checked_add(1))
                .ok_or(JoinError::TooMany)?,
        );
        let mut added = connection.clone();
        added.connection = id;
        for end in [&mut added.opener, &mut added.acceptor] {
            if let Some(party) = end.party {
                end.party = Some(self.party(other, party)?);
            }
        }
        self.record.add_connection(added);
        Ok(Place {
            connection: id,
            is_turned: false,
            has_packets: false,
        })
    }

    /// The number in this record of a party of the other one.
    fn party(&mut self, other: &Record, party: PartyId) -> Result<PartyId, JoinError> {
        if let Some(&known) = self.parties.get(&party) {
            return Ok(known);
        }
        let parties = &self.record.parties;
        if parties.len() >= MAX_PARTIES {
            return Err(JoinError::TooMany);
        }
        let last = parties.last();
        let id = PartyId(
            last.map_or(Some(0), |last| last.party.0.checked_add(1))
                .ok_or(JoinError::TooMany)?,
        );
        let found = other.party(party).cloned();
        let mut added = found.unwrap_or_else(|| Party::new(party, party.0.to_string()));
        added.party = id;
        let is_taken = |name: &str| parties.iter().any(|known| known.name == name);
        if is_taken(&added.name) {
            let number = added.process.unwrap_or(id.0).to_string();
            added.name = [&added.name, " (", &number, ")"].concat();
        }
        self.record.add_party(added);
        self.parties.insert(party, id);
        Ok(id)
    }
}

fn turned(end: End, is_turned: bool) -> End {
    if is_turned { end.other() } else { end }
}

/// What a connection is found by: what carries it, and both ports, the lower one first.
type Key = (Transport, [u16; 2]);

/// A connection that may be found in another record: its addresses are known, and
/// something happened on it.
#[derive(Clone, Debug)]
pub struct Candidate {
    connection: ConnectionId,
    key: Key,
    ends: [SocketAddr; 2],
    /// When its first and its last event were.
    life: [Nanos; 2],
    /// Whether the calls at its ends were observed.
    calls: [bool; 2],
    has_packets: bool,
}

impl Candidate {
    /// A connection whose first and last event were at these times; none if it cannot be
    /// found by its addresses.
    pub fn new(connection: &Connection, life: [Nanos; 2]) -> Option<Self> {
        let ends = [address(&connection.opener)?, address(&connection.acceptor)?];
        let mut ports = ends.map(|end| end.port());
        ports.sort_unstable();
        let observed = [connection.opener.observed, connection.acceptor.observed];
        Some(Self {
            connection: connection.connection,
            key: (connection.transport, ports),
            ends,
            life,
            calls: observed.map(|observed| observed.calls),
            has_packets: observed.iter().any(|observed| observed.packets),
        })
    }

    /// Whether two candidates are one connection, and whether its ends are the other way
    /// round in the second one.
    fn fits(&self, other: &Self) -> Option<bool> {
        let is_at_once =
            self.life[0] <= other.life[1] + APART && other.life[0] <= self.life[1] + APART;
        let is_turned = if are_same(self.ends, other.ends) {
            false
        } else if are_same(self.ends, [other.ends[1], other.ends[0]]) {
            true
        } else {
            return None;
        };
        let its = if is_turned {
            [other.calls[1], other.calls[0]]
        } else {
            other.calls
        };
        let is_double = self.calls.iter().zip(its).any(|(own, its)| *own && its);
        (is_at_once && !is_double).then_some(is_turned)
    }
}

/// The connections of a record that those of another one may be.
#[derive(Clone, Debug, Default)]
pub struct Candidates(HashMap<Key, Vec<Candidate>>);

impl Candidates {
    /// One more.
    pub fn add(&mut self, candidate: Candidate) {
        self.0.entry(candidate.key).or_default().push(candidate);
    }

    /// Takes the one that a connection of another record is: that which began closest to
    /// it. Gives its number, and whether its ends are the other way round there.
    pub fn take(&mut self, wanted: &Candidate) -> Option<(ConnectionId, bool)> {
        let taken = self.find(wanted)?;
        Some((taken.connection, taken.is_turned))
    }

    fn find(&mut self, wanted: &Candidate) -> Option<Place> {
        let known = self.0.get_mut(&wanted.key)?;
        let fitting = known.iter().enumerate().filter_map(|(at, candidate)| {
            let is_turned = candidate.fits(wanted)?;
            let between = candidate.life[0].0.abs_diff(wanted.life[0].0);
            Some((between, at, is_turned))
        });
        let (_, at, is_turned) = fitting.min_by_key(|(between, ..)| *between)?;
        let found = known.remove(at);
        Some(Place {
            connection: found.connection,
            is_turned,
            has_packets: found.has_packets,
        })
    }
}

/// The connections that both records have, by their numbers in the second one.
fn common(one: &Record, other: &Record) -> HashMap<ConnectionId, Place> {
    let mut own = Candidates::default();
    for candidate in candidates(one) {
        own.add(candidate);
    }
    let mut found = HashMap::new();
    for wanted in candidates(other) {
        if let Some(place) = own.find(&wanted) {
            found.insert(wanted.connection, place);
        }
    }
    found
}

/// The connections that may be found, by time.
fn candidates(record: &Record) -> Vec<Candidate> {
    let mut lives: HashMap<ConnectionId, [Nanos; 2]> = HashMap::new();
    for event in record.events() {
        let life = lives.entry(event.connection).or_insert([event.at; 2]);
        life[1] = event.at.max(life[1]);
    }
    let mut all: Vec<_> = record
        .connections
        .iter()
        .filter_map(|connection| Candidate::new(connection, *lives.get(&connection.connection)?))
        .collect();
    all.sort_by_key(|candidate| candidate.life[0]);
    all
}

fn address(end: &Endpoint) -> Option<SocketAddr> {
    let address: SocketAddr = end.address.as_ref()?.parse().ok()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

fn are_same(one: [SocketAddr; 2], other: [SocketAddr; 2]) -> bool {
    let is_one = |one: SocketAddr, other: SocketAddr| {
        let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
        one.port() == other.port() && (is_any || one.ip() == other.ip())
    };
    is_one(one[0], other[0]) && is_one(one[1], other[1])
}

/// Whether an address stands for all of its machine.
fn is_any(address: &str) -> bool {
    let parsed = address.parse::<SocketAddr>();
    parsed.is_ok_and(|address| IpAddr::is_unspecified(&address.ip()))
}
