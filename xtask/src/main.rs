//! `cargo xtask <command>`: everything a developer does with this repository.
//!
//! This file only reads the command line; each command has its own module.

mod attack;
mod bench;
mod demo;
mod dist;
mod fuzz;
mod lint;
mod lock;
mod page;
mod process;
mod setup;
mod soak;
mod step;
mod test;
mod web;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use setup::wasm_target::Source;
use workspace::Workspace;

/// Builds, shows, tests and measures Sticky Packet Lab.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, start the page and all servers, print the page's URL.
    Demo {
        /// Open the page in the default browser.
        #[arg(long)]
        open: bool,
        /// Arguments for `stickylab serve`, after `--`.
        #[arg(last = true)]
        serve: Vec<OsString>,
    },
    /// Set up what is missing, then run every test.
    Test {
        /// Run only this stage (may be given more than once).
        #[arg(long, value_enum)]
        only: Vec<test::Stage>,
        /// Run only tests whose name contains one of these.
        filters: Vec<String>,
    },
    /// Check format and lints of everything, warnings denied.
    Lint,
    /// Attack the release program from outside, and print what that did to it.
    Attack {
        /// Make only attacks whose test's name contains one of these.
        filters: Vec<String>,
    },
    /// Build an archive of the program and what belongs to it, into `target/dist`.
    Dist,
    /// Build the page only, into `target/page`.
    Web,
    /// Measure everything beside its peers and write BENCHMARKS.md.
    Bench {
        /// Only these; then BENCHMARKS.md stays as it is.
        #[arg(value_enum)]
        only: Vec<bench::Group>,
        #[command(flatten)]
        effort: bench::Effort,
    },
    /// Load the servers for minutes; fails if they grow.
    Soak {
        #[command(flatten)]
        length: soak::Length,
    },
    /// Fuzz what reads bytes from outside, guided by coverage; needs the nightly toolchain.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
        /// Run only this target (may be given more than once).
        #[arg(long)]
        target: Vec<String>,
        /// Put what was found into the repository's corpus, and make that as small as it gets.
        #[arg(long)]
        keep: bool,
    },
    /// Set up what the tests need: the wasm target, a browser, Python packages, tshark.
    Setup {
        /// Build the wasm target's library from source even where rustup could fetch it.
        #[arg(long, hide = true)]
        fallback: bool,
    },
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo { open, serve } => demo::run(&Workspace::find()?, open, &serve)?,
        Command::Test { only, filters } => return test::run(&Workspace::find()?, &only, &filters),
        Command::Lint => lint::run(&Workspace::find()?)?,
        Command::Attack { filters } => return attack::run(&Workspace::find()?, &filters),
        Command::Dist => dist::run(&Workspace::find()?)?,
        Command::Web => web::build(&Workspace::find()?)?,
        Command::Bench { only, effort } => bench::run(&Workspace::find()?, &only, effort)?,
        Command::Soak { length } => soak::run(&Workspace::find()?, length)?,
        Command::Fuzz {
            seconds,
            target,
            keep,
        } => {
            let time = Duration::from_secs(seconds);
            return fuzz::run(&Workspace::find()?, time, &target, keep);
        }
        Command::Setup { fallback } => {
            let source = if fallback {
                Source::Debian
            } else {
                Source::Any
            };
            setup::all(&Workspace::find()?, source)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
