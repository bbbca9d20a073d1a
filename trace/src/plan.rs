//! The parties and connections that an experiment's record has.

use protocol::Transport;
use record::{Connection, ConnectionId, Endpoint, Observed, Party};

use crate::client::{ClientId, SERVER};
use crate::experiment::Experiment;
use crate::order;

/// The server and the clients of `experiment`.
pub fn parties(experiment: &Experiment) -> Vec<Party> {
    let clients = ClientId::ALL.into_iter().take(experiment.clients.len());
    let clients = clients.map(|client| Party::new(client.party(), format!("client {client}")));
    std::iter::once(Party::new(SERVER, "server"))
        .chain(clients)
        .collect()
}

/// All connections of the clients of `experiment`; their addresses are not known.
pub(crate) fn connections(experiment: &Experiment) -> Vec<Connection> {
    let clients = ClientId::ALL.into_iter().zip(&experiment.clients);
    let all = clients.flat_map(|(client, plan)| {
        let numbers = 0..plan.connections.max(1);
        numbers.map(move |number| client.connection(number))
    });
    let transport = experiment.transport();
    let mut all: Vec<_> = all.map(|id| connection(id, transport)).collect();
    order::sort_by_key(&mut all, |connection| [connection.connection.0.into(), 0]);
    all
}

/// One connection of an experiment.
pub(crate) fn connection(id: ConnectionId, transport: Transport) -> Connection {
    let (client, _) = ClientId::of(id);
    let end = |party| Endpoint {
        party: Some(party),
        address: None,
        observed: Observed {
            calls: true,
            ..Observed::default()
        },
    };
    Connection {
        connection: id,
        transport: transport.into(),
        opener: end(client.party()),
        acceptor: end(SERVER),
    }
}
