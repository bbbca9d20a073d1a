//! The axis below the rows: ticks, numbers, and the lengths of shortened waits, all
//! in one unit.

use trace::text::{Catalog, Sentence, grouped};

use super::{Knot, Scale, is_wait};
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::ticks::{round_step, ticks};
use crate::scene::{Align, DrawList, Font, Ink, text_width};

impl Scale {
    /// Ticks, numbers, lengths of shortened waits (`+17`) and the axis' name with the
    /// unit of them all; tells whether each wait in sight has its length.
    pub(in crate::scene::time) fn axis(
        &self,
        catalog: &Catalog,
        y: f64,
        list: &mut DrawList,
    ) -> bool {
        let unit = if self.by_step {
            (1.0, "")
        } else {
            unit(self.value(self.first + self.across))
        };
        let parts = self.parts();
        // The lengths first: a number more or less on the axis changes nothing.
        let mut taken = Vec::new();
        let mut are_told = true;
        for pair in parts.windows(2).filter(|pair| is_wait(pair)) {
            are_told &= self.wait(pair, (y, unit.0), &mut taken, list);
        }
        for pair in parts.windows(2).filter(|pair| !is_wait(pair)) {
            self.ticks((pair[0], pair[1]), (y, unit.0), &mut taken, list);
        }
        let name = Sentence::new(if self.by_step {
            "stage.axis-step"
        } else {
            "stage.axis-time"
        });
        let name = catalog.render(&name.with("unit", unit.1.to_owned()));
        let style = Style::new(Font::Small, Ink::Muted).align(Align::End);
        let room = self.width - 2.0 * PAD;
        list.text((self.width - PAD, y + 15.0), &name, style, room);
        are_told
    }

    /// The ends of the parts of the axis that are linear each.
    fn parts(&self) -> Vec<Knot> {
        if !self.knots.is_empty() {
            return self.knots.clone();
        }
        let end = |place| Knot { time: place, place };
        vec![end(0.0), end(self.whole)]
    }

    fn ticks(
        &self,
        (from, to): (Knot, Knot),
        (y, unit): (f64, f64),
        taken: &mut Vec<(f64, f64)>,
        list: &mut DrawList,
    ) {
        let style = Style::new(Font::Small, Ink::Muted).align(Align::Middle);
        let least = if self.by_step { 1.0 } else { 0.0 };
        let step = round_step(self.across / (self.area / 84.0), 1e-3).max(least);
        let first = self.value(self.first).max(from.time);
        let end = self.value(self.first + self.across).min(to.time);
        for at in ticks(first, end, step) {
            let x = self.x(at);
            let text = number(at, unit);
            let half = text_width(&text, Font::Small) / 2.0;
            let centre = x.min(self.width - half).max(half);
            list.vertical(x, y - 10.0, y - 7.0, Ink::Faint, 1.0);
            if take((centre - half, centre + half), taken) {
                list.text((centre, y), &text, style, 2.0 * half + 1.0);
            }
        }
    }

    /// The length of a wait that was shortened; tells whether it is there, or the wait
    /// out of sight.
    fn wait(
        &self,
        pair: &[Knot],
        (y, unit): (f64, f64),
        taken: &mut Vec<(f64, f64)>,
        list: &mut DrawList,
    ) -> bool {
        let Some((left, right)) = self.seen(pair) else {
            return true;
        };
        let length = pair[1].time - pair[0].time;
        let text = ["+", &number(round(length / unit) * unit, unit)].concat();
        let half = text_width(&text, Font::Small) / 2.0;
        let centre = f64::midpoint(left, right);
        let fits = centre - half >= 0.0
            && centre + half <= self.width
            && take((centre - half, centre + half), taken);
        if fits {
            let style = Style::new(Font::Small, Ink::Text).align(Align::Middle);
            list.text((centre, y), &text, style, 2.0 * half + 1.0);
        }
        fits
    }
}

/// Takes a stretch of the axis for a text, if there is none at it or close by.
fn take((from, to): (f64, f64), taken: &mut Vec<(f64, f64)>) -> bool {
    const BETWEEN: f64 = 4.0;
    let apart = |other: &(f64, f64)| to + BETWEEN <= other.0 || other.1 + BETWEEN <= from;
    let is_free = taken.iter().all(apart);
    if is_free {
        taken.push((from, to));
    }
    is_free
}

/// To two digits, or to whole ones.
fn round(value: f64) -> f64 {
    let parts = match value {
        ..0.1 => 1_000.0,
        ..1.0 => 100.0,
        ..10.0 => 10.0,
        _ => 1.0,
    };
    (value * parts).round() / parts
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

    #[test]
    fn lengths_have_two_digits() {
        let check = |value, expected| assert_eq!(number(round(value), 1.0), expected);
        check(17.4, "17");
        check(5.14, "5.1");
        check(0.123, "0.12");
        check(0.017_4, "0.017");
    }
}
