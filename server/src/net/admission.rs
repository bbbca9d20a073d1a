//! Who is let in: places for connections and a rate of new ones, for each
//! source and for all together. No source can take what others need: one
//! source's share is a small part of the whole.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::descriptors::{Descriptor, Descriptors};
pub use super::source::{Refusal, Source};

/// Sources whose rates are remembered at a time. When there are more, those
/// that have been quiet are forgotten; what is still too much shares one rate.
const SOURCES: usize = 10_000;
/// So many failures in a row are a mistake; from the next on they cost time.
const FORGIVEN: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often the table is gone through at most.
const SWEEP: Duration = Duration::from_millis(250);
/// How often refusals are logged at most.
const LOG: Duration = Duration::from_secs(1);

/// How much is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Connections at a time, of all sources together.
    pub connections: usize,
    /// Connections at a time of one source. A class behind one address is one
    /// source.
    pub per_source: usize,
    /// New connections (or datagrams) a second of one source.
    pub rate: NonZeroU32,
    /// So many may come at once before the rate counts.
    pub burst: NonZeroU32,
    /// Connections at a time, of all sources together, that have not yet
    /// proved who they are.
    pub unproven: usize,
    /// The same for one source.
    pub unproven_per_source: usize,
}

impl Capacity {
    /// For stream servers: 16,384 connections, 1,024 of one source, 200 new
    /// ones a second of one source and 400 at once; 1,024 unproven, 256 of one
    /// source.
    pub const CONNECTIONS: Self = Self {
        connections: 16_384,
        per_source: 1_024,
        rate: NonZeroU32::new(200).expect("not zero"),
        burst: NonZeroU32::new(400).expect("not zero"),
        unproven: 1_024,
        unproven_per_source: 256,
    };

    /// For datagram servers: 20,000 datagrams a second of one source.
    pub const DATAGRAMS: Self = Self {
        connections: usize::MAX,
        per_source: usize::MAX,
        rate: NonZeroU32::new(20_000).expect("not zero"),
        burst: NonZeroU32::new(20_000).expect("not zero"),
        unproven: usize::MAX,
        unproven_per_source: usize::MAX,
    };
}

type Rates = RateLimiter<Source, HashMapStateStore<Source>, DefaultClock>;

/// Lets in, or not. Share it between all listeners that share the limits.
#[derive(Debug)]
pub struct Admission {
    limits: Capacity,
    rates: Rates,
    /// The rate of all that have no place in `rates`.
    others: DefaultDirectRateLimiter,
    /// What all listeners of the process share.
    descriptors: Descriptors,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: Occupancy,
    by_source: HashMap<Source, Occupancy>,
    /// Sources that failed to prove themselves.
    failures: HashMap<Source, Failures>,
    /// When the table of rates was gone through last.
    swept: Option<Instant>,
    /// When a refusal was logged last, and how many were not since.
    logged: Option<Instant>,
    silent: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Occupancy {
    places: usize,
    unproven: usize,
}

/// How often a source failed since it last proved itself.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    until: Instant,
}

/// A place for a connection, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    source: Source,
    unproven: bool,
    _descriptor: Descriptor,
}

impl Admission {
    /// No places are taken yet, and descriptors are not bounded.
    pub fn new(limits: Capacity) -> Arc<Self> {
        Self::within(limits, Descriptors::default())
    }

