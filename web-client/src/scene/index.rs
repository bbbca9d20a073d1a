//! What the stage, the scrubber and the table of events look up of a run: kept
//! beside its analysis and brought up to date as events come. A step then looks
//! up what is in sight and does not walk through the record.

mod change;
mod link;
mod queue;
mod wait;

use protocol::Offset;
use trace::lane::Direction;
use trace::rows::Hues;
use trace::{Analysis, Call, ConnectionId, End, Event, Flags, PartyId, Trace};

use super::kept::Kept;
use super::times::{Times, times, truncate};
use super::track::Track;
use crate::bins::EventKind;
pub(super) use change::Change;
pub(super) use queue::has_whole_wire;
use queue::{Queues, accept_queue, under_way};
pub(super) use wait::Wait;
use wait::waits;

/// What is looked up of a run. Up to date with the trace and the analysis that
/// it was last brought up to date with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    times: Vec<Times>,
    kinds: Vec<EventKind>,
    /// The latest time at which a call ended, in nanoseconds.
    end: f64,
    parties: Vec<(PartyId, Track)>,
    connections: Vec<(ConnectionId, Conversation)>,
    /// Events at which the kernel told how many connections waited.
    queued: Vec<usize>,
    has_datagrams: bool,
    has_whole_wire: bool,
    /// By connection, then by direction, as the lanes of the analysis.
    lanes: Vec<LaneIndex>,
    /// Events that completed a message, ascending.
    messages: Vec<usize>,
    waits: Vec<Wait>,
    /// What is drawn alike at every step.
    pub(super) kept: Kept,
}

/// What is looked up of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conversation {
    /// Its packets.
    pub(super) packets: Track,
    /// For each of them the latest time, in nanoseconds, at which one up to it was sent or
    /// has arrived over a link.
    arrived: Vec<u64>,
    /// Whether a call or a decision of the opener, and of the acceptor, is there.
    has_calls: [bool; 2],
    /// Whether the kernel was asked for the send queue behind a send.
    pub(super) has_send_queue: bool,
    /// Whether the kernel was asked for the acceptor's receive queue.
    pub(super) has_receive_queue: bool,
    /// What each end's packets have acknowledged: the event, and the highest
    /// offset up to it.
    acknowledged: [Vec<(usize, Offset)>; 2],
    /// Events at which an end was closed.
    closed: [Vec<usize>; 2],
    queues: Queues,
}

#[derive(Clone, Debug, PartialEq)]
struct LaneIndex {
    connection: ConnectionId,
    direction: Direction,
    hues: Hues,
    under_way: Vec<Change>,
}

impl Index {
    /// That of a whole run.
    pub fn new(trace: &Trace, analysis: &Analysis) -> Self {
        let mut this = Self::default();
        this.update(trace, analysis, 0);
        this
    }

    /// Takes over what has changed since the last time: events at `from` or
    /// behind, and whatever follows from them (see [`Analysis::update`]).
    pub fn update(&mut self, trace: &Trace, analysis: &Analysis, from: usize) {
        let from = from.min(self.times.len());
        let whole = has_whole_wire(trace);
        let is_other = whole != self.has_whole_wire;
        self.has_whole_wire = whole;
        self.kept = Kept::default();
        self.truncate(from);
        for (index, event) in trace.events().iter().enumerate().skip(from) {
            self.take(index, event);
        }
        for (_, conversation) in &mut self.connections {
            conversation.queues.update(trace, whole, is_other);
        }
        self.waits = waits(&self.times, self.end);
        self.lanes.clear();
        self.messages.clear();
        for lane in &analysis.lanes {
            self.lanes.push(LaneIndex {
                connection: lane.connection,
                direction: lane.direction,
                hues: Hues::new(lane, trace),
                under_way: under_way(lane, &self.times),
            });
            let messages = lane.messages.iter().map(|message| message.event);
            self.messages.extend(messages);
        }
        self.messages.sort_unstable();
        self.messages.dedup();
    }

    fn truncate(&mut self, from: usize) {
        self.times.truncate(from);
        self.kinds.truncate(from);
        self.end = self.times.iter().fold(0.0, |end, times| times.to.max(end));
        truncate(&mut self.queued, from);
        for (_, track) in &mut self.parties {
            track.truncate(from, &self.times);
        }
        for (_, conversation) in &mut self.connections {
            conversation.truncate(from, &self.times);
        }
    }

    fn take(&mut self, index: usize, event: &Event) {
        let times = times(event);
        self.times.push(times);
        self.kinds.push(EventKind::of(event));
        self.end = self.end.max(times.to);
        self.has_datagrams |= event.call == Call::Datagram;
        if event.socket.accept_queue.is_some() {
            self.queued.push(index);
        }
        if !event.call.is_packet() {
            entry(&mut self.parties, event.party).push(index, event);
        }
        entry(&mut self.connections, event.connection).take(index, event);
    }

    /// Of which kind each event is.
    pub fn kinds(&self) -> &[EventKind] {
        &self.kinds
    }

    /// The events that completed a message, ascending.
    pub fn messages(&self) -> &[usize] {
        &self.messages
    }

    /// The hues of the bytes of one direction of a connection.
    pub fn hues(&self, connection: ConnectionId, direction: Direction) -> Option<&Hues> {
        let lane = self.lane(connection, direction)?;
        Some(&lane.hues)
    }

    fn lane(&self, connection: ConnectionId, direction: Direction) -> Option<&LaneIndex> {
        let wanted = (connection, direction);
        let key = |lane: &LaneIndex| (lane.connection, lane.direction);
        let found = self.lanes.binary_search_by_key(&wanted, key).ok()?;
        self.lanes.get(found)
    }

