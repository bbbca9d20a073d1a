//! Queues of a connection over a link: what a packet changes at the other end it changes when
//! it arrives there, and not when it was sent. What arrived behind a hole is there, and cannot
//! be read.

use trace::{Call, End, Event, Flags, Trace};

use super::change::Change;

/// Events from one of the marks to which the queues can go back to the next.
const EVERY: usize = 256;

/// The opener's send queue and the acceptor's receive queue, of a wire that is known to be
/// whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Linked {
    /// How many of the connection's events were handled.
    handled: usize,
    /// How far the bytes are at the last of them.
    now: Offsets,
    /// As it was when so many had been handled.
    marks: Vec<(usize, Offsets)>,
    send: Vec<Change>,
    receive: Vec<Change>,
}

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// What was observed.
    Event,
    /// A packet arrives.
    Arrival,
    /// The kernel is asked after the call.
    Asked,
}

/// When, at which event, what.
type Moment = (u64, usize, What);

/// How far the bytes of the opener are.
#[derive(Clone, Debug, Default, PartialEq)]
struct Offsets {
    sent: u64,
    left: u64,
    acknowledged: u64,
    read: u64,
    is_closed: bool,
    arrived: Arrived,
    /// What follows from the events that were handled and is later than they, the next last.
    pending: Vec<Moment>,
    /// How many changes of both queues there are.
    changes: [usize; 2],
}

impl Linked {
    pub(super) fn send(&self) -> &[Change] {
        &self.send
    }

    pub(super) fn receive(&self) -> &[Change] {
        &self.receive
    }

    /// Of the connection's events those behind the first `count` are others now.
    pub(super) fn go_back(&mut self, count: usize) {
        if self.handled <= count {
            return;
        }
        while self.marks.last().is_some_and(|(at, _)| *at > count) {
            self.marks.pop();
        }
        (self.handled, self.now) = self.marks.last().cloned().unwrap_or_default();
    }

    /// Handles the events that were added since the last time.
    pub(super) fn update(&mut self, trace: &Trace, events: &[usize]) {
        // Later than the last event stood what was under way then.
        let [send, receive] = self.now.changes;
        self.send.truncate(send);
        self.receive.truncate(receive);
        while let Some(&index) = events.get(self.handled) {
            let event = &trace.events()[index];
            let moment = (event.at.0, index, What::Event);
            self.handle_pending(trace, Some(moment));
            self.handle(event, moment);
            self.note(event, index);
            self.handled += 1;
            self.now.changes = [self.send.len(), self.receive.len()];
            if self.handled.is_multiple_of(EVERY) {
                self.marks.push((self.handled, self.now.clone()));
            }
        }
        let now = self.now.clone();
        self.handle_pending(trace, None);
        self.now = now;
    }

    /// What is pending before that moment; all without one.
    fn handle_pending(&mut self, trace: &Trace, before: Option<Moment>) {
        while let Some(&next) = self.now.pending.last() {
            if before.is_some_and(|before| before < next) {
                return;
            }
            self.now.pending.pop();
            self.handle(&trace.events()[next.1], next);
        }
    }

    /// What follows from an event at a later time.
    fn note(&mut self, event: &Event, index: usize) {
        let arrived = match event.transit() {
            Some(transit) => transit.arrived,
            None => Some(event.at),
        };
        let arrived = arrived.filter(|_| event.call.is_packet());
        let is_asked = (event.end, event.call) == (End::Opener, Call::Send);
        let asked = event.socket.unacked.filter(|_| is_asked);
        let moments = [
            arrived.map(|at| (at.0, index, What::Arrival)),
            asked.map(|_| (event.at.0.saturating_add(event.took.0), index, What::Asked)),
        ];
        let pending = &mut self.now.pending;
        for moment in moments.into_iter().flatten() {
            let later = pending.partition_point(|other| *other > moment);
            pending.insert(later, moment);
        }
    }

    fn handle(&mut self, event: &Event, (at, index, what): Moment) {
        match (event.end, what) {
            (End::Opener, What::Event) => self.opener(index, event),
            (End::Opener, What::Arrival) => self.arrive(index, at, event),
            (End::Acceptor, What::Arrival) => self.acknowledge(index, at, event),
            (End::Acceptor, _) => self.acceptor(index, event),
            (End::Opener, What::Asked) => {
                let unacked = event.socket.unacked.unwrap_or_default();
                let unsent = event.socket.unsent.unwrap_or_default();
                let change = Change::measured(index, event, unacked, unsent);
                self.send.push(change);
            }
        }
    }

