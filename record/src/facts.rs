//! All that was observed in one recording.

use protocol::Nanos;

use crate::{
    Call, Capture, Connection, ConnectionId, End, Ended, Ending, Event, Head, Party, PartyId,
    Reason, Transport,
};

/// Most parties of a record.
pub const MAX_PARTIES: usize = 4_096;
/// Most connections of a record.
pub const MAX_CONNECTIONS: usize = 65_536;

/// What one recording observed: parties, connections, and events in the order
/// of their times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What recorded it, where and when.
    pub head: Head,
    /// Who makes calls, by number.
    pub parties: Vec<Party>,
    /// What connects them, by number.
    pub connections: Vec<Connection>,
    /// Packets the capture lost; none without one, or if it broke off.
    pub missed: Option<u32>,
    /// Datagrams that the acceptor's socket lost to its full buffer, once the
    /// run is over; none for streams.
    pub dropped: Option<u32>,
    events: Vec<Event>,
    ending: Option<Ending>,
}

impl Record {
    /// A recording that observed nothing yet.
    pub fn new(head: Head) -> Self {
        Self {
            head,
            ..Self::default()
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
    pub fn is_watched(&self, connection: ConnectionId, end: End) -> bool {
        let found = self.connection(connection);
        found.is_some_and(|found| found.end(end).observed.calls)
    }

    /// What carries a connection's bytes; of one that is not known, TCP.
    pub fn transport(&self, connection: ConnectionId) -> Transport {
        let found = self.connection(connection);
        found.map_or(Transport::Tcp, |found| found.transport)
    }

    /// Whether a connection carries datagrams.
    pub fn is_datagrams(&self, connection: ConnectionId) -> bool {
        self.transport(connection) == Transport::Udp
    }

    /// Whether the packets of a connection were captured, by what the record says of it.
    /// Where it does not say of which, those of all.
    pub fn is_captured(&self, connection: ConnectionId) -> bool {
        let of = |connection: &Connection| {
            connection.opener.observed.packets || connection.acceptor.observed.packets
        };
        let is_said = || self.connections.iter().any(of);
        let found = self.connection(connection);
        self.head.capture == Capture::On
            && found
                .is_none_or(|found| of(found) || found.transport != Transport::Unix && !is_said())
    }

    /// Puts an event where its time belongs; events of the same time stay in
    /// the order they came. Returns its index.
    pub fn insert(&mut self, event: Event) -> usize {
        let later = self.events.iter().rev().take_while(|e| e.at > event.at);
        let index = self.events.len() - later.count();
        self.events.insert(index, event);
        index
    }

    /// Adds events of any times; cheaper than inserting them one by one.
    pub fn extend(&mut self, events: Vec<Event>) {
        self.events.extend(events);
        self.events.sort_by_key(|event| event.at);
    }

    /// It is over. `missed` and `dropped` as in [`Ended`].
    pub fn end(&mut self, why: Ending, missed: Option<u32>, dropped: Option<u32>) {
        self.ending = Some(why);
        self.missed = missed;
        self.dropped = dropped;
    }

    /// All events by time.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Says anew who made events, where `party` knows it.
    pub(crate) fn change_parties(&mut self, party: impl Fn(&Event) -> Option<PartyId>) {
        for event in &mut self.events {
            event.party = party(event).unwrap_or(event.party);
        }
    }

    /// Moves all events by so much time; they stay in their order.
    pub(crate) fn shift(&mut self, by: Nanos) {
        for event in &mut self.events {
            event.at = Nanos(event.at.0.saturating_add(by.0));
        }
    }

    /// Why it is over, once it is.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Whether calls were made that are not among the events, because the run was cut
    /// off: of what the events lack nothing follows then.
    pub fn lacks_calls(&self) -> bool {
        let cuts = self.events.iter().filter(|event| event.call == Call::Cut);
        let mut reasons = cuts.filter_map(|event| event.reason).peekable();
        match reasons.peek() {
            _ if self.ending == Some(Ending::Crashed) => true,
            None => self.ending == Some(Ending::Limit),
            Some(_) => {
                reasons.any(|why| matches!(why, Reason::Calls | Reason::Bytes | Reason::Unread))
            }
        }
    }

    /// Its last line, once it is over.
    pub fn ended(&self) -> Option<Ended> {
        self.ending.map(|why| Ended {
            events: u32::try_from(self.events.len()).unwrap_or(u32::MAX),
            why,
            missed: self.missed,
            dropped: self.dropped,
        })
    }
}
