//! Queues as levels over time: those the kernel was asked about, and where it
//! was not, bytes handed over and not yet read. A level changes in steps, at
//! what was observed, and is held in between; without the whole wire, only as
//! long as so much can still be there.

use std::collections::BTreeSet;

use protocol::Offset;
use trace::lane::{Fate, Lane, Span};
use trace::link::Capture;
use trace::{Call, End, Event, Flags, PartyId, Trace};

use super::change::{Change, after, put};
use super::link::Linked;
use crate::scene::times::{Times, truncate};

/// Events of a connection from one of the marks to which its queues can go
/// back to the next.
const EVERY: usize = 256;

/// Whether all packets were captured; during a run, whether none is known to
/// be missing.
pub(in crate::scene) fn has_whole_wire(trace: &Trace) -> bool {
    let mut all = trace.connections.iter();
    trace.head.capture == Capture::On
        && (trace.ending().is_none() || trace.missed == Some(0))
        && all.all(|connection| trace.is_captured(connection.connection))
}

/// The opener's send queue and the acceptor's receive queue of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queues {
    /// The connection's events.
    events: Vec<usize>,
    /// How many of them the levels are of.
    handled: usize,
    /// The levels where a link between the ends passes the packets on.
    linked: Option<Box<Linked>>,
    now: Offsets,
    /// As it was when so many events had been handled.
    marks: Vec<(usize, Offsets)>,
    send: Vec<Change>,
    receive: Vec<Change>,
}

/// How far the bytes of the opener are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Offsets {
    sent: Offset,
    left: Offset,
    acknowledged: Offset,
    arrived: Offset,
    read: Offset,
}

impl Queues {
    pub(super) const EMPTY: Self = Self {
        events: Vec::new(),
        handled: 0,
        linked: None,
        now: Offsets {
            sent: Offset(0),
            left: Offset(0),
            acknowledged: Offset(0),
            arrived: Offset(0),
            read: Offset(0),
        },
        marks: Vec::new(),
        send: Vec::new(),
        receive: Vec::new(),
    };

    pub(super) fn send(&self) -> &[Change] {
        let linked = self.linked.as_ref();
        linked.map_or(&self.send, |linked| linked.send())
    }

    pub(super) fn receive(&self) -> &[Change] {
        let linked = self.linked.as_ref();
        linked.map_or(&self.receive, |linked| linked.receive())
    }

    /// The event is one of the connection's.
    pub(super) fn note(&mut self, event: usize) {
        self.events.push(event);
    }

    /// Forgets the events from `from` on.
    pub(super) fn go_back(&mut self, from: usize) {
        truncate(&mut self.events, from);
        if let Some(linked) = &mut self.linked {
            linked.go_back(self.events.len());
        }
        if self.handled > self.events.len() {
            self.go_back_to(self.events.len(), from);
        }
    }

    /// Goes back to the last mark with at most `handled` events, all in front
    /// of `from`.
    fn go_back_to(&mut self, handled: usize, from: usize) {
        while self.marks.last().is_some_and(|(at, _)| *at > handled) {
            self.marks.pop();
        }
        (self.handled, self.now) = self.marks.last().copied().unwrap_or_default();
        let next = self.events.get(self.handled).copied().unwrap_or(from);
        self.send.retain(|change| change.event < next);
        self.receive.retain(|change| change.event < next);
    }

    /// Handles the events that were noted since the last time; all of them if
    /// the wire has `changed`: if it is known to be whole, or known not to be,
    /// since.
    pub(super) fn update(&mut self, trace: &Trace, whole: bool, changed: bool) {
        if changed {
            self.go_back_to(0, 0);
            self.linked = None;
        }
        if whole {
            let mut new = self.events[self.handled..].iter();
            let is_linked = |&index: &usize| trace.events()[index].transit().is_some();
            if self.linked.is_none() && new.any(is_linked) {
                self.go_back_to(0, 0);
                self.linked = Some(Box::default());
            }
            if let Some(linked) = &mut self.linked {
                // Packets arrive when others were sent since.
                linked.update(trace, &self.events);
                self.handled = self.events.len();
                return;
            }
        }
        if !whole && self.handled < self.events.len() {
            // Numbers of the kernel stand in for what was not captured, and
            // hold until a later event: they are put together anew.
            self.go_back_to(0, 0);
            self.send = held(trace, &self.events);
        }
        while let Some(&index) = self.events.get(self.handled) {
            let event = &trace.events()[index];
            if whole {
                self.handle_send_queue(index, event);
            }
            self.handle_receive_queue(index, event, whole);
            self.handled += 1;
            if whole && self.handled.is_multiple_of(EVERY) {
                self.marks.push((self.handled, self.now));
            }
        }
    }