    /// The opener made a call, or its kernel sent a packet.
    fn opener(&mut self, index: usize, event: &Event) {
        let now = &mut self.now;
        match event.call {
            Call::Send => now.sent = now.sent.max(event.end().0),
            Call::Segment if !event.is_empty() => now.left = now.left.max(event.end().0),
            _ => return,
        }
        self.tell_send(index, event.at.0, false);
    }

    /// A packet of the acceptor's arrived at the opener.
    fn acknowledge(&mut self, index: usize, at: u64, event: &Event) {
        if !event.flags().has(Flags::ACK) {
            return;
        }
        let ack = event.header.as_ref().map(|header| header.ack.0);
        let now = &mut self.now;
        now.acknowledged = now.acknowledged.max(ack.unwrap_or_default());
        self.tell_send(index, at, true);
    }

    fn tell_send(&mut self, index: usize, at: u64, is_after: bool) {
        let now = &self.now;
        let level = now.sent.saturating_sub(now.acknowledged);
        let unsent = now.sent.saturating_sub(now.left.max(now.acknowledged));
        self.send.push(Change {
            is_after,
            ..Change::derived(index, at as f64, level, unsent)
        });
    }

    /// A packet of the opener's arrived at the acceptor.
    fn arrive(&mut self, index: usize, at: u64, event: &Event) {
        if event.call == Call::Segment && !event.is_empty() {
            self.now.arrived.add(event.offset.0, event.end().0);
            self.tell_receive(index, at, true);
        }
    }

    /// The acceptor made a call.
    fn acceptor(&mut self, index: usize, event: &Event) {
        let now = &mut self.now;
        match event.call {
            Call::Recv => {
                now.read = now.read.max(event.end().0);
                if let Some(waiting) = event.socket.waiting {
                    let at = event.at.0 as f64;
                    self.receive.push(Change::asked(index, at, waiting));
                }
            }
            // With the socket its queue is gone.
            Call::Close => now.is_closed = true,
            _ => return,
        }
        self.tell_receive(index, event.at.0, false);
    }

    fn tell_receive(&mut self, index: usize, at: u64, is_after: bool) {
        let now = &self.now;
        // What was read had arrived, whatever was captured.
        let whole = now.arrived.whole.saturating_sub(now.read);
        let (level, held) = if now.is_closed {
            (0, 0)
        } else {
            (whole + now.arrived.held, now.arrived.held)
        };
        self.receive.push(Change {
            is_after,
            ..Change::derived(index, at as f64, level, held)
        });
    }
}

/// Which bytes of a stream arrived.
#[derive(Clone, Debug, Default, PartialEq)]
struct Arrived {
    /// All in front of this offset.
    whole: u64,
    /// Stretches behind a hole, ascending and apart: from which offset to which.
    behind: Vec<(u64, u64)>,
    /// Bytes in them.
    held: u64,
}

impl Arrived {
    fn add(&mut self, mut start: u64, mut end: u64) {
        start = start.max(self.whole);
        if end <= start {
            return;
        }
        // Those that it touches become one with it.
        let first = self.behind.partition_point(|(_, to)| *to < start);
        let behind = self.behind.partition_point(|(from, _)| *from <= end);
        for (from, to) in self.behind.drain(first..behind.max(first)) {
            self.held -= to - from;
            (start, end) = (start.min(from), end.max(to));
        }
        if start <= self.whole {
            self.whole = end;
        } else {
            self.behind.insert(first, (start, end));
            self.held += end - start;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_count_each_byte_once(
            pieces in prop::collection::vec((0..60_u64, 0..12_u64), 0..30),
        ) {
            let mut arrived = Arrived::default();
            let mut there = [false; 80];
            for (start, length) in pieces {
                arrived.add(start, start + length);
                there[usize::try_from(start).unwrap()..][..usize::try_from(length).unwrap()].fill(true);
                let whole = there.iter().take_while(|byte| **byte).count() as u64;
                let all = there.iter().filter(|byte| **byte).count() as u64;
                prop_assert_eq!((arrived.whole, arrived.held), (whole, all - whole));
            }
        }
    }
}
