//! `stickylab chop`: a program of the user's under every chunking that a kernel may give it.

mod comparison;
mod files;
mod note;
mod progress;
mod reporting;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ::chop::{Masks, Place, Schedule, Sides};
use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use protocol::Framing;
use record::End;
use stickylab::chop::{
    Partner, Progress, RunError, Session, Setting, Tested, Unjudged, recorded, telling,
};
use stickylab::printable;
use trace::Trace;

use super::framing::Framings;
use super::record_page::{self, RecordPage};
use super::screen::{Spoken, Stream};
use super::target;
use super::{output, program, show};
use progress::Shown;

/// The code with which it ends where the program could not be judged.
const UNJUDGED: u8 = 2;
/// Most that is read from standard input for the program.
const MOST_INPUT: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Side {
    /// What it receives
    Recv,
    /// What it sends
    Send,
    /// Both
    #[default]
    Both,
}

/// What stands below the flags: what the marks and the codes mean.
const MEANINGS: &str = "\
Behind each family of schedules stands what came of it (in a locale without UTF-8 the words):
  ✓  ok      survived: all of it that was tried; 3/9 are 3 of 9, then the time was over
  ✗  BROKE   it broke the program
  !  PEER    it broke the program's peer, while the program did what it has to
  …  ...     not tried, or none of it changed a call

Exit codes:
  0  survived
  1  the program broke
  2  it could not be judged, and why; also if only its peer broke, or the command line is wrong";

#[derive(Debug, Args)]
#[command(after_help = MEANINGS)]
pub(super) struct Chop {
    /// A command that talks to the program, for a shell; it is started once the program
    /// listens, with its address in STICKYLAB_ADDRESS and STICKYLAB_PORT
    #[arg(long, value_name = "CMD", conflicts_with = "replay")]
    peer: Option<String>,
    /// A trace or a capture file: its clients are played once the program listens
    #[arg(long, value_name = "TRACE")]
    replay: Option<PathBuf>,
    #[command(flatten)]
    framings: Framings,
    /// How long schedules are tried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = budget)]
    budget: Duration,
    /// Decides what random schedules are
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Which calls are changed
    #[arg(long, value_enum, value_name = "SIDE", default_value_t)]
    side: Side,
    /// What this regular expression matches in what is sent and printed does not count; may be
    /// given again
    #[arg(long, value_name = "REGEX")]
    mask: Vec<String>,
    /// Tries this schedule alone, such as c1:4: a cut behind byte 4 of what is received on
    /// connection 1
    #[arg(long, value_name = "SCHEDULE", value_parser = schedule)]
    schedule: Option<Schedule>,
    /// How many runs there may be at a time. Default: as many as processors if each run listens
    /// on a port of its own, else 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Keeps a server running: each schedule gets connections of its own, and what breaks it is
    /// tried again with a fresh start. For servers whose replies do not depend on earlier
    /// connections
    #[arg(long)]
    reuse: bool,
    /// Prints one JSON object a line
    #[arg(long)]
    json: bool,
    /// Writes what was found out to FILE as a JUnit report
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    junit: Option<PathBuf>,
    /// Writes traces and tests of what breaks the program into this folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    page: RecordPage,
    #[command(flatten)]
    spoken: Spoken,
    /// The program and its arguments; behind -- they may begin with a dash
    #[arg(
        value_name = "CMD",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

impl Chop {
    /// Judges the program; says how on standard output.
    pub(super) fn run(self) -> ExitCode {
        match self.judged() {
            Ok(code) => code,
            Err(error) if error.is::<output::Closed>() => ExitCode::from(output::Closed::CODE),
            Err(error) => {
                let line = printable::lines(&format!("stickylab: {error:#}"));
                eprintln!("{line}");
                ExitCode::from(UNJUDGED)
            }
        }
    }

