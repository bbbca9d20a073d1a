//! What a flood of connections does to the round trips of another source.
//! Timed, so only at full size, and with nothing else going on.

use std::time::{Duration, Instant};
use std::{sync::Mutex, thread};

use super::bystander::{Effect, Phase, ROUNDS, compare};
use super::flood::{Begun, HELD, State, room};
use super::victim::{Door, Victim};
use super::{LISTENERS, is_full};

/// Connections begun at once, and the pause behind them: up to 2,000 a second,
/// ten times what one source may.
const BURST: usize = 2;
const PAUSE: Duration = Duration::from_millis(1);

/// What was begun, and how it ended.
#[derive(Default)]
struct Flood {
    made: u32,
    refused: u32,
    took: Duration,
}

impl Flood {
    /// Begins connections until the phase is over, [`HELD`] at a time.
    fn rage(&mut self, door: &Door, phase: &Phase) {
        let (started, mut begun) = (Instant::now(), Vec::new());
        phase.begin();
        while !phase.is_over() {
            begun.extend((0..BURST).map(|_| Begun::new(door.address)));
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

/// Rounds of the storm at the victim and at its twin.
fn storm(victim: &Victim, twin: &Door, rounds: usize) -> (Effect, String) {
    let door = &victim.door;
    let flood = Mutex::new(Flood::default());
    let effect = compare(door, twin, rounds, |target, phase| {
        if target.address == door.address {
            let mut flood = flood.lock().expect("nobody panics with it");
            flood.rage(target, phase);
        } else {
            Flood::default().rage(target, phase);
        }
    });
    let flood = flood.into_inner().expect("nobody panicked with it");
    let rate = f64::from(flood.made) / flood.took.as_secs_f64();
    let Flood { made, refused, .. } = flood;
    if rounds == ROUNDS {
        // One client at a time: the others wait in the kernel.
        assert!(refused > 0 || door.name == "tcp-echo");
    }
    let text = format!("{rate:.0} connections a second, {refused} of {made} refused; {effect}");
    (effect, text)
}

mod timed {
    use super::*;

    #[test]
    fn a_flood_does_not_slow_down_who_is_in() {
        if !is_full() {
            return;
        }
        room();
        let measured = Mutex::new(Vec::new());
        for name in LISTENERS {
            let twin = Victim::start(name, &[]);
            let victim = Victim::start(name, &[]);
            victim.withstands("connection storm", 1, ROUNDS, |victim, rounds| {
                let (effect, text) = storm(victim, &twin.door, rounds);
                if rounds == ROUNDS {
                    let mut measured = measured.lock().expect("nobody panics with it");
                    measured.push((name, effect));
                }
                text
            });
        }
        // All are measured before any is judged.
        let measured = measured.into_inner().expect("nobody panicked");
        let worst = measured
            .iter()
            .max_by(|(_, one), (_, other)| one.ratio().total_cmp(&other.ratio()));
        let (name, effect) = worst.expect("there are listeners");
        effect.check(&format!("connection storm on {name}"));
    }
}
