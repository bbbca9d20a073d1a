//! The lanes of datagrams: which packet was which send, and which of them a
//! recv took.
//!
//! A socket's datagrams are read in the order in which they came. So with
//! the wire captured and the socket's drop counter d beside its k-th recv
//! (both from 0), the datagram taken is packet k + d of those sent to it.
//! Otherwise the content must tell, in order; equal datagrams of which some
//! were lost then leave it open.
//!
//! Where no calls were watched at either end, each captured datagram is a message.

mod content;
mod packets;
mod sighting;

use self::content::{Contents, Index, Known};
use self::sighting::Sighting;
use super::direction;
use crate::lane::{Direction, Fate, Integrity, Lane, MessageKind, MessageSpan, Span};
use crate::{Call, Connection, ConnectionId, End, Endpoint, Trace};
use crate::{cause, order};
use bytes::Bytes;
use protocol::Frame;

/// Both directions of all connections of datagrams, each with the indices of
/// its sends, recvs and packets.
pub(super) fn lanes<'a>(
    trace: &'a Trace,
    datagrams: impl Iterator<Item = (&'a Connection, &'a [usize])>,
) -> Vec<Lane> {
    let known = Known::of(trace.events());
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut sockets: Vec<&Endpoint> = Vec::new();
    for (connection, events) in datagrams {
        let acceptor = &connection.acceptor;
        // An acceptor has one socket for all its peers, each opener has its own.
        let same = |socket: &&Endpoint| {
            (socket.party, &socket.address) == (acceptor.party, &acceptor.address)
        };
        let socket = sockets.iter().position(same).unwrap_or(sockets.len());
        if socket == sockets.len() {
            sockets.push(acceptor);
            up.push(Vec::new());
        }
        let way = |direction| Way::new((trace, known), connection.connection, direction, events);
        up[socket].push(way(Direction::FromOpener));
        down.push(way(Direction::FromAcceptor));
    }
    for ways in &mut up {
        read_socket((trace, known), ways, trace.dropped);
    }
    for way in &mut down {
        read_socket((trace, known), std::slice::from_mut(way), None);
    }
    let all = up.into_iter().flatten().chain(down);
    all.map(|way| way.finish(trace)).collect()
}

/// A lane while its datagrams are matched.
struct Way {
    lane: Lane,
    /// Captured datagrams.
    packets: Vec<Sighting>,
    recvs: Vec<Received>,
    /// What became of each send.
    fates: Vec<Fate>,
    /// Neither sends nor recvs were watched, and none were seen.
    is_of_packets: bool,
}

/// A recv of one datagram, perhaps an empty one.
struct Received {
    event: usize,
    /// Which send it took.
    send: Option<usize>,
    /// Told by the socket's counters, not by content.
    exact: bool,
    /// It could have been another one as well.
    unsure: bool,
}

impl Way {
    fn new(
        (trace, known): (&Trace, Known),
        connection: ConnectionId,
        way: Direction,
        events: &[usize],
    ) -> Self {
        let mut this = Self {
            lane: Lane::new(connection, way),
            packets: Vec::new(),
            recvs: Vec::new(),
            fates: Vec::new(),
            is_of_packets: false,
        };
        let lane = &mut this.lane;
        for &index in events {
            let event = &trace.events()[index];
            match event.call {
                _ if direction(event) != Some(way) => {}
                Call::Send => {
                    let start = lane.end();
                    lane.add(event);
                    lane.push_send(Span {
                        event: index,
                        start,
                        end: lane.end(),
                        cut: 0,
                    });
                }
                Call::Datagram => Sighting::add(&mut this.packets, index, event),
                Call::Recv => this.recvs.push(Received {
                    event: index,
                    send: None,
                    exact: false,
                    unsure: false,
                }),
                _ => {}
            }
        }
        this.is_of_packets = this.lane.sends.is_empty()
            && this.recvs.is_empty()
            && !End::ALL
                .iter()
                .any(|&end| trace.is_watched(connection, end));
        for packet in &mut this.packets {
            packet.put_together(trace.events());
        }
        this.fates = vec![Fate::Unknown; this.lane.sends.len()];
        this.match_packets(trace, known);
        this
    }

