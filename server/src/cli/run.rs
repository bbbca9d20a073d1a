//! `stickylab run`: one experiment without a browser.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use stickylab::play::play;
use stickylab::{lessons, printable};
use trace::distribution::Distribution;
use trace::knob::{self, Knob, KnobError};
use trace::lesson::Reference;
use trace::lesson::file;
use trace::link::Ending;
use trace::{Call, Experiment, Lesson, Trace};

use super::Log;
use super::files;
use super::input::{self, Kind};
use super::output;
use super::packets::Packets;
use super::screen::{Spoken, Stream};
use super::suggestion::closest;
use super::target::{self, Input};
use super::times::Repetition;

/// A lesson.
const LESSON: Kind = Kind {
    none: "no lesson",
    most: 1024 * 1024,
};

#[derive(Debug, Args)]
#[command(after_help = knobs())]
pub(super) struct Run {
    /// A lesson's id (see `stickylab lessons`), or a lesson file ending in .toml
    lesson: String,
    /// Turns a knob, as in buffer=5; may be given again
    #[arg(long = "set", value_name = "KNOB=VALUE")]
    settings: Vec<String>,
    /// The link between clients and server, as in rtt=40ms,loss=1% or ocean: the same as
    /// --set link=LINK, before the other settings
    #[arg(long, value_name = "LINK")]
    link: Option<String>,
    /// Prints the events, one JSON object a line
    #[arg(long)]
    json: bool,
    /// Writes the packets to FILE too, for Wireshark
    #[arg(long, value_name = "FILE", value_parser = target::path)]
    pcapng: Option<PathBuf>,
    #[command(flatten)]
    times: Repetition,
    #[command(flatten)]
    spoken: Spoken,
}

/// Every knob and what it takes.
fn knobs() -> String {
    let knobs = Knob::ALL.iter().map(|knob| {
        let name = knob.name();
        format!("  {name:14}  {}", knob.domain())
    });
    let lines: Vec<_> = std::iter::once("Knobs:".to_owned()).chain(knobs).collect();
    lines.join("\n")
}

impl Run {
    pub(super) fn run(self, log: Log) -> Result<()> {
        let (mut lesson, reference) = find(&self.lesson)?;
        let link = self.link.iter().map(|link| format!("link={link}"));
        let settings: Vec<_> = link.chain(self.settings.iter().cloned()).collect();
        set(&mut lesson.experiment, &settings)?;
        let packets = self
            .pcapng
            .map(|path| Packets::open(path, Input::File(Path::new(&self.lesson))));
        let packets = packets.transpose()?;
        check_descriptors(&lesson.experiment)?;
        let (_busy, playing) = self.times.load(log)?;
        if let Some(series) = self.times.series(self.json)? {
            let asked = lesson.predict.map(|predict| predict.count);
            let screen = self.spoken.screen(Stream::Out);
            let distribution = Distribution::new(asked).against(lesson.duel);
            return series.run(
                &lesson.experiment,
                &reference,
                distribution,
                &playing,
                screen,
            );
        }
        let complain = |message: &str| eprintln!("stickylab: {}", printable::lines(message));
        let mut trace = play(&lesson.experiment, rand::random(), &playing, complain)?;
        trace.lesson = Some(reference);
        if let Some(packets) = packets {
            eprintln!("stickylab: {}", packets.write(&trace)?);
        }
        if self.json {
            output::print_lines(&trace)?;
        } else {
            output::print_lanes(&trace, self.spoken.screen(Stream::Out))?;
        }
        match trace.ending() {
            Some(Ending::Finished) => check_sent(&trace),
            Some(Ending::TimedOut) => bail!("the run took too long and was ended"),
            Some(Ending::Limit) => output::check_complete(&trace),
            Some(Ending::Crashed) => bail!("the process of the run ended before the run did"),
            Some(Ending::Stopped) | None => bail!("the run was stopped"),
        }
    }
}

/// An error if the process may not have as many descriptors as the run needs. A
/// runtime without them panics.
fn check_descriptors(experiment: &Experiment) -> Result<()> {
    /// Of the server, the capture and the runtimes.
    const RUN: usize = 16;
    /// Of a client beside its connections.
    const CLIENT: usize = 6;
    let clients = experiment.clients.iter();
    let connections = clients.map(|client| CLIENT + 2 * usize::from(client.connections));
    let needed = RUN + connections.sum::<usize>();
    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let opened: io::Result<Vec<_>> = (0..needed).map(|_| File::open(null)).collect();
    let opened = opened.with_context(|| format!("a run needs {needed} open files (ulimit -n)"))?;
    drop(opened);
    Ok(())
}

/// An error if the kernel refused to send a datagram: that is never the peer's doing.
fn check_sent(trace: &Trace) -> Result<()> {
    // But where nobody listens, and the socket is told so.
    if trace.plan.as_ref().is_some_and(|plan| plan.server_absent) {
        return Ok(());
    }
    let failed = trace.events().iter().filter(|event| {
        let is_send = event.call == Call::Send && event.error.is_some();
        is_send && trace.is_datagrams(event.connection)
    });
    match failed.count() {
        0 => Ok(()),
        count => bail!("datagrams that could not be sent: {count}"),
    }
}

/// Applies the settings, and says which of them change nothing.
fn set(experiment: &mut Experiment, settings: &[String]) -> Result<()> {
    // Files are read for settings alone: a lesson may come from somebody else.
    experiment.validate()?;
    let knobs = knob::apply(experiment, settings).map_err(|error| match &error {
        KnobError::Unknown(name) => match closest(name, Knob::ALL.map(Knob::name)) {
            Some(close) => anyhow!("{error}; did you mean {close}?"),
            None => error.into(),
        },
        _ => error.into(),
    })?;
    files::read(experiment)?;
    experiment.validate()?;
    for knob in knobs {
        if !knob.applies(experiment) {
            let framing = experiment.rules().framing;
            eprintln!(
                "stickylab: {knob} changes nothing here: the system is {}, with framing {}",
                experiment.system,
                framing.name()
            );
        }
    }
    Ok(())
}

/// The lesson called `name`, or in the file of that name, and what the record says
/// of it.
fn find(name: &str) -> Result<(Lesson, Reference)> {
    let path = Path::new(name);
    if path.extension().is_some_and(|ending| ending == "toml") {
        let text = input::read_file(path, LESSON)?;
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        let lesson = file::parse(&id, &text).map_err(|error| anyhow!("{name}, {error}"))?;
        let reference = Reference {
            id: lesson.id.clone(),
            predict: lesson.predict.clone(),
            duel: lesson.duel,
            words: Some(lesson.words.clone()),
        };
        return Ok((lesson, reference));
    }
    let lessons = lessons::all();
    if let Some(lesson) = lessons.iter().find(|lesson| lesson.id == name) {
        let reference = Reference {
            id: lesson.id.clone(),
            predict: None,
            duel: None,
            words: None,
        };
        return Ok((lesson.clone(), reference));
    }
    let close = closest(name, lessons.iter().map(|lesson| lesson.id.as_str()));
    let close = close.map_or_else(String::new, |close| format!(" did you mean {close}?"));
    bail!("no lesson is called {name:?}:{close} see `stickylab lessons`, or name a .toml file")
}
