//! `stickylab trace`: a program of the user's, and what its calls carried.

mod beside;
mod network;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use kernel::tracee::{self, StartError, Thread, Tracer};
use record::{Head, Transport};
use stickylab::lab;
use stickylab::terminal::Screen;
use stickylab::tracer::{self, Begun, Notice, Noticed, Task};
use trace::link::Capture;
use trace::text::Sentence;
use trace::{Event, Trace};

use self::beside::Beside;
use self::network::Network;
use super::output;
use super::record_page::RecordPage;
use super::recording::{Files, Opened, Recording};
use super::screen::{Spoken, Stream};
use super::standard_error::StandardError;

#[derive(Debug, Args)]
pub(super) struct Program {
    #[command(flatten)]
    recording: Recording,
    /// Prints each call on standard error as soon as it has returned, and the lanes at the
    /// end
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    page: RecordPage,
    /// Attaches to the process with this number, until Ctrl-C; it goes on
    #[arg(long, value_name = "N", conflicts_with = "command",
        value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,
    #[command(flatten)]
    network: Network,
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
        let page = self.page.bind_alone()?;
        let added_per_call = tracer::added_per_call();
        let mut network = self.network.enter()?;
        let started = Instant::now();
        let link = network.as_mut().and_then(network::Entered::link);
        let has_link = link.is_some();
        let (capture, captured) = match link {
            Some(link) => (Some(Begun::Link(link)), Capture::On),
            None => begin_capture(),
        };
        let head = Head {
            added_per_call,
            snap: limits.snap,
            ..lab::head(started, captured)
        };
        let explain = |error| match self.pid {
            Some(process) => explain_attaching(error, process),
            None => explain(error, &self.command),
        };
        let (program, threads, background) = match (self.pid, &network) {
            (Some(process), _) => {
                let (program, threads) = Tracer::attach_to(Thread(process)).map_err(explain)?;
                (program, threads, Vec::new())
            }
            (None, Some(network)) => {
                let (program, background) = network.start(&self.command)?;
                (program, Vec::new(), background)
            }
            (None, None) => {
                let program = Tracer::start(&self.command).map_err(explain)?;
                (program, Vec::new(), Vec::new())
            }
        };
        // From here on this process may have threads.
        let mut beside = Beside::start(page, self.live, (&head, &setup), screen)?;
        let task = Task {
            head,
            started,
            limits,
            filter,
            capture,
            news: beside.news(),
            background,
        };
        let seen = tracer::trace(program, &threads, task).map_err(explain)?;
        drop(network);
        beside.complete(&seen.record);
        let trace = Trace::of_record(seen.record, setup);
        let results = Results {
            trace,
            notices: seen.notices,
            has_link,
            screen,
        };
        results.tell(files, &beside.errors)?;
        beside.stay(screen)?;
        match seen.status {
            Some(status) if self.pid.is_none() => tracee::end_as(status),
            _ => Ok(()),
        }
    }
}

/// A capture on all interfaces, if there can be one, and what the record says of that.
fn begin_capture() -> (Option<Begun>, Capture) {
    match tracer::begin_capture() {
        Ok(begun) => (Some(begun), Capture::On),
        Err((why, message)) => {
            if let Some(message) = message {
                eprintln!("stickylab: the wire is not captured: {message}");
            }
            (None, why)
        }
    }
}

/// What came of the program.
struct Results {
    trace: Trace,
    notices: BTreeMap<Notice, Noticed>,
    /// Whether the programs were on two sides of a link.
    has_link: bool,
    screen: Screen,
}

impl Results {
    /// Writes the files, shows the lanes where no file has them, and says what could not be
    /// seen.
    fn tell(&self, files: Files, errors: &StandardError) -> Result<()> {
        let (trace, screen) = (&self.trace, self.screen);
        let say = |sentence: &Sentence| errors.say(&screen.say(sentence));
        let is_written = files.write(trace, |line| errors.say(line))?;
        if !is_written && trace.connections.is_empty() {
            say(&Sentence::new("terminal.tracer-nothing"));
        } else if !is_written {
            let lanes = output::lanes_beside(trace, screen);
            let shown = lanes.and_then(|lanes| errors.print(&lanes));
            shown.context("cannot show the lanes")?;
        }
        let is_silent = trace.events().iter().all(Event::is_empty);
        if is_silent && !trace.connections.is_empty() {
            say(&Sentence::new("terminal.tracer-no-bytes"));
        }
        if self.has_link && self.is_on_one_side() {
            say(&Sentence::new("terminal.tracer-one-side"));
        }
        for (notice, Noticed { who, times }) in &self.notices {
            let sentence = Sentence::new(notice.key()).with("who", who.clone());
            say(&sentence.with("times", *times));
        }
        Ok(())
    }

    /// Whether bytes were moved over TCP or UDP, and none of them in a packet of the link.
    fn is_on_one_side(&self) -> bool {
        let moved = |event: &Event| {
            let transport = self.trace.transport(event.connection);
            event.call.is_call() && !event.is_empty() && transport != Transport::Unix
        };
        let events = self.trace.events();
        !events.iter().any(|event| event.call.is_packet()) && events.iter().any(moved)
    }
}

/// Why the program could not be traced.
pub(super) fn explain(error: StartError, command: &[OsString]) -> anyhow::Error {
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
