//! The section of BENCHMARKS.md about links.

use std::fmt::Write as _;

use super::Effort;
use super::document::LINK;
use super::figures::{Figure, Figures};
use super::goal::Bound::{self, Below, Least};
use super::goal::{Goal, goal};
use super::machine::{Machine, today};
use super::report::table;

/// What was asked for, and the figure of what was found.
const ROWS: [(&str, &str); 18] = [
    ("round trip: 0 ms", "trip-0"),
    ("its 95th percentile", "trip-0-p95"),
    ("round trip: 1 ms", "trip-1"),
    ("its 95th percentile", "trip-1-p95"),
    ("round trip: 10 ms", "trip-10"),
    ("its 95th percentile", "trip-10-p95"),
    ("round trip: 40 ms", "trip-40"),
    ("its 95th percentile", "trip-40-p95"),
    ("round trip: 180 ms", "trip-180"),
    ("its 95th percentile", "trip-180-p95"),
    ("loss: 1 % of 100,000 packets", "loss-1"),
    ("loss: 5 % of 100,000 packets", "loss-5"),
    ("rate: 1 Mbit/s", "rate-1"),
    ("rate: 20 Mbit/s", "rate-20"),
    ("rate: 100 Mbit/s", "rate-100"),
    ("a stream without limits, MTU 1,500", "throughput"),
    (
        "a run's process, from its start to the run's first line",
        "start-new",
    ),
    (
        "one that waits, from its request to that line",
        "start-waiting",
    ),
];

/// What it is held against.
const GOALS: [Goal; 14] = [
    goal(
        "trip-0-off",
        "no delay: the round trip is off",
        "",
        OF_ALLOWED,
    ),
    goal("trip-1-off", "1 ms: the round trip is off", "", OF_ALLOWED),
    goal(
        "trip-10-off",
        "10 ms: the round trip is off",
        "",
        OF_ALLOWED,
    ),
    goal(
        "trip-40-off",
        "40 ms: the round trip is off",
        "",
        OF_ALLOWED,
    ),
    goal(
        "trip-180-off",
        "180 ms: the round trip is off",
        "",
        OF_ALLOWED,
    ),
    goal(
        "loss-1-off",
        "1 % lost: standard deviations",
        "",
        Below(3.0),
    ),
    goal(
        "loss-5-off",
        "5 % lost: standard deviations",
        "",
        Below(3.0),
    ),
    goal("rate-1-off", "1 Mbit/s: the rate is off", "", Below(3.0)),
    goal("rate-20-off", "20 Mbit/s: the rate is off", "", Below(3.0)),
    goal(
        "rate-100-off",
        "100 Mbit/s: the rate is off",
        "",
        Below(3.0),
    ),
    goal(
        "disordered",
        "packets out of order where none was asked for",
        "",
        Below(0.0),
    ),
    goal("throughput", "without limits", "", Least(1.0)),
    goal(
        "start-new",
        "a process's start to the run's first line",
        "",
        Below(10.0),
    ),
    goal(
        "start-waiting",
        "the request to that line, by one that waited",
        "",
        Below(10.0),
    ),
];

/// Of the 0.5 ms and 2 % that a round trip may be off.
const OF_ALLOWED: Bound = Below(1.0);

/// The section.
pub(super) fn section(figures: &Figures, machine: &Machine, effort: Effort) -> String {
    let mut found = "| asked for | found |\n|---|---|\n".to_owned();
    for (asked, what) in ROWS {
        let figure = figures.find(what, "stickylab");
        let figure = figure.map_or_else(|| "–".to_owned(), Figure::shown);
        let _ = writeln!(found, "| {asked} | {figure} |");
    }
    format!(
        "{LINK}\n\nWritten by `cargo xtask bench link` on {}. Two programs on the sides of\n\
         `stickylab net --link` (`tests/benches/link`): 100 round trips of 64 bytes over UDP, the\n\
         lost ones of 100,000 datagrams, each round with another seed, full packets of UDP at a\n\
         quarter more than the rate, counted with their Ethernet headers, and a stream of TCP,\n\
         counted without headers. Medians of {} rounds, lowest and highest in brackets. A round\n\
         trip may be off by 0.5 ms and 2 %, of which the goals name the used share; a rate by 3 %.\n\
         {}; load average over the minute before: {}.\n\n{found}\n{}",
        today(),
        effort.rounds,
        machine.line(),
        machine.load(),
        table(figures, &GOALS),
    )
}
