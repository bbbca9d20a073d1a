//! How long a run may take.

use std::time::{Duration, Instant};

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// It hangs if all sleep for so long.
    pub asleep: Duration,
    /// Or if they do for so long after a call was changed, in a run that is no proof.
    pub hasty: Option<Duration>,
    /// Or if no byte of a stream is moved for so long, or if it takes so long in all; ten
    /// times as long where its calls are changed.
    pub whole: Duration,
    /// How long it may go on without a call of interest when nobody talks to it any more.
    pub quiet: Duration,
    /// It spins if its threads stop more often at calls of interest without moving a byte of
    /// a stream.
    pub stops: u64,
    /// When it is ended, whatever it does: nothing is known of it then.
    pub until: Option<Instant>,
    /// The longest time in which all slept as is.
    slept: Duration,
}

impl Patience {
    /// For a run of which nothing is known.
    pub const UNKNOWN: Self = Self {
        asleep: Duration::from_secs(10),
        hasty: None,
        quiet: Duration::from_secs(10),
        whole: Duration::from_mins(1),
        stops: 5_000_000,
        until: None,
        slept: Duration::ZERO,
    };

    /// For runs of a program of which one took so long, was quiet for so long, in which all slept
    /// for so long, and stopped so often between two bytes.
    pub(super) fn of(took: Duration, [quiet, slept]: [Duration; 2], stops: u64) -> Self {
        let some = Duration::from_millis(300);
        Self {
            asleep: slept * 4 + some,
            hasty: None,
            quiet: quiet * 4 + some,
            whole: took * 10 + Duration::from_secs(5),
            stops: stops * 30 + 20_000,
            until: None,
            slept,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            asleep: self.asleep.max(other.asleep),
            hasty: None,
            quiet: self.quiet.max(other.quiet),
            whole: self.whole.max(other.whole),
            stops: self.stops.max(other.stops),
            until: None,
            slept: self.slept.max(other.slept),
        }
    }

    /// Four times as long: for a run that confirms a result.
    pub(super) fn longer(self) -> Self {
        Self {
            asleep: self.asleep * 4,
            quiet: self.quiet * 4,
            whole: self.whole * 4,
            stops: self.stops * 4,
            ..self
        }
    }

    /// For a run that is ended at some time, whatever it does.
    pub(super) fn until(self, until: Instant) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    /// For a run that only says where to go on looking: twice as long as all slept as is.
    pub(super) fn hasty(self) -> Self {
        Self {
            hasty: Some(self.slept * 2 + Duration::from_millis(60)),
            ..self
        }
    }
}
