//! `stickylab trace`: a program of the user's, and what its calls carried.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use kernel::tracee::{self, StartError, Thread, Tracer};
use record::Head;
use stickylab::lab;
use stickylab::terminal::Screen;
use stickylab::tracer::{self, Notice};
use trace::link::Capture;
use trace::text::Sentence;
use trace::{Event, Trace};

use super::output;
use super::recording::{Opened, Recording};
use super::screen::{Spoken, Stream};

#[derive(Debug, Args)]
pub(super) struct Program {
    #[command(flatten)]
    recording: Recording,
    /// Attaches to the process with this number, until Ctrl-C; it goes on
    #[arg(long, value_name = "N", conflicts_with = "command",
        value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,
    #[command(flatten)]
    spoken: Spoken,
    /// The program and its arguments; behind -- they may begin with a dash
    #[arg(
        value_name = "CMD",
        required_unless_present = "pid",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

impl Program {
    /// Returns only if something failed: this process ends as the program did.
    pub(super) fn run(self) -> Result<()> {
        let Opened {
            setup,
            limits,
            filter,
            files,
        } = self.recording.open()?;
        let screen = self.spoken.screen(Stream::Error);
        let added_per_call = tracer::added_per_call();
        let started = Instant::now();
        let (wire, capture) = match tracer::begin_capture() {
            Ok(begun) => (Some(begun), Capture::On),
            Err((why, message)) => {
                if let Some(message) = message {
                    eprintln!("stickylab: the wire is not captured: {message}");
                }
                (None, why)
            }
        };
        let head = Head {
            added_per_call,
            ..lab::head(started, capture)
        };
        let begun = match self.pid {
            Some(process) => Tracer::attach_to(Thread(process)),
            None => Tracer::start(&self.command).map(|tracer| (tracer, Vec::new())),
        };
        let seen = begun.and_then(|(program, threads)| {
            tracer::trace(program, head, started, limits, filter, wire, &threads)
        });
        let seen = seen.map_err(|error| match self.pid {
            Some(process) => explain_attaching(error, process),
            None => explain(error, &self.command),
        })?;
        let trace = Trace::of_record(seen.record, setup);
        let is_written = files.write(&trace)?;
        if !is_written && trace.connections.is_empty() {
            say(screen, &Sentence::new("terminal.tracer-nothing"));
        } else if !is_written {
            output::print_lanes_beside(&trace, screen).context("cannot show the lanes")?;
        }
        let is_silent = trace.events().iter().all(Event::is_empty);
        if is_silent && !trace.connections.is_empty() {
            say(screen, &Sentence::new("terminal.tracer-no-bytes"));
        }
        tell(&seen.notices, screen);
        match seen.status {
            Some(status) if self.pid.is_none() => tracee::end_as(status),
            _ => Ok(()),
        }
    }
}

/// Says what could not be seen.
fn tell(notices: &BTreeMap<Notice, String>, screen: Screen) {
    for (notice, who) in notices {
        let sentence = Sentence::new(notice.key()).with("who", who.clone());
        say(screen, &sentence);
    }
}

fn say(screen: Screen, sentence: &Sentence) {
    eprintln!("stickylab: {}", screen.say(sentence));
}

/// Why the program could not be traced.
fn explain(error: StartError, command: &[OsString]) -> anyhow::Error {
    let name = command
        .first()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    match error {
        StartError::Unsupported => {
            anyhow!("tracing a program needs Linux on x86-64 or aarch64")
        }
        StartError::Command => anyhow!("cannot run {name}: a word of the command has a zero byte"),
        StartError::NotPermitted(error) if is_traced() => {
            anyhow!(error).context("cannot trace: stickylab itself is being traced")
        }
        StartError::NotPermitted(error) => anyhow!(error).context(
            "cannot trace: the kernel or the container does not permit ptrace and seccomp",
        ),
        StartError::Failed(error) => anyhow!(error).context(format!("cannot run {name}")),
    }
}

/// Why a process could not be attached to.
fn explain_attaching(error: StartError, process: i32) -> anyhow::Error {
    match error {
        StartError::NotPermitted(error) => anyhow!(error).context(format!(
            "cannot attach to process {process}: it is another user's, is traced already, or \
             /proc/sys/kernel/yama/ptrace_scope permits it to root alone"
        )),
        StartError::Failed(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow!("there is no process {process}")
        }
        error => explain(error, &[process.to_string().into()]),
    }
}

/// Whether another program traces this one (proc(5), `TracerPid`).
fn is_traced() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let tracer = lines.find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|tracer| tracer.trim() != "0")
}
