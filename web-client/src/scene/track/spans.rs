//! When the events of a row went on, summed up: a call that waited long overlaps those of a
//! whole run, and yet what is in sight is found without a look at all of them.

use crate::scene::times::Times;

/// How many events, or sums of events, are summed up as one.
const FAN: usize = 16;

/// Sums of a row's events: of 16 each, of 16 of these sums each, and so on up to one of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spans(Vec<Vec<Span>>);

/// From the earliest beginning to the latest end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: f64,
    to: f64,
}

impl Spans {
    pub(super) const EMPTY: Self = Self(Vec::new());

    pub(super) fn new(all: impl Iterator<Item = Times>) -> Self {
        let mut this = Self::EMPTY;
        for (position, times) in all.enumerate() {
            this.push(position, times);
        }
        this
    }

    /// Adds the event that stands in this position of the row, the one behind the last.
    pub(super) fn push(&mut self, position: usize, times: Times) {
        let Times { from, to, .. } = times;
        let span = Span { from, to };
        let mut at = position;
        for level in &mut self.0 {
            at /= FAN;
            match level.get_mut(at) {
                Some(sum) => *sum = sum.with(span),
                None => level.push(span),
            }
        }
        match self.0.last().map(Vec::as_slice) {
            None => self.0.push(vec![span]),
            Some(&[first, second]) => self.0.push(vec![first.with(second)]),
            Some(_) => {}
        }
    }

    /// Gives `each` from which position to which events may be that are not outside, ascending;
    /// the last ones may end behind the row. `is_outside` says whether all are that go on
    /// between two times.
    pub(super) fn visit(
        &self,
        is_outside: &impl Fn(f64, f64) -> bool,
        each: &mut impl FnMut(usize, usize),
    ) {
        if let Some(top) = self.0.len().checked_sub(1) {
            self.visit_sum((top, 0), is_outside, each);
        }
    }

    fn visit_sum(
        &self,
        (level, at): (usize, usize),
        is_outside: &impl Fn(f64, f64) -> bool,
        each: &mut impl FnMut(usize, usize),
    ) {
        let sum = self.0.get(level).and_then(|sums| sums.get(at));
        if sum.is_none_or(|sum| is_outside(sum.from, sum.to)) {
            return;
        }
        let (from, to) = (at * FAN, (at + 1) * FAN);
        match level.checked_sub(1) {
            Some(below) => {
                for at in from..to {
                    self.visit_sum((below, at), is_outside, each);
                }
            }
            None => each(from, to),
        }
    }
}

impl Span {
    const fn with(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }
}
