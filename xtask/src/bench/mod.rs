//! `cargo xtask bench`: measures the release build beside what people would
//! use instead, and writes BENCHMARKS.md. The load comes from the tests
//! package's `load`; this only prepares, judges and reports.

mod chop;
pub(crate) mod document;
mod figures;
mod goal;
mod goals;
mod link;
pub(crate) mod machine;
mod peers;
mod report;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::step::step;
use crate::workspace::Workspace;
use crate::{process, setup, web};
use figures::Figures;

/// Fewer rounds are not written down.
const LEAST_ROUNDS: u32 = 5;

/// What can be measured on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// WebSocket to TCP, beside websocat and websockify
    Bridges,
    /// auth beside Python's socketserver, tcp-echo beside a bare tokio loop
    Servers,
    /// What idle connections cost
    Memory,
    /// Decoders beside tokio-util's codec and memchr's search
    Decoder,
    /// What watching costs
    Tap,
    /// What it costs to look at a record while it grows
    Analysis,
    /// Looking into a capture file, beside tshark
    Captures,
    /// What tracing adds to a program's calls, beside strace
    Trace,
    /// What long records cost the page, in a browser
    Page,
    /// What a link does beside what was asked for, and how long a run's process takes
    Link,
    /// How many schedules chop tries in a second
    Chop,
}

impl Group {
    /// The group's name on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether its section is written whenever it is measured.
    fn is_apart(self) -> bool {
        matches!(
            self,
            Group::Decoder | Group::Trace | Group::Page | Group::Link | Group::Chop
        )
    }
}

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Effort {
    /// How often everything is measured, in turn; BENCHMARKS.md takes 5 or more
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each case is under load in each round; longer, and short
    /// connections run out of ports
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=60_000))]
    millis: u32,
}

/// Measures `only` these groups, or all of them; writes BENCHMARKS.md if it
/// was all, and prints the report in any case.
pub(crate) fn run(workspace: &Workspace, only: &[Group], effort: Effort) -> Result<()> {
    let groups = match only {
        [] => Group::value_variants(),
        only => only,
    };
    // The decoders need no program.
    if groups != [Group::Decoder] {
        build(workspace)?;
    }
    let peers = peers::ensure(workspace, groups)?;
    let machine = machine::Machine::look();
    let mut figures = Figures::default();
    let loads = [Group::Bridges, Group::Servers, Group::Memory];
    let load = groups.iter().filter(|group| loads.contains(group));
    let load: Vec<_> = load.map(|group| group.name()).collect();
    if !load.is_empty() {
        let seconds = Duration::from_millis(effort.millis.into()).as_secs_f32();
        let what = format!(
            "measuring {} ({} rounds of {seconds} s a case)",
            load.join(", "),
            effort.rounds
        );
        let lines = step(&what, || {
            let mut command = load_command(workspace, &peers.variables());
            command
                .arg("bench")
                .args([effort.rounds, effort.millis].map(|number| number.to_string()))
                .args(&load);
            process::output_shown(&mut command)
        })?;
        figures.read(&lines, &workspace.root)?;
    }
    for group in [Group::Decoder, Group::Tap, Group::Analysis, Group::Captures] {
        if groups.contains(&group) {
            let name = group.name();
            let text = step(&format!("measuring the {name}"), || {
                let mut command = workspace.cargo();
                command
                    .args(["bench", "--quiet", "--package=tests"])
                    .arg(format!("--bench={name}"))
                    .env("STICKYLAB_BIN", workspace.stickylab("release"));
                process::output_shown(&mut command)
            })?;
            figures.read_text(&name, &text)?;
        }
    }

    let path = workspace.root.join("BENCHMARKS.md");
    for group in groups.iter().filter(|group| group.is_apart()) {
        let (heading, section) = match group {
            Group::Decoder => (document::DECODER, report::decoder(&figures, &machine)),
            Group::Trace => {
                let strace = measure_trace(workspace, effort, &mut figures)?;
                let section = report::trace(&figures, &machine, effort, &strace);
                (document::TRACE, section)
            }
            Group::Chop => {
                measure_alone(workspace, "chop", effort, &mut figures)?;
                (document::CHOP, chop::section(&figures, &machine, effort))
            }
            Group::Link => {
                measure_alone(workspace, "link", effort, &mut figures)?;
                (document::LINK, link::section(&figures, &machine, effort))
            }
            _ => {
                measure_page(workspace, &mut figures)?;
                (document::PAGE, report::page(&figures, &machine))
            }
        };
        println!("\n{section}");
        let counts_rounds = !matches!(group, Group::Decoder | Group::Page);
        if !counts_rounds || effort.rounds >= LEAST_ROUNDS {
            document::write_apart(&path, heading, &section)?;
            println!("xtask: written to {}", path.display());
        }
    }
    if groups.iter().all(|group| group.is_apart()) {
        return Ok(());
    }
    let sections = report::sections(&figures, groups, &machine, &peers, effort);
    println!("\n{sections}");
    if only.is_empty() && effort.rounds >= LEAST_ROUNDS {
        document::write(&path, &sections)?;
        println!("xtask: written to {}", path.display());
    } else {
        println!(
            "xtask: not all of it, or too few rounds: {} stays",
            shown(&path)
        );
    }
    Ok(())
}