    /// No places are taken yet. Each place takes one of `descriptors`, too.
    pub fn within(limits: Capacity, descriptors: Descriptors) -> Arc<Self> {
        let quota = Quota::per_second(limits.rate).allow_burst(limits.burst);
        Arc::new(Self {
            limits,
            rates: RateLimiter::hashmap(quota),
            others: RateLimiter::direct(quota),
            descriptors,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection of `peer`, which may have to prove itself
    /// (see [`Place::attempt`]).
    ///
    /// # Errors
    /// Which limit it would break. Close the connection then.
    pub fn admit(self: &Arc<Self>, peer: SocketAddr, unproven: bool) -> Result<Place, Refusal> {
        self.check_rate(peer)?;
        self.take(Source::of(peer), false, unproven)
    }

    /// A place for a connection of `peer` that many share, such as a proxy's:
    /// only the total counts.
    ///
    /// # Errors
    /// [`Refusal::Full`].
    pub fn admit_many(self: &Arc<Self>, peer: SocketAddr) -> Result<Place, Refusal> {
        self.take(Source::of(peer), true, false)
    }

    fn take(
        self: &Arc<Self>,
        source: Source,
        many: bool,
        unproven: bool,
    ) -> Result<Place, Refusal> {
        let mut taken = self.taken();
        let own = taken.by_source.get(&source).copied().unwrap_or_default();
        let limits = &self.limits;
        if taken.all.places >= limits.connections {
            return Err(Refusal::Full);
        }
        if !many && own.places >= limits.per_source {
            return Err(Refusal::SourceFull);
        }
        if unproven {
            let full = taken.all.unproven >= limits.unproven;
            if full || own.unproven >= limits.unproven_per_source {
                return Err(Refusal::Unproven);
            }
            if taken.has_to_wait(source) {
                return Err(Refusal::Backoff);
            }
        }
        let descriptor = self.descriptors.take(source, many)?;
        taken.change(source, |counts| {
            counts.places += 1;
            counts.unproven += usize::from(unproven);
        });
        Ok(Place {
            admission: Arc::clone(self),
            source,
            unproven,
            _descriptor: descriptor,
        })
    }

    /// Whether `peer` keeps to its rate; counts it.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub fn check_rate(&self, peer: SocketAddr) -> Result<(), Refusal> {
        let within = if self.rates.len() < SOURCES || self.forget_quiet() {
            self.rates.check_key(&Source::of(peer)).is_ok()
        } else {
            self.others.check().is_ok()
        };
        if within {
            Ok(())
        } else {
            Err(Refusal::TooFast)
        }
    }

    /// Makes room in the table; tells whether there is some now. Going through
    /// the table takes time: not more often than a few times a second.
    fn forget_quiet(&self) -> bool {
        let mut taken = self.taken();
        if taken.swept.is_some_and(|at| at.elapsed() < SWEEP) {
            return false;
        }
        taken.swept = Some(Instant::now());
        drop(taken);
        self.rates.retain_recent();
        self.rates.len() < SOURCES
    }

    /// Says that `peer` was refused, at most once a second.
    pub fn log(&self, what: &str, peer: SocketAddr, refusal: Refusal) {
        let mut taken = self.taken();
        if taken.logged.is_some_and(|at| at.elapsed() < LOG) {
            taken.silent += 1;
            return;
        }
        taken.logged = Some(Instant::now());
        let silent = std::mem::take(&mut taken.silent);
        drop(taken);
        tracing::warn!("{what}: {peer} refused: {refusal} ({silent} more refused before)");
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether `source` has failed too often.
    fn has_to_wait(&self, source: Source) -> bool {
        let failures = self.failures.get(&source);
        failures.is_some_and(|failures| failures.until > Instant::now())
    }

    /// `source` has failed to prove itself. It waits longer with each time
    /// from the [`FORGIVEN`]th on: 100 ms, 200 ms … 30 s.
    fn fail(&mut self, source: Source) {
        let now = Instant::now();
        if self.failures.len() >= SOURCES {
            self.failures.retain(|_, failures| failures.until > now);
        }
        if self.failures.len() >= SOURCES && !self.failures.contains_key(&source) {
            return;
        }
        let failures = self.failures.entry(source).or_insert(Failures {
            count: 0,
            until: now,
        });
        failures.count += 1;
        if let Some(doublings) = failures.count.checked_sub(FORGIVEN) {
            let wait = FIRST_WAIT * 2_u32.pow(doublings.min(16));
            failures.until = now + wait.min(LONGEST_WAIT);
        }
    }

    fn change(&mut self, source: Source, change: impl Fn(&mut Occupancy)) {
        change(&mut self.all);
        let own = self.by_source.entry(source).or_default();
        change(own);
        if own.places == 0 {
            self.by_source.remove(&source);
        }
    }
}

impl Place {
    /// The client has answered. Unless its source has to wait, `verify` looks
    /// at the answer and says whether it is right. A right one forgives
    /// earlier failures; a wrong one counts before the next answer of any
    /// connection of the source is looked at, because the lock is held
    /// meanwhile: `verify` compares a digest, and waits for nothing.
    ///
    /// # Errors
    /// [`Refusal::Backoff`]: the answer was not looked at.
    pub fn attempt(&mut self, verify: impl FnOnce() -> bool) -> Result<bool, Refusal> {
        let mut taken = self.admission.taken();
        if taken.has_to_wait(self.source) {
            return Err(Refusal::Backoff);
        }
        let right = verify();
        if right {
            taken.failures.remove(&self.source);
            if std::mem::take(&mut self.unproven) {
                taken.change(self.source, |counts| counts.unproven -= 1);
            }
        } else {
            taken.fail(self.source);
        }
        Ok(right)
    }

    /// The client has left without an answer, which counts as a wrong one.
    pub fn fail(&self) {
        self.admission.taken().fail(self.source);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.admission.taken();
        taken.change(self.source, |counts| {
            counts.places -= 1;
            counts.unproven -= usize::from(self.unproven);
        });
    }
}
