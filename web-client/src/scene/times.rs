//! When events were, and lists of events.

use trace::{Call, Event};

/// When an event was, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Times {
    /// When the call began.
    pub(super) from: f64,
    /// When it ended.
    pub(super) to: f64,
    /// The time that the event carries: when bytes changed hands.
    pub(super) at: f64,
}

/// When a call began and ended: calls that take something from the kernel
/// carry the time they ended, the others the time they began.
pub(super) fn times(event: &Event) -> Times {
    let (at, took) = (event.at.0 as f64, event.took.0 as f64);
    let (from, to) = match event.call {
        Call::Recv | Call::Accept => ((at - took).max(0.0), at),
        _ => (at, at + took),
    };
    Times { from, to, at }
}

/// How many of these events, which are ascending, stand before `step`.
pub(super) fn before(events: &[usize], step: usize) -> usize {
    events.partition_point(|&event| event < step)
}

/// Keeps the events in front of `from`.
pub(super) fn truncate(events: &mut Vec<usize>, from: usize) {
    events.truncate(before(events, from));
}
