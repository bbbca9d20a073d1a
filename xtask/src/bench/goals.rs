//! The goals: what the figures are held against.

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
    /// As [`NotLess`](Self::NotLess), where the figure is a ratio already.
    Ratio,
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

const fn goal(what: &'static str, title: &'static str, other: &'static str, bound: Bound) -> Goal {
    Goal {
        what,
        title,
        other,
        bound,
    }
}

use Bound::{AtLeast, Below, NotLess, NotMore, Ratio, RatioBelow};

const STREAM: &str = "64 KiB messages streamed";
const PIPELINED: &str = "1 KiB messages pipelined";
const TRIP: &str = "64 B round trip, median";
const SLOW_TRIP: &str = "64 B round trip, 99th percentile";
const TRIPS: &str = "64 B round trips, 16 clients";
const CONNECTIONS: &str = "connections, 16 at a time";
const FEW: &str = "connections, 4 at a time";
const LEFT: &str = "connections without a WebSocket close, 4 at a time";

/// All of them, in the report's order.
pub(super) const BRIDGES: [Goal; 16] = [
    goal("stream-64k", STREAM, "websocat", AtLeast(2.0)),
    goal("stream-64k", STREAM, "websockify", AtLeast(2.0)),
    goal("stream-1k", PIPELINED, "websocat", NotLess),
    goal("stream-1k", PIPELINED, "websockify", NotLess),
    goal("trip-p50", TRIP, "websocat", NotMore),
    goal("trip-p50", TRIP, "websockify", NotMore),
    goal("trip-p99", SLOW_TRIP, "websocat", NotMore),
    goal("trip-p99", SLOW_TRIP, "websockify", NotMore),
    goal("clients-16", TRIPS, "websocat", NotLess),
    goal("clients-16", TRIPS, "websockify", NotLess),
    goal("connections", CONNECTIONS, "websocat", AtLeast(1.1)),
    goal("connections", CONNECTIONS, "websockify", AtLeast(1.1)),
    goal("connections-4", FEW, "websocat", AtLeast(1.1)),
    goal("connections-4", FEW, "websockify", AtLeast(1.1)),
    goal("connections-left", LEFT, "websocat", AtLeast(1.1)),
    goal("connections-left", LEFT, "websockify", AtLeast(1.1)),
];

pub(super) const SERVERS: [Goal; 3] = [
    goal(
        "handshakes",
        "auth handshakes a second",
        "socketserver",
        NotLess,
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
    goal("decoder-64", "64 B frames", "LengthDelimitedCodec", Ratio),
    goal(
        "decoder-65536",
        "64 KiB frames",
        "LengthDelimitedCodec",
        Ratio,
    ),
];

pub(super) const ANALYSIS: [Goal; 2] = [
    goal(
        "analysis-in-order",
        "events in order",
        ONE_ANALYSIS,
        GROWING,
    ),
    goal(
        "analysis-late",
        "every fourth event late",
        ONE_ANALYSIS,
        GROWING,
    ),
];
const ONE_ANALYSIS: &str = "one analysis of all";
/// A hundred looks at a growing record may cost half an analysis more than one
/// look at the end.
const GROWING: Bound = RatioBelow(1.5);

pub(super) const CAPTURES: [Goal; 2] = [
    goal(
        "captures-list",
        "100 MB and 100,000 packets listed",
        "tshark -z conv,tcp",
        RatioBelow(0.5),
    ),
    goal(
        "captures-one",
        "one of its connections shown",
        "a second",
        RatioBelow(1.0),
    ),
];

const STRACE: &str = "what strace adds";
const ON_ONE: Bound = RatioBelow(1.0);
const WHERE_CHOSEN: Bound = RatioBelow(0.5);

/// The queue is asked for each recv: without, it would be 0.7 and 0.3.
pub(super) const TRACE: [Goal; 8] = [
    goal("trace-c-one", "C, on one processor", STRACE, ON_ONE),
    goal(
        "trace-python-one",
        "Python, on one processor",
        STRACE,
        ON_ONE,
    ),
    goal("trace-node-one", "Node, on one processor", STRACE, ON_ONE),
    goal(
        "trace-stream-one",
        "a stream, on one processor",
        STRACE,
        ON_ONE,
    ),
    goal(
        "trace-c-chosen",
        "C, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-python-chosen",
        "Python, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-node-chosen",
        "Node, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-stream-chosen",
        "a stream, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
];

const OPEN: &str = "100,000 events: opening a file";
const BYTES: &str = "100,000 events: a step, Bytes view, median";
const TIME: &str = "100,000 events: a step, Time view, median";
const STEPS: &str = "100,000 events: a step, Time view by steps, median";
const SLOW_BYTES: &str = "100,000 events: a step, Bytes view, 95th percentile";
const SLOW_TIME: &str = "100,000 events: a step, Time view, 95th percentile";
const SLOW_STEPS: &str = "100,000 events: a step, Time view by steps, 95th percentile";
const SCROLL: &str = "100,000 events: a scroll of the table, median";
const RENDERER: &str = "100,000 events: memory of the renderer";
const FEW_BYTES: &str = "2,000 events: a step, Bytes view, median";
const FEW_TIME: &str = "2,000 events: a step, Time view, median";
const FEW_STEPS: &str = "2,000 events: a step, Time view by steps, median";

pub(super) const PAGE: [Goal; 12] = [
    goal("open-100k", OPEN, "", Below(2_000.0)),
    goal("step-bytes-100k", BYTES, "", Below(16.0)),
    goal("step-bytes-p95-100k", SLOW_BYTES, "", Below(50.0)),
    goal("step-time-100k", TIME, "", Below(16.0)),
    goal("step-time-p95-100k", SLOW_TIME, "", Below(50.0)),
    goal("step-steps-100k", STEPS, "", Below(16.0)),
    goal("step-steps-p95-100k", SLOW_STEPS, "", Below(50.0)),
    goal("scroll-100k", SCROLL, "", Below(16.0)),
    goal("memory-100k", RENDERER, "", Below(400.0)),
    goal("step-bytes-2k", FEW_BYTES, "", Below(12.0)),
    goal("step-time-2k", FEW_TIME, "", Below(12.0)),
    goal("step-steps-2k", FEW_STEPS, "", Below(12.0)),
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
            RatioBelow(bound) => {
                let ratio = median("ratio")?;
                let wanted = format!("≤ {bound} × {}", self.other);
                (wanted, format!("{ratio:.2} ×"), reached(ratio <= bound))
            }
            Below(bound) => {
                let figure = figures.find(self.what, "stickylab")?;
                let (value, unit) = (figure.median(), figure.unit());
                (
                    format!("≤ {bound} {unit}"),
                    format!("{} {unit}", shown(value)),
                    reached(value <= bound),
                )
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
            Ratio,
            0.9,
            0.0,
            "| title | not behind x | 0.90 × | **missed** |",
        );
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        assert!(BRIDGES[0].judge(&Figures::default()).is_none());
    }
}
