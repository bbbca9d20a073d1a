//! Where an event stands on the x axis.

mod axis;

use std::borrow::Cow;

use crate::scene::density::Window;
use crate::scene::index::{Change, Wait};
use crate::scene::margins::{LEFT, NARROW, PAD};
use crate::scene::track::Track;
use crate::scene::{DrawList, Ink, Rect, Shape, StageModel};

/// Names of rows are longer where they name one of two clients.
const LEFT_OF_TWO: f64 = 164.0;
const RIGHT: f64 = 120.0;
/// Narrowest box of a call.
const LEAST: f64 = 3.0;

/// x as time in nanoseconds, or as steps.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) width: f64,
    pub(super) left: f64,
    pub(super) area: f64,
    pub(super) narrow: bool,
    pub(super) by_step: bool,
    /// What stands at the left edge.
    first: f64,
    /// What fits between the edges.
    across: f64,
    /// All of the axis.
    whole: f64,
    /// Where times stand on an axis whose waits are shortened, ascending; none
    /// where no wait is.
    knots: Vec<Knot>,
}

/// A time in nanoseconds, and its place on the axis. Between two it is linear.
#[derive(Clone, Copy, Debug)]
struct Knot {
    time: f64,
    place: f64,
}

impl Scale {
    pub(super) fn new(model: &StageModel<'_>, by_step: bool, width: f64) -> Self {
        let narrow = width < NARROW;
        let (left, right) = if narrow {
            (PAD, PAD)
        } else {
            let two = !model.is_of_one_client();
            let left = if two { LEFT_OF_TWO } else { LEFT };
            (PAD + left, PAD + RIGHT)
        };
        let area = (width - left - right).max(40.0);
        let knots = if by_step {
            Vec::new()
        } else {
            knots(model.index.waits(), model.index.end(), area)
        };
        let whole = if by_step {
            model.trace.events().len() as f64
        } else {
            let last = knots.last();
            last.map_or(model.index.end(), |knot| knot.place)
        }
        .max(1.0);
        Self {
            width,
            left,
            area,
            narrow,
            by_step,
            first: whole * model.viewport.start(),
            across: whole * model.viewport.across(),
            whole,
            knots,
        }
    }

    /// What is drawn, and where.
    pub(super) fn window(&self) -> Window {
        Window {
            first: self.first,
            across: self.across,
            left: self.left,
            area: self.area,
        }
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.area
    }

    /// Room right of the area; in a narrow view, above it.
    pub(super) fn beside(&self) -> f64 {
        if self.narrow {
            (self.width - 2.0 * PAD) / 3.0
        } else {
            self.width - PAD / 2.0 - self.right() - 14.0
        }
    }

    fn x(&self, value: f64) -> f64 {
        self.left + (self.place(value) - self.first) / self.across * self.area
    }

    /// Where a time, or a step, stands on the axis.
    fn place(&self, value: f64) -> f64 {
        between(&self.knots, value, |knot| (knot.time, knot.place))
    }

    /// The time, or the step, that stands there.
    fn value(&self, place: f64) -> f64 {
        between(&self.knots, place, |knot| (knot.place, knot.time))
    }

    /// Left and right edge of an event's box, cut to the area; none outside.
    pub(super) fn event(&self, model: &StageModel<'_>, index: usize) -> Option<(f64, f64)> {
        let (x0, x1) = if self.by_step {
            let at = index as f64;
            (self.x(at + 0.15), self.x(at + 0.85))
        } else {
            let times = model.index.times().get(index)?;
            (self.x(times.from), self.x(times.to))
        };
        if x1 < self.left - 0.01 || x0 > self.right() + 0.01 {
            return None;
        }
        let x0 = x0.max(self.left).min(self.right());
        let x1 = x1.max(self.left).min(self.right());
        if x1 - x0 >= LEAST {
            return Some((x0, x1));
        }
        // Grows to the right, at the right edge to the left.
        let x0 = x0.min(self.right() - LEAST);
        Some((x0, x0 + LEAST))
    }

