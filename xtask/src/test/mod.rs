//! `cargo xtask test`: sets up, builds the page, runs every test in three
//! stages and sums up. A stage that runs nothing has failed: tests are never skipped silently.

pub(crate) mod privilege;
mod tally;
mod wasm;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::setup::browser::{self, Browser};
use crate::setup::compilers;
use crate::setup::firefox;
use crate::setup::proxies::{self, Proxies};
use crate::setup::python;
use crate::setup::tshark::{self, Tshark};
use crate::step::{seconds, step};
use crate::workspace::Workspace;
use crate::{process, web};
use privilege::Privilege;
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

/// What the system tests need beside a browser.
struct Tools {
    /// None where its tests are left out.
    firefox: Option<PathBuf>,
    python: PathBuf,
    tshark: Tshark,
    proxies: Proxies,
    compilers: Proxies,
}

impl Tools {
    fn ensure(workspace: &Workspace) -> Result<Self> {
        let tools = Self {
            firefox: firefox::ensure()?,
            python: python::ensure(workspace)?,
            tshark: tshark::ensure()?,
            proxies: proxies::ensure()?,
            compilers: compilers::ensure()?,
        };
        let Tshark { program, version } = &tools.tshark;
        println!("xtask: {version} is {}", program.display());
        Ok(tools)
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
    let privilege = Privilege::find()?;
    let stages: Vec<Stage> = Stage::value_variants()
        .iter()
        .copied()
        .filter(|stage| only.is_empty() || only.contains(stage))
        .collect();
    let needs_browser = stages.iter().any(|stage| *stage != Stage::Unit);
    let browser = needs_browser.then(browser::ensure).transpose()?;
    let tools = stages
        .contains(&Stage::System)
        .then(|| Tools::ensure(workspace))
        .transpose()?;
    web::build(workspace)?;

    let mut outcomes = Vec::new();
    for stage in stages {
        println!("xtask: running the {} tests…", stage.name());
        let start = Instant::now();
        let mut tally = match (stage, &browser, &tools) {
            (Stage::Unit, ..) => unit(workspace, privilege, filters),
            (Stage::Wasm, Some(browser), ..) => wasm::run(workspace, browser, filters),
            (Stage::System, Some(browser), Some(tools)) => {
                system(workspace, privilege, browser, tools, filters)
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
        if privilege == Privilege::Raw && tally.ignored() > 0 {
            eprintln!(
                "xtask: the {} stage ignored tests that it may run",
                stage.name()
            );
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

/// The package of the system tests; all others have unit tests, or none.
const SYSTEM: &str = "tests";

/// Packages that are tested apart from the rest: together they would agree on
/// other features of their common dependencies, and cargo would compile those
/// once more. In xtask's own profile, for which all is compiled already.
const TOOLS: [&str; 2] = ["xtask", "wasm-test-runner"];

fn unit(workspace: &Workspace, privilege: Privilege, filters: &[String]) -> Result<Tally> {
    let mut tally = Tally::default();
    let (tools, product) = unit_packages(workspace)?;
    for (packages, profile) in [(product, "dev"), (tools, "xtask")] {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--no-fail-fast", "--profile", profile]);
        cargo.args(packages.iter().map(|name| format!("--package={name}")));
        cargo.arg("--").args(privilege.arguments()).args(filters);
        tally.run(&mut cargo)?;
    }
    Ok(tally)
}

/// The packages of the workspace with unit tests: the tools and all others.
fn unit_packages(workspace: &Workspace) -> Result<(Vec<&str>, Vec<&str>)> {
    let names = workspace.packages.iter();
    let names: Vec<&str> = names.map(|package| package.name.as_str()).collect();
    for special in TOOLS.iter().chain([&SYSTEM]) {
        if !names.contains(special) {
            bail!("the workspace has no package called {special} any more");
        }
    }
    let unit = names.into_iter().filter(|name| *name != SYSTEM);
    Ok(unit.partition(|name| TOOLS.contains(name)))
}

fn system(
    workspace: &Workspace,
    privilege: Privilege,
    browser: &Browser,
    tools: &Tools,
    filters: &[String],
) -> Result<Tally> {
    step("building stickylab", || {
        process::run(workspace.cargo().args(["build", "--package=stickylab"]))
    })?;
    let mut cargo: Command = workspace.cargo();
    cargo
        .args(["test", "--no-fail-fast"])
        .arg(format!("--package={SYSTEM}"))
        .arg("--")
        .args(privilege.arguments())
        .args(filters)
        .env("CHROME", &browser.chrome)
        .env("CHROMEDRIVER", &browser.driver)
        .env("PYTHON", &tools.python)
        .env("TSHARK", &tools.tshark.program)
        .envs(
            tools
                .proxies
                .iter()
                .chain(&tools.compilers)
                .map(|(variable, program)| (variable, program)),
        )
        .env("STICKYLAB_BIN", workspace.stickylab("debug"));
    match &tools.firefox {
        Some(firefox) => cargo.env("FIREFOX", firefox),
        None => cargo.args(["--skip", "firefox::"]),
    };
    let mut tally = Tally::default();
    tally.run(&mut cargo)?;
    Ok(tally)
}

/// Prints the table and the last line.
fn sum_up(outcomes: &[Outcome], time: Duration) -> ExitCode {
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    println!();
    for Outcome { stage, tally, .. } in outcomes {
        for name in tally.failures() {
            println!("failed: {} {name}", stage.name());
        }
        for (reason, count) in tally.ignored_by_reason() {
            println!("ignored: {count} {} tests: {reason}", stage.name());
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
            tally.ignored(),
        );
        passed += tally.passed;
        failed += tally.failed;
        ignored += tally.ignored();
    }
    println!("with set-up and the page: {}", seconds(time));
    println!("{passed} passed, {failed} failed, {ignored} ignored");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
