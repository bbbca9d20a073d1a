//! What of an experiment's plan stands in its record, or is told beside its calls.

use std::net::SocketAddr;

use protocol::Transport;
use trace::{Client, ClientId, Connection, ConnectionId, Endpoint, Observed, Options, SERVER};

/// The options of a client's socket that its plan sets, where they are worth telling.
pub(super) fn options(plan: &Client) -> Options {
    Options {
        keepalive: (plan.keep_alive_s > 0).then_some(true),
        send_buffer: (plan.send_buffer > 0).then_some(plan.send_buffer),
        ..Options::default()
    }
}

/// A connection between a client and the server, whose calls are watched at
/// both ends, and whose packets if they are `captured`.
pub(super) fn observed(
    connection: ConnectionId,
    client: SocketAddr,
    server: SocketAddr,
    transport: Transport,
    captured: bool,
) -> Connection {
    let (party, _) = ClientId::of(connection);
    let end = |party, address: SocketAddr| Endpoint {
        party: Some(party),
        address: Some(address.to_string()),
        observed: Observed {
            calls: true,
            queues: cfg!(target_os = "linux"),
            packets: captured,
        },
    };
    Connection {
        connection,
        transport: transport.into(),
        opener: end(party.party(), client),
        acceptor: end(SERVER, server),
    }
}