    fn judged(self) -> Result<ExitCode> {
        let mut masks = Masks::default();
        for mask in &self.mask {
            let added = masks.add(mask);
            added.with_context(|| format!("--mask {mask:?} is no regular expression"))?;
        }
        let screen = self.spoken.screen(Stream::Out);
        let junit = self
            .junit
            .clone()
            .map(|path| target::Target::open(path, target::Input::Nothing));
        let junit = junit.transpose()?;
        files::check(&self.output)?;
        let setting = Setting {
            command: self.command.clone(),
            partner: self.partner()?,
            input: input()?,
        };
        let words = setting.command.iter();
        let tested = Tested {
            command: words.map(|word| word.as_bytes().to_vec()).collect(),
            input: setting.input.clone(),
            masks: self.mask.clone(),
        };
        let setup = self.framings.setup();
        // What is received at an end is framed as the other end frames it.
        let framing = |place: Place| -> Framing {
            let framing = match place.end {
                End::Opener => &setup.acceptor_framing,
                End::Acceptor => &setup.opener_framing,
            };
            framing.clone().unwrap_or_default()
        };
        let shown = Shown::new(self.json, screen);
        let session = Session {
            setting,
            sides: Sides {
                recv: self.side != Side::Send,
                send: self.side != Side::Recv,
            },
            framing: &framing,
            masks,
            seed: self.seed,
            budget: self.budget,
            only: self.schedule.clone(),
            jobs: self.jobs.map(usize::from),
            reuses: self.reuse,
            progress: &|progress| {
                shown.tell(progress);
                if let Progress::AsIs(ran, _) = progress {
                    shown.unfitting(&telling::unfitting(&ran.observation, framing));
                }
            },
        };
        let judged = session.judge();
        shown.clear();
        let judgement = judged.map_err(|error| self.explain(error))?;
        let again = self.keep(&judgement, &setup, (&tested, screen))?;
        if let Some(junit) = junit {
            junit.write(reporting::junit(&judgement, &self.name(), screen).as_bytes())?;
        }
        if self.json {
            let unfitting = telling::unfitting(judgement.baseline.first(), framing);
            let text = reporting::json(&judgement, &again, &unfitting, screen);
            output::print(text.as_bytes())?;
        } else {
            let framing = setup.opener_framing.as_ref();
            let text = stickylab::terminal::chopped(&judgement, framing, &again, screen);
            output::print_styled(&text)?;
        }
        let verdict = judgement.verdict();
        let first = judgement.first().filter(|_| self.page.is_wanted());
        if let Some(index) = first {
            let finding = &judgement.findings[index];
            let framing = setup.opener_framing.as_ref();
            let note = note::note(finding, framing, &again[index].command, screen);
            let (record, connections) = comparison::record(&judgement, finding, note, screen);
            let mut page = self.page;
            if let Some(connections) = connections {
                page.compare(connections);
            }
            record_page::serve(page, &Trace::of_record(record, setup))?;
        }
        Ok(ExitCode::from(verdict.code()))
    }

    fn partner(&self) -> Result<Partner> {
        if let Some(command) = &self.peer {
            return Ok(Partner::Command(command.clone()));
        }
        let Some(file) = &self.replay else {
            if self.reuse {
                bail!("--reuse keeps a server running: --peer or --replay says who talks to it");
            }
            return Ok(Partner::Inside);
        };
        let show::Opened {
            name,
            trace,
            damage,
        } = show::open(file, None)?;
        if let Some(damage) = damage {
            bail!("{name}: {damage}, so what its clients sent is not known");
        }
        let clients = recorded(&trace);
        if clients.is_empty() {
            bail!("{name}: no client in it sent anything on a stream, so there is none to play");
        }
        Ok(Partner::Recorded(clients))
    }

    /// What the program is called.
    fn name(&self) -> String {
        let words = self.command.iter().map(|word| word.to_string_lossy());
        words.collect::<Vec<_>>().join(" ")
    }

    fn explain(&self, error: Unjudged) -> anyhow::Error {
        match error {
            Unjudged::Run(RunError::Start(error)) => program::explain(error, &self.command),
            error => anyhow::Error::from(error).context(format!(
                "{} cannot be judged",
                printable::lines(&self.name())
            )),
        }
    }
}

/// What the program is to read: what this one can read, unless that is a terminal.
fn input() -> Result<Vec<u8>> {
    let standard = io::stdin();
    if standard.is_terminal() {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    let mut limited = standard.lock().take(MOST_INPUT + 1);
    limited
        .read_to_end(&mut bytes)
        .context("cannot read standard input, which the program is given in each run")?;
    if bytes.len() as u64 > MOST_INPUT {
        bail!("standard input has more than 1 MiB: the program is given all of it in each run");
    }
    Ok(bytes)
}

fn budget(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time > Duration::from_hours(24) {
        return Err("it can be at most 24h".to_owned());
    }
    Ok(time)
}

fn schedule(text: &str) -> Result<Schedule, ::chop::ScheduleError> {
    text.parse()
}
