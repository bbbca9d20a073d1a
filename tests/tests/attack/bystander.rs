//! A client that was there before an attack and keeps talking, and what an
//! attack does to its round trips.
//!
//! [`Bystander`] alone shows that somebody is served throughout. [`compare`]
//! measures: an attack may at most double the 99th percentile of a bystander's
//! round trips. Attacker, bystander and victim share the cores of one machine
//! here, and the attacker's own work slows down everybody. So the same attack
//! is also made on a twin, a second program of the same kind beside the victim,
//! while the bystander talks to the victim: what that costs is the reference.
//!
//! One round is three phases of [`PHASE`]: no attack, the attack on the twin,
//! the attack on the victim; the latter two change places every round. A round
//! trip that takes longer than [`EXPECTED`] also counts for those that would
//! have been made meanwhile; otherwise a stall of a second would be one sample
//! of many. What counts is the median over all rounds of the ratio within a
//! round. While it is too large there are more rounds, up to [`EXTENSIONS`]
//! times as many, and all of them count.
//!
//! How to use it: put the test function into a module called `timed`, return
//! unless [`is_full`](super::is_full), and start two victims. `cargo xtask
//! attack` runs tests in such modules one by one, with nothing else going on.
//!
//! ```text
//! mod timed {
//!     #[test]
//!     fn parsing_does_not_slow_down_others() {
//!         if !is_full() {
//!             return;
//!         }
//!         let twin = Victim::start("lab", &[]);
//!         let victim = Victim::start("lab", &[]);
//!         victim.withstands("long messages", 1, ROUNDS, |victim, rounds| {
//!             let effect = compare(&victim.door, &twin.door, rounds, |door, phase| {
//!                 let sessions = open_all(door);
//!                 phase.begin();
//!                 while !phase.is_over() {
//!                     send_something(&sessions);
//!                 }
//!             });
//!             effect.check("long messages on lab");
//!             effect.to_string()
//!         });
//!     }
//! }
//! ```
//!
//! The bystander may talk to another listener of the same program: pass a
//! [`Door`] with that name and address, and let the attack choose its own
//! target. An attack that spreads over threads has all of them look at
//! [`Phase::is_over`].

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::BYSTANDER;
use super::client::Client;
use super::victim::Door;

/// Between two of a bystander's round trips.
const PAUSE: Duration = Duration::from_millis(1);
/// How long one phase is measured.
const PHASE: Duration = Duration::from_secs(1);
/// After an attack, until what it left behind is cleared away.
const SETTLE: Duration = Duration::from_millis(200);
/// A bystander makes a round trip at least this often unless it is held up.
const EXPECTED: Duration = Duration::from_millis(2);
/// How many rounds a comparison has.
pub(crate) const ROUNDS: usize = 9;
/// How many times as many it has at most.
const EXTENSIONS: usize = 3;
/// By how much an attack may lengthen the 99th percentile.
const MOST: f64 = 2.0;
/// Longer than a round trip that is given up, and than any attack's preparations.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at what another thread does.
const LOOK: Duration = Duration::from_millis(1);

/// A client that was there before and keeps talking.
pub(crate) struct Bystander {
    done: Arc<AtomicBool>,
    trips: Arc<Mutex<Vec<Trip>>>,
    /// Returns how many datagrams were lost.
    talking: JoinHandle<usize>,
}

/// One round trip.
#[derive(Clone, Copy)]
struct Trip {
    begun: Instant,
    took: Duration,
}

impl Bystander {
    /// Is in when this returns.
    pub(crate) fn enter(door: &Door) -> Self {
        let mut client = Client::enter(door, BYSTANDER).expect("it gets in");
        client.round_trip().expect("it is served");
        client.lost = 0;
        let done = Arc::new(AtomicBool::new(false));
        let trips = Arc::new(Mutex::new(Vec::new()));
        let (enough, made) = (Arc::clone(&done), Arc::clone(&trips));
        let talk = move || {
            loop {
                let begun = Instant::now();
                client.round_trip().expect("it is served throughout");
                let took = begun.elapsed();
                lock(&made).push(Trip { begun, took });
                if enough.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(PAUSE);
            }
            let lost = client.lost;
            client.leave().expect("it is served to the end");
            lost
        };
        Self {
            done,
            trips,
            talking: thread::spawn(talk),
        }
    }

    /// How long each round trip took, the quickest first, and how many
    /// datagrams were lost. It was served throughout.
    pub(crate) fn leave(self) -> (Vec<Duration>, usize) {
        self.done.store(true, Ordering::Relaxed);
        let lost = self.talking.join().expect("it was served throughout");
        let mut trips: Vec<_> = lock(&self.trips).iter().map(|trip| trip.took).collect();
        trips.sort_unstable();
        (trips, lost)
    }

    /// The 99th percentile of the round trips begun between `from` and now,
    /// and how many there were. Waits for the one that is under way.
    fn p99_since(&self, from: Instant) -> (Duration, usize) {
        let to = Instant::now();
        until("a bystander's round trip", || {
            assert!(!self.talking.is_finished(), "the bystander is not served");
            lock(&self.trips).last().is_some_and(|trip| trip.begun > to)
        });
        let trips = lock(&self.trips);
        let within = |trip: &&Trip| trip.begun >= from && trip.begun <= to;
        let took: Vec<_> = trips.iter().filter(within).map(|trip| trip.took).collect();
        let all = took.len();
        (p99(filled(took)), all)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `took`, and for each that took long those that it kept from being made.
fn filled(took: Vec<Duration>) -> Vec<Duration> {
    let mut all = Vec::with_capacity(took.len());
    for took in took {
        let mut left = took;
        all.push(took);
        while let Some(rest) = left.checked_sub(EXPECTED).filter(|rest| !rest.is_zero()) {
            all.push(rest);
            left = rest;
        }
    }
    all
}

/// The time within which 99 of 100 round trips came back.
fn p99(mut trips: Vec<Duration>) -> Duration {
    assert!(!trips.is_empty(), "a phase has at least one round trip");
    trips.sort_unstable();
    trips[trips.len() * 99 / 100]
}

/// Waits for `condition`.
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(LOOK);
    }
}

