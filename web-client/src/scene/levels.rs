//! The level of a queue by pixel: what is drawn of its changes, and what stays the
//! same of that from step to step.

use trace::ConnectionId;
use trace::lane::Direction;

use super::density::Window;

/// Which level, on which part of which axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LevelsKey {
    pub(super) connection: ConnectionId,
    pub(super) queue: Queue,
    /// x is the step.
    pub(super) by_step: bool,
    pub(super) window: Window,
}

/// A queue of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// The opener's.
    Send,
    /// The acceptor's.
    Receive,
    /// Bytes sent and not yet read.
    UnderWay(Direction),
}

/// A level, and the part of it that has not left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) level: u64,
    pub(super) unsent: u64,
}

impl Amount {
    fn max(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            unsent: self.unsent.max(other.unsent),
        }
    }
}

/// What is drawn of changes within one pixel: the highest levels and the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) x: f64,
    pub(super) peak: Amount,
    pub(super) last: Amount,
    /// The first of the changes, by its number.
    first: usize,
}

/// What changed between two edges, a column a pixel.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    pub(super) from: f64,
    pub(super) to: f64,
    /// The level at the left edge, if a change left of it is known.
    pub(super) before: Option<Amount>,
    columns: Vec<Column>,
}

impl Levels {
    pub(super) const fn new(from: f64, to: f64) -> Self {
        Self {
            from,
            to,
            before: None,
            columns: Vec::new(),
        }
    }

    /// Change number `number`, the next one.
    fn add(&mut self, number: usize, x: f64, amount: Amount) {
        if x <= self.from {
            self.before = Some(amount);
            return;
        }
        if x > self.to {
            return;
        }
        match self.columns.last_mut() {
            Some(column) if x < column.x + 1.0 => {
                column.peak = column.peak.max(amount);
                column.last = amount;
            }
            _ => self.columns.push(Column {
                x,
                peak: amount,
                last: amount,
                first: number,
            }),
        }
    }

    fn first(&self) -> Amount {
        self.before.unwrap_or_default()
    }

    pub(super) fn has_unsent(&self) -> bool {
        let mut columns = self.columns.iter();
        self.first().unsent > 0 || columns.any(|column| column.peak.unsent > 0)
    }

    /// A step line from edge to edge.
    pub(super) fn points(
        &self,
        value: fn(Amount) -> u64,
        height: &dyn Fn(u64) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut level = height(value(self.first()));
        let mut points = vec![(self.from, level)];
        for column in &self.columns {
            points.push((column.x, level));
            points.push((column.x, height(value(column.peak))));
            level = height(value(column.last));
            points.push((column.x, level));
        }
        points.push((self.to, level));
        points
    }
}

/// A change as it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) x: f64,
    pub(super) amount: Amount,
    /// At which event it is known.
    pub(super) event: usize,
    /// The kernel said so: a dot marks it.
    pub(super) measured: bool,
}

/// A dot: the number of its change, and where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dot {
    pub(super) number: usize,
    pub(super) x: f64,
    pub(super) level: u64,
}

/// All changes of a level, whatever has happened of them: x ascends, and so nearly
/// do the events.
#[derive(Debug)]
pub(super) struct Course {
    all: Levels,
    dots: Vec<Dot>,
    /// The highest level, one at least.
    most: u64,
    /// The latest event up to each change, and the earliest from it on.
    latest: Vec<usize>,
    earliest: Vec<usize>,
}

/// What is drawn of a level at the cursor.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) past: Levels,
    pub(super) future: Levels,
    /// The kernel's numbers that are known.
    pub(super) dots: Vec<Dot>,
    /// The highest level of all, one at least.
    pub(super) most: u64,
    /// The level at the cursor.
    pub(super) now: Amount,
}

/// Least distance between two dots.
const APART: f64 = 5.0;

impl Course {
    /// Of changes in their order, between the edges of what is in sight.
    pub(super) fn new((left, right): (f64, f64), changes: impl Iterator<Item = Placed>) -> Self {
        let mut this = Self {
            all: Levels::new(left, right),
            dots: Vec::new(),
            most: 1,
            latest: Vec::new(),
            earliest: Vec::new(),
        };
        for (number, change) in changes.enumerate() {
            let latest = this.latest.last().copied().unwrap_or(0);
            this.latest.push(latest.max(change.event));
            this.earliest.push(change.event);
            this.most = this.most.max(change.amount.level);
            this.all.add(number, change.x, change.amount);
            mark(&mut this.dots, number, &change, (left, right));
        }
        for at in (1..this.earliest.len()).rev() {
            this.earliest[at - 1] = this.earliest[at - 1].min(this.earliest[at]);
        }
        this
    }

