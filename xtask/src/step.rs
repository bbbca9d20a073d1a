//! Says what a long step does before it starts, and how long it took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Runs `work`, announced as `what`; an error names the step it came from.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("xtask: {what}…");
    let start = Instant::now();
    let result = work().with_context(|| format!("{what} failed"))?;
    println!("xtask: {what}: done in {}", seconds(start.elapsed()));
    Ok(result)
}

/// A duration as a person reads it.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_mins(1) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}
