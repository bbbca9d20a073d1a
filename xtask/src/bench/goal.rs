//! One goal, and whether figures reach it.

use super::figures::{Figures, shown};

/// A peer is level with ours if neither is ahead of the other by more than
/// this share. It is chosen, not measured: less than the rounds of one program
/// differ among themselves, which the report shows in brackets.
pub(super) const NOISE: f64 = 0.03;

/// What has to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// Ours is at least so many times the other's.
    AtLeast(f64),
    /// Ours is not behind the other's, where more is better, by more than [`NOISE`].
    NotLess,
    /// The same where less is better.
    NotMore,
    /// Ours is at most so much, in the figure's unit.
    Below(f64),
    /// Ours is at least so much, in the figure's unit.
    Least(f64),
    /// As [`NotLess`](Self::NotLess), where the figure is a ratio already.
    Ratio,
    /// Such a ratio is at least so much.
    RatioAtLeast(f64),
    /// Such a ratio is at most so much.
    RatioBelow(f64),
}

/// One goal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// The figure it is about.
    pub(super) what: &'static str,
    title: &'static str,
    other: &'static str,
    bound: Bound,
}

pub(super) const fn goal(
    what: &'static str,
    title: &'static str,
    other: &'static str,
    bound: Bound,
) -> Goal {
    Goal {
        what,
        title,
        other,
        bound,
    }
}

use Bound::{AtLeast, Below, Least, NotLess, NotMore, Ratio, RatioAtLeast, RatioBelow};

/// How a goal was met.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) reached: bool,
    /// Its row in a table: goal, what was measured, the verdict.
    pub(super) row: String,
}

impl Goal {
    /// Compares; none if it was not measured.
    pub(super) fn judge(&self, figures: &Figures) -> Option<Outcome> {
        let median = |subject: &str| Some(figures.find(self.what, subject)?.median());
        let ratio = || Some(median("stickylab")? / median(self.other)?);
        let (wanted, value, verdict) = match self.bound {
            AtLeast(bound) => {
                let ratio = ratio()?;
                let wanted = format!("≥ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), reached(ratio >= bound))
            }
            NotLess => {
                let ratio = ratio()?;
                (self.not_behind(), format!("{ratio:.2} ×"), level(ratio))
            }
            NotMore => {
                let ratio = ratio()?;
                let ahead = 1.0 / ratio;
                (self.not_behind(), format!("{ratio:.2} ×"), level(ahead))
            }
            Ratio => {
                let ratio = median("ratio")?;
                (self.not_behind(), format!("{ratio:.2} ×"), level(ratio))
            }
            RatioAtLeast(bound) => {
                let ratio = median("ratio")?;
                let wanted = format!("≥ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), reached(ratio >= bound))
            }
            RatioBelow(bound) => {
                let ratio = median("ratio")?;
                let wanted = format!("≤ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), reached(ratio <= bound))
            }
            Below(bound) | Least(bound) => {
                let figure = figures.find(self.what, "stickylab")?;
                let (value, unit) = (figure.median(), figure.unit());
                let (sign, holds) = match self.bound {
                    Least(_) => ("≥", value >= bound),
                    _ => ("≤", value <= bound),
                };
                let wanted = format!("{sign} {bound} {unit}");
                (wanted, format!("{} {unit}", shown(value)), reached(holds))
            }
        };
        let reached = verdict != MISSED;
        let title = self.title;
        let row = format!("| {title} | {wanted} | {value} | {verdict} |");
        Some(Outcome { reached, row })
    }

    fn not_behind(&self) -> String {
        format!("not behind {}", self.other)
    }
}

const MISSED: &str = "**missed**";

fn reached(reached: bool) -> &'static str {
    if reached { "reached" } else { MISSED }
}

/// The verdict on a peer that ours is `ahead` times as good as.
fn level(ahead: f64) -> &'static str {
    if (ahead - 1.0).abs() <= NOISE {
        "level"
    } else {
        reached(ahead > 1.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(bound: Bound, ours: f64, other: f64, expected: &str) {
        let mut figures = Figures::default();
        let line = |subject, value| {
            format!(r#"{{"what":"w","subject":"{subject}","unit":"KiB","rounds":[{value}]}}"#)
        };
        let lines = [
            line("stickylab", ours),
            line("x", other),
            line("ratio", ours),
        ]
        .join("\n");
        figures.read(&lines, Path::new("/")).unwrap();
        let outcome = goal("w", "title", "x", bound).judge(&figures).unwrap();
        assert_eq!(outcome.row, expected);
        assert_eq!(outcome.reached, !expected.contains("missed"));
    }

    #[test]
    fn a_goal_is_reached_or_missed() {
        check(
            RatioBelow(1.5),
            1.5,
            1.0,
            "| title | ≤ 1.5 × x | 1.50 × | reached |",
        );
        check(
            RatioBelow(1.5),
            1.51,
            1.0,
            "| title | ≤ 1.5 × x | 1.51 × | **missed** |",
        );
        check(
            AtLeast(2.0),
            10.0,
            5.0,
            "| title | ≥ 2 × x | 2.00 × | reached |",
        );
        check(
            AtLeast(2.0),
            9.0,
            5.0,
            "| title | ≥ 2 × x | 1.80 × | **missed** |",
        );
        check(
            NotLess,
            9.6,
            10.0,
            "| title | not behind x | 0.96 × | **missed** |",
        );
        check(
            NotLess,
            9.8,
            10.0,
            "| title | not behind x | 0.98 × | level |",
        );
        check(
            NotLess,
            10.2,
            10.0,
            "| title | not behind x | 1.02 × | level |",
        );
        check(
            NotLess,
            10.5,
            10.0,
            "| title | not behind x | 1.05 × | reached |",
        );
        check(
            NotMore,
            10.5,
            10.0,
            "| title | not behind x | 1.05 × | **missed** |",
        );
        check(
            NotMore,
            10.2,
            10.0,
            "| title | not behind x | 1.02 × | level |",
        );
        check(
            NotMore,
            9.0,
            10.0,
            "| title | not behind x | 0.90 × | reached |",
        );
        check(
            Below(8.0),
            9.0,
            0.0,
            "| title | ≤ 8 KiB | 9.00 KiB | **missed** |",
        );
        check(
            Ratio,
            1.5,
            0.0,
            "| title | not behind x | 1.50 × | reached |",
        );
        check(
            RatioAtLeast(0.8),
            0.85,
            0.0,
            "| title | ≥ 0.8 × x | 0.85 × | reached |",
        );
        check(
            RatioAtLeast(0.8),
            0.79,
            0.0,
            "| title | ≥ 0.8 × x | 0.79 × | **missed** |",
        );
        check(
            Ratio,
            0.9,
            0.0,
            "| title | not behind x | 0.90 × | **missed** |",
        );
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let goal = goal("w", "title", "x", NotLess);
        assert!(goal.judge(&Figures::default()).is_none());
    }
}
