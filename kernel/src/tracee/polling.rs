//! Whether the tracer asks again and again for the next stop before it sleeps.
//!
//! A thread that goes on from a stop is often at its next one within microseconds, while
//! waking a tracer that sleeps on another processor takes longer than the call between the
//! two stops, and as long again if the processor sleeps, too. The kernel decides where a
//! thread wakes up: on a processor that is idle, not on the tracer's. So a tracer that
//! follows the program to its processor drives it away; one that stays awake for a moment
//! finds the stop at once. Where both share a processor polling only takes time from the
//! program: then it is tried rarely.

use std::time::Duration;

/// How long is polled at most: about as long as it takes to sleep and to be woken.
pub(super) const LONGEST: Duration = Duration::from_micros(20);
/// Two polls are further apart if another thread had the processor in between.
pub(super) const GAP: Duration = Duration::from_nanos(2_500);

/// What came of polling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The stop was there before.
    AtOnce,
    /// It came meanwhile, on another processor.
    Came,
    /// It did not come, or only after another thread had this processor.
    InVain,
}

/// Decides from what came of it before.
#[derive(Debug, Default)]
pub(super) struct Polling {
    /// How often it was in vain lately.
    failures: u32,
    /// Waits that are not polled.
    skipped: u32,
}

impl Polling {
    /// So many failures in a row are nothing unusual: a call that has to wait is one.
    const USUAL: u32 = 2;
    /// From then on a wait of 64 is polled.
    const MOST: u32 = 8;

    /// Whether the next wait is polled.
    pub(super) fn is_due(&mut self) -> bool {
        match self.skipped.checked_sub(1) {
            Some(left) => {
                self.skipped = left;
                false
            }
            None => true,
        }
    }

    /// A wait was polled.
    pub(super) fn learn(&mut self, outcome: Outcome) {
        self.failures = match outcome {
            Outcome::AtOnce => self.failures,
            Outcome::Came => self.failures.saturating_sub(2),
            Outcome::InVain => (self.failures + 1).min(Self::MOST),
        };
        self.skipped = (1 << self.failures.saturating_sub(Self::USUAL)) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `waits`, how many are polled, where each comes to this.
    fn polled(polling: &mut Polling, waits: u32, outcome: Outcome) -> u32 {
        let mut polled = 0;
        for _ in 0..waits {
            if polling.is_due() {
                polling.learn(outcome);
                polled += 1;
            }
        }
        polled
    }

    #[test]
    fn what_pays_is_done_always_and_what_does_not_hardly_ever() {
        let mut polling = Polling::default();
        assert_eq!(polled(&mut polling, 1_000, Outcome::Came), 1_000);
        let in_vain = polled(&mut polling, 6_400, Outcome::InVain);
        assert!((100..=110).contains(&in_vain), "{in_vain}");
        assert_eq!(polled(&mut polling, 6_400, Outcome::AtOnce), 100);
        // As soon as it pays again.
        assert!(polled(&mut polling, 200, Outcome::Came) > 100);
        assert_eq!(polled(&mut polling, 100, Outcome::Came), 100);
    }

    #[test]
    fn a_call_that_waits_among_three_is_nothing_unusual() {
        let mut polling = Polling::default();
        for _ in 0..100 {
            for outcome in [Outcome::Came, Outcome::InVain, Outcome::InVain] {
                assert!(polling.is_due());
                polling.learn(outcome);
            }
        }
    }
}
