//! Clients of a record, to be played again.

use record::{Call, Connection, End, Event, Record};

/// A client of which the calls were recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// What it sent, in order.
    pub steps: Vec<Step>,
    /// Bytes that it received in all.
    pub received: u64,
}

/// One send of such a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes that it had received by then.
    pub after: u64,
    /// What it sent.
    pub bytes: Vec<u8>,
}

/// The clients of a record: what each connection's opener sent, and when. Of connections of
/// which not all of that is known there is none.
pub fn recorded(record: &Record) -> Vec<Recorded> {
    let connections = record.connections.iter();
    let streams = connections.filter(|one| !one.transport.keeps_boundaries());
    streams
        .map(|connection| client(record, connection))
        .filter(|client| !client.steps.is_empty())
        .collect()
}

fn client(record: &Record, connection: &Connection) -> Recorded {
    let events = record.events().iter();
    let of_it: Vec<&Event> = events
        .filter(|event| event.connection == connection.connection)
        .collect();
    let has = |call, end| {
        let mut events = of_it.iter();
        events.any(|event| event.call == call && event.end == end && !event.is_empty())
    };
    // As it was seen where it was seen best.
    let choose =
        |choices: [(Call, End); 3]| choices.into_iter().find(|(call, end)| has(*call, *end));
    let sent = choose([
        (Call::Send, End::Opener),
        (Call::Recv, End::Acceptor),
        (Call::Segment, End::Opener),
    ]);
    let came = choose([
        (Call::Recv, End::Opener),
        (Call::Send, End::Acceptor),
        (Call::Segment, End::Acceptor),
    ]);
    let mut client = Recorded::default();
    let mut taken = 0;
    for event in of_it {
        let this = Some((event.call, event.end));
        if this == sent {
            // A segment that was sent again carries nothing new.
            let known = usize::try_from(taken - event.offset.0.min(taken)).unwrap_or(usize::MAX);
            let new = event.bytes.get(known..).unwrap_or_default();
            if !new.is_empty() {
                taken += new.len() as u64;
                client.steps.push(Step {
                    after: client.received,
                    bytes: new.to_vec(),
                });
            }
        } else if this == came {
            client.received = client.received.max(event.end().0);
        }
    }
    client
}
