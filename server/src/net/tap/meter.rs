//! How much a run may record, and how much memory runs may take for what is
//! queued: events for their session, commands for the clients. Counted where
//! events are made, so that nothing is held first.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use trace::{Call, Event, Reason};

/// Memory that an event takes beside its bytes: itself, its place in a queue,
/// and what the allocator adds to its bytes.
const EACH: usize = size_of::<Event>() + 64;

/// Memory of what waits in several runs together, in bytes.
#[derive(Debug)]
pub struct Backlog {
    waiting: AtomicUsize,
    most: usize,
    reserve: usize,
}

impl Backlog {
    /// Together at most `most` bytes wait. A run of which no more than `reserve`
    /// wait as events goes on in spite of that: it is not its reader who is too slow.
    pub fn new(most: usize, reserve: usize) -> Arc<Self> {
        Arc::new(Self {
            waiting: AtomicUsize::new(0),
            most,
            reserve,
        })
    }

    /// Bytes that wait now.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether `size` bytes more are too much where `own` bytes of the same run wait.
    pub fn is_full(&self, own: usize, size: usize) -> bool {
        self.waiting() + size > self.most && own > self.reserve
    }

    /// Counts `size` bytes that wait until the result is dropped.
    pub fn hold(self: &Arc<Self>, size: usize) -> Held {
        self.waiting.fetch_add(size, Ordering::Relaxed);
        Held {
            backlog: Arc::clone(self),
            size,
        }
    }
}

/// Memory that counts in a [`Backlog`].
#[derive(Debug)]
pub struct Held {
    backlog: Arc<Backlog>,
    size: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.backlog.waiting.fetch_sub(self.size, Ordering::Relaxed);
    }
}

/// Counts what one run records.
#[derive(Debug)]
pub struct Meter {
    most_calls: u32,
    most_bytes: usize,
    calls: AtomicU32,
    bytes: AtomicUsize,
    /// Bytes of this run that wait.
    waiting: AtomicUsize,
    backlog: Option<Arc<Backlog>>,
    full: OnceLock<Reason>,
    left_out: AtomicU64,
}

impl Meter {
    /// At most `calls` calls that carry at most `bytes` bytes together; what
    /// waits counts in `backlog`, if there is one.
    pub fn new(calls: u32, bytes: usize, backlog: Option<Arc<Backlog>>) -> Self {
        Self {
            most_calls: calls,
            most_bytes: bytes,
            calls: AtomicU32::new(0),
            bytes: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            backlog,
            full: OnceLock::new(),
            left_out: AtomicU64::new(0),
        }
    }

    /// Where what waits counts, if that is bounded.
    pub fn backlog(&self) -> Option<Arc<Backlog>> {
        self.backlog.clone()
    }

    /// Why events are left out, once one was: then none is recorded any more.
    pub fn full(&self) -> Option<Reason> {
        self.full.get().copied()
    }

    /// Calls that were not recorded.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Whether `event` may be recorded; then it waits until it is [taken](Self::taken).
    pub(super) fn admit(&self, event: &Event) -> bool {
        let is_call = !event.call.is_packet() && event.call != Call::Cut;
        if let Some(reason) = self.exceeded(event, is_call) {
            // The first reason is the one that is told.
            let _ = self.full.set(reason);
        }
        if self.full.get().is_some() {
            self.left_out.fetch_add(is_call.into(), Ordering::Relaxed);
            return false;
        }
        self.waits(event);
        true
    }

    /// Counts an event that is recorded however much there is already.
    pub fn waits(&self, event: &Event) {
        let size = size(event);
        self.waiting.fetch_add(size, Ordering::Relaxed);
        if let Some(backlog) = &self.backlog {
            backlog.waiting.fetch_add(size, Ordering::Relaxed);
        }
    }

