//! Traces of version 1 to 4: always of an experiment, whose events name a
//! client and an actor instead of a party and a connection.

use protocol::Transport;
use record::End;
use serde_json::Value;

use super::{MAX_CONNECTIONS, Trace, TraceError};
use crate::link::Line;
use crate::{ClientId, Event, SERVER, plan};

/// The last version of this kind.
pub(super) const LAST: u32 = 4;

/// Reads a line. An event's `actor`, `client` and `connection` become what
/// they are in a trace of today.
pub(super) fn parse(json: &str) -> Result<Line, serde_json::Error> {
    let mut line: Value = serde_json::from_str(json)?;
    let is_event = line["type"] == "event";
    match line.as_object_mut() {
        Some(fields) if is_event => {
            let mut take = |name: &str| fields.remove(name);
            let actor: Actor = required(take("actor"), "actor")?;
            let client: ClientId = required(take("client"), "client")?;
            let number: Option<u16> = take("connection").map(serde_json::from_value).transpose()?;
            let (party, end) = match actor {
                Actor::Client1 => (ClientId::FIRST.party(), End::Opener),
                Actor::Client2 => (ClientId::SECOND.party(), End::Opener),
                Actor::Server => (SERVER, End::Acceptor),
            };
            let connection = client.connection(number.unwrap_or(0));
            fields.insert("party".to_owned(), party.0.into());
            fields.insert("connection".to_owned(), connection.0.into());
            fields.insert("end".to_owned(), end.name().into());
            Line::parse(&line.to_string())
        }
        _ => Line::parse(json),
    }
}

/// Who made a call.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Actor {
    Client1,
    Client2,
    Server,
}

fn required<T: serde::de::DeserializeOwned>(
    value: Option<Value>,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    match value {
        Some(value) => serde_json::from_value(value),
        None => Err(serde::de::Error::missing_field(name)),
    }
}

/// The connection of `event` is known from here on; its client, and its party
/// if that is a client, must be of the experiment.
pub(super) fn complete(trace: &mut Trace, event: &Event, line: usize) -> Result<(), TraceError> {
    let (client, _) = ClientId::of(event.connection);
    let clients = trace.plan.as_ref().map_or(0, |plan| plan.clients.len());
    let caller = ClientId::ALL.into_iter().find(|c| c.party() == event.party);
    for client in std::iter::once(client).chain(caller) {
        if client.index() >= clients {
            return Err(TraceError::Client { line, client });
        }
    }
    if trace.connection(event.connection).is_none() {
        if trace.connections.len() >= MAX_CONNECTIONS {
            return Err(TraceError::Repeated { line });
        }
        let transport = trace
            .plan
            .as_ref()
            .map_or(Transport::Tcp, crate::Experiment::transport);
        trace.add_connection(plan::connection(event.connection, transport));
    }
    Ok(())
}
