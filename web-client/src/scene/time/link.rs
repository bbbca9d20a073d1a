//! The ways of packets over a link: a line from where and when one was sent to where and when
//! it arrived, a cross for one that was lost, two lines for one that arrived twice.

use trace::{ConnectionId, End, Event};

use super::{Sheet, TimeRow};
use crate::scene::{DrawList, Ink, Part, Rect, Shape, StageModel, Target};

/// How far the line of a packet that arrived a second time is from its first.
const APART: f64 = 4.0;
/// Half the width and height of a cross.
const CROSS: f64 = 3.5;
/// How many places along a line answer to the pointer.
const PLACES: u32 = 4;

/// Whether a link passes the packets of a connection on.
pub(super) fn is_linked(model: &StageModel<'_>, id: ConnectionId) -> bool {
    let packets = &model.index.connection(id).packets;
    let first = packets.events.first();
    let first = first.and_then(|&index| model.trace.events().get(index));
    first.is_some_and(|event| event.transit().is_some())
}

/// A straight line from one end of the row to the other, or to its middle.
#[derive(Clone, Copy)]
struct Way {
    from: (f64, f64),
    to: (f64, f64),
}

/// How a line looks.
#[derive(Clone, Copy)]
struct Look {
    ink: Ink,
    line: f64,
}

impl Way {
    /// Where it is at this x, from 0 at its beginning to 1 at its end.
    fn at(self, x: f64) -> f64 {
        let across = self.to.0 - self.from.0;
        if across <= 0.0 {
            return if x < self.from.0 { 0.0 } else { 1.0 };
        }
        ((x - self.from.0) / across).clamp(0.0, 1.0)
    }

    fn point(self, share: f64) -> (f64, f64) {
        let between = |from: f64, to: f64| from + (to - from) * share;
        (
            between(self.from.0, self.to.0),
            between(self.from.1, self.to.1),
        )
    }

    /// From one share of it to another; none of no length.
    fn part(self, from: f64, to: f64) -> Option<Self> {
        (to > from).then(|| Self {
            from: self.point(from),
            to: self.point(to),
        })
    }

    /// What of it is from `left` to `right`.
    fn within(self, left: f64, right: f64) -> Option<Self> {
        if self.to.0 < left || self.from.0 > right {
            return None;
        }
        let is_upright = self.to.0 - self.from.0 <= 0.0;
        if is_upright {
            return Some(self);
        }
        self.part(self.at(left), self.at(right))
    }

    fn draw(self, look: Look, ghost: bool, list: &mut DrawList) {
        list.shapes.push(Shape::Line {
            x0: self.from.0,
            y0: self.from.1,
            x1: self.to.0,
            y1: self.to.1,
            ink: look.ink,
            line: look.line,
            dashed: ghost,
            ghost,
        });
    }
}

impl Sheet<'_> {
    /// Those of a connection's packets; of some only what is in sight.
    pub(super) fn ways(&self, row: &TimeRow, id: ConnectionId, above: End, list: &mut DrawList) {
        for &index in self.under_way(id) {
            if let Some(event) = self.model.trace.events().get(index) {
                self.way(row, (index, event), above, list);
            }
        }
    }

    /// The packets of a connection between the first one and the last one that may be in
    /// sight.
    fn under_way(&self, id: ConnectionId) -> &[usize] {
        /// More than what rounding moves a line by.
        const ROUNDING: f64 = 1.0;
        let scale = &self.scale;
        let (left, right) = (scale.left - APART - ROUNDING, scale.right() + ROUNDING);
        let has_passed = |arrived| scale.instant(self.model, arrived) < left;
        let is_later = |index| scale.moment(self.model, index) > right;
        let known = self.model.index.connection(id);
        known.packets_between(has_passed, is_later)
    }

    fn way(&self, row: &TimeRow, (index, event): (usize, &Event), above: End, list: &mut DrawList) {
        let scale = &self.scale;
        let (top, bottom) = (row.y + 1.0, row.y + row.height - 1.0);
        let (start, end) = if event.end == above {
            (top, bottom)
        } else {
            (bottom, top)
        };
        let transit = event.transit();
        let x = scale.moment(self.model, index);
        let arrived = transit.and_then(|transit| transit.arrived);
        let is_lost = transit.is_some_and(|transit| transit.lost.is_some());
        // Of what was lost or has not arrived it is known when it was sent, and no more.
        let to = arrived.map_or((x, row.y + row.height / 2.0), |arrived| {
            (scale.instant(self.model, arrived.0).max(x), end)
        });
        let whole = Way {
            from: (x, start),
            to,
        };
        if to.0 + APART < scale.left || x > scale.right() {
            return;
        }
        let (hue, _) = self.look_of(index, event);
        let plain = match hue {
            _ if is_lost => Ink::Bad,
            Some(hue) => Ink::hue(hue, Part::Stroke),
            None => Ink::Outline,
        };
        let (ink, wider) = self.edge(index, plain);
        let look = Look {
            ink,
            line: if hue.is_some() { wider + 1.0 } else { wider },
        };
        self.draw_way(whole, index, look, list);
        let is_twice = transit.is_some_and(|transit| transit.twice) && arrived.is_some();
        if is_twice {
            let beside = Way {
                from: (whole.from.0 + APART, whole.from.1),
                to: (whole.to.0 + APART, whole.to.1),
            };
            self.draw_way(beside, index, look, list);
        }
        if is_lost && x - CROSS >= scale.left && x + CROSS <= scale.right() {
            let (x, y) = whole.to;
            for slope in [CROSS, -CROSS] {
                let cross = Way {
                    from: (x - CROSS, y - slope),
                    to: (x + CROSS, y + slope),
                };
                cross.draw(look, !self.model.has_happened(index), list);
            }
        }
    }

    /// What of a line is in sight: what the packet has not gone yet at the cursor is a ghost.
    fn draw_way(&self, whole: Way, index: usize, look: Look, list: &mut DrawList) {
        let scale = &self.scale;
        let Some(way) = whole.within(scale.left, scale.right()) else {
            return;
        };
        let here = if self.model.step == self.model.trace.events().len() {
            f64::INFINITY
        } else {
            scale.here(self.model)
        };
        let gone = if self.model.has_happened(index) {
            way.at(here)
        } else {
            0.0
        };
        if let Some(past) = way.part(0.0, gone) {
            past.draw(look, false, list);
        }
        if let Some(future) = way.part(gone, 1.0) {
            future.draw(look, true, list);
        }
        for place in 0..PLACES {
            let share = |place: u32| f64::from(place) / f64::from(PLACES);
            let (from, to) = (way.point(share(place)), way.point(share(place + 1)));
            let (x, y) = (from.0.min(to.0), from.1.min(to.1));
            let size = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
            let rect = Rect::new(x - 2.0, y, size.0 + 4.0, size.1);
            list.hit(rect, Target::Event(index));
        }
    }
}

#[cfg(test)]
mod tests;