    fn exceeded(&self, event: &Event, is_call: bool) -> Option<Reason> {
        if is_call {
            if self.calls.fetch_add(1, Ordering::Relaxed) >= self.most_calls {
                return Some(Reason::Calls);
            }
            let kept = event.bytes.len();
            let before = self.bytes.fetch_add(kept, Ordering::Relaxed);
            if before + kept > self.most_bytes {
                return Some(Reason::Bytes);
            }
        }
        let backlog = self.backlog.as_ref()?;
        let own = self.waiting.load(Ordering::Relaxed);
        let is_full = backlog.is_full(own, size(event));
        is_full.then_some(Reason::Unread)
    }

    /// `event` was taken from the queue.
    pub fn taken(&self, event: &Event) {
        self.release(size(event));
    }

    fn release(&self, size: usize) {
        self.waiting.fetch_sub(size, Ordering::Relaxed);
        if let Some(backlog) = &self.backlog {
            backlog.waiting.fetch_sub(size, Ordering::Relaxed);
        }
    }
}

impl Drop for Meter {
    /// Events that were not taken are dropped.
    fn drop(&mut self) {
        let waiting = *self.waiting.get_mut();
        self.release(waiting);
    }
}

/// Memory that an event takes, in bytes.
fn size(event: &Event) -> usize {
    let raw = event.header.as_ref().map_or(0, |header| header.raw.len());
    let error = event.error.as_ref().map_or(0, String::len);
    EACH + event.bytes.len() + raw + error
}

#[cfg(test)]
mod tests {
    use protocol::Nanos;
    use trace::ClientId;

    use super::*;

    fn event(length: usize) -> Event {
        Event {
            bytes: vec![0; length],
            ..Event::new(Nanos(0), ClientId::FIRST.acceptor(), Call::Recv)
        }
    }

    #[test]
    fn calls_and_bytes_end_a_record() {
        let meter = Meter::new(2, 100, None);
        assert!(meter.admit(&event(1)) && meter.admit(&event(99)));
        assert_eq!((meter.full(), meter.left_out()), (None, 0));
        assert!(!meter.admit(&event(0)));
        assert_eq!((meter.full(), meter.left_out()), (Some(Reason::Calls), 1));
        let meter = Meter::new(9, 100, None);
        assert!(meter.admit(&event(100)) && !meter.admit(&event(1)));
        assert!(!meter.admit(&event(0)), "a record has no gaps");
        assert_eq!((meter.full(), meter.left_out()), (Some(Reason::Bytes), 2));
    }

    #[test]
    fn what_waits_ends_the_run_whose_reader_is_slow() {
        let backlog = Backlog::new(10_000, 2_000);
        let runs = [0, 1].map(|_| Meter::new(100, 100_000, Some(Arc::clone(&backlog))));
        let [slow, other] = &runs;
        assert!(slow.admit(&event(4_000)) && slow.admit(&event(4_000)));
        assert!(!slow.admit(&event(4_000)));
        assert_eq!(slow.full(), Some(Reason::Unread));
        // The other one's reader takes what comes, and is not disturbed.
        for _ in 0..20 {
            assert!(other.admit(&event(1_500)));
            other.taken(&event(1_500));
        }
        assert!(other.admit(&event(3_000)) && !other.admit(&event(0)));
        assert!(backlog.waiting() < 12_500, "{}", backlog.waiting());
        drop(runs);
        assert_eq!(backlog.waiting(), 0);
    }

    /// Commands count against the same memory, and end no run by themselves.
    #[test]
    fn what_is_held_beside_events_counts_until_it_is_dropped() {
        let backlog = Backlog::new(10_000, 2_000);
        let meter = Meter::new(100, 100_000, Some(Arc::clone(&backlog)));
        let held = backlog.hold(9_000);
        assert_eq!(backlog.waiting(), 9_000);
        assert!(meter.admit(&event(1_500)) && meter.admit(&event(500)));
        drop(held);
        assert!(backlog.waiting() < 4_000, "{}", backlog.waiting());
        assert!(meter.admit(&event(3_000)));
        let _held = backlog.hold(9_000);
        assert!(!meter.admit(&event(0)), "too much waits, events among it");
    }
}
