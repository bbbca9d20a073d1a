//! How a queue's level changes: at which event, when, to what.

use trace::Event;

/// The level behind something observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scene) struct Change {
    /// At which event it is known.
    pub(in crate::scene) event: usize,
    /// When it was so, in nanoseconds since the start of the run.
    pub(in crate::scene) at: f64,
    /// It was asked for after the event, at a time of its own.
    pub(in crate::scene) is_after: bool,
    /// The level: bytes, or connections.
    pub(in crate::scene) level: u64,
    /// The part of it that has not left yet.
    pub(in crate::scene) unsent: u64,
    /// The kernel said so.
    pub(in crate::scene) measured: bool,
}

impl Change {
    pub(super) fn derived(event: usize, at: f64, level: u64, unsent: u64) -> Self {
        Self {
            event,
            at,
            is_after: false,
            level,
            unsent,
            measured: false,
        }
    }

    /// What the kernel said just before the call that took from the queue.
    pub(super) fn asked(event: usize, at: f64, level: u32) -> Self {
        Self {
            measured: true,
            ..Self::derived(event, at, level.into(), 0)
        }
    }

    /// What the kernel said behind the call.
    pub(super) fn measured(index: usize, event: &Event, level: u32, unsent: u32) -> Self {
        Self {
            is_after: true,
            measured: true,
            ..Self::derived(index, after(event), level.into(), unsent.into())
        }
    }
}

/// Puts a change where its time belongs, behind those of the same time. They
/// come nearly by time.
pub(super) fn put(changes: &mut Vec<Change>, change: Change) {
    let key = |change: &Change| (change.at, change.is_after);
    let later = changes.iter().rev();
    let later = later.take_while(|other| key(other) > key(&change)).count();
    changes.insert(changes.len() - later, change);
}

/// The time behind a call that gave something to the kernel.
pub(super) fn after(event: &Event) -> f64 {
    event.at.0.saturating_add(event.took.0) as f64
}
