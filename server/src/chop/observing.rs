//! From the record of a run to what is compared.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use chop::{Closing, Connected, Exit, Place};
use protocol::Nanos;
use record::{Call, ConnectionId, End, Event, Record};

/// The program's ends of connections that have a `number`, with the events from `first` on;
/// `ended` is when the program was told to end.
pub(super) fn connections(
    record: &Record,
    number: impl Fn(ConnectionId) -> Option<u32>,
    first: usize,
    ended: Option<Nanos>,
) -> Vec<Connected> {
    let mut found = Vec::new();
    let mut indexes = HashMap::new();
    for connection in &record.connections {
        let Some(number) = number(connection.connection) else {
            continue;
        };
        // A pair (socketpair(2)) has no addresses, and is a matter between parts of the program.
        let has_address =
            connection.opener.address.is_some() || connection.acceptor.address.is_some();
        if connection.transport.keeps_boundaries() || !has_address {
            continue;
        }
        for end in End::ALL {
            if connection.end(end).observed.calls {
                indexes.insert((connection.connection, end), found.len());
                found.push(Connected {
                    place: Place {
                        connection: number,
                        end,
                    },
                    received: Vec::new(),
                    received_ends: Vec::new(),
                    sent: Vec::new(),
                    sent_ends: Vec::new(),
                    closing: Closing::Open,
                });
            }
        }
    }
    for event in record.events().get(first..).unwrap_or_default() {
        if let Some(index) = indexes.get(&(event.connection, event.end)) {
            add(&mut found[*index], event, ended);
        }
    }
    found
}

fn add(connected: &mut Connected, event: &Event, ended: Option<Nanos>) {
    if let Some(error) = event.error.as_ref().filter(|_| is_before(event, ended)) {
        connected.closing = Closing::Failed(error.clone());
        return;
    }
    match event.call {
        Call::Recv if !event.is_empty() => {
            connected.received.extend_from_slice(&event.bytes);
            connected.received_ends.push(event.end().0);
        }
        Call::Send if !event.is_empty() => {
            connected.sent.extend_from_slice(&event.bytes);
            connected.sent_ends.push(event.end().0);
        }
        Call::Close if connected.closing == Closing::Open && is_before(event, ended) => {
            connected.closing = Closing::Closed;
        }
        _ => {}
    }
}

fn is_before(event: &Event, ended: Option<Nanos>) -> bool {
    ended.is_none_or(|ended| event.at < ended)
}

/// How a program ended.
pub(super) fn exit(status: Option<ExitStatus>, was_killed: bool) -> Exit {
    match status {
        _ if was_killed => Exit::Killed,
        None => Exit::Running,
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::Running,
        },
    }
}
