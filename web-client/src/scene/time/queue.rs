//! Queues as levels over time. Dots are the kernel's numbers.

use trace::lane::{Direction, Lane};
use trace::text::{Sentence, Value};

use super::{Sheet, TimeRow};
use crate::scene::index::Change;
use crate::scene::{DrawList, Ink, Part, Rect, Shape};

/// Radius of the dot that marks a number of the kernel.
const DOT: f64 = 2.5;

/// What is drawn of changes within one pixel: the highest levels and the last.
#[derive(Clone, Copy)]
struct Column {
    x: f64,
    peak: Amount,
    last: Amount,
}

/// A level, and the part of it that has not left.
#[derive(Clone, Copy, Default)]
struct Amount {
    level: u64,
    unsent: u64,
}

impl Amount {
    fn of(change: &Change) -> Self {
        Self {
            level: change.level,
            unsent: change.unsent,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            unsent: self.unsent.max(other.unsent),
        }
    }
}

/// What changed between two edges, a column a pixel.
struct Levels {
    from: f64,
    to: f64,
    /// The level at the left edge, if a change left of it is known.
    before: Option<Amount>,
    columns: Vec<Column>,
}

impl Levels {
    fn new(from: f64, to: f64) -> Self {
        Self {
            from,
            to,
            before: None,
            columns: Vec::new(),
        }
    }

    /// The next change.
    fn add(&mut self, x: f64, amount: Amount) {
        if x <= self.from {
            self.before = Some(amount);
            return;
        }
        let x = x.min(self.to);
        match self.columns.last_mut() {
            Some(column) if x < column.x + 1.0 => {
                column.peak = column.peak.max(amount);
                column.last = amount;
            }
            _ => self.columns.push(Column {
                x,
                peak: amount,
                last: amount,
            }),
        }
    }

    fn first(&self) -> Amount {
        self.before.unwrap_or_default()
    }

    fn last(&self) -> Amount {
        let last = self.columns.last();
        last.map_or(self.first(), |column| column.last)
    }

    fn has_unsent(&self) -> bool {
        let mut columns = self.columns.iter();
        self.first().unsent > 0 || columns.any(|column| column.peak.unsent > 0)
    }

    /// A step line from edge to edge.
    fn points(&self, value: fn(Amount) -> u64, height: &dyn Fn(u64) -> f64) -> Vec<(f64, f64)> {
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

impl Sheet<'_> {
    /// Draws the levels; `key` says how much is there at the cursor.
    pub(super) fn levels(
        &self,
        row: &TimeRow,
        (name, detail): (&str, &str),
        key: &'static str,
        changes: &[Change],
        list: &mut DrawList,
    ) {
        let base = row.y + row.height;
        list.shapes.push(Shape::Rect {
            rect: Rect::new(self.scale.left, base - 1.0, self.scale.area, 1.0),
            fill: Some(Ink::Faint),
            stroke: None,
            line: 0.0,
            radius: 0.0,
            dashed: false,
            ghost: false,
        });
        let here = self.here();
        // Where the packets tell the level at the cursor, a number that the
        // kernel gave later is not known yet.
        let late = self.model.has_whole_wire();
        let (left, right) = (self.scale.left, self.scale.right());
        let mut past = Levels::new(left, here);
        let mut future = Levels::new(here.max(left), right);
        let mut dots: Vec<(f64, u64)> = Vec::new();
        let mut most = 1;
        for change in changes {
            most = most.max(change.level);
            let x = self.scale.change(self.model, change);
            let is_late = late && change.measured && x > here + 0.01;
            if is_late || !self.model.has_happened(change.event) {
                future.add(x, Amount::of(change));
                continue;
            }
            past.add(x, Amount::of(change));
            let free = dots.last().map_or(left, |(last, _)| last + 2.0 * DOT);
            if change.measured && x >= free && x <= right {
                dots.push((x, change.level));
            }
        }
        let now = past.last();
        future.before.get_or_insert(now);
        let height = |level: u64| base - (row.height - 4.0) * level as f64 / most as f64;
        for (levels, ghost) in [(&past, false), (&future, true)] {
            if levels.to <= levels.from {
                continue;
            }
            let mut area = |value: fn(Amount) -> u64, ink: Ink| {
                list.shapes.push(Shape::Area {
                    points: levels.points(value, &height),
                    base,
                    ink,
                    ghost,
                });
            };
            area(|amount| amount.level, Ink::Hue(0, Part::Fill));
            if levels.has_unsent() {
                area(|amount| amount.unsent, Ink::Hue(0, Part::Stroke));
            }
        }
        for (x, level) in dots {
            list.shapes.push(Shape::Circle {
                x,
                y: height(level),
                radius: DOT,
                fill: Ink::Text,
                stroke: None,
            });
        }
        let sentence = Sentence::new(key).with("n", Value::Count(now.level));
        let count = self.catalog.render(&sentence);
        self.head(row, name, detail, &count, list);
    }

    /// The names of a lane's derived level.
    pub(super) fn lane_names(&self, lane: &Lane) -> (String, String) {
        let what = self.catalog.text("stage.queue");
        let key = match lane.direction {
            Direction::FromOpener => "stage.queue-up",
            Direction::FromAcceptor => "stage.queue-down",
        };
        if self.model.is_of_one_client() {
            return (self.catalog.text(key), what);
        }
        let name = |end| self.model.end_name(self.catalog, lane.connection, end);
        let names = [name(lane.direction.sender()), name(lane.direction.reader())];
        (names.join(" → "), what)
    }

    /// Where what has happened ends, held within the area.
    fn here(&self) -> f64 {
        let scale = &self.scale;
        if self.model.step == self.model.trace.events().len() {
            return scale.right();
        }
        scale.cursor(self.model).unwrap_or_else(|| {
            let current = self.model.current();
            let x = current.map_or(scale.left, |(at, _)| scale.moment(self.model, at));
            x.max(scale.left).min(scale.right())
        })
    }
}