/// What is measured beside strace; which strace that was.
fn measure_trace(workspace: &Workspace, effort: Effort, figures: &mut Figures) -> Result<String> {
    let programs = setup::proxies::ensure()?;
    let strace = programs.iter().find(|(name, _)| *name == "STRACE");
    let (_, strace) = strace.context("strace is among the programs of the tests")?;
    let version = process::output(Command::new(strace).arg("--version"))?;
    let version = version.lines().next().unwrap_or_default();
    let lines = step("measuring what tracing adds", || {
        let mut command = workspace.cargo();
        command
            .args(["bench", "--quiet", "--package=tests", "--bench=trace", "--"])
            .arg(effort.rounds.to_string())
            .env("STICKYLAB_BIN", workspace.stickylab("release"))
            .envs(programs.iter().map(|(name, program)| (name, program)));
        process::output_shown(&mut command)
    })?;
    figures.read(&lines, &workspace.root)?;
    Ok(version.replace("-- version", "").replace("  ", " "))
}

/// What a benchmark measures that needs nothing but the program.
fn measure_alone(
    workspace: &Workspace,
    name: &str,
    effort: Effort,
    figures: &mut Figures,
) -> Result<()> {
    let lines = step(&format!("measuring {name}"), || {
        process::output_shown(
            workspace
                .cargo()
                .args(["bench", "--quiet", "--package=tests"])
                .arg(format!("--bench={name}"))
                .arg("--")
                .arg(effort.rounds.to_string())
                .env("STICKYLAB_BIN", workspace.stickylab("release")),
        )
    })?;
    figures.read(&lines, &workspace.root)
}

fn measure_page(workspace: &Workspace, figures: &mut Figures) -> Result<()> {
    let browser = setup::browser::ensure()?;
    let lines = step("measuring the page in a browser", || {
        process::output_shown(
            workspace
                .cargo()
                .args(["bench", "--quiet", "--package=tests", "--bench=page"])
                .env("STICKYLAB_BIN", workspace.stickylab("release"))
                .env("CHROME", browser.whole())
                .env("CHROMEDRIVER", &browser.driver),
        )
    })?;
    figures.read(&lines, &workspace.root)
}

fn shown(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Builds the program that is measured, with its page, and what measures it.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    // An older page is not this program's.
    web::build(workspace)?;
    step("building the servers (release)", || {
        process::run(
            workspace
                .cargo()
                .args(["build", "--release", "--package=stickylab"]),
        )
    })?;
    step("building what measures", || {
        process::run(
            workspace
                .cargo()
                .args(["bench", "--no-run", "--package=tests", "--benches"]),
        )
    })
}

/// The load generator, to be told what to do.
pub(crate) fn load_command(workspace: &Workspace, variables: &[(&str, &Path)]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["bench", "--quiet", "--package=tests", "--bench=load", "--"])
        .env("STICKYLAB_BIN", workspace.stickylab("release"))
        .envs(variables.iter().copied());
    command
}
