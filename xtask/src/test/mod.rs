//! `cargo xtask test`: sets up, builds the page, runs every test in three
//! stages and sums up. A stage that runs nothing has failed: tests are never skipped silently.

mod tally;
pub(crate) mod wasm;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;

use crate::setup::browser::{self, Browser};
use crate::setup::python;
use crate::setup::tshark::{self, Tshark};
use crate::step::{seconds, step};
use crate::workspace::Workspace;
use crate::{process, web};
use tally::Tally;

/// A group of tests that run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Unit and property tests of every package, native.
    Unit,
    /// The tests of the packages' wasm builds, in a headless browser.
    Wasm,
    /// Conformance, gateway and browser tests against the running program.
    System,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Wasm => "wasm",
            Self::System => "system",
        }
    }
}

/// How a stage went.
struct Outcome {
    stage: Stage,
    tally: Tally,
    time: Duration,
}

/// Runs the stages of `only`, or all; of their tests those matching one of `filters`, or all.
pub(crate) fn run(workspace: &Workspace, only: &[Stage], filters: &[String]) -> Result<ExitCode> {
    let start = Instant::now();
    let stages: Vec<Stage> = Stage::value_variants()
        .iter()
        .copied()
        .filter(|stage| only.is_empty() || only.contains(stage))
        .collect();
    let needs_browser = stages.iter().any(|stage| *stage != Stage::Unit);
    let browser = needs_browser.then(browser::ensure).transpose()?;
    let python = stages
        .contains(&Stage::System)
        .then(|| python::ensure(workspace))
        .transpose()?;
    let tshark = stages
        .contains(&Stage::System)
        .then(tshark::ensure)
        .transpose()?;
    if let Some(Tshark { program, version }) = &tshark {
        println!("xtask: {version} is {}", program.display());
    }
    web::build(workspace)?;

    let mut outcomes = Vec::new();
    for stage in stages {
        println!("xtask: running the {} tests…", stage.name());
        let start = Instant::now();
        let mut tally = match (stage, &browser, &python, &tshark) {
            (Stage::Unit, ..) => unit(workspace, filters),
            (Stage::Wasm, Some(browser), ..) => wasm::run(workspace, browser, filters),
            (Stage::System, Some(browser), Some(python), Some(tshark)) => {
                system(workspace, browser, python, tshark, filters)
            }
            _ => unreachable!("the stages that need them set them up"),
        }
        .unwrap_or_else(|error| {
            eprintln!("xtask: {error:#}");
            Tally::broken()
        });
        if filters.is_empty() && tally.ran() == 0 {
            eprintln!("xtask: the {} stage ran no test", stage.name());
            tally.broke();
        }
        outcomes.push(Outcome {
            stage,
            tally,
            time: start.elapsed(),
        });
    }
    Ok(sum_up(&outcomes, start.elapsed()))
}

fn unit(workspace: &Workspace, filters: &[String]) -> Result<Tally> {
    let mut tally = Tally::default();
    // xtask apart from the rest: together they would agree on other features
    // of their common dependencies, and cargo would compile those once more.
    for packages in [
        &["protocol", "trace", "stickylab", "web-client", "invariants"][..],
        &["xtask"],
    ] {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--no-fail-fast"]);
        cargo.args(
            packages
                .iter()
                .map(|package| format!("--package={package}")),
        );
        tally.run(cargo.arg("--").args(filters))?;
    }
    Ok(tally)
}

fn system(
    workspace: &Workspace,
    browser: &Browser,
    python: &PathBuf,
    tshark: &Tshark,
    filters: &[String],
) -> Result<Tally> {
    step("building stickylab", || {
        process::run(workspace.cargo().args(["build", "--package=stickylab"]))
    })?;
    let mut cargo: Command = workspace.cargo();
    cargo
        .args(["test", "--no-fail-fast", "--package=tests", "--"])
        .args(filters)
        .env("CHROME", &browser.chrome)
        .env("CHROMEDRIVER", &browser.driver)
        .env("PYTHON", python)
        .env("TSHARK", &tshark.program)
        .env("STICKYLAB_BIN", workspace.stickylab("debug"));
    let mut tally = Tally::default();
    tally.run(&mut cargo)?;
    Ok(tally)
}

/// Prints the table and the last line.
fn sum_up(outcomes: &[Outcome], time: Duration) -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    println!();
    for outcome in outcomes {
        for name in outcome.tally.failures() {
            println!("failed: {} {name}", outcome.stage.name());
        }
    }
    println!(
        "{:<8} {:<7} {:>12} {:>7} {:>7} {:>8}",
        "stage", "result", "time", "passed", "failed", "ignored"
    );
    for Outcome { stage, tally, time } in outcomes {
        println!(
            "{:<8} {:<7} {:>12} {:>7} {:>7} {:>8}",
            stage.name(),
            if tally.failed == 0 { "ok" } else { "FAILED" },
            seconds(*time),
            tally.passed,
            tally.failed,
            tally.ignored,
        );
        passed += tally.passed;
        failed += tally.failed;
    }
    println!("with set-up and the page: {}", seconds(time));
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
