//! From events to lanes: which bytes each call carried, what the reader's
//! framing makes of them, and whether that is what the sender meant.

mod datagrams;
mod stream;
mod wire;

use record::Transport;

use crate::lane::{Direction, Lane};
use crate::{ConnectionId, Event, Trace};

/// Everything that is derived from a trace, once for all its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Both directions of each connection, those without any send, recv or
    /// packet with payload left out.
    pub lanes: Vec<Lane>,
}

impl Analysis {
    /// Derives all lanes of `trace`.
    pub fn new(trace: &Trace) -> Self {
        let mut lanes: Vec<Lane> = Vec::new();
        for connection in &trace.connections {
            if connection.transport != Transport::Udp {
                lanes.extend(stream::lanes(trace, connection.connection));
            }
        }
        lanes.extend(datagrams::lanes(trace));
        lanes.retain(|lane| {
            !(lane.sends.is_empty() && lane.recvs.is_empty() && lane.wire.is_empty())
        });
        lanes.sort_by_key(|lane| (lane.connection, lane.direction));
        Self { lanes }
    }

    /// The lane of one direction of a connection.
    pub fn lane(&self, connection: ConnectionId, direction: Direction) -> Option<&Lane> {
        let mut lanes = self.lanes.iter();
        lanes.find(|lane| lane.connection == connection && lane.direction == direction)
    }

    /// The lane that `event` moved bytes on; none for those that move none.
    pub fn lane_of(&self, event: &Event) -> Option<&Lane> {
        self.lane(event.connection, direction(event)?)
    }
}

/// Which way the bytes of a call or a packet went.
pub fn direction(event: &Event) -> Option<Direction> {
    event.sender().map(Direction::from)
}

/// What moved bytes (or hit the end) on one connection: calls and packets.
fn transfers(
    trace: &Trace,
    connection: ConnectionId,
) -> impl Iterator<Item = (usize, Direction, &Event)> {
    let events = trace.events().iter().enumerate();
    events.filter_map(move |(index, event)| {
        let ours = event.connection == connection && event.error.is_none();
        Some((index, direction(event).filter(|_| ours)?, event))
    })
}