    /// After each send as the kernel says, between them as the captured packets
    /// leave and are acknowledged.
    fn handle_send_queue(&mut self, index: usize, event: &Event) {
        let now = &mut self.now;
        let by_opener = event.end == End::Opener;
        match event.call {
            Call::Send if by_opener => now.sent = now.sent.max(event.end()),
            // Behind a FIN bare segments stand one further than the data.
            Call::Segment if by_opener && !event.is_empty() => now.left = now.left.max(event.end()),
            Call::Segment if !by_opener && event.flags().has(Flags::ACK) => {
                let ack = event.header.as_ref().map(|header| header.ack);
                now.acknowledged = now.acknowledged.max(ack.unwrap_or_default());
            }
            _ => return,
        }
        let level = now.sent.0.saturating_sub(now.acknowledged.0);
        let unsent = now
            .sent
            .0
            .saturating_sub(now.left.0.max(now.acknowledged.0));
        let at = event.at.0 as f64;
        put(&mut self.send, Change::derived(index, at, level, unsent));
        if let (Call::Send, Some(unacked)) = (event.call, event.socket.unacked) {
            let unsent = event.socket.unsent.unwrap_or(0);
            let change = Change::measured(index, event, unacked, unsent);
            put(&mut self.send, change);
        }
    }

    /// Before each recv as the kernel says, between them by what came on the
    /// wire and what was taken.
    fn handle_receive_queue(&mut self, index: usize, event: &Event, whole: bool) {
        let now = &mut self.now;
        let by_acceptor = event.end == End::Acceptor;
        let at = event.at.0 as f64;
        let mut level = 0;
        match event.call {
            Call::Segment if !by_acceptor && whole && !event.is_empty() => {
                now.arrived = now.arrived.max(event.end());
            }
            Call::Recv if by_acceptor => {
                now.read = now.read.max(event.end());
                if let Some(waiting) = event.socket.waiting {
                    // Asked at the attempt that succeeded, not when the
                    // program began to wait.
                    put(&mut self.receive, Change::asked(index, at, waiting));
                    level = u64::from(waiting).saturating_sub(event.len() as u64);
                }
            }
            // With the socket its queue is gone.
            Call::Close if by_acceptor => now.arrived = now.read,
            _ => return,
        }
        if whole {
            level = now.arrived.0.saturating_sub(now.read.0);
        }
        put(&mut self.receive, Change::derived(index, at, level, 0));
    }
}

/// What bounds a send queue that was asked about only after each send.
#[derive(Clone, Copy)]
enum Moment {
    /// Bytes were handed over.
    Sent,
    /// The kernel said how many were not acknowledged, and not sent.
    Measured(u32, u32),
    /// The other end took bytes.
    Read,
    /// The other end's socket is gone.
    Closed,
}

