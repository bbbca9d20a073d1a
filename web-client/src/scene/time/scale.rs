//! Where an event stands on the x axis.

use trace::text::{Catalog, grouped};
use trace::{Call, Event};

use crate::scene::list::Style;
use crate::scene::margins::{LEFT, NARROW, PAD};
use crate::scene::ticks::round_step;
use crate::scene::{Align, DrawList, Font, Ink, StageModel, text_width};

/// Names of rows are longer where they name one of two clients.
const LEFT_OF_TWO: f64 = 164.0;
const RIGHT: f64 = 120.0;
/// Narrowest box of a call.
const LEAST: f64 = 3.0;

/// x as time in nanoseconds, or as steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) width: f64,
    pub(super) left: f64,
    pub(super) area: f64,
    pub(super) narrow: bool,
    by_step: bool,
    /// What stands at the left edge.
    first: f64,
    /// What fits between the edges.
    across: f64,
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
        let events = model.trace.events();
        let whole = if by_step {
            events.len() as f64
        } else {
            events
                .iter()
                .map(|event| times(event).1)
                .fold(0.0, f64::max)
        }
        .max(1.0);
        Self {
            width,
            left,
            area: (width - left - right).max(40.0),
            narrow,
            by_step,
            first: whole * model.viewport.start(),
            across: whole * model.viewport.across(),
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
        self.left + (value - self.first) / self.across * self.area
    }

    /// Left and right edge of an event's box, cut to the area; none outside.
    pub(super) fn event(&self, model: &StageModel<'_>, index: usize) -> Option<(f64, f64)> {
        let (x0, x1) = if self.by_step {
            let at = index as f64;
            (self.x(at + 0.15), self.x(at + 0.85))
        } else {
            let (from, to) = times(model.trace.events().get(index)?);
            (self.x(from), self.x(to))
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

    /// Where bytes change hands: may lie outside the area.
    pub(super) fn moment(&self, model: &StageModel<'_>, index: usize) -> f64 {
        if self.by_step {
            return self.x(index as f64 + 0.5);
        }
        let event = model.trace.events().get(index);
        self.x(event.map_or(0.0, |event| event.at.0 as f64))
    }

    /// Where a moment between events stands, in nanoseconds since the start.
    pub(super) fn at(&self, model: &StageModel<'_>, at: f64) -> f64 {
        if !self.by_step {
            return self.x(at);
        }
        let events = model.trace.events();
        self.x(events.partition_point(|event| event.at.0 as f64 <= at) as f64)
    }

    /// Where the cursor stands; none outside the area.
    pub(super) fn cursor(&self, model: &StageModel<'_>) -> Option<f64> {
        let x = if self.by_step {
            self.x(model.step as f64)
        } else {
            let at = model.current().map_or(0.0, |(_, event)| event.at.0 as f64);
            self.x(at)
        };
        (x >= self.left - 0.01 && x <= self.right() + 0.01).then_some(x)
    }

    /// Ticks, numbers and the axis' name.
    pub(super) fn axis(&self, catalog: &Catalog, y: f64, list: &mut DrawList) {
        let style = Style::new(Font::Small, Ink::Muted).align(Align::Middle);
        let least = if self.by_step { 1.0 } else { 0.0 };
        let step = round_step(self.across / (self.area / 84.0), 1e-3).max(least);
        let unit = unit(self.first + self.across);
        let mut at = (self.first / step).ceil() * step;
        let mut free = 0.0;
        while at <= self.first + self.across * (1.0 + 1e-9) {
            let x = self.x(at);
            let text = if self.by_step {
                number(at, 1.0)
            } else {
                [&number(at, unit.0), " ", unit.1].concat()
            };
            let half = text_width(&text, Font::Small) / 2.0;
            let centre = x.min(self.width - half).max(half);
            list.vertical(x, y - 10.0, y - 7.0, Ink::Faint, 1.0);
            if centre - half >= free {
                list.text((centre, y), &text, style, 2.0 * half + 1.0);
                free = centre + half + 6.0;
            }
            at += step;
        }
        let name = catalog.text(if self.by_step {
            "stage.axis-step"
        } else {
            "stage.axis-time"
        });
        let style = style.align(Align::End);
        let room = self.width - 2.0 * PAD;
        list.text((self.width - PAD, y + 15.0), &name, style, room);
    }
}

/// When a call began and ended, in nanoseconds: calls that take something
/// from the kernel carry the time they ended, the others the time they began.
fn times(event: &Event) -> (f64, f64) {
    let (at, took) = (event.at.0 as f64, event.took.0 as f64);
    match event.call {
        Call::Recv | Call::Accept => ((at - took).max(0.0), at),
        _ => (at, at + took),
    }
}

/// The unit that keeps a time short: its length in nanoseconds and its name.
fn unit(most: f64) -> (f64, &'static str) {
    if most < 2e3 {
        (1.0, "ns")
    } else if most < 2e6 {
        (1e3, "µs")
    } else if most < 2e9 {
        (1e6, "ms")
    } else {
        (1e9, "s")
    }
}

/// `value` in `unit`, with no more decimals than it has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, rounded on purpose"
)]
fn number(value: f64, unit: f64) -> String {
    let thousandths = (value / unit * 1e3).round() as u64;
    let whole = grouped(thousandths / 1000);
    let rest = thousandths % 1000;
    if rest == 0 {
        return whole;
    }
    let digits = (1000 + rest).to_string();
    [&whole, ".", digits[1..].trim_end_matches('0')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1_500_000.0, 1e6), "1.5");
        assert_eq!(number(50_000.0, 1e3), "50");
        assert_eq!(number(0.0, 1e3), "0");
    }
}
