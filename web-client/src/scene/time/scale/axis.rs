//! The axis below the rows: ticks, numbers, and the lengths of shortened waits.

use trace::text::{Catalog, grouped};

use super::{Knot, Scale, is_wait};
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::ticks::{round_step, ticks};
use crate::scene::{Align, DrawList, Font, Ink, text_width};

impl Scale {
    /// Ticks, numbers and the axis' name.
    pub(in crate::scene::time) fn axis(&self, catalog: &Catalog, y: f64, list: &mut DrawList) {
        let mut free = 0.0;
        for pair in self.parts().windows(2) {
            let [from, to] = [pair[0], pair[1]];
            if is_wait(pair) {
                self.wait(pair, y, &mut free, list);
            } else {
                self.ticks(from, to, y, &mut free, list);
            }
        }
        let name = catalog.text(if self.by_step {
            "stage.axis-step"
        } else {
            "stage.axis-time"
        });
        let style = Style::new(Font::Small, Ink::Muted).align(Align::End);
        let room = self.width - 2.0 * PAD;
        list.text((self.width - PAD, y + 15.0), &name, style, room);
    }

    /// The ends of the parts of the axis that are linear each.
    fn parts(&self) -> Vec<Knot> {
        if !self.knots.is_empty() {
            return self.knots.clone();
        }
        let end = |place| Knot { time: place, place };
        vec![end(0.0), end(self.whole)]
    }

    fn ticks(&self, from: Knot, to: Knot, y: f64, free: &mut f64, list: &mut DrawList) {
        let style = Style::new(Font::Small, Ink::Muted).align(Align::Middle);
        let least = if self.by_step { 1.0 } else { 0.0 };
        let step = round_step(self.across / (self.area / 84.0), 1e-3).max(least);
        let unit = unit(self.value(self.first + self.across));
        let first = self.value(self.first).max(from.time);
        let end = self.value(self.first + self.across).min(to.time);
        for at in ticks(first, end, step) {
            let x = self.x(at);
            let text = if self.by_step {
                number(at, 1.0)
            } else {
                [&number(at, unit.0), " ", unit.1].concat()
            };
            let half = text_width(&text, Font::Small) / 2.0;
            let centre = x.min(self.width - half).max(half);
            list.vertical(x, y - 10.0, y - 7.0, Ink::Faint, 1.0);
            if centre - half >= *free {
                list.text((centre, y), &text, style, 2.0 * half + 1.0);
                *free = centre + half + 6.0;
            }
        }
    }

    /// The length of a wait that was shortened.
    fn wait(&self, pair: &[Knot], y: f64, free: &mut f64, list: &mut DrawList) {
        let Some((left, right)) = self.seen(pair) else {
            return;
        };
        let length = pair[1].time - pair[0].time;
        let unit = unit(length);
        let text = [
            &number(round(length / unit.0) * unit.0, unit.0),
            " ",
            unit.1,
        ]
        .concat();
        let half = text_width(&text, Font::Small) / 2.0;
        let centre = f64::midpoint(left, right);
        if centre - half >= *free && centre + half <= self.width {
            let style = Style::new(Font::Small, Ink::Text).align(Align::Middle);
            list.text((centre, y), &text, style, 2.0 * half + 1.0);
            *free = centre + half + 6.0;
        }
    }
}

/// To two digits, or to whole ones.
fn round(value: f64) -> f64 {
    if value < 10.0 {
        (value * 10.0).round() / 10.0
    } else {
        value.round()
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
