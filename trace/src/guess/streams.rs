//! What is looked at: the bytes of a direction, and where their sender stopped.

use std::collections::{BTreeMap, BTreeSet};

use crate::lane::{Direction, Lane};
use crate::{Analysis, Call, ConnectionId, Event, Flags, Trace};

/// Bytes of a stream that are looked at: the first ones.
pub const REACH: usize = 64 * 1024;

/// Which directions of connections were seen to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended(BTreeSet<(ConnectionId, Direction)>);

impl Ended {
    /// Those of a trace.
    pub fn of(trace: &Trace) -> Self {
        let ended = trace.events().iter().filter_map(|event| {
            let direction = ended_by(event)?;
            Some((event.connection, direction))
        });
        Self(ended.collect())
    }

    /// Whether this direction was seen to end.
    pub fn has(&self, connection: ConnectionId, direction: Direction) -> bool {
        self.0.contains(&(connection, direction))
    }
}

/// Whether one direction of a connection was seen to end: [`Ended`] of one alone.
pub(crate) fn is_ended(trace: &Trace, connection: ConnectionId, direction: Direction) -> bool {
    let mut events = trace.events().iter();
    events.any(|event| event.connection == connection && ended_by(event) == Some(direction))
}

/// One direction of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Its bytes from the first one, without a gap.
    pub bytes: &'a [u8],
    /// Where the sender stopped, and the other side spoke: offsets in `bytes`, ascending.
    pub turns: Vec<usize>,
    /// Where its sends ended, if they were observed.
    pub sends: Vec<usize>,
    /// The bytes end where the stream ended.
    pub is_whole: bool,
}

impl<'a> Stream<'a> {
    /// The streams of one direction of these connections, all but datagrams.
    pub fn of(
        trace: &Trace,
        analysis: &'a Analysis,
        ended: &Ended,
        connections: &[ConnectionId],
        direction: Direction,
    ) -> Vec<Self> {
        let lanes = connections.iter().filter_map(|id| {
            let lane = analysis.lane(*id, direction)?;
            let other = analysis.lane(*id, other(direction));
            let is_stream = !trace.is_datagrams(*id);
            is_stream.then(|| Self::of_lane(ended, lane, other))
        });
        lanes.collect()
    }

    fn of_lane(ended: &Ended, lane: &'a Lane, other: Option<&Lane>) -> Self {
        let known = lane.bytes.front();
        let end = known.len().min(REACH);
        let mut passed: BTreeMap<usize, Option<usize>> =
            ends(lane).map(|(e, at)| (e, Some(at))).collect();
        passed.extend(
            other
                .into_iter()
                .flat_map(ends)
                .map(|(event, _)| (event, None)),
        );
        let (mut turns, mut last) = (Vec::new(), 0);
        for reached in passed.into_values() {
            match reached {
                Some(reached) => last = reached.max(last),
                None if last > 0 && turns.last() != Some(&last) => turns.push(last),
                None => {}
            }
        }
        let is_closed = ended.has(lane.connection, lane.direction);
        let is_whole = is_closed && end == at(lane.end().0);
        if is_whole && turns.last() != Some(&end) {
            turns.push(end);
        }
        turns.retain(|turn| *turn <= end);
        let sends = lane.sends.iter().map(|send| at(send.end.0));
        Self {
            bytes: known.get(..end).unwrap_or_default(),
            turns,
            sends: sends.filter(|send| *send <= end).collect(),
            is_whole,
        }
    }
}

/// The direction that the event ends, or tells its reader the end of.
fn ended_by(event: &Event) -> Option<Direction> {
    let is_end = match event.call {
        Call::Shutdown | Call::Close => return Some(Direction::from(event.end)),
        Call::Recv => event.is_empty() && event.error.is_none(),
        Call::Segment if event.flags().has(Flags::FIN) => {
            return Some(Direction::from(event.end));
        }
        _ => false,
    };
    is_end.then(|| Direction::from(event.end.other()))
}

const fn other(direction: Direction) -> Direction {
    match direction {
        Direction::FromOpener => Direction::FromAcceptor,
        Direction::FromAcceptor => Direction::FromOpener,
    }
}

/// When bytes passed (by event), and up to which offset: by the sender's calls, else the
/// reader's, else packets.
fn ends(lane: &Lane) -> impl Iterator<Item = (usize, usize)> {
    let spans: Vec<_> = if !lane.sends.is_empty() {
        lane.sends.iter().collect()
    } else if !lane.recvs.is_empty() {
        lane.recvs.iter().collect()
    } else {
        lane.wire.iter().map(|packet| &packet.span).collect()
    };
    let ends = spans.into_iter().filter(|span| !span.is_empty());
    let ends: Vec<_> = ends.map(|span| (span.event, at(span.end.0))).collect();
    ends.into_iter()
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
