//! The times of packets, which the kernel takes from the wall clock, in those of a record.

use std::time::{Duration, Instant, SystemTime};

use protocol::Nanos;

/// A difference between two readings of the clocks that is no mere delay
/// between them: the wall clock was set.
const STEP: Duration = Duration::from_micros(10);

/// Translates the kernel's times (CLOCK_REALTIME) into those of the run
/// (CLOCK_MONOTONIC): the two go equally fast, but the former may be set.
#[derive(Debug)]
pub(crate) struct WallClock {
    started: Instant,
    /// What the former showed when the run started.
    origin: Duration,
}

impl WallClock {
    /// For times that count from `started`.
    pub(crate) fn new(started: Instant) -> Self {
        // The one that was disturbed least.
        let readings = (0..16).map(|_| origin(started));
        let (_, origin) = readings.min().unwrap_or_default();
        Self { started, origin }
    }

    /// A time of the kernel.
    pub(crate) fn at(&self, time: Duration) -> Nanos {
        time.saturating_sub(self.origin).into()
    }

    /// Notices that the time was set.
    pub(crate) fn follow(&mut self) {
        let (uncertain, now) = origin(self.started);
        if now.abs_diff(self.origin) > uncertain + STEP {
            *self = Self::new(self.started);
        }
    }
}

/// What CLOCK_REALTIME showed at `started`, behind how uncertain that is.
fn origin(started: Instant) -> (Duration, Duration) {
    let before = Instant::now();
    let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let between = before.elapsed();
    let since = before.saturating_duration_since(started) + between / 2;
    (between, time.saturating_sub(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_translates_to_within_its_uncertainty() {
        let started = Instant::now();
        let mut clock = WallClock::new(started);
        for _ in 0..100 {
            let before = Nanos::from(started.elapsed());
            let at = clock.at(SystemTime::UNIX_EPOCH.elapsed().unwrap());
            let after = Nanos::from(started.elapsed());
            // Undisturbed, the two clocks are read within a few dozen ns.
            let slack = Nanos::from_micros(1);
            assert!(
                at + slack >= before && at <= after + slack,
                "{before:?} {at:?} {after:?}"
            );
            clock.follow();
        }
    }

    #[test]
    fn a_clock_that_was_set_is_noticed() {
        let started = Instant::now();
        let mut clock = WallClock::new(started);
        let right = clock.origin;
        clock.origin += Duration::from_hours(1);
        clock.follow();
        assert!(clock.origin.abs_diff(right) < Duration::from_millis(1));
    }
}
