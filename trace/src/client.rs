//! An experiment's programs as parties: its server is party 0 and its clients
//! are parties 1 and 2. Connection 2 n + k - 1 is the n-th of client k, counted
//! from 0: its conversation first, then those that it merely holds.

use std::fmt;

use record::{ConnectionId, End, Origin, PartyId};
use serde::{Deserialize, Serialize};

/// Most clients in one experiment.
pub const MAX_CLIENTS: usize = 2;
/// The experiment's server.
pub const SERVER: PartyId = PartyId(0);

/// Which of an experiment's clients, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct ClientId(u8);

impl ClientId {
    /// The first client.
    pub const FIRST: Self = Self(1);
    /// The second client.
    pub const SECOND: Self = Self(2);
    /// All that an experiment may have, in order.
    pub const ALL: [Self; MAX_CLIENTS] = [Self::FIRST, Self::SECOND];

    /// Position in a list of clients, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// The client as a party.
    pub const fn party(self) -> PartyId {
        PartyId(self.0 as u32)
    }

    /// Its connection `number`: 0 is its conversation with the server.
    #[expect(clippy::cast_possible_truncation, reason = "there are few clients")]
    pub fn connection(self, number: u16) -> ConnectionId {
        ConnectionId(u32::from(number) * MAX_CLIENTS as u32 + self.index() as u32)
    }

    /// Whose a connection is, and its number.
    pub fn of(connection: ConnectionId) -> (Self, u32) {
        let clients = Self::ALL.len();
        let number = connection.0 as usize;
        let rounds = u32::try_from(number / clients).unwrap_or(u32::MAX);
        (Self::ALL[number % clients], rounds)
    }

    /// The client, in its conversation.
    pub fn opener(self) -> Origin {
        Origin {
            party: self.party(),
            connection: self.connection(0),
            end: End::Opener,
        }
    }

    /// The server, in its conversation with the client.
    pub fn acceptor(self) -> Origin {
        Origin {
            party: SERVER,
            connection: self.connection(0),
            end: End::Acceptor,
        }
    }
}

impl From<ClientId> for u8 {
    fn from(client: ClientId) -> Self {
        client.0
    }
}

impl TryFrom<u8> for ClientId {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|client| client.0 == number);
        found.ok_or_else(|| format!("there is no client {number}: clients are 1 and 2"))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