    /// What is drawn when `step` events have happened, up to `here`: what is far from
    /// the cursor is taken over. `placed` gives a change by its number, `is_past`
    /// tells whether it is known.
    pub(super) fn at(
        &self,
        step: usize,
        here: f64,
        placed: impl Fn(usize) -> Placed,
        is_past: impl Fn(&Placed) -> bool,
    ) -> Drawn {
        let (left, right) = (self.all.from, self.all.to);
        let columns = &self.all.columns;
        let changes = self.latest.len();
        // All in front of the one have happened, and none from the other on.
        let happened = self.latest.partition_point(|&event| event < step);
        let ahead = self.earliest.partition_point(|&event| event < step);
        let mut known = (0..ahead).rev().map(&placed);
        let now = known
            .find(&is_past)
            .map_or(Amount::default(), |change| change.amount);
        // What is looked at one by one: whole columns around the cursor.
        let until_here = columns.partition_point(|column| column.x <= here);
        let until_now = columns.partition_point(|column| column.first <= happened);
        let from = until_here.min(until_now).saturating_sub(1);
        let to = columns.partition_point(|column| column.first < ahead);
        let to = to.max(until_here);
        let first = |column: usize| columns.get(column).map_or(changes, |column| column.first);
        let near = first(from)..first(to);

        let mut past = Levels::new(left, here);
        past.before = self.all.before;
        past.columns = columns[..from].to_vec();
        let mut future = Levels::new(here.max(left), right);
        // Where the cursor stands left of all that is in sight.
        let mut unknown = (happened..first(0)).rev().map(&placed);
        let unknown = unknown.find(|change| change.x <= future.from && !is_past(change));
        future.before = unknown.map(|change| change.amount);
        let dots = self.dots.partition_point(|dot| dot.number < near.start);
        let mut dots = self.dots[..dots].to_vec();
        for number in near {
            let change = placed(number);
            if is_past(&change) {
                past.add(number, change.x, change.amount);
                mark(&mut dots, number, &change, (left, right));
            } else {
                future.add(number, change.x, change.amount);
            }
        }
        future.columns.extend_from_slice(&columns[to..]);
        future.before.get_or_insert(now);
        Drawn {
            past,
            future,
            dots,
            most: self.most,
            now,
        }
    }
}

/// A dot for a number of the kernel, if there is room beside the one before.
fn mark(dots: &mut Vec<Dot>, number: usize, change: &Placed, (left, right): (f64, f64)) {
    let free = dots.last().map_or(left, |dot| dot.x + APART);
    if change.measured && change.x >= free && change.x <= right {
        dots.push(Dot {
            number,
            x: change.x,
            level: change.amount.level,
        });
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small and not negative"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the whole of it looks like, change by change.
    fn slowly(changes: &[Placed], edges: (f64, f64), step: usize, here: f64) -> Drawn {
        let (left, right) = edges;
        let mut drawn = Drawn {
            past: Levels::new(left, here),
            future: Levels::new(here.max(left), right),
            dots: Vec::new(),
            most: 1,
            now: Amount::default(),
        };
        for (number, change) in changes.iter().enumerate() {
            drawn.most = drawn.most.max(change.amount.level);
            if change.event < step {
                drawn.past.add(number, change.x, change.amount);
                drawn.now = change.amount;
                mark(&mut drawn.dots, number, change, edges);
            } else {
                drawn.future.add(number, change.x, change.amount);
            }
        }
        drawn.future.before.get_or_insert(drawn.now);
        drawn
    }

    /// Level at each whole x, as far as it is drawn.
    fn line(levels: &Levels) -> Vec<(f64, u64)> {
        levels
            .points(|amount| amount.level, &|level| level as f64)
            .iter()
            .map(|&(x, level)| (x, level as u64))
            .collect()
    }

    proptest! {
        /// Events up to three places apart from their order, as calls that overlap.
        #[test]
        fn a_step_looks_as_if_it_was_drawn_change_by_change(
            given in prop::collection::vec((0_usize..3, 0_u64..50, any::<bool>()), 0..200),
            scale in 0.2_f64..8.0,
            window in (0.0_f64..0.9, 0.1_f64..1.0),
            share in 0.0_f64..1.0,
        ) {
            let count = given.len();
            let left = window.0 * scale * count as f64;
            let edges = (left, left + window.1 * scale * count as f64 + 1.0);
            let changes: Vec<_> = given.iter().enumerate().map(|(number, given)| Placed {
                x: scale * number as f64,
                amount: Amount { level: given.1, unsent: given.1 / 2 },
                event: number.saturating_sub(given.0),
                measured: given.2,
            }).collect();
            let step = (share * (count + 1) as f64) as usize;
            let here = (scale * step as f64).max(edges.0).min(edges.1);
            let course = Course::new(edges, changes.iter().copied());
            let drawn = course.at(step, here, |at| changes[at], |change| change.event < step);
            let expected = slowly(&changes, edges, step, here);
            prop_assert_eq!(drawn.now, expected.now);
            prop_assert_eq!(drawn.most, expected.most);
            prop_assert_eq!(&drawn.dots, &expected.dots);
            if here > left {
                prop_assert_eq!(line(&drawn.past), line(&expected.past));
            }
            // Columns of the future may begin elsewhere: the same where each is alone.
            if scale > 1.0 {
                prop_assert_eq!(line(&drawn.future), line(&expected.future));
            }
        }
    }
}
