//! `stickylab run`: one experiment without a browser.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use stickylab::lab::Lab;
use stickylab::lessons;
use trace::knob::{self, Knob};
use trace::link::{Capture, Ending, Line, Request};
use trace::{Lesson, Script, Trace};

use super::output::{self, Packets};

/// Largest lesson file read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

#[derive(Debug, Args)]
#[command(after_help = knobs())]
pub(super) struct Run {
    /// A lesson's id (see `stickylab lessons`), or a lesson file ending in .toml
    lesson: String,
    /// Turns a knob, as in buffer=5; may be given again
    #[arg(long = "set", value_name = "KNOB=VALUE")]
    settings: Vec<String>,
    /// Prints the events, one JSON object a line
    #[arg(long)]
    json: bool,
    /// Writes the packets to FILE too, for Wireshark
    #[arg(long, value_name = "FILE", value_parser = output::pcapng_path)]
    pcapng: Option<PathBuf>,
}

/// Every knob and what it takes.
fn knobs() -> String {
    let knobs = Knob::ALL.iter().map(|knob| {
        let name = knob.name();
        format!("  {name:14}  {}", knob.kind())
    });
    let lines: Vec<_> = std::iter::once("Knobs:".to_owned()).chain(knobs).collect();
    lines.join("\n")
}

impl Run {
    pub(super) fn run(self) -> Result<()> {
        let mut lesson = find(&self.lesson)?;
        for setting in &self.settings {
            knob::apply(&mut lesson.experiment, setting)?;
        }
        let packets = self
            .pcapng
            .map(|path| Packets::open(path, Path::new(&self.lesson)));
        let packets = packets.transpose()?;
        let trace = observe(&lesson)?;
        if let Some(packets) = packets {
            packets.write(&trace)?;
        }
        if self.json {
            output::print_lines(&trace)?;
        } else {
            output::print_lanes(Some(&lesson), &trace)?;
        }
        match trace.ending() {
            Some(Ending::Finished) => Ok(()),
            Some(Ending::TimedOut) => bail!("the run took too long and was ended"),
            Some(Ending::Limit) => bail!("the run had more events or bytes than a run may"),
            Some(Ending::Stopped) | None => bail!("the run was stopped"),
        }
    }
}

fn find(name: &str) -> Result<Lesson> {
    let path = Path::new(name);
    if path.extension().is_some_and(|ending| ending == "toml") {
        let size = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?;
        if size.len() > MAX_FILE {
            bail!(
                "{name} is {} bytes long: a lesson has at most {MAX_FILE}",
                size.len()
            );
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        return lessons::parse(&id, &text).with_context(|| format!("{name} is no lesson"));
    }
    let mut lessons = lessons::all().into_iter();
    lessons.find(|lesson| lesson.id == name).with_context(|| {
        format!("no lesson is called {name:?}: see `stickylab lessons`, or name a .toml file")
    })
}

/// Runs the experiment on private sockets, playing its clients.
fn observe(lesson: &Lesson) -> Result<Trace> {
    let mut lab = Lab::start(lesson.experiment.clone(), 0)?;
    let mut script = Script::new(&lesson.experiment, rand::random());
    let mut trace = Trace::new(
        lesson.experiment.clone(),
        stickylab::lab::kernel(),
        Capture::Unknown,
    );
    loop {
        while let Some(command) = script.poll_command() {
            match command {
                Request::Send { client, sends } => lab.send(client, sends),
                Request::Close { client, after } => lab.close(client, after),
                Request::Stop => lab.stop(),
                Request::Part { client, bytes } => lab.part(client, bytes, None),
                Request::Run { .. } => {}
            }
        }
        match lab.blocking_line() {
            Some(Line::Event(event)) => {
                script.handle_event(&event);
                trace.insert(event);
            }
            Some(Line::Ended {
                why,
                missed,
                dropped,
                ..
            }) => trace.end(why, missed, dropped),
            Some(Line::Error { message }) => eprintln!("stickylab: {message}"),
            Some(Line::Run { capture, .. }) => trace.capture = capture,
            Some(Line::Party(party)) => trace.add_party(party),
            Some(Line::Connection(connection)) => trace.add_connection(connection),
            Some(Line::Hello { .. } | Line::Queued { .. }) => {}
            None => return Ok(trace),
        }
    }
}
