//! Bounds on replies that peers do not read: bytes a source may leave unread,
//! and progress a connection has to make. Sans-IO: bytes and time in, verdicts
//! out; `reply.rs` asks the sockets.
//!
//! The kernel keeps what was written until the peer has acknowledged it, and
//! lets the send buffer grow to megabytes. [`UNSENT`] bounds that for each
//! connection, [`Bounds::per_source`] for all connections of a source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::net::admission::Source;

/// Bytes of a connection that were written and not sent (see
/// [`kernel::bound_unsent`]).
pub(super) const UNSENT: u32 = 128 * 1024;

/// How much may stay unread, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes that one source may leave unread on all its connections together;
    /// above it none of them is written to.
    pub(super) per_source: usize,
    /// How long a peer may acknowledge nothing.
    pub(super) stall: Duration,
    /// The same while its source is hurried: from when it reaches `per_source`
    /// until it is below half of that.
    pub(super) hurried: Duration,
    /// Bytes that a peer has to acknowledge in each period of `stall`.
    pub(super) least: usize,
}

/// Bytes that a peer has to take a second, on average.
const LEAST: f64 = 240.0;

impl Default for Bounds {
    /// As [`Bounds::within`] 30 s.
    fn default() -> Self {
        Self::within(Duration::from_secs(30))
    }
}

impl Bounds {
    /// 16 MiB a source; so long without an acknowledgement, above that at most
    /// 2 s; 240 bytes a second.
    pub(super) fn within(stall: Duration) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a deadline is a day at most"
        )]
        let least = (stall.as_secs_f64() * LEAST) as usize;
        Self {
            per_source: 16 * 1024 * 1024,
            stall,
            hurried: stall.min(Duration::from_secs(2)),
            least,
        }
    }
}

/// What all sources have left unread.
#[derive(Debug, Default)]
pub(super) struct Unread {
    bounds: Bounds,
    by_source: Mutex<HashMap<Source, Left>>,
}

/// What one source has left unread.
#[derive(Debug, Default)]
struct Left {
    bytes: usize,
    /// Whether its connections are hurried. If that ended with the bound itself,
    /// each connection that is reset would give the others their full time.
    hurried: bool,
}

impl Unread {
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            by_source: Mutex::default(),
        })
    }

    fn by_source(&self) -> MutexGuard<'_, HashMap<Source, Left>> {
        self.by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, source: Source, from: usize, to: usize) {
        if from == to {
            return;
        }
        let mut by_source = self.by_source();
        let left = by_source.entry(source).or_default();
        left.bytes = left.bytes.saturating_sub(from) + to;
        let most = self.bounds.per_source;
        left.hurried = left.bytes >= if left.hurried { most / 2 } else { most };
        if left.bytes == 0 {
            by_source.remove(&source);
        }
    }
}

/// One connection's part of what its source has left unread; none of it once
/// this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    all: Arc<Unread>,
    charged: Mutex<(Source, usize)>,
}

impl Share {
    /// Nothing is unread yet.
    pub(super) fn new(all: Arc<Unread>, source: Source) -> Self {
        Self {
            all,
            charged: Mutex::new((source, 0)),
        }
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.all.bounds
    }

    /// From now on the connection's replies are for `source`: a proxy's
    /// connection carries requests of many.
    pub(super) fn assign(&self, source: Source) {
        let mut charged = self.charged();
        let (before, bytes) = *charged;
        if before != source {
            self.all.change(before, bytes, 0);
            self.all.change(source, 0, bytes);
            charged.0 = source;
        }
    }

    /// The connection's peer has left `bytes` unread.
    pub(super) fn charge(&self, bytes: usize) {
        let mut charged = self.charged();
        self.all.change(charged.0, charged.1, bytes);
        charged.1 = bytes;
    }

    /// Whether the source has left as much unread as it may.
    pub(super) fn is_full(&self) -> bool {
        let source = self.charged().0;
        let by_source = self.all.by_source();
        let unread = by_source.get(&source).map_or(0, |left| left.bytes);
        unread >= self.all.bounds.per_source
    }

    /// Whether the source was full and has not yet read half of that, so that
    /// who reads nothing has less time.
    pub(super) fn is_hurried(&self) -> bool {
        let source = self.charged().0;
        let by_source = self.all.by_source();
        by_source.get(&source).is_some_and(|left| left.hurried)
    }

    fn charged(&self) -> MutexGuard<'_, (Source, usize)> {
        self.charged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.charge(0);
    }
}

/// A connection whose peer has something to read, from time to time looked at.
#[derive(Debug)]
pub(super) struct Watch {
    /// Bytes unread at the last look.
    queue: usize,
    /// When the peer last acknowledged anything.
    moved: Instant,
    /// Since when it has acknowledged nothing although it could.
    since: Instant,
    /// The begin of the current period, and what was acknowledged in it.
    period: Instant,
    acknowledged: usize,
}

impl Watch {
    /// `queue` bytes are unread.
    pub(super) fn new(now: Instant, queue: usize) -> Self {
        Self {
            queue,
            moved: now,
            since: now,
            period: now,
            acknowledged: 0,
        }
    }

    /// When the peer last acknowledged anything, as far as was looked.
    pub(super) fn moved(&self) -> Instant {
        self.moved
    }