    /// Each packet is the first send in order with its content.
    fn match_packets(&mut self, trace: &Trace, known: Known) {
        let events = trace.events();
        if self.packets.is_empty() {
            return;
        }
        let sends = Index::whole(known, events, &self.lane.sends);
        // How many of those that look the same are matched, at their first.
        let mut used = vec![0; sends.len()];
        for sighting in &mut self.packets {
            let packet = sighting.datagram(events);
            let (at, same) = sends.find(known.key(packet));
            let Some(&(_, number)) = used.get(at).and_then(|&used| same.get(used)) else {
                continue;
            };
            if known.are_equal(&events[self.lane.sends[number].event], packet) {
                sighting.send = Some(number);
                used[at] += 1;
            }
        }
    }

    /// Finds the sends of the recvs that no counter told.
    fn match_contents(&mut self, trace: &Trace, known: Known) {
        if self.recvs.iter().all(|recv| recv.exact) {
            return;
        }
        let events = trace.events();
        let mut contents = Contents::new(known, events, &self.lane.sends);
        let mut taken = vec![false; self.lane.sends.len()];
        let exact = self.recvs.iter().filter_map(|recv| recv.send);
        exact.for_each(|send| taken[send] = true);
        // As early as the order allows.
        let mut next = 0;
        for recv in &mut self.recvs {
            if !recv.exact {
                let found = contents.first(recv.event, next);
                recv.send = found.or_else(|| contents.untaken(recv.event, &taken));
                recv.unsure = found.is_none() && recv.send.is_some();
            }
            if let (Some(send), false) = (recv.send, recv.unsure) {
                next = next.max(send + 1);
            }
            if let Some(send) = recv.send {
                taken[send] = true;
            }
        }
        let all_read = self.lane.direction == Direction::FromOpener && trace.dropped == Some(0);
        if trace.ending().is_none() || all_read {
            return;
        }
        // As late as the order allows: if that is another one, who knows.
        let mut limit = self.lane.sends.len();
        for recv in self.recvs.iter_mut().rev().filter(|recv| !recv.unsure) {
            let Some(send) = recv.send else {
                continue;
            };
            let last = if recv.exact {
                send
            } else {
                contents.last(recv.event, limit).unwrap_or(send)
            };
            recv.unsure = last != send;
            limit = limit.min(last);
        }
    }

    fn note_read(&mut self) {
        for recv in &self.recvs {
            if let Some(send) = recv.send {
                self.fates[send] = Fate::Read(recv.event);
            }
        }
    }

    /// What a link lost was not read, and not dropped by its reader's kernel.
    fn note_lost(&mut self, trace: &Trace) {
        for packet in &self.packets {
            let transit = packet.transit(trace.events());
            let is_lost = transit.is_some_and(|transit| transit.lost.is_some());
            if let (true, Some(send)) = (is_lost, packet.send) {
                self.fates[send] = Fate::Lost;
            }
        }
    }

    fn unread(&self) -> usize {
        let unread = self.fates.iter().filter(|fate| **fate == Fate::Unknown);
        unread.count()
    }

    /// Everything is matched: the lane's layers.
    fn finish(mut self, trace: &Trace) -> Lane {
        if self.is_of_packets {
            for packet in std::mem::take(&mut self.packets) {
                let bytes = &packet.datagram(trace.events()).bytes;
                packets::carry(&mut self.lane, packet.event(), bytes);
            }
            return self.lane;
        }
        let lane = &mut self.lane;
        sighting::carry(lane, &self.packets, &self.fates, trace.events());
        order::sort_by_key(&mut lane.carriers, |carrier| [carrier.start.0, 0]);
        for recv in self.recvs {
            let Some(number) = recv.send else {
                continue;
            };
            let event = &trace.events()[recv.event];
            let send = lane.sends[number];
            let real = event
                .socket
                .length
                .map_or(send.len(), |length| length as usize);
            let cut = real.saturating_sub(event.len());
            lane.push_recv(Span {
                event: recv.event,
                start: send.start,
                end: send.start + event.len(),
                cut,
            });
            lane.recv_sends.push(number);
            if recv.unsure {
                lane.unsure.push(recv.event);
            }
            lane.push_message(MessageSpan {
                event: recv.event,
                frame: Frame {
                    start: send.start,
                    header: 0,
                    body: Bytes::copy_from_slice(&event.bytes),
                    size: event.len(),
                    trailer: 0,
                },
                kind: MessageKind::Message,
                integrity: match cut {
                    0 => Integrity::Whole,
                    cut => Integrity::Cut(cut),
                },
            });
        }
        lane.fates = self.fates;
        lane.boundaries = cause::datagrams(lane, trace.ending().is_some());
        self.lane
    }
}