/// The send queue without the whole wire: the kernel's last number, but never
/// more than was sent and not read, and nothing once the acceptor's socket is
/// gone.
fn held(trace: &Trace, events: &[usize]) -> Vec<Change> {
    let mut moments: Vec<(f64, usize, Moment)> = Vec::new();
    let mut meet = |at: f64, index: usize, moment: Moment| {
        let later = moments.iter().rev();
        let later = later.take_while(|(other, ..)| *other > at).count();
        moments.insert(moments.len() - later, (at, index, moment));
    };
    for &index in events {
        let event = &trace.events()[index];
        let at = event.at.0 as f64;
        let by_opener = event.end == End::Opener;
        match event.call {
            Call::Send if by_opener => {
                meet(at, index, Moment::Sent);
                if let Some(unacked) = event.socket.unacked {
                    let unsent = event.socket.unsent.unwrap_or(0);
                    meet(after(event), index, Moment::Measured(unacked, unsent));
                }
            }
            Call::Recv if !by_opener => meet(at, index, Moment::Read),
            Call::Close if !by_opener => meet(at, index, Moment::Closed),
            _ => {}
        }
    }
    let (mut sent, mut read) = (Offset(0), Offset(0));
    let mut now = (0, 0);
    let mut changes = Vec::new();
    for (at, index, moment) in moments {
        let event = &trace.events()[index];
        match moment {
            Moment::Sent => {
                sent = sent.max(event.end());
                continue;
            }
            Moment::Measured(unacked, unsent) => {
                now = (unacked.into(), unsent.into());
                changes.push(Change::measured(index, event, unacked, unsent));
                continue;
            }
            Moment::Read => read = read.max(event.end()),
            Moment::Closed => read = sent,
        }
        let most = sent.0.saturating_sub(read.0);
        now = (now.0.min(most), now.1.min(most));
        put(&mut changes, Change::derived(index, at, now.0, now.1));
    }
    changes
}

/// Bytes sent and not yet read, by the calls of both ends of a lane.
pub(super) fn under_way(lane: &Lane, times: &[Times]) -> Vec<Change> {
    let sends = lane.sends.iter();
    let mut sends = sends.map(|send| (send.event, true, send.len())).peekable();
    // A datagram leaves the queue whole, whatever was cut off. One that a link doubled is
    // taken twice, but was sent once.
    let mut taken = BTreeSet::new();
    let is_first = |recv: &&Span| recv.len() + recv.cut == 0 || taken.insert(recv.start);
    let recvs = lane.recvs.iter().filter(is_first);
    let mut recvs = recvs
        .map(|recv| (recv.event, false, recv.len() + recv.cut))
        .peekable();
    let is_gone = |fate| matches!(fate, Fate::Dropped | Fate::Lost);
    let dropped = lane.wire.iter().filter(|packet| is_gone(packet.fate));
    let mut dropped = dropped
        .map(|packet| (packet.span.event, false, packet.span.len()))
        .peekable();
    let mut level = 0_u64;
    let mut changes = Vec::with_capacity(lane.sends.len() + lane.recvs.len());
    loop {
        // All three are ascending.
        let next = |event: Option<&(usize, bool, usize)>| event.map_or(usize::MAX, |e| e.0);
        let (send, recv, drop) = (next(sends.peek()), next(recvs.peek()), next(dropped.peek()));
        let first = if send <= recv.min(drop) {
            sends.next()
        } else if recv <= drop {
            recvs.next()
        } else {
            dropped.next()
        };
        let Some((event, is_send, bytes)) = first else {
            return changes;
        };
        level = if is_send {
            level + bytes as u64
        } else {
            level.saturating_sub(bytes as u64)
        };
        let at = times.get(event).map_or(0.0, |times| times.at);
        changes.push(Change::derived(event, at, level, 0));
    }
}

/// Connections that wait for a party to accept them, by the events that tell.
pub(super) fn accept_queue(trace: &Trace, events: &[usize], party: PartyId) -> Vec<Change> {
    let mut changes = Vec::new();
    for &index in events {
        let event = &trace.events()[index];
        let own = trace.party_at(event.connection, End::Acceptor) == Some(party);
        let Some(waiting) = event.socket.accept_queue.filter(|_| own) else {
            continue;
        };
        let at = event.at.0 as f64;
        if event.call == Call::Accept {
            put(&mut changes, Change::asked(index, at, waiting));
            let left = u64::from(waiting).saturating_sub(1);
            put(&mut changes, Change::derived(index, at, left, 0));
        } else {
            put(&mut changes, Change::measured(index, event, waiting, 0));
        }
    }
    changes
}