    /// Now `queue` bytes are unread, after `written` more than at the look
    /// before. Whether the peer has to be given up; `hurried`: its source is or
    /// was above its bound. A connection that is held back by that alone, with
    /// nothing unread, is not to blame: its time begins when the hold is over.
    pub(super) fn look(
        &mut self,
        now: Instant,
        written: usize,
        queue: usize,
        hurried: bool,
        bounds: &Bounds,
    ) -> bool {
        let acknowledged = (self.queue + written).saturating_sub(queue);
        self.queue = queue;
        self.acknowledged += acknowledged;
        if acknowledged > 0 {
            (self.moved, self.since) = (now, now);
        }
        if hurried && queue == 0 {
            (self.since, self.period, self.acknowledged) = (now, now, 0);
            return false;
        }
        let patience = if hurried {
            bounds.hurried
        } else {
            bounds.stall
        };
        if now - self.since >= patience {
            return true;
        }
        if now - self.period < bounds.stall {
            return false;
        }
        self.period = now;
        std::mem::take(&mut self.acknowledged) < bounds.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(address: &str) -> Source {
        Source::of(address.parse().unwrap())
    }

    #[test]
    fn a_source_has_what_its_connections_have() {
        let bounds = Bounds {
            per_source: 100,
            ..Bounds::default()
        };
        let all = Unread::new(bounds);
        let (one, other) = (source("192.0.2.1:1"), source("192.0.2.2:1"));
        let first = Share::new(Arc::clone(&all), one);
        let second = Share::new(Arc::clone(&all), one);
        let foreign = Share::new(Arc::clone(&all), other);
        first.charge(60);
        second.charge(39);
        assert!(!first.is_full());
        second.charge(40);
        assert!(first.is_full() && second.is_full() && !foreign.is_full());
        // A proxy's connection goes on with another client's request.
        second.assign(other);
        assert!(!first.is_full() && !foreign.is_full());
        foreign.charge(60);
        assert!(foreign.is_full() && second.is_full());
        drop(second);
        assert!(!foreign.is_full());
        drop((first, foreign));
        assert!(all.by_source().is_empty());
    }

    #[test]
    fn a_source_that_was_full_is_hurried_until_half_of_it_is_read() {
        let bounds = Bounds {
            per_source: 100,
            ..Bounds::default()
        };
        let all = Unread::new(bounds);
        let one = source("192.0.2.1:1");
        let first = Share::new(Arc::clone(&all), one);
        let second = Share::new(Arc::clone(&all), one);
        first.charge(50);
        second.charge(49);
        assert!(!first.is_hurried());
        second.charge(50);
        assert!(first.is_full() && first.is_hurried() && second.is_hurried());
        // One is reset, and another one has room: the rest has no more time.
        second.charge(0);
        assert!(!first.is_full() && first.is_hurried());
        second.charge(49);
        assert!(first.is_hurried());
        second.charge(0);
        first.charge(49);
        assert!(!first.is_hurried());
        second.charge(50);
        assert!(!first.is_hurried());
    }

    /// Looks at these moments (in seconds) with so many bytes written since and
    /// so many unread; the moment at which the peer is given up.
    fn given_up(full: bool, looks: &[(u64, usize, usize)]) -> Option<u64> {
        let start = Instant::now();
        let mut watch = Watch::new(start, 100_000);
        let bounds = Bounds::default();
        let mut looks = looks.iter().copied();
        let found = looks.find(|&(at, written, queue)| {
            let now = start + Duration::from_secs(at);
            watch.look(now, written, queue, full, &bounds)
        });
        found.map(|(at, ..)| at)
    }

    #[test]
    fn a_peer_that_acknowledges_nothing_is_given_up() {
        let nothing: Vec<_> = (1..60).map(|at| (at, 0, 100_000)).collect();
        assert_eq!(given_up(false, &nothing), Some(30));
        assert_eq!(given_up(true, &nothing), Some(2));
        // Also while more is written all the time.
        let more: Vec<_> = (1..60)
            .map(|at| (at, 1, 100_000 + usize::try_from(at).unwrap()))
            .collect();
        assert_eq!(given_up(false, &more), Some(30));
    }

    #[test]
    fn a_connection_that_is_held_back_has_its_time_when_the_hold_is_over() {
        let start = Instant::now();
        let bounds = Bounds::default();
        let mut watch = Watch::new(start, 0);
        let mut look = |at, written, queue, full| {
            let now = start + Duration::from_secs(at);
            watch.look(now, written, queue, full, &bounds)
        };
        // Others of its source have left too much unread: it has nothing to read.
        assert!((1..=100).all(|at| !look(at, 0, 0, true)));
        assert!(!look(101, 50_000, 50_000, false));
        assert!((102..130).all(|at| !look(at, 0, 50_000, false)));
        assert!(look(130, 0, 50_000, false));
        // What it has not read itself counts, held back or not.
        let mut watch = Watch::new(start, 50_000);
        let then = start + bounds.hurried;
        assert!(watch.look(then, 0, 50_000, true, &bounds));
    }

    #[test]
    fn a_slow_peer_is_kept_and_one_that_only_pretends_is_not() {
        let steady = |step: usize| {
            (1..90_u64)
                .map(|at| (at, 0, 100_000 - step * usize::try_from(at).unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(given_up(false, &steady(240)), None);
        assert_eq!(given_up(true, &steady(240)), None);
        assert_eq!(given_up(false, &steady(100)), Some(30));
    }
}
