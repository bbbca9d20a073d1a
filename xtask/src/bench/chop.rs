//! The section of BENCHMARKS.md about schedules.

use std::fmt::Write as _;

use super::Effort;
use super::document::CHOP;
use super::figures::{Figure, Figures};
use super::goal::Bound::Least;
use super::goal::{Goal, goal};
use super::machine::{Machine, today};
use super::report::table;

/// What was run, and its figure.
const ROWS: [(&str, &str); 5] = [
    ("a C server, a fresh start each", "fresh-c"),
    ("a C server that goes on (`--reuse`)", "reuse-c"),
    ("a Python server, a fresh start each", "fresh-python"),
    ("a Python server that goes on (`--reuse`)", "reuse-python"),
    (
        "places of a stream of 200 bytes that were cut in 5 s, a fresh start each",
        "places",
    ),
];

/// What it is held against.
const GOALS: [Goal; 3] = [
    goal("reuse-c", "a C server that goes on", "", Least(50.0)),
    goal(
        "fresh-python",
        "a fresh start of Python each",
        "",
        Least(5.0),
    ),
    goal(
        "places",
        "all places of 200 bytes, well within a minute",
        "",
        Least(199.0),
    ),
];

/// The section.
pub(super) fn section(figures: &Figures, machine: &Machine, effort: Effort) -> String {
    let mut found = "| what is run | schedules |\n|---|---|\n".to_owned();
    for (title, what) in ROWS {
        let figure = figures.find(what, "stickylab");
        let figure = figure.map_or_else(|| "–".to_owned(), Figure::shown);
        let _ = writeln!(found, "| {title} | {figure} |");
    }
    format!(
        "{CHOP}\n\nWritten by `cargo xtask bench chop` on {}. `stickylab chop --replay` with an echo\n\
         server (`tests/benches/chop.rs`): a client sends 16 bytes, takes them back and leaves;\n\
         three seconds of schedules each, one after the other. Medians of {} rounds, lowest and\n\
         highest in brackets. {}; load average over the minute before: {}.\n\n{found}\n{}",
        today(),
        effort.rounds,
        machine.line(),
        machine.load(),
        table(figures, &GOALS),
    )
}
