//! Queues as levels over time: those the kernel was asked about, and where it
//! was not, bytes handed over and not yet read. A level changes in steps, at
//! what was observed, and is held in between; without the whole wire, only as
//! long as so much can still be there. Dots are the kernel's numbers.

use protocol::{Nanos, Offset};
use trace::lane::{Direction, Fate, Lane};
use trace::text::{Sentence, Value};
use trace::{Call, ConnectionId, End, Event, Flags, PartyId};

use super::{Sheet, TimeRow};
use crate::scene::{DrawList, Ink, Part, Rect, Shape};

/// Radius of the dot that marks a number of the kernel.
const DOT: f64 = 2.5;

/// The level behind something observed.
#[derive(Clone, Copy)]
pub(super) struct Change {
    /// At which event it is known.
    event: usize,
    x: f64,
    level: u64,
    /// The part of it that has not left yet.
    unsent: u64,
    /// The kernel said so.
    measured: bool,
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

impl Change {
    /// The level, and the part of it that has not left.
    #[cfg(test)]
    pub(super) const fn amounts(&self) -> (u64, u64) {
        (self.level, self.unsent)
    }
}

impl Sheet<'_> {
    /// Bytes sent and not yet read, by the calls of both ends.
    pub(super) fn under_way(&self, lane: &Lane) -> Vec<Change> {
        let sends = lane.sends.iter().map(|send| (send.event, true, send.len()));
        // A datagram leaves the queue whole, whatever was cut off.
        let recvs = lane.recvs.iter();
        let recvs = recvs.map(|recv| (recv.event, false, recv.len() + recv.cut));
        let dropped = lane.wire.iter().filter(|p| p.fate == Fate::Dropped);
        let dropped = dropped.map(|packet| (packet.span.event, false, packet.span.len()));
        let mut all: Vec<_> = sends.chain(recvs).chain(dropped).collect();
        all.sort_by_key(|&(event, ..)| event);
        let mut level = 0_u64;
        let mut changes = Vec::with_capacity(all.len());
        for (event, is_send, bytes) in all {
            level = if is_send {
                level + bytes as u64
            } else {
                level.saturating_sub(bytes as u64)
            };
            changes.push(self.derived(event, level, 0));
        }
        changes
    }

    /// The send queue of a client: after each send as its kernel says, between
    /// them as the captured packets leave and are acknowledged.
    pub(super) fn send_queue(&self, id: ConnectionId) -> Vec<Change> {
        if !self.model.has_whole_wire() {
            return self.held_send_queue(id);
        }
        let (mut sent, mut left, mut acknowledged) = (Offset(0), Offset(0), Offset(0));
        let mut changes = Vec::new();
        for (index, event) in self.events_of(id) {
            let by_opener = event.end == End::Opener;
            match event.call {
                Call::Send if by_opener => sent = sent.max(event.end()),
                // Behind a FIN bare segments stand one further than the data.
                Call::Segment if by_opener && !event.is_empty() => left = left.max(event.end()),
                Call::Segment if event.flags().has(Flags::ACK) => {
                    let ack = event.header.as_ref().map(|header| header.ack);
                    acknowledged = acknowledged.max(ack.unwrap_or_default());
                }
                _ => continue,
            }
            let level = sent.0.saturating_sub(acknowledged.0);
            let unsent = sent.0.saturating_sub(left.0.max(acknowledged.0));
            changes.push(self.derived(index, level, unsent));
            if let (Call::Send, Some(unacked)) = (event.call, event.socket.unacked) {
                let after = (event.at + event.took).0 as f64;
                let unsent = event.socket.unsent.unwrap_or(0);
                changes.push(self.measured(index, after, unacked, unsent));
            }
        }
        changes
    }

