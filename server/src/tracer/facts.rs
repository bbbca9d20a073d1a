//! The record that is made, and its bounds.

use std::collections::BTreeMap;

use record::{
    Call, Connection, ConnectionId, End, Ending, Event, Head, Party, PartyId, Reason, Record,
};

use super::notice::{Notice, Noticed};
use crate::filter::Limits;
use crate::news::{News, Telling};

/// A record while it is made.
#[derive(Debug)]
pub(super) struct Facts {
    record: Record,
    telling: Telling,
    limits: Limits,
    bytes: usize,
    is_full: bool,
    notices: BTreeMap<Notice, Noticed>,
}

impl Facts {
    pub(super) fn new(head: Head, limits: Limits, telling: Telling) -> Self {
        Self {
            record: Record::new(head),
            telling,
            limits,
            bytes: 0,
            is_full: false,
            notices: BTreeMap::new(),
        }
    }

    /// Whether nothing more is recorded.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether a call of which so many bytes are kept fits. If not, the record ends with an
    /// event that is like `event` and says so.
    pub(super) fn has_room(&mut self, bytes: usize, event: &Event) -> bool {
        if self.is_full {
            return false;
        }
        let events = u32::try_from(self.record.events().len()).unwrap_or(u32::MAX);
        let reason = if events >= self.limits.events.saturating_sub(1) {
            Reason::Calls
        } else if bytes > self.limits.bytes - self.bytes {
            Reason::Bytes
        } else {
            return true;
        };
        self.cut(reason, event);
        false
    }

    /// Nothing more is recorded: what came with `event` is too much.
    pub(super) fn cut(&mut self, reason: Reason, event: &Event) {
        self.is_full = true;
        self.insert(Event {
            reason: Some(reason),
            ..Event::new(event.at, event.origin(), Call::Cut)
        });
    }

    /// Adds an event that [`has_room`](Self::has_room).
    pub(super) fn add(&mut self, event: Event) {
        if self.has_room(event.bytes.len(), &event) {
            self.bytes += event.bytes.len();
            self.insert(event);
        }
    }

    fn insert(&mut self, event: Event) {
        self.telling.tell(|| News::Event(event.clone()));
        self.record.insert(event);
    }

    pub(super) fn add_party(&mut self, party: Party) {
        self.telling.tell(|| News::Party(party.clone()));
        self.record.add_party(party);
    }

    /// Adds a connection, or says more of one that is known already.
    pub(super) fn add_connection(&mut self, connection: Connection) {
        self.telling.tell(|| News::Connection(connection.clone()));
        self.record.add_connection(connection);
    }

    /// Whose an end of a connection is.
    pub(super) fn party_at(&self, connection: ConnectionId, end: End) -> Option<PartyId> {
        self.record.party_at(connection, end)
    }

    /// The latest event.
    pub(super) fn last(&self) -> Option<&Event> {
        self.record.events().last()
    }

    /// The record so far.
    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// Notes what cannot be seen, and whose calls it is about.
    pub(super) fn notice(&mut self, notice: Notice, who: impl FnOnce() -> String) {
        let noticed = self.notices.entry(notice).or_insert_with(|| Noticed {
            who: who(),
            times: 0,
        });
        noticed.times += 1;
    }

    /// The record as it is at its end, and what could not be seen.
    pub(super) fn finish(mut self) -> (Record, BTreeMap<Notice, Noticed>) {
        let ending = if self.is_full {
            Ending::Limit
        } else {
            Ending::Finished
        };
        self.record.end(ending, None, None);
        (self.record, self.notices)
    }
}
