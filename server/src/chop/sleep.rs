//! How long all have slept who could still do something.

use std::time::{Duration, Instant};

/// How often it is looked whether they do.
const EACH: Duration = Duration::from_millis(5);
/// How much of the time since it was looked last counts: whoever looks may have been kept from it.
const MOST: Duration = Duration::from_millis(10);

/// How long all have slept without a break, as far as was looked.
#[derive(Debug)]
pub(super) struct Sleep {
    looked: Instant,
    lasts: Duration,
    longest: Duration,
    /// Whether somebody was awake when it was looked last.
    was_awake: bool,
}

impl Sleep {
    /// Nobody sleeps yet.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            looked: now,
            lasts: Duration::ZERO,
            longest: Duration::ZERO,
            was_awake: false,
        }
    }

    /// Nobody has done anything for so long; whether `are_asleep` is asked from time to time.
    pub(super) fn look(&mut self, now: Instant, quiet: Duration, are_asleep: impl Fn() -> bool) {
        let since = now.saturating_duration_since(self.looked);
        if quiet < EACH {
            self.lasts = Duration::ZERO;
            self.was_awake = false;
            self.looked = now;
        } else if since >= EACH {
            self.looked = now;
            // Whoever wakes up to look at the time, and goes on sleeping, has slept.
            if are_asleep() {
                self.lasts += since.min(MOST);
                self.was_awake = false;
            } else if self.was_awake {
                self.lasts = Duration::ZERO;
            } else {
                self.was_awake = true;
            }
            self.longest = self.longest.max(self.lasts);
        }
    }

    /// For how long they sleep now.
    pub(super) const fn lasts(&self) -> Duration {
        self.lasts
    }

    /// For how long they slept at most.
    pub(super) const fn longest(&self) -> Duration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_as_long_as_nobody_does_anything() {
        const LONG: Duration = Duration::from_secs(1);
        let begun = Instant::now();
        let mut sleep = Sleep::new(begun);
        let at = |millis| begun + Duration::from_millis(millis);
        for (now, quiet, are_asleep, lasts, longest) in [
            (5, LONG, true, 5, 5),
            // It was looked just now.
            (9, LONG, false, 5, 5),
            (12, LONG, true, 12, 12),
            // Nobody looked for a second.
            (1_012, LONG, true, 22, 22),
            // Somebody works, and nothing of it is seen.
            (1_020, LONG, false, 22, 22),
            (1_025, LONG, false, 0, 22),
            (1_030, LONG, true, 5, 22),
            // Somebody has just stopped.
            (1_035, Duration::from_millis(1), true, 0, 22),
            (1_039, LONG, true, 0, 22),
            (1_040, LONG, true, 5, 22),
            // Somebody looks at the time.
            (1_045, LONG, false, 5, 22),
            (1_050, LONG, true, 10, 22),
        ] {
            sleep.look(at(now), quiet, || are_asleep);
            let found = [sleep.lasts(), sleep.longest()].map(|time| time.as_millis());
            assert_eq!(found, [lasts, longest], "{now}");
        }
    }
}