/// Tells which datagrams one socket read: those of all `ways` that lead to
/// it. `lost` is what it lost in all, if that is known.
fn read_socket((trace, known): (&Trace, Known), ways: &mut [Way], lost: Option<u32>) {
    let complete = trace.missed == Some(0);
    let places = complete
        .then(|| count((trace, known), ways, lost))
        .flatten();
    for way in &mut *ways {
        way.match_contents(trace, known);
        way.note_read();
        way.note_lost(trace);
    }
    if let Some(places) = places {
        for (way, send) in places {
            let fate = &mut ways[way].fates[send];
            if *fate == Fate::Unknown {
                *fate = Fate::Dropped;
            }
        }
    }
    let (Some(lost), Some(_)) = (lost, trace.ending()) else {
        return;
    };
    // What was neither read nor skipped: all lost, or all left in the queue,
    // or nobody knows which.
    let left: usize = ways.iter().map(Way::unread).sum();
    let fates = ways.iter().flat_map(|way| &way.fates);
    let dropped = fates.filter(|fate| **fate == Fate::Dropped).count();
    let fate = match (lost as usize).checked_sub(dropped) {
        Some(0) => Fate::Unread,
        Some(more) if more == left => Fate::Dropped,
        _ => return,
    };
    for way in ways {
        let unread = way.fates.iter_mut().filter(|fate| **fate == Fate::Unknown);
        unread.for_each(|unread| *unread = fate);
    }
}

/// Matches recvs to sends by counting packets. If that explains every recv,
/// returns all sends (way and number) up to the last one read: those that
/// nobody read were dropped.
fn count(
    (trace, known): (&Trace, Known),
    ways: &mut [Way],
    lost: Option<u32>,
) -> Option<Vec<(usize, usize)>> {
    let events = trace.events();
    let (mut packets, mut recvs) = (Vec::new(), Vec::new());
    let mut has_link = false;
    for (number, way) in ways.iter().enumerate() {
        for (place, sighting) in way.packets.iter().enumerate() {
            let event = sighting.event();
            let Some(transit) = sighting.transit(events) else {
                packets.push((events[event].at, event, number, place));
                continue;
            };
            has_link = true;
            // What a link carried is read in the order in which it arrived.
            let times = if transit.twice { 2 } else { 1 };
            let arrived = transit.arrived.into_iter();
            let arrivals = arrived.flat_map(|at| std::iter::repeat_n(at, times));
            packets.extend(arrivals.map(|at| (at, event, number, place)));
        }
        let places = way.recvs.iter().enumerate();
        recvs.extend(places.map(|(place, recv)| (recv.event, number, place)));
    }
    order::sort_by_key(&mut packets, |&(at, event, ..)| [at.0, event as u64]);
    order::sort_by_key(&mut recvs, |&(event, ..)| [event as u64, 0]);
    // The kernel leaves the counter out as long as it is 0.
    let asked = |&(event, ..): &(usize, _, _)| events[event].socket.dropped.is_some();
    if lost.is_none() && !has_link && !recvs.iter().any(asked) {
        return None;
    }
    let (mut dropped, mut all, mut reached) = (0, true, 0);
    for (k, &(event, number, place)) in recvs.iter().enumerate() {
        dropped = events[event].socket.dropped.unwrap_or(dropped);
        let position = k + dropped as usize;
        let send = packets.get(position).and_then(|&(_, _, way, place)| {
            let sighting = &ways[way].packets[place];
            let same = way == number && known.agrees(&events[event], sighting.datagram(events));
            sighting.send.filter(|_| same)
        });
        match send {
            Some(send) => {
                let recv = &mut ways[number].recvs[place];
                (recv.send, recv.exact) = (Some(send), true);
                reached = position;
            }
            None => all = false,
        }
    }
    let places = packets.into_iter().take(reached);
    all.then(|| {
        places
            .filter_map(|(_, _, way, place)| Some((way, ways[way].packets[place].send?)))
            .collect()
    })
}
