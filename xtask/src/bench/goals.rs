//! The goals: what the figures are held against.

use super::figures::{Figures, shown};

/// What has to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// Ours is at least so many times the other's.
    AtLeast(f64),
    /// Ours is at most so many times the other's.
    AtMost(f64),
    /// Ours is at most so much, in the figure's unit.
    Below(f64),
    /// The figure is a ratio already, and at least this.
    Ratio(f64),
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

const fn goal(what: &'static str, title: &'static str, other: &'static str, bound: Bound) -> Goal {
    Goal {
        what,
        title,
        other,
        bound,
    }
}

use Bound::{AtLeast, AtMost, Below, Ratio};

/// All of them, in the report's order.
pub(super) const BRIDGES: [Goal; 6] = [
    goal(
        "stream-64k",
        "64 KiB messages streamed",
        "websocat",
        AtLeast(2.0),
    ),
    goal(
        "stream-64k",
        "64 KiB messages streamed",
        "websockify",
        AtLeast(4.0),
    ),
    goal(
        "stream-1k",
        "1 KiB messages pipelined",
        "websocat",
        AtLeast(2.0),
    ),
    goal(
        "trip-p50",
        "64 B round trip, median",
        "websocat",
        AtMost(0.9),
    ),
    goal(
        "clients-16",
        "64 B round trips, 16 clients",
        "websocat",
        AtLeast(1.5),
    ),
    goal(
        "connections",
        "connections a second",
        "websocat",
        AtLeast(1.0),
    ),
];

pub(super) const SERVERS: [Goal; 3] = [
    goal(
        "handshakes",
        "auth handshakes a second",
        "socketserver",
        AtLeast(10.0),
    ),
    goal(
        "echo-trips",
        "tcp-echo, 64 B round trips",
        "bare tokio loop",
        AtLeast(0.9),
    ),
    goal(
        "echo-stream",
        "tcp-echo, a stream",
        "bare tokio loop",
        AtLeast(0.9),
    ),
];

pub(super) const MEMORY: [Goal; 2] = [
    goal(
        "memory-auth",
        "an idle authenticated connection",
        "",
        Below(8.0),
    ),
    goal("memory-bridge", "an idle bridge session", "", Below(32.0)),
];

pub(super) const DECODER: [Goal; 2] = [
    goal(
        "decoder-64",
        "64 B frames",
        "LengthDelimitedCodec",
        Ratio(1.0),
    ),
    goal(
        "decoder-65536",
        "64 KiB frames",
        "LengthDelimitedCodec",
        Ratio(1.0),
    ),
];

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
        let (wanted, value, reached) = match self.bound {
            AtLeast(bound) => {
                let ratio = ratio()?;
                let wanted = format!("≥ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), ratio >= bound)
            }
            AtMost(bound) => {
                let ratio = ratio()?;
                let wanted = format!("≤ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), ratio <= bound)
            }
            Below(bound) => {
                let value = median("stickylab")?;
                (
                    format!("≤ {bound} KiB"),
                    format!("{} KiB", shown(value)),
                    value <= bound,
                )
            }
            Ratio(bound) => {
                let ratio = median("ratio")?;
                let wanted = format!("≥ {bound:.1} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), ratio >= bound)
            }
        };
        let verdict = if reached { "reached" } else { "**missed**" };
        let title = self.title;
        let row = format!("| {title} | {wanted} | {value} | {verdict} |");
        Some(Outcome { reached, row })
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
            AtMost(0.9),
            9.0,
            10.0,
            "| title | ≤ 0.9 × x | 0.90 × | reached |",
        );
        check(
            AtMost(0.9),
            10.0,
            10.0,
            "| title | ≤ 0.9 × x | 1.00 × | **missed** |",
        );
        check(
            Below(8.0),
            9.0,
            0.0,
            "| title | ≤ 8 KiB | 9.00 KiB | **missed** |",
        );
        check(
            Ratio(1.0),
            1.5,
            0.0,
            "| title | ≥ 1.0 × x | 1.50 × | reached |",
        );
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert!(BRIDGES[0].judge(&Figures::default()).is_none());
    }
}
