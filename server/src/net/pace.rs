//! Bounds on how long one task runs before others get their turn.

use std::time::{Duration, Instant};

/// How long a task may run on its thread before it gives way.
const SLICE: Duration = Duration::from_millis(1);

/// A task's share of its thread, in time: how many bytes come at once, and how
/// much work each is, is the peer's choice.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
}

impl Pace {
    /// The task's turn begins now.
    pub fn new() -> Self {
        Self {
            since: Instant::now(),
        }
    }

    /// To be called in every round of a loop that may never have to wait: lets
    /// the thread's other tasks run if this one has had its time.
    pub async fn breathe(&mut self) {
        if self.since.elapsed() >= SLICE {
            tokio::task::yield_now().await;
            self.since = Instant::now();
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    /// A task that always has more to do does not keep the thread.
    #[tokio::test]
    async fn others_run_in_between() {
        let done = Rc::new(Cell::new(false));
        let other = async {
            done.set(true);
        };
        let busy = async {
            let mut pace = Pace::new();
            let deadline = Instant::now() + Duration::from_secs(20);
            while !done.get() {
                assert!(Instant::now() < deadline, "the other task never ran");
                pace.breathe().await;
            }
        };
        tokio::join!(busy, other);
    }
}
