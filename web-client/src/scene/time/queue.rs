//! Queues as levels over time. Dots are the kernel's numbers.

use std::rc::Rc;

use trace::ConnectionId;
use trace::lane::{Direction, Lane};
use trace::text::{Sentence, Value};

use super::{Sheet, TimeRow};
use crate::scene::index::Change;
use crate::scene::levels::{Amount, Course, Drawn, LevelsKey, Placed, Queue};
use crate::scene::{DrawList, Ink, Part, Rect, Shape};

/// Radius of the dot that marks a number of the kernel.
const DOT: f64 = 2.5;

impl Sheet<'_> {
    /// Draws the levels; `key` says how much is there at the cursor.
    pub(super) fn levels(
        &self,
        row: &TimeRow,
        (name, detail): (&str, &str),
        key: &'static str,
        (queue, changes): (Option<(ConnectionId, Queue)>, &[Change]),
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
        // Where the packets tell the level at the cursor, a number that the kernel gave later
        // is not known yet, and a packet that is on its way over a link has changed nothing.
        let is_over = self.model.step == self.model.trace.events().len();
        let late = self.model.has_whole_wire() && !is_over;
        let cursor = self.scale.here(self.model);
        let placed = |number: usize| {
            let change = &changes[number];
            Placed {
                x: self.scale.change(self.model, change),
                amount: Amount {
                    level: change.level,
                    unsent: change.unsent,
                },
                event: change.event,
                measured: change.measured,
            }
        };
        let course = || {
            let edges = (self.scale.left, self.scale.right());
            Course::new(edges, (0..changes.len()).map(placed))
        };
        let course = match queue {
            Some((connection, queue)) => {
                let key = LevelsKey {
                    connection,
                    queue,
                    by_step: self.scale.by_step,
                    window: self.scale.window(),
                };
                self.model.index.kept.courses.get(key, course)
            }
            None => Rc::new(course()),
        };
        let drawn = course.at(self.model.step, here, placed, |change| {
            let is_late = late && change.x > cursor + 0.01;
            !is_late && self.model.has_happened(change.event)
        });
        let Drawn {
            past,
            future,
            dots,
            most,
            now,
        } = &drawn;
        let height = |level: u64| base - (row.height - 4.0) * level as f64 / *most as f64;
        for (levels, ghost) in [(past, false), (future, true)] {
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
        for dot in dots {
            list.shapes.push(Shape::Circle {
                x: dot.x,
                y: height(dot.level),
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