    /// The same without the whole wire: the kernel's last number, but never
    /// more than was sent and not read, and nothing once the server's socket
    /// is gone.
    fn held_send_queue(&self, id: ConnectionId) -> Vec<Change> {
        let mut moments = Vec::new();
        for (index, event) in self.events_of(id) {
            let by_opener = event.end == End::Opener;
            match event.call {
                Call::Send if by_opener => {
                    moments.push((event.at, index, Moment::Sent));
                    if let Some(unacked) = event.socket.unacked {
                        let unsent = event.socket.unsent.unwrap_or(0);
                        let after = Nanos(event.at.0.saturating_add(event.took.0));
                        moments.push((after, index, Moment::Measured(unacked, unsent)));
                    }
                }
                Call::Recv if !by_opener => moments.push((event.at, index, Moment::Read)),
                Call::Close if !by_opener => moments.push((event.at, index, Moment::Closed)),
                _ => {}
            }
        }
        moments.sort_by_key(|&(at, ..)| at);
        let (mut sent, mut read) = (Offset(0), Offset(0));
        let mut now = (0, 0);
        let mut changes = Vec::new();
        for (at, index, moment) in moments {
            let end = self.model.trace.events()[index].end();
            match moment {
                Moment::Sent => {
                    sent = sent.max(end);
                    continue;
                }
                Moment::Measured(unacked, unsent) => {
                    now = (unacked.into(), unsent.into());
                    changes.push(self.measured(index, at.0 as f64, unacked, unsent));
                    continue;
                }
                Moment::Read => read = read.max(end),
                Moment::Closed => read = sent,
            }
            let most = sent.0.saturating_sub(read.0);
            now = (now.0.min(most), now.1.min(most));
            changes.push(self.derived(index, now.0, now.1));
        }
        changes
    }

    /// The receive queue of the server's socket: before each recv as the
    /// kernel says, between them by what came on the wire and what was taken.
    pub(super) fn receive_queue(&self, id: ConnectionId) -> Vec<Change> {
        let whole = self.model.has_whole_wire();
        let (mut arrived, mut read) = (Offset(0), Offset(0));
        let mut changes = Vec::new();
        for (index, event) in self.events_of(id) {
            let by_acceptor = event.end == End::Acceptor;
            let mut level = 0;
            match event.call {
                Call::Segment if !by_acceptor && whole && !event.is_empty() => {
                    arrived = arrived.max(event.end());
                }
                Call::Recv if by_acceptor => {
                    read = read.max(event.end());
                    if let Some(waiting) = event.socket.waiting {
                        // Asked at the attempt that succeeded, not when the
                        // program began to wait.
                        changes.push(self.asked(index, waiting));
                        level = u64::from(waiting).saturating_sub(event.len() as u64);
                    }
                }
                // With the socket its queue is gone.
                Call::Close if by_acceptor => arrived = read,
                _ => continue,
            }
            if whole {
                level = arrived.0.saturating_sub(read.0);
            }
            changes.push(self.derived(index, level, 0));
        }
        changes
    }

    /// Connections that wait for accept.
    pub(super) fn accept_queue(&self, party: PartyId) -> Vec<Change> {
        let mut changes = Vec::new();
        for (index, event) in self.model.trace.events().iter().enumerate() {
            let own = self.model.trace.party_at(event.connection, End::Acceptor) == Some(party);
            let Some(waiting) = event.socket.accept_queue.filter(|_| own) else {
                continue;
            };
            if event.call == Call::Accept {
                changes.push(self.asked(index, waiting));
                let left = u64::from(waiting).saturating_sub(1);
                changes.push(self.derived(index, left, 0));
            } else {
                let after = (event.at + event.took).0 as f64;
                changes.push(self.measured(index, after, waiting, 0));
            }
        }
        changes
    }

    fn events_of(&self, id: ConnectionId) -> impl Iterator<Item = (usize, &Event)> {
        let events = self.model.trace.events().iter().enumerate();
        events.filter(move |(_, event)| event.connection == id)
    }

    fn derived(&self, event: usize, level: u64, unsent: u64) -> Change {
        Change {
            event,
            x: self.scale.moment(self.model, event),
            level,
            unsent,
            measured: false,
        }
    }

    /// What the kernel said just before the call that took from the queue.
    fn asked(&self, event: usize, level: u32) -> Change {
        Change {
            measured: true,
            ..self.derived(event, level.into(), 0)
        }
    }

    fn measured(&self, event: usize, at: f64, level: u32, unsent: u32) -> Change {
        Change {
            event,
            x: self.scale.at(self.model, at),
            level: level.into(),
            unsent: unsent.into(),
            measured: true,
        }
    }

