//! Waiting for a condition, but not forever.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take. Long, because the machine may be busy: it only
/// bounds how late a failure is noticed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition that cannot be waited for.
const LOOK: Duration = Duration::from_millis(2);

/// Asks `condition` until it has an answer; panics with `what` after [`PATIENCE`].
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = condition() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(LOOK);
    }
}
