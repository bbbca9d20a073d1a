//! In which order runs start when not all may go on at once: the sources take
//! turns, and no source has more than its share. No clock, no task.

use std::collections::VecDeque;

use crate::net::admission::Source;

/// Identifies a run among those that wait or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

/// How many runs go on at once, as many as their weights come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Share {
    /// Of all sources together.
    pub(in crate::gateway) all: usize,
    /// Of one source.
    pub(in crate::gateway) source: usize,
}

/// The runs that go on, and those that wait.
#[derive(Debug)]
pub(super) struct Order {
    share: Share,
    running: usize,
    /// The source whose turn is next stands first.
    sources: Vec<Entry>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    source: Source,
    running: Vec<(Ticket, usize)>,
    waiting: VecDeque<(Ticket, usize)>,
}

impl Order {
    pub(super) fn new(share: Share) -> Self {
        Self {
            share,
            running: 0,
            sources: Vec::new(),
            last: 0,
        }
    }

    /// A run of `source` waits, behind those of the same source. It counts as `weight` runs,
    /// and no more than a source's share.
    pub(super) fn join(&mut self, source: Source, weight: usize) -> Ticket {
        let weight = weight.clamp(1, self.share.source.max(1));
        self.last += 1;
        let ticket = Ticket(self.last);
        match self.sources.iter_mut().find(|entry| entry.source == source) {
            Some(entry) => entry.waiting.push_back((ticket, weight)),
            None => self.sources.push(Entry {
                source,
                running: Vec::new(),
                waiting: VecDeque::from([(ticket, weight)]),
            }),
        }
        ticket
    }

    /// A run is over, or does not wait any more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        for entry in &mut self.sources {
            let before = entry.weight();
            entry.running.retain(|(running, _)| *running != ticket);
            self.running -= before - entry.weight();
            entry.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
        let idle = |entry: &Entry| entry.running.is_empty() && entry.waiting.is_empty();
        self.sources.retain(|entry| !idle(entry));
    }

    /// The next run that may start now; it goes on from here.
    pub(super) fn poll_start(&mut self) -> Option<Ticket> {
        let most = self.share.source;
        let free = self.share.all.saturating_sub(self.running);
        let may = |entry: &Entry| {
            let next = entry.waiting.front();
            next.is_some_and(|(_, weight)| entry.weight() + weight <= most)
        };
        // The source whose turn it is waits for as much room as its run needs: lighter runs of
        // others do not keep taking it.
        let index = self.sources.iter().position(may)?;
        let (_, weight) = *self.sources[index].waiting.front()?;
        if weight > free {
            return None;
        }
        let mut entry = self.sources.remove(index);
        let (ticket, weight) = entry.waiting.pop_front()?;
        entry.running.push((ticket, weight));
        self.running += weight;
        self.sources.push(entry);
        Some(ticket)
    }

    /// The place of each run that waits, from 1: how many start before it if
    /// the sources go on taking turns.
    pub(super) fn places(&self) -> impl Iterator<Item = (Ticket, usize)> {
        self.sources
            .iter()
            .enumerate()
            .flat_map(move |(own, entry)| {
                let waiting = entry.waiting.iter().enumerate();
                waiting.map(move |(rank, (ticket, _))| {
                    let others = self.sources.iter().enumerate();
                    let before = others.filter(|(other, _)| *other != own).map(|(other, e)| {
                        // In each round one of every source starts.
                        e.waiting.len().min(rank + usize::from(other < own))
                    });
                    (*ticket, 1 + rank + before.sum::<usize>())
                })
            })
    }

    /// How many go on, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        let waiting = self.sources.iter().map(|entry| entry.waiting.len());
        let running = self.sources.iter().map(|entry| entry.running.len());
        (running.sum(), waiting.sum())
    }
}

impl Entry {
    /// What the runs that go on count as.
    fn weight(&self) -> usize {
        self.running.iter().map(|(_, weight)| weight).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u8) -> Source {
        Source::of(([192, 0, 2, number], 1).into())
    }

