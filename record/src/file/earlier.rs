//! Files of version 1 to 4: always of an experiment, whose events name an actor
//! and a client instead of a party and a connection. The server is party 0, the
//! clients are parties 1 and 2; connection 2 n + k - 1 is the n-th of client k,
//! counted from 0: its conversation first, then those like it that it merely
//! held.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Error, Value};

use super::{Line, RecordError};
use crate::{ConnectionId, End, Event, MAX_CONNECTIONS, PartyId, Record};

/// The last version of this kind.
pub(super) const LAST: u32 = 4;

const CLIENTS: u32 = 2;

/// Reads a line. An event's `actor`, `client` and `connection` become what
/// they are in a file of today.
pub(super) fn parse<P: DeserializeOwned>(json: &str) -> Result<Line<P>, Error> {
    let mut line: Value = serde_json::from_str(json)?;
    let is_event = line["type"] == "event";
    let (true, Some(fields)) = (is_event, line.as_object_mut()) else {
        return Line::parse(json);
    };
    let mut take = |name: &str| fields.remove(name);
    let actor: Actor = required(take("actor"), "actor")?;
    let client: u32 = required(take("client"), "client")?;
    let number: Option<u16> = take("connection").map(serde_json::from_value).transpose()?;
    if !(1..=CLIENTS).contains(&client) {
        return Err(Error::custom(format_args!(
            "there is no client {client}: clients are 1 and 2"
        )));
    }
    let (party, end) = match actor {
        Actor::Server => (0, End::Acceptor),
        Actor::Client1 => (1, End::Opener),
        Actor::Client2 => (2, End::Opener),
    };
    let connection = u32::from(number.unwrap_or(0)) * CLIENTS + client - 1;
    fields.insert("party".to_owned(), party.into());
    fields.insert("connection".to_owned(), connection.into());
    fields.insert("end".to_owned(), end.name().into());
    Line::parse(&line.to_string())
}

/// Who made a call.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Actor {
    Client1,
    Client2,
    Server,
}

fn required<T: DeserializeOwned>(value: Option<Value>, name: &'static str) -> Result<T, Error> {
    match value {
        Some(value) => serde_json::from_value(value),
        None => Err(Error::missing_field(name)),
    }
}

/// The connection of `event` is known from here on. Its client, and its party
/// if that is a client, must be of the experiment: `record` has them.
pub(super) fn complete(record: &mut Record, event: &Event, line: usize) -> Result<(), RecordError> {
    let client = event.connection.0 % CLIENTS + 1;
    for client in [client, event.party.0] {
        if record.party(PartyId(client)).is_none() {
            return Err(RecordError::Client { line, client });
        }
    }
    if record.connection(event.connection).is_some() {
        return Ok(());
    }
    let conversation = record.connection(ConnectionId(client - 1));
    let mut held = conversation
        .ok_or(RecordError::Client { line, client })?
        .clone();
    if record.connections.len() >= MAX_CONNECTIONS {
        return Err(RecordError::Repeated { line });
    }
    held.connection = event.connection;
    record.add_connection(held);
    Ok(())
}
