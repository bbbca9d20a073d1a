//! How long a run may take.

use std::time::Duration;

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// It hangs if all sleep for so long.
    pub quiet: Duration,
    /// Or if no byte of a stream is moved for so long, or if it takes so long in all; ten
    /// times as long where its calls are changed.
    pub whole: Duration,
    /// It spins if its threads stop more often at calls of interest without moving a byte of
    /// a stream.
    pub stops: u64,
}

impl Patience {
    /// For a run of which nothing is known.
    pub const UNKNOWN: Self = Self {
        quiet: Duration::from_secs(10),
        whole: Duration::from_mins(1),
        stops: 5_000_000,
    };

    /// For runs of a program of which one took so long, was quiet for so long, and stopped so
    /// often between two bytes.
    pub(super) fn of(took: Duration, quiet: Duration, stops: u64) -> Self {
        Self {
            quiet: quiet * 4 + Duration::from_millis(300),
            whole: took * 10 + Duration::from_secs(5),
            stops: stops * 30 + 20_000,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            quiet: self.quiet.max(other.quiet),
            whole: self.whole.max(other.whole),
            stops: self.stops.max(other.stops),
        }
    }

    /// Four times as long: for a run that confirms a result.
    pub(super) fn longer(self) -> Self {
        Self {
            quiet: self.quiet * 4,
            whole: self.whole * 4,
            stops: self.stops * 4,
        }
    }
}
