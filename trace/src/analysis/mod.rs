//! From events to lanes: which bytes each call carried, what the reader's
//! framing makes of them, and whether that is what the sender meant.

mod datagrams;
mod stream;
mod wire;

use protocol::Transport;

use crate::lane::{Direction, Lane};
use crate::{Call, ClientId, Event, Trace};

/// Everything that is derived from a trace, once for all its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Both directions of each client, those without any send, recv or packet
    /// with payload left out.
    pub lanes: Vec<Lane>,
}

impl Analysis {
    /// Derives all lanes of `trace`.
    pub fn new(trace: &Trace) -> Self {
        let clients = ClientId::ALL
            .into_iter()
            .take(trace.experiment.clients.len());
        let mut lanes: Vec<Lane> = match trace.experiment.transport() {
            Transport::Tcp => clients
                .flat_map(|client| stream::lanes(trace, client))
                .collect(),
            Transport::Udp => datagrams::lanes(trace, clients),
        };
        lanes.retain(|lane| {
            !(lane.sends.is_empty() && lane.recvs.is_empty() && lane.wire.is_empty())
        });
        Self { lanes }
    }

    /// The lane of one direction of one client.
    pub fn lane(&self, client: ClientId, direction: Direction) -> Option<&Lane> {
        let mut lanes = self.lanes.iter();
        lanes.find(|lane| lane.client == client && lane.direction == direction)
    }

    /// The lane that `event` moved bytes on; none for those that move none.
    pub fn lane_of(&self, event: &Event) -> Option<&Lane> {
        self.lane(event.client, direction(event)?)
    }
}

/// Which way the bytes of a call or a packet of a conversation went.
pub fn direction(event: &Event) -> Option<Direction> {
    if event.connection != 0 {
        // Lanes are about conversations.
        return None;
    }
    let by_client = event.actor == event.client.actor();
    match event.call {
        Call::Send | Call::Segment | Call::Datagram if by_client => Some(Direction::ToServer),
        Call::Send | Call::Segment | Call::Datagram => Some(Direction::ToClient),
        Call::Recv if by_client => Some(Direction::ToClient),
        Call::Recv => Some(Direction::ToServer),
        Call::Connect | Call::Accept | Call::Shutdown | Call::Close | Call::Refuse | Call::Cut => {
            None
        }
    }
}

/// What moved bytes (or hit the end) on one client's connection: calls and packets.
fn transfers(trace: &Trace, client: ClientId) -> impl Iterator<Item = (usize, Direction, &Event)> {
    let events = trace.events().iter().enumerate();
    events.filter_map(move |(index, event)| {
        let ours = event.client == client && event.error.is_none();
        Some((index, direction(event).filter(|_| ours)?, event))
    })
}
