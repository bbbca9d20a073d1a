//! An experiment's programs as parties: its server is party 0 and its clients
//! are parties 1 to 4. Connection 2 n + k - 1 is the n-th of client k, counted
//! from 0: its conversation first, then those that it merely holds. The first two clients
//! have the numbers below 256; those of clients 3 and 4 follow the same rule behind them:
//! 256 + 2 n + k - 3.

use std::fmt;

use record::{ConnectionId, End, Origin, PartyId};
use serde::{Deserialize, Serialize};

/// Most clients in one experiment.
pub const MAX_CLIENTS: usize = 4;
/// The experiment's server.
pub const SERVER: PartyId = PartyId(0);

/// So many clients share a range of numbers of connections.
const PAIR: u32 = 2;
/// Numbers of connections in such a range: more than two clients may have.
const RANGE: u32 = 256;

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
    pub const ALL: [Self; MAX_CLIENTS] = [Self::FIRST, Self::SECOND, Self(3), Self(4)];

    /// Position in a list of clients, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// The client as a party.
    pub const fn party(self) -> PartyId {
        PartyId(self.0 as u32)
    }

    /// Its connection `number`: 0 is its conversation with the server.
    pub fn connection(self, number: u16) -> ConnectionId {
        let index = u32::from(self.0 - 1);
        ConnectionId(index / PAIR * RANGE + u32::from(number) * PAIR + index % PAIR)
    }

    /// Whose a connection is, and its number.
    pub fn of(connection: ConnectionId) -> (Self, u32) {
        let (pair, number) = match connection.0.checked_sub(RANGE) {
            Some(number) => (&Self::ALL[2..], number),
            None => (&Self::ALL[..2], connection.0),
        };
        let is_other = number % PAIR == 1;
        (pair[usize::from(is_other)], number / PAIR)
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
        found.ok_or_else(|| format!("there is no client {number}: clients are 1 to 4"))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::MAX_CONNECTIONS;

    #[test]
    fn each_connection_is_of_one_client() {
        let mut all = Vec::new();
        for client in ClientId::ALL {
            // One client may have all of them, and each other has one.
            for number in 0..MAX_CONNECTIONS + 4 {
                let connection = client.connection(number);
                let found = ClientId::of(connection);
                assert_eq!(found, (client, u32::from(number)), "{connection:?}");
                all.push(connection);
            }
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        // The conversations are in the order of their clients.
        let conversations = ClientId::ALL.map(|client| client.connection(0).0);
        assert_eq!(conversations, [0, 1, 256, 257]);
        // Whatever a record says, there is a client.
        assert_eq!(ClientId::of(ConnectionId(u32::MAX)).0, ClientId::ALL[3]);
    }
}
