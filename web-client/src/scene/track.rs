//! The events of one row, found by time.

mod spans;

use trace::{ConnectionId, Event, Trace};

use super::times::{Times, before, times, truncate};
use spans::Spans;

/// Events that stand in one row, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Track {
    /// All of them.
    pub(super) events: Vec<usize>,
    /// Those that are decisions and no calls.
    decisions: Vec<usize>,
    /// When they were.
    spans: Spans,
}

impl Track {
    pub(super) const EMPTY: Self = Self {
        events: Vec::new(),
        decisions: Vec::new(),
        spans: Spans::EMPTY,
    };

    pub(super) fn push(&mut self, index: usize, event: &Event) {
        self.spans.push(self.events.len(), times(event));
        self.events.push(index);
        if event.call.is_decision() {
            self.decisions.push(index);
        }
    }

    /// Keeps the events in front of `from`, whose times these are.
    pub(super) fn truncate(&mut self, from: usize, times: &[Times]) {
        let all = self.events.len();
        truncate(&mut self.events, from);
        truncate(&mut self.decisions, from);
        if self.events.len() < all {
            let kept = self.events.iter().filter_map(|&index| times.get(index));
            self.spans = Spans::new(kept.copied());
        }
    }

    /// Those on connections that are `wanted`.
    pub(super) fn on(&self, trace: &Trace, wanted: impl Fn(ConnectionId) -> bool) -> Self {
        let mut own = Self::default();
        for &index in &self.events {
            if let Some(event) = trace.events().get(index).filter(|e| wanted(e.connection)) {
                own.push(index, event);
            }
        }
        own
    }

    /// Its events without most of those that are outside, ascending: `is_outside` says whether
    /// all are that go on between two times.
    pub(super) fn between_times(&self, is_outside: impl Fn(f64, f64) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        self.spans.visit(&is_outside, &mut |from, to| {
            let to = to.min(self.events.len());
            found.extend_from_slice(self.events.get(from..to).unwrap_or_default());
        });
        found
    }

    /// Its events behind those at the beginning that have passed, and in front of those that
    /// are later.
    pub(super) fn between_steps(
        &self,
        has_passed: impl Fn(usize) -> bool,
        is_later: impl Fn(usize) -> bool,
    ) -> &[usize] {
        let from = self.events.partition_point(|&index| has_passed(index));
        let to = self.events.partition_point(|&index| !is_later(index));
        self.events.get(from..to).unwrap_or_default()
    }

    /// How many of its calls or packets are among the first `step` events.
    pub(super) fn happened(&self, step: usize) -> usize {
        before(&self.events, step) - before(&self.decisions, step)
    }

    /// How many calls or packets it has.
    pub(super) fn len(&self) -> usize {
        self.events.len() - self.decisions.len()
    }
}
