//! One way of a link: a packet in with its time, and what becomes of it; packets out when
//! they arrive.
//!
//! ```text
//!        loss            queue, rate           delay ± jitter         duplicate, reorder
//! in ──► lost? ──► waits for its turn ──► is under way for a time ──► out, once or twice
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use protocol::Nanos;
use record::Loss;

use crate::chance::{Chance, Question};
use crate::{LinkSettings, Share, Way};

/// Least time by which a packet is held back that others are to overtake.
const HELD: Nanos = Nanos(2_000_000);
/// Most bytes that are under way at a time; what is more is lost as if the queue was full.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// What becomes of a packet: known as soon as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does not arrive.
    Lost(Loss),
    /// It arrives.
    Carried {
        /// When that is.
        arrives: Nanos,
        /// Whether it arrives a second time, right behind.
        twice: bool,
        /// Whether it was held back so that later ones overtake it.
        late: bool,
    },
}

/// A packet that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<Packet> {
    /// It.
    pub packet: Packet,
    /// Whether it has arrived before.
    pub again: bool,
    /// Whether it arrives twice in all.
    pub twice: bool,
    /// Whether it was held back so that later ones overtake it.
    pub late: bool,
}

/// One way of a link, with the packets that are under way.
#[derive(Debug)]
pub struct Pipe<Packet> {
    way: Way,
    chance: Chance,
    /// How many packets came so far.
    count: u64,
    /// The latest time that was told.
    now: Nanos,
    /// When the packet before is in, bits and all.
    busy_until: Nanos,
    /// When each packet is in that waits, or is on its way in.
    turns: VecDeque<Nanos>,
    /// When the latest packet arrives, but for those that were held back.
    latest: Nanos,
    arrivals: BinaryHeap<Reverse<Due<Packet>>>,
    /// Bytes of those.
    bytes: usize,
    places: u64,
}

/// A packet under way. It is ordered by its time, and by its place among those of that time.
#[derive(Debug)]
struct Due<Packet> {
    at: Nanos,
    place: u64,
    length: usize,
    arrival: Arrival<Packet>,
}

impl<Packet: Clone> Pipe<Packet> {
    /// The pipes of both ways of a link: up and down.
    pub fn pair(link: &LinkSettings) -> [Self; 2] {
        let pipe = |way, number| Self {
            way,
            chance: Chance::new(link.seed, number),
            count: 0,
            now: Nanos(0),
            busy_until: Nanos(0),
            turns: VecDeque::new(),
            latest: Nanos(0),
            arrivals: BinaryHeap::new(),
            bytes: 0,
            places: 0,
        };
        [pipe(link.up, 0), pipe(link.down, 1)]
    }

    /// Takes a packet of `length` bytes that came at `now`, its Ethernet header counted.
    /// Times before the latest one are taken for that.
    pub fn handle_packet(&mut self, now: Nanos, length: usize, packet: Packet) -> Fate {
        self.now = self.now.max(now);
        let number = self.count;
        self.count += 1;
        let is_chosen = |share: Share, question| {
            let share = u64::from(share.millionths());
            self.chance.below(Share::ALL.into(), number, question) < share
        };
        if is_chosen(self.way.loss, Question::Loss) {
            return Fate::Lost(Loss::Chance);
        }
        let twice = is_chosen(self.way.duplicate, Question::Duplicate);
        let late = is_chosen(self.way.reorder, Question::Reorder);
        let Some(is_in) = self.take_turn(length) else {
            return Fate::Lost(Loss::Queue);
        };
        let mut arrives = Nanos(is_in.0 + self.delay(number));
        if late {
            arrives = arrives + HELD.max(Nanos(self.way.delay.0 / 2));
        } else {
            arrives = arrives.max(self.latest);
            self.latest = arrives;
        }
        let arrival = Arrival {
            packet,
            again: twice,
            twice,
            late,
        };
        if twice {
            let first = Arrival {
                again: false,
                ..arrival.clone()
            };
            self.push(arrives, length, first);
        }
        self.push(arrives, length, arrival);
        Fate::Carried {
            arrives,
            twice,
            late,
        }
    }

    /// When the next packet arrives; none if none is under way.
    pub fn next_arrival(&self) -> Option<Nanos> {
        self.arrivals.peek().map(|Reverse(due)| due.at)
    }

    /// The next packet that has arrived by `now`. To be asked until there is none.
    pub fn poll_arrival(&mut self, now: Nanos) -> Option<Arrival<Packet>> {
        self.next_arrival().filter(|at| *at <= now)?;
        let Reverse(due) = self.arrivals.pop()?;
        self.bytes -= due.length;
        Some(due.arrival)
    }

    /// When a packet that came now is in; none if there is no room for it.
    fn take_turn(&mut self, length: usize) -> Option<Nanos> {
        while self.turns.front().is_some_and(|turn| *turn <= self.now) {
            self.turns.pop_front();
        }
        let has_room = self.bytes.saturating_add(2 * length) <= MOST_BYTES;
        // The one on its way in does not wait.
        if self.turns.len() > self.way.queue as usize || !has_room {
            return None;
        }
        let start = self.busy_until.max(self.now);
        self.busy_until = Nanos(start.0.saturating_add(self.way.rate.nanos(length)));
        if self.busy_until > self.now {
            self.turns.push_back(self.busy_until);
        }
        Some(self.busy_until)
    }

    /// How long a packet is under way, in nanoseconds.
    fn delay(&self, number: u64) -> u64 {
        let Way { delay, jitter, .. } = self.way;
        if jitter.0 == 0 {
            return delay.0;
        }
        let more = self
            .chance
            .below(2 * jitter.0 + 1, number, Question::Jitter);
        (delay.0 + more).saturating_sub(jitter.0)
    }

    fn push(&mut self, at: Nanos, length: usize, arrival: Arrival<Packet>) {
        self.bytes += length;
        self.places += 1;
        self.arrivals.push(Reverse(Due {
            at,
            place: self.places,
            length,
            arrival,
        }));
    }
}

impl<Packet> Due<Packet> {
    const fn key(&self) -> (u64, u64) {
        (self.at.0, self.place)
    }
}

impl<Packet> PartialEq for Due<Packet> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<Packet> Eq for Due<Packet> {}

impl<Packet> PartialOrd for Due<Packet> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Packet> Ord for Due<Packet> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests;
