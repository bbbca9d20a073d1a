//! `stickylab lab-worker`: one run, for another process of this program.

use std::ffi::OsString;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum as _};
use stickylab::priority::Priority;
use stickylab::worker::{self, Runner};

use super::Log;

#[derive(Debug, Args)]
pub(super) struct Worker {
    /// With a lowered priority, behind the threads that move bytes
    #[arg(long)]
    background: bool,
}

impl Worker {
    pub(super) fn run(self) -> Result<()> {
        let priority = if self.background {
            Priority::Experiment
        } else {
            Priority::Normal
        };
        worker::serve(priority).context("a run for another process")
    }
}

/// Runs go on in processes whose log looks like this one's. One waits for the next run, if
/// `keeps_one`.
pub(super) fn runner(log: Log, keeps_one: bool) -> Result<Runner> {
    let format = log.to_possible_value();
    let format = format.map_or_else(String::new, |value| value.get_name().to_owned());
    let arguments = ["--log".to_owned(), format].map(OsString::from);
    Runner::processes(arguments.to_vec(), keeps_one).context("runs have no process")
}