    pub(super) fn times(&self) -> &[Times] {
        &self.times
    }

    pub(super) const fn end(&self) -> f64 {
        self.end
    }

    /// Where the run only waits, if that is most of it.
    pub(super) fn waits(&self) -> &[Wait] {
        &self.waits
    }

    /// The calls of all parties.
    pub(super) fn parties(&self) -> impl Iterator<Item = &Track> {
        self.parties.iter().map(|(_, track)| track)
    }

    pub(super) const fn has_datagrams(&self) -> bool {
        self.has_datagrams
    }

    pub(super) const fn has_accept_queue(&self) -> bool {
        !self.queued.is_empty()
    }

    /// The calls and decisions of a party.
    pub(super) fn party(&self, party: PartyId) -> &Track {
        find(&self.parties, party).unwrap_or(const { &Track::EMPTY })
    }

    pub(super) fn connection(&self, connection: ConnectionId) -> &Conversation {
        find(&self.connections, connection).unwrap_or(const { &Conversation::EMPTY })
    }

    /// Bytes sent and not yet read in one direction, by the calls of both ends.
    pub(super) fn under_way(&self, connection: ConnectionId, direction: Direction) -> &[Change] {
        let lane = self.lane(connection, direction);
        lane.map_or(&[], |lane| &lane.under_way)
    }

    /// Connections that wait for a party to accept them.
    pub(super) fn accept_queue(&self, trace: &Trace, party: PartyId) -> Vec<Change> {
        accept_queue(trace, &self.queued, party)
    }
}

impl Conversation {
    const EMPTY: Self = Self {
        packets: Track::EMPTY,
        arrived: Vec::new(),
        has_calls: [false; 2],
        has_send_queue: false,
        has_receive_queue: false,
        acknowledged: [Vec::new(), Vec::new()],
        closed: [Vec::new(), Vec::new()],
        queues: Queues::EMPTY,
    };

    fn take(&mut self, index: usize, event: &Event) {
        if event.call.is_packet() {
            self.packets.push(index, event);
            let arrived = event.transit().and_then(|transit| transit.arrived);
            let before = self.arrived.last().copied().unwrap_or_default();
            self.arrived
                .push(arrived.unwrap_or_default().max(event.at).0.max(before));
        }
        let end = number(event.end);
        self.has_calls[end] |= !event.call.is_packet();
        let asked = event.call == Call::Send && event.socket.unacked.is_some();
        self.has_send_queue |= asked;
        self.has_receive_queue |= event.end == End::Acceptor && event.socket.waiting.is_some();
        if let Some(header) = &event.header
            && header.flags.has(Flags::ACK)
        {
            let known = &mut self.acknowledged[end];
            let before = known.last().map_or(Offset(0), |(_, offset)| *offset);
            if header.ack > before {
                known.push((index, header.ack));
            }
        }
        if event.call == Call::Close {
            self.closed[end].push(index);
        }
        self.queues.note(index);
    }

    fn truncate(&mut self, from: usize, times: &[Times]) {
        self.packets.truncate(from, times);
        self.arrived.truncate(self.packets.events.len());
        for known in &mut self.acknowledged {
            known.truncate(known.partition_point(|(event, _)| *event < from));
        }
        for closed in &mut self.closed {
            truncate(closed, from);
        }
        self.queues.go_back(from);
    }

    /// Its packets without those at the beginning that had all arrived, and those at the end
    /// that were sent later. Each question has the same answer for all behind a time, or an
    /// event, that it has for that.
    pub(super) fn packets_between(
        &self,
        has_passed: impl Fn(u64) -> bool,
        is_later: impl Fn(usize) -> bool,
    ) -> &[usize] {
        let from = self.arrived.partition_point(|&arrived| has_passed(arrived));
        let events = &self.packets.events;
        let to = events.partition_point(|&index| !is_later(index));
        events.get(from..to).unwrap_or_default()
    }

    /// Whether a call or a decision of `end` is there.
    pub(super) const fn has_calls(&self, end: End) -> bool {
        self.has_calls[number(end)]
    }

    /// What the packets of `end` have acknowledged when `step` events have
    /// happened.
    pub(super) fn acknowledged(&self, end: End, step: usize) -> Offset {
        let known = &self.acknowledged[number(end)];
        let happened = known.partition_point(|(event, _)| *event < step);
        let last = happened.checked_sub(1).map(|last| known[last].1);
        last.unwrap_or_default()
    }

    /// Whether `end` was closed within the first `step` events.
    pub(super) fn is_closed(&self, end: End, step: usize) -> bool {
        let closed = self.closed[number(end)].first();
        closed.is_some_and(|&event| event < step)
    }

    /// The level of the opener's send queue.
    pub(super) fn send_queue(&self) -> &[Change] {
        self.queues.send()
    }

    /// The level of the acceptor's receive queue.
    pub(super) fn receive_queue(&self) -> &[Change] {
        self.queues.receive()
    }
}

const fn number(end: End) -> usize {
    match end {
        End::Opener => 0,
        End::Acceptor => 1,
    }
}

fn find<K: Ord + Copy, V>(all: &[(K, V)], key: K) -> Option<&V> {
    let found = all.binary_search_by_key(&key, |(own, _)| *own).ok()?;
    Some(&all[found].1)
}

fn entry<K: Ord + Copy, V: Default>(all: &mut Vec<(K, V)>, key: K) -> &mut V {
    let at = match all.binary_search_by_key(&key, |(own, _)| *own) {
        Ok(at) => at,
        Err(at) => {
            all.insert(at, (key, V::default()));
            at
        }
    };
    &mut all[at].1
}

#[cfg(test)]
mod tests;
