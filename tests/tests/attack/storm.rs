//! What a flood of connections does to the round trips of another source.
//! Timed, so only at full size, and with nothing else going on.

use std::net::{SocketAddr, TcpListener};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Bystander, p99};
use super::flood::{Begun, HELD, State, room};
use super::victim::Victim;
use super::{LISTENERS, is_full};

/// Connections begun at once, and the pause behind them: up to 2,000 a second,
/// ten times what one source may.
const BURST: usize = 2;
const PAUSE: Duration = Duration::from_millis(1);
/// How long the other source talks in each round without the flood, then
/// with it: rounds, so that what else the machine does is in both.
const CALM: Duration = Duration::from_secs(1);
const STORM: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;

/// A listener, and the p99 of a round trip: without the storm or while it hits
/// somebody else, whichever is longer; and while it hits the listener.
type Measured = Mutex<Vec<(&'static str, Duration, Duration)>>;

/// Somebody else on the machine, who closes at once whatever comes. The one
/// who floods and the one who talks share the machine's cores here, as they
/// never do out there: what that costs is no doing of the listener's.
static DECOY: LazyLock<SocketAddr> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || listener.incoming().for_each(drop));
    address
});

/// What was begun, and how it ended.
#[derive(Default)]
struct Flood {
    made: u32,
    refused: u32,
    took: Duration,
}

impl Flood {
    /// Begins connections for as long as [`STORM`], [`HELD`] at a time.
    fn rage(&mut self, to: SocketAddr) {
        let (started, mut begun) = (Instant::now(), Vec::new());
        while started.elapsed() < STORM {
            begun.extend((0..BURST).map(|_| Begun::new(to)));
            let old = begun.len().saturating_sub(HELD);
            for one in begun.drain(..old) {
                self.end(one);
            }
            thread::sleep(PAUSE);
        }
        self.took += started.elapsed();
        for one in begun {
            self.end(one);
        }
    }

    fn end(&mut self, mut begun: Begun) {
        self.made += 1;
        self.refused += u32::from(begun.state() == State::Refused);
    }
}

/// Rounds of calm and storm, and what they do to the other source.
fn storm(victim: &Victim, rounds: usize, measured: &Measured) -> String {
    let door = &victim.door;
    let (mut calm, mut beside, mut stormy) = (Vec::new(), Vec::new(), Vec::new());
    let mut flood = Flood::default();
    for _ in 0..rounds {
        let bystander = Bystander::enter(door);
        thread::sleep(CALM);
        calm.extend(bystander.leave().0);
        let bystander = Bystander::enter(door);
        Flood::default().rage(*DECOY);
        beside.extend(bystander.leave().0);
        let bystander = Bystander::enter(door);
        flood.rage(door.address);
        stormy.extend(bystander.leave().0);
    }
    calm.sort_unstable();
    beside.sort_unstable();
    stormy.sort_unstable();
    let trips = stormy.len();
    let (calm, beside, stormy) = (p99(&calm), p99(&beside), p99(&stormy));
    let rate = f64::from(flood.made) / flood.took.as_secs_f64();
    if rounds == ROUNDS {
        // One client at a time: the others wait in the kernel.
        assert!(flood.refused > 0 || door.name == "tcp-echo");
    }
    if rounds == ROUNDS {
        let mut measured = measured.lock().expect("nobody panics with it");
        measured.push((door.name, calm.max(beside), stormy));
    }
    format!(
        "{rate:.0} connections a second, {} of {} refused; p99 of the other source's \
         {trips} round trips {calm:.0?} without, {beside:.0?} while it hits somebody \
         else on the machine, {stormy:.0?} while it hits this listener",
        flood.refused, flood.made
    )
}

#[test]
fn a_flood_does_not_slow_down_who_is_in() {
    if !is_full() {
        return;
    }
    room();
    let measured = Measured::default();
    for name in LISTENERS {
        let victim = Victim::start(name, &[]);
        let make = |victim: &Victim, rounds| storm(victim, rounds, &measured);
        victim.withstands("connection storm", 1, ROUNDS, make);
    }
    // All are measured before any is judged.
    for (name, calm, stormy) in measured.into_inner().expect("nobody panicked") {
        assert!(
            stormy <= 2 * calm,
            "{name}: p99 {calm:?} without it, {stormy:?} with it"
        );
    }
}