/// One phase of an attack, shared with whoever makes it.
#[derive(Default)]
pub(crate) struct Phase {
    begun: AtomicBool,
    over: AtomicBool,
}

impl Phase {
    /// The preparations are made: from here on it is measured.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
    }

    /// It was long enough.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Whether the attack has to end.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// What a bystander's 99th percentile was in one round.
struct Round {
    calm: Duration,
    beside: Duration,
    at: Duration,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.at.as_secs_f64() / self.calm.max(self.beside).as_secs_f64()
    }
}

/// What an attack does to a bystander.
pub(crate) struct Effect {
    rounds: Vec<Round>,
    trips: usize,
}

/// Measures what `attack` does to a bystander of `door`. It is told which
/// program to attack, the address of `door` or that of `twin`; it calls
/// [`Phase::begin`] and returns soon after [`Phase::is_over`].
pub(crate) fn compare(
    door: &Door,
    twin: &Door,
    rounds: usize,
    attack: impl Fn(&Door, &Phase) + Sync,
) -> Effect {
    let bystander = Bystander::enter(door);
    let mut effect = Effect {
        rounds: Vec::new(),
        trips: 0,
    };
    // One round is a rehearsal: nothing is judged by it.
    let most = if rounds == 1 { 1 } else { rounds * EXTENSIONS };
    while effect.rounds.len() < rounds || effect.rounds.len() < most && effect.ratio() > MOST {
        let (calm, _) = measured(&bystander, || thread::sleep(PHASE));
        let under = |target: &Door| {
            let measured = attacked(&bystander, target, &attack);
            thread::sleep(SETTLE);
            measured
        };
        let (beside, at, trips);
        if effect.rounds.len().is_multiple_of(2) {
            [(beside, _), (at, trips)] = [twin, door].map(under);
        } else {
            [(at, trips), (beside, _)] = [door, twin].map(under);
        }
        effect.trips += trips;
        effect.rounds.push(Round { calm, beside, at });
    }
    bystander.leave();
    effect
}

/// What the bystander's round trips took during `phase`.
fn measured(bystander: &Bystander, phase: impl FnOnce()) -> (Duration, usize) {
    let from = Instant::now();
    phase();
    bystander.p99_since(from)
}

/// The same while `attack` is made on `target`.
fn attacked(
    bystander: &Bystander,
    target: &Door,
    attack: impl Fn(&Door, &Phase) + Sync,
) -> (Duration, usize) {
    let phase = Phase::default();
    thread::scope(|scope| {
        let making = scope.spawn(|| attack(target, &phase));
        until("the attack begins", || {
            assert!(!making.is_finished(), "the attack ended before it began");
            phase.begun.load(Ordering::Acquire)
        });
        let measured = measured(bystander, || thread::sleep(PHASE));
        phase.end();
        making.join().expect("the attack is made as it should be");
        measured
    })
}

impl Effect {
    /// How many times the 99th percentile became what it is without the attack
    /// or with the attack on the twin, whichever is more: the median over all
    /// rounds.
    pub(crate) fn ratio(&self) -> f64 {
        let ratios: Vec<_> = self.rounds.iter().map(Round::ratio).collect();
        median(ratios, f64::total_cmp)
    }

    /// Panics if `attack` has slowed down the bystander too much.
    pub(crate) fn check(&self, attack: &str) {
        assert!(self.ratio() <= MOST, "{attack}: {self}");
    }

    fn median(&self, of: impl Fn(&Round) -> Duration) -> Duration {
        median(self.rounds.iter().map(of).collect(), Duration::cmp)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p99 of the other source {:.0?} without, {:.0?} with a twin attacked, {:.0?} with \
             this one attacked: {:.2} × (medians of {} rounds, {} round trips)",
            self.median(|round| round.calm),
            self.median(|round| round.beside),
            self.median(|round| round.at),
            self.ratio(),
            self.rounds.len(),
            self.trips,
        )
    }
}

fn median<T: Copy>(mut values: Vec<T>, order: impl Fn(&T, &T) -> std::cmp::Ordering) -> T {
    values.sort_unstable_by(order);
    values[values.len() / 2]
}

#[test]
fn a_stall_counts_for_the_round_trips_it_prevented() {
    let quick = vec![Duration::from_micros(100); 500];
    assert_eq!(p99(filled(quick.clone())), Duration::from_micros(100));
    // Half a second of a whole one: more than 1 in 100.
    let stalled = [quick, vec![Duration::from_millis(500)]].concat();
    let p99 = p99(filled(stalled));
    assert!(p99 > Duration::from_millis(450), "{p99:?}");
}

#[test]
fn what_counts_is_the_median_of_the_rounds() {
    let round = |calm, beside, at| {
        let [calm, beside, at] = [calm, beside, at].map(Duration::from_micros);
        Round { calm, beside, at }
    };
    let rounds = vec![round(100, 90, 150), round(10, 10, 90), round(80, 100, 200)];
    let effect = Effect { rounds, trips: 3 };
    assert!((effect.ratio() - 2.0).abs() < 1e-9, "{}", effect.ratio());
    effect.check("within the limit");
}
