//! `stickylab join`: records of programs that were traced each by itself, as one.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use trace::{Setup, Trace};

use super::input;
use super::show::{TRACE, parse};
use super::shown::Shown;
use super::target::Input;

#[derive(Debug, Args)]
pub(super) struct Join {
    /// What stickylab trace --json wrote, of programs on one machine
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    shown: Shown,
}

impl Join {
    pub(super) fn run(self) -> Result<()> {
        let mut joined: Option<Trace> = None;
        for file in &self.files {
            let name = file.display().to_string();
            let text = input::read_file(file, TRACE)?;
            let trace = parse(&text, &name, TRACE)?;
            if trace.plan.is_some() {
                bail!("{name} is a run of the lab: it has both ends already");
            }
            joined = Some(match joined {
                None => trace,
                Some(before) => join(before, trace).map_err(|error| anyhow!("{name}: {error}"))?,
            });
        }
        let Some(trace) = joined else {
            return Ok(());
        };
        let input = Input::Files(&self.files);
        self.shown.show_trace("the joined record", trace, input)
    }
}

/// What is known of the connections of the first one counts.
fn join(before: Trace, more: Trace) -> Result<Trace, record::JoinError> {
    let (known, also) = (before.setup.clone(), more.setup.clone());
    let setup = Setup {
        opener_framing: known.opener_framing.or(also.opener_framing),
        acceptor_framing: known.acceptor_framing.or(also.acceptor_framing),
        opener_nagle: known.opener_nagle.or(also.opener_nagle),
        acceptor_nagle: known.acceptor_nagle.or(also.acceptor_nagle),
    };
    let record = before.into_record().join(more.into_record())?;
    Ok(Trace::of_record(record, setup))
}