    /// Draws the levels; `key` says how much is there at the cursor.
    pub(super) fn levels(
        &self,
        row: &TimeRow,
        (name, detail): (&str, &str),
        key: &'static str,
        changes: &[Change],
        list: &mut DrawList,
    ) {
        let most = changes.iter().map(|change| change.level).max().unwrap_or(0);
        let base = row.y + row.height;
        list.shapes.push(Shape::Rect {
            rect: Rect::new(self.scale.left, base - 1.0, self.scale.area, 1.0),
            fill: Some(Ink::Faint),
            stroke: None,
            line: 0.0,
            radius: 0.0,
            dashed: false,
            ghost: false,
        });
        let here = self.here();
        // Where the packets tell the level at the cursor, a number that the
        // kernel gave later is not known yet.
        let late = |change: &Change| {
            change.measured && self.model.has_whole_wire() && change.x > here + 0.01
        };
        let known = |change: &&Change| self.model.has_happened(change.event) && !late(change);
        // A number that was asked for before a call is told with the call, so
        // they are not in order. Those left of the stage may be in any.
        let mut changes = changes.to_vec();
        changes.sort_by(|a, b| a.x.max(0.0).total_cmp(&b.x.max(0.0)));
        let past: Vec<Change> = changes.iter().filter(known).copied().collect();
        let future: Vec<Change> = changes.iter().filter(|c| !known(c)).copied().collect();
        let now = past.last().map_or((0, 0), |c| (c.level, c.unsent));
        let (left, right) = (self.scale.left, self.scale.right());
        let height = |level: u64| base - (row.height - 4.0) * level as f64 / most.max(1) as f64;
        for (changes, from, to, before, ghost) in [
            (&past, left, here, (0, 0), false),
            (&future, here, right, now, true),
        ] {
            if to <= from {
                continue;
            }
            let mut area = |value: fn(&Change) -> u64, before: u64, ink: Ink| {
                let values = changes.iter().map(|change| (change.x, value(change)));
                let points = points(values, (from, to), before, &height);
                list.shapes.push(Shape::Area {
                    points,
                    base,
                    ink,
                    ghost,
                });
            };
            area(|change| change.level, before.0, Ink::Hue(0, Part::Fill));
            if before.1 > 0 || changes.iter().any(|change| change.unsent > 0) {
                area(|change| change.unsent, before.1, Ink::Hue(0, Part::Stroke));
            }
        }
        let mut free = left;
        for dot in past.iter().filter(|change| change.measured) {
            if dot.x >= free && dot.x <= right {
                list.shapes.push(Shape::Circle {
                    x: dot.x,
                    y: height(dot.level),
                    radius: DOT,
                    fill: Ink::Text,
                    stroke: None,
                });
                free = dot.x + 2.0 * DOT;
            }
        }
        let sentence = Sentence::new(key).with("n", Value::Count(now.0));
        let count = self.catalog.render(&sentence);
        self.head(row, name, detail, &count, list);
    }

    /// The names of a lane's derived level.
    pub(super) fn lane_names(&self, lane: &Lane) -> (String, String) {
        let what = self.catalog.text("stage.queue");
        let key = match lane.direction {
            Direction::FromOpener => "stage.queue-up",
            Direction::FromAcceptor => "stage.queue-down",
        };
        if self.model.is_of_one_client() {
            return (self.catalog.text(key), what);
        }
        let name = |end| self.model.end_name(self.catalog, lane.connection, end);
        let names = [name(lane.direction.sender()), name(lane.direction.reader())];
        (names.join(" → "), what)
    }

    /// Where what has happened ends, held within the area.
    fn here(&self) -> f64 {
        let scale = &self.scale;
        if self.model.step == self.model.trace.events().len() {
            return scale.right();
        }
        scale.cursor(self.model).unwrap_or_else(|| {
            let current = self.model.current();
            let x = current.map_or(scale.left, |(at, _)| scale.moment(self.model, at));
            x.max(scale.left).min(scale.right())
        })
    }
}

/// A step line between two edges. Of changes within one pixel the highest
/// level is kept, and the last.
fn points(
    changes: impl Iterator<Item = (f64, u64)>,
    (from, to): (f64, f64),
    before: u64,
    height: &dyn Fn(u64) -> f64,
) -> Vec<(f64, f64)> {
    let mut points = vec![(from, height(before))];
    let mut level = before;
    let mut at = from;
    let mut peak = before;
    for (x, next) in changes {
        let x = x.max(from).min(to);
        if x >= at + 1.0 {
            points.push((at, height(peak)));
            points.push((at, height(level)));
            points.push((x, height(level)));
            at = x;
            peak = level;
        }
        level = next;
        peak = peak.max(level);
    }
    points.push((at, height(peak)));
    points.push((at, height(level)));
    points.push((to, height(level)));
    points
}