    /// The events of a row without those of which it is found quickly that they are outside the
    /// area: that they begin far right of it, or end far left of it.
    pub(super) fn near<'a>(&self, own: &'a Track) -> Cow<'a, [usize]> {
        /// More than what rounding moves an edge by.
        const ROUNDING: f64 = 1.0;
        let has_passed = |to| self.x(to) < self.left - ROUNDING;
        let is_later = |from| self.x(from) > self.right() + ROUNDING;
        if self.by_step {
            Cow::Borrowed(own.between_steps(
                |index| has_passed(index as f64 + 1.0),
                |index| is_later(index as f64),
            ))
        } else {
            Cow::Owned(own.between_times(|from, to| has_passed(to) || is_later(from)))
        }
    }

    /// Where bytes change hands: may lie outside the area.
    pub(super) fn moment(&self, model: &StageModel<'_>, index: usize) -> f64 {
        if self.by_step {
            return self.x(index as f64 + 0.5);
        }
        let times = model.index.times().get(index);
        self.x(times.map_or(0.0, |times| times.at))
    }

    /// Where a time stands, in nanoseconds: may lie outside the area.
    pub(super) fn instant(&self, model: &StageModel<'_>, nanos: u64) -> f64 {
        let nanos = nanos as f64;
        if !self.by_step {
            return self.x(nanos);
        }
        // Behind what happened until then.
        let until = model
            .index
            .times()
            .partition_point(|times| times.at <= nanos);
        self.x(until as f64)
    }

    /// Where a queue's level changed: may lie outside the area.
    pub(super) fn change(&self, model: &StageModel<'_>, change: &Change) -> f64 {
        if !self.by_step {
            return self.x(change.at);
        }
        if !change.is_after {
            return self.x(change.event as f64 + 0.5);
        }
        // Behind the events until then: the call's own, and few others.
        let later = model.index.times().iter().skip(change.event + 1);
        let until = later.take_while(|times| times.at <= change.at).count();
        self.x((change.event + 1 + until) as f64)
    }

    /// What the cursor stands at.
    fn current(&self, model: &StageModel<'_>) -> f64 {
        if self.by_step {
            model.step as f64
        } else {
            model.current().map_or(0.0, |(_, event)| event.at.0 as f64)
        }
    }

    /// Where the cursor stands on the whole axis, 0 to 1.
    pub(super) fn share(&self, model: &StageModel<'_>) -> f64 {
        self.place(self.current(model)) / self.whole
    }

    /// The step at which the cursor stands at x.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of events"
    )]
    pub(super) fn step_at(&self, model: &StageModel<'_>, x: f64) -> usize {
        let value = self.value(self.first + (x - self.left) / self.area * self.across);
        let events = model.index.times();
        if self.by_step {
            return value.round().clamp(0.0, events.len() as f64) as usize;
        }
        // Nearer to the event before or to the one behind.
        let behind = events.partition_point(|times| times.at <= value);
        let next = events.get(behind).map(|times| times.at - value);
        let before = behind.checked_sub(1).map(|at| value - events[at].at);
        match (before, next) {
            (Some(before), Some(next)) if next < before => behind + 1,
            _ => behind,
        }
    }

    /// Where the cursor stands; none outside the area.
    pub(super) fn cursor(&self, model: &StageModel<'_>) -> Option<f64> {
        let x = self.x(self.current(model));
        (x >= self.left - 0.01 && x <= self.right() + 0.01).then_some(x)
    }

    /// Where what has happened ends: may lie outside the area.
    pub(super) fn here(&self, model: &StageModel<'_>) -> f64 {
        self.x(self.current(model))
    }

    /// Hatches the waits that were shortened, from `top` to `bottom`.
    pub(super) fn shade(&self, top: f64, bottom: f64, list: &mut DrawList) {
        for pair in self.knots.windows(2).filter(|pair| is_wait(pair)) {
            if let Some((left, right)) = self.seen(pair) {
                list.shapes.push(Shape::Hatch {
                    rect: Rect::new(left, top, right - left, bottom - top),
                    ink: Ink::Faint,
                    ghost: false,
                });
            }
        }
    }

    /// The edges of a part of the axis, as far as they are in sight.
    fn seen(&self, pair: &[Knot]) -> Option<(f64, f64)> {
        let left = self.x(pair[0].time).max(self.left);
        let right = self.x(pair[1].time).min(self.right());
        (right > left).then_some((left, right))
    }

    /// Whether waits are shortened.
    pub(super) fn is_shortened(&self) -> bool {
        !self.knots.is_empty()
    }
}

/// Whether the time between two knots was shortened.
fn is_wait(pair: &[Knot]) -> bool {
    pair[1].place - pair[0].place < (pair[1].time - pair[0].time) * 0.999
}

/// How wide a wait is that was shortened, in pixels.
const WAIT: f64 = 52.0;
/// The part of the axis that all waits take at most.
const WAITS: f64 = 0.6;

/// The axis of a run with these waits, in `area` pixels.
fn knots(waits: &[Wait], end: f64, area: f64) -> Vec<Knot> {
    if waits.is_empty() {
        return Vec::new();
    }
    let number = waits.len() as f64;
    let waited: f64 = waits.iter().map(|wait| wait.to - wait.from).sum();
    let share = (WAIT / area).min(WAITS / number);
    let whole = (end - waited) / (1.0 - share * number);
    let mut knots = vec![Knot {
        time: 0.0,
        place: 0.0,
    }];
    let mut place = 0.0;
    let mut time = 0.0;
    for wait in waits {
        place += wait.from - time;
        let from = Knot {
            time: wait.from,
            place,
        };
        // None gets longer than it was.
        place += (whole * share).min(wait.to - wait.from);
        time = wait.to;
        knots.extend([from, Knot { time, place }]);
    }
    knots.push(Knot {
        time: end,
        place: place + end - time,
    });
    knots
}

/// What belongs to `value` by the knots around it; the value itself without any.
fn between(knots: &[Knot], value: f64, pair: impl Fn(&Knot) -> (f64, f64)) -> f64 {
    let behind = knots.partition_point(|knot| pair(knot).0 <= value);
    let from = behind.checked_sub(1).map(|at| pair(&knots[at]));
    match (from, knots.get(behind).map(&pair)) {
        (Some((from, result)), Some((to, end))) => {
            result + (value - from) / (to - from) * (end - result)
        }
        (Some((from, result)), None) => result + value - from,
        (None, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_shortened_and_all_else_keeps_its_proportions() {
        let waits = [Wait {
            from: 10.0,
            to: 990.0,
        }];
        let knots = knots(&waits, 1000.0, 520.0);
        let place = |time| between(&knots, time, |knot| (knot.time, knot.place));
        let time = |at| between(&knots, at, |knot| (knot.place, knot.time));
        let whole = place(1000.0);
        // A tenth for the wait, nine tenths for twenty nanoseconds.
        assert!((whole - 20.0 / 0.9).abs() < 1e-9, "{whole}");
        assert!((place(5.0) - 5.0).abs() < 1e-9);
        assert!((place(995.0) - (whole - 5.0)).abs() < 1e-9);
        for at in [0.0, 3.0, 10.0, 500.0, 990.0, 999.0, 1000.0] {
            assert!((time(place(at)) - at).abs() < 1e-6, "{at}");
        }
    }
}
