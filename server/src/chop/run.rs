//! What is run, and what came of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use chop::{Exit, Observation};
use kernel::descriptor::Address;
use kernel::tracee::StartError;
use record::Record;

use super::partner::Partner;
use super::patience::Patience;
use crate::filter::Limits;
use crate::tracer::{Notice, Noticed};

/// What is run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Who talks to it.
    pub partner: Partner,
    /// What it reads from standard input.
    pub input: Vec<u8>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// What is compared.
    pub observation: Observation,
    /// All that was observed.
    pub record: Record,
    /// What could not be seen.
    pub notices: BTreeMap<Notice, Noticed>,
    /// How long it took until it was ended.
    pub took: Duration,
    /// The longest time in which nothing happened.
    pub quiet: Duration,
    /// The longest time in which it and who talked to it slept.
    pub slept: Duration,
    /// How often its threads stopped between two moves of bytes, at most.
    pub stops: u64,
    /// How many calls the schedule changed.
    pub changes: u64,
    /// Whether it did more than is recorded: then it cannot be compared.
    pub is_full: bool,
    /// The addresses on which it listened.
    pub listening: Vec<Address>,
    /// How a command that talked to it has ended, if it has, and the last line of its standard
    /// error.
    pub peer: Option<(Exit, String)>,
}

impl Ran {
    /// How long runs of the same program may take.
    pub(super) fn patience(&self) -> Patience {
        Patience::of(self.took, [self.quiet, self.slept], self.stops)
    }
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program could not be traced.
    #[error("the program could not be started")]
    Start(StartError),
    /// Its standard streams, its peer or a thread could not be made.
    #[error(transparent)]
    System(#[from] io::Error),
    /// A peer was to talk to it, and it did not listen; the last line that it wrote to standard
    /// error.
    #[error(
        "it does not listen on any TCP or Unix socket, so that no peer can connect to it: without \
         --peer and --replay a program is run that makes its connections itself{}",
        last_said(.0)
    )]
    Silent(String),
    /// It, or something that it made, does not go away.
    #[error("it was killed and is still there after {0:?}: a process of it cannot be ended")]
    Stays(Duration),
}

/// What a program said last, if it said anything.
pub(super) fn last_said(line: &str) -> String {
    if line.is_empty() {
        return String::new();
    }
    format!(". The last line of its standard error: {line}")
}

/// Most that is recorded of a run.
pub(super) const LIMITS: Limits = Limits {
    events: 200_000,
    bytes: 64 << 20,
    snap: None,
};