    fn places(order: &Order) -> Vec<(Ticket, usize)> {
        let mut places: Vec<_> = order.places().collect();
        places.sort_by_key(|(_, place)| *place);
        places
    }

    #[test]
    fn sources_take_turns_and_places_say_so() {
        let share = Share { all: 2, source: 1 };
        let mut order = Order::new(share);
        let [a1, a2, a3, a4] = [(); 4].map(|()| order.join(source(1), 1));
        assert_eq!(order.poll_start(), Some(a1));
        assert_eq!(order.poll_start(), None, "one of each source");
        let [b1, b2] = [(); 2].map(|()| order.join(source(2), 1));
        assert_eq!(order.poll_start(), Some(b1), "the other half is free");
        let c1 = order.join(source(3), 1);
        assert_eq!(order.poll_start(), None);
        assert_eq!(order.counts(), (2, 5));
        let expected = [(a2, 1), (b2, 2), (c1, 3), (a3, 4), (a4, 5)];
        assert_eq!(places(&order), expected);
        // A run is withdrawn: the places behind it change.
        order.leave(a2);
        let expected = [(a3, 1), (b2, 2), (c1, 3), (a4, 4)];
        assert_eq!(places(&order), expected);
        // One ends: the turn is the source's that waits longest and may.
        order.leave(b1);
        assert_eq!(order.poll_start(), Some(b2));
        assert_eq!(order.poll_start(), None);
        order.leave(a1);
        assert_eq!(order.poll_start(), Some(a3));
        order.leave(b2);
        assert_eq!(order.poll_start(), Some(c1));
        order.leave(a3);
        assert_eq!(order.poll_start(), Some(a4));
        order.leave(a4);
        order.leave(c1);
        assert_eq!(order.counts(), (0, 0));
        assert!(order.sources.is_empty(), "nobody is remembered");
    }

    #[test]
    fn one_source_alone_has_its_share_and_no_more() {
        let mut order = Order::new(Share { all: 8, source: 4 });
        let tickets: Vec<_> = (0..6).map(|_| order.join(source(1), 1)).collect();
        let started: Vec<_> = std::iter::from_fn(|| order.poll_start()).collect();
        assert_eq!(started, tickets[..4]);
        assert_eq!(places(&order), [(tickets[4], 1), (tickets[5], 2)]);
        // Leaving twice is leaving once.
        order.leave(tickets[0]);
        order.leave(tickets[0]);
        assert_eq!(order.counts(), (3, 2));
    }

    #[test]
    fn a_run_with_load_counts_as_several_and_no_source_has_more_than_its_share() {
        let mut order = Order::new(Share { all: 8, source: 4 });
        let heavy = order.join(source(1), 9);
        let next = order.join(source(1), 1);
        assert_eq!(order.poll_start(), Some(heavy), "no more than the share");
        assert_eq!(order.poll_start(), None);
        let [b1, b2, b3] = [1, 1, 3].map(|weight| order.join(source(2), weight));
        assert_eq!(
            [order.poll_start(), order.poll_start()],
            [Some(b1), Some(b2)]
        );
        assert_eq!(order.poll_start(), None, "its source has its share");
        // The machine has room for two more; the one whose turn it is needs three.
        let [c1, c2] = [3, 1].map(|weight| order.join(source(3), weight));
        assert_eq!(order.poll_start(), None);
        assert_eq!(order.counts(), (3, 4));
        order.leave(b1);
        assert_eq!(order.poll_start(), Some(b3));
        assert_eq!(order.poll_start(), None);
        order.leave(heavy);
        assert_eq!(order.poll_start(), Some(next));
        assert_eq!(order.poll_start(), Some(c1));
        order.leave(next);
        order.leave(b3);
        assert_eq!(order.poll_start(), Some(c2));
        for ticket in [b2, c1, c2] {
            order.leave(ticket);
        }
        assert_eq!(order.counts(), (0, 0));
        assert_eq!(order.running, 0);
    }
}
