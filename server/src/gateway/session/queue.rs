//! The runs of all sessions, of which only some go on at once.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::watch;

use super::order::{Order, Share, Ticket};
use crate::gateway::metrics::Metrics;
use crate::net::admission::Source;

/// Runs that go on at once for each of the machine's processors: each has up
/// to three threads that never have to wait.
const EACH: usize = 4;
/// Those threads of a run.
const THREADS: u32 = 3;
/// The same at least.
const LEAST: usize = 8;

/// Starts runs in turn. Shared by all sessions.
#[derive(Debug)]
pub(in crate::gateway) struct Queue {
    order: Mutex<Line>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Line {
    order: Order,
    /// What each run that waits is told.
    told: HashMap<Ticket, watch::Sender<Standing>>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits; its place, from 1.
    Waits(usize),
    /// It may start.
    Starts,
}

/// A run's place among those that wait, and then among those that go on, until
/// this is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    queue: Arc<Queue>,
    ticket: Ticket,
    standing: watch::Receiver<Standing>,
}

/// How many runs this machine has the processors for at a time.
pub fn running_runs() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (EACH * processors).max(LEAST)
}

impl Share {
    /// `all` together; one source has half of them, and at least one.
    pub(in crate::gateway) fn of(all: usize) -> Self {
        Self {
            all,
            source: all.div_ceil(2),
        }
    }
}

impl Queue {
    /// Nothing goes on yet.
    pub(in crate::gateway) fn new(share: Share, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self {
            order: Mutex::new(Line {
                order: Order::new(share),
                told: HashMap::new(),
            }),
            metrics,
        })
    }

    /// A run of `peer` is to start as soon as it may. It counts as one run, and as another for
    /// each so many of its `busy` threads as a run has that never have to wait.
    pub(super) fn join(self: &Arc<Self>, peer: SocketAddr, busy: u32) -> Entry {
        let mut line = self.line();
        let ticket = line
            .order
            .join(Source::of(peer), 1 + busy.div_ceil(THREADS) as usize);
        let (told, standing) = watch::channel(Standing::Waits(usize::MAX));
        line.told.insert(ticket, told);
        self.advance(&mut line);
        Entry {
            queue: Arc::clone(self),
            ticket,
            standing,
        }
    }

    /// Starts the runs that may start, and sends the others their places.
    fn advance(&self, line: &mut Line) {
        while let Some(ticket) = line.order.poll_start() {
            if let Some(told) = line.told.remove(&ticket) {
                told.send_replace(Standing::Starts);
            }
        }
        for (ticket, place) in line.order.places() {
            if let Some(told) = line.told.get(&ticket) {
                let place = Standing::Waits(place);
                told.send_if_modified(|now| std::mem::replace(now, place) != place);
            }
        }
        let (running, waiting) = line.order.counts();
        self.metrics.queue(running, waiting);
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// How far it is now.
    pub(super) fn standing(&mut self) -> Standing {
        *self.standing.borrow_and_update()
    }

    /// How far it is, once that is something else than was said last.
    pub(super) async fn changed(&mut self) -> Standing {
        // The sender is dropped when the run starts: that is no error.
        let _ = self.standing.changed().await;
        self.standing()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut line = self.queue.line();
        line.order.leave(self.ticket);
        line.told.remove(&self.ticket);
        self.queue.advance(&mut line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_its_place_as_the_queue_moves() {
        let queue = Queue::new(Share { all: 1, source: 1 }, Metrics::new());
        let peer = |number| SocketAddr::from(([192, 0, 2, number], 1));
        let mut first = queue.join(peer(1), 0);
        let mut second = queue.join(peer(2), 0);
        let third = queue.join(peer(2), 0);
        let mut fourth = queue.join(peer(3), 0);
        assert_eq!(first.standing(), Standing::Starts);
        assert_eq!(second.standing(), Standing::Waits(1));
        assert_eq!(fourth.standing(), Standing::Waits(2));
        drop(third);
        drop(first);
        assert_eq!(second.changed().await, Standing::Starts);
        assert_eq!(fourth.changed().await, Standing::Waits(1));
        drop(second);
        assert_eq!(fourth.changed().await, Standing::Starts);
    }

    #[test]
    fn one_source_leaves_half_to_others() {
        let share = Share::of(running_runs());
        assert!(share.all >= LEAST && share.source * 2 <= share.all + 1);
        assert_eq!(Share::of(1), Share { all: 1, source: 1 });
    }
}
