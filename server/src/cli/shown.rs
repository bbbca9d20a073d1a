//! How a record is shown: which of its connections, as lanes, lines or packets, or on the
//! page.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use capture::Contents;
use clap::Args;
use record::{Connection, ConnectionId, Record, Summary};
use stickylab::terminal;
use trace::{Clock, ClockName, Setup, Trace};

use super::framing::Framings;
use super::output;
use super::packets::Packets;
use super::record_page::{self, RecordPage};
use super::screen::{Spoken, Stream};
use super::target::{self, Input};

#[derive(Debug, Args)]
pub(super) struct Shown {
    /// Shows the connection with this number alone
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(super) connection: Option<u32>,
    /// Shows every connection, without a list
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    framings: Framings,
    /// Prints the events, one JSON object a line
    #[arg(long, conflicts_with = "page")]
    json: bool,
    /// Writes the packets to FILE too, for Wireshark
    #[arg(long, value_name = "FILE", value_parser = target::path, conflicts_with = "page")]
    pcapng: Option<PathBuf>,
    #[command(flatten)]
    pub(super) page: RecordPage,
    #[command(flatten)]
    spoken: Spoken,
}

impl Shown {
    /// Shows a trace that was read from `input`, which is called `name`.
    pub(super) fn show_trace(self, name: &str, mut trace: Trace, input: Input<'_>) -> Result<()> {
        if let (Some(flag), true) = (self.framings.flag(), trace.plan.is_some()) {
            bail!("{name}: {flag} is for records without a plan, and this one has one");
        }
        self.framings.apply(&mut trace.setup);
        if let Some(number) = self.connection {
            trace = only(name, &trace, ConnectionId(number))?;
        }
        if self.page.is_wanted() {
            return record_page::serve(self.page, &trace);
        }
        if !self.json {
            output::print_styled(&terminal::note(&trace))?;
        }
        let is_list = trace.plan.is_none() && trace.connections.len() > 1;
        let mut has_lanes = true;
        if is_list && !self.is_told() {
            let summaries = trace.summaries();
            let known = trace.connections.iter().map(|connection| {
                let summary = summaries.get(&connection.connection);
                (connection.clone(), summary.copied().unwrap_or_default())
            });
            has_lanes = self.list(&trace, &known.collect::<Vec<_>>(), None)?;
        }
        if has_lanes {
            self.show(&trace, input)?;
        }
        output::check_complete(&trace)
    }

    /// Whether it was said what is to be shown, so that no list is.
    pub(super) const fn is_told(&self) -> bool {
        let is_written = self.json || self.pcapng.is_some() || self.page.is_wanted();
        self.connection.is_some() || self.all || is_written
    }

    /// What is known of the connections of a capture.
    pub(super) fn setup(&self) -> Setup {
        self.framings.setup()
    }

    /// Prints lanes or lines, and writes the packets where they are wanted.
    pub(super) fn show(&self, trace: &Trace, input: Input<'_>) -> Result<()> {
        if let Some(path) = &self.pcapng {
            let written = Packets::open(path.clone(), input)?.write(trace)?;
            eprintln!("stickylab: {written}");
        }
        if self.json {
            output::print_lines(trace)
        } else {
            output::print_lanes(trace, self.spoken.screen(Stream::Out))
        }
    }

    /// Prints a list; whether there is so little in it that all lanes follow.
    pub(super) fn list(
        &self,
        record: &Record,
        connections: &[(Connection, Summary)],
        contents: Option<&Contents>,
    ) -> Result<bool> {
        let counts = connections.iter().map(|(_, summary)| summary);
        let events: usize = counts
            .map(|summary| summary.packets.iter().chain(&summary.calls).sum::<usize>())
            .sum();
        let has_lanes = output::has_few(connections.len(), events);
        let screen = self.spoken.screen(Stream::Out);
        let packets = contents.map(|contents| contents.passed.packets);
        let moment = record.head.clock.and_then(moment);
        let mut text = terminal::title(connections.len(), packets, moment.as_deref(), screen);
        if !connections.is_empty() {
            text += &terminal::proxy(record, screen);
            text.push('\n');
            text += &terminal::list(record, connections, screen);
        }
        let notes = contents.map(|contents| terminal::passed(record, &contents.passed, screen));
        let hint = if has_lanes || connections.is_empty() {
            String::new()
        } else {
            terminal::hint(screen)
        };
        for note in [notes.unwrap_or_default(), hint] {
            if !note.is_empty() {
                text.push('\n');
                text += &note;
            }
        }
        if has_lanes {
            text.push('\n');
        }
        output::print_styled(&text)?;
        Ok(has_lanes)
    }
}

/// The moment that is 0 in a record's times, if a clock of the day says so.
fn moment(clock: Clock) -> Option<String> {
    let zero = Duration::from_nanos(clock.zero);
    let moment = SystemTime::UNIX_EPOCH.checked_add(zero)?;
    (clock.name == ClockName::Realtime)
        .then(|| humantime::format_rfc3339_micros(moment).to_string())
}

/// The part of a trace that is about one connection.
fn only(name: &str, trace: &Trace, connection: ConnectionId) -> Result<Trace> {
    let Some(known) = trace.connection(connection).cloned() else {
        let numbers = trace.connections.iter().map(|known| known.connection.0);
        let most = numbers.max().unwrap_or(0);
        bail!(
            "{name} has no connection {}: the last is {most}",
            connection.0
        );
    };
    let mut part = Record::new(trace.head.clone());
    part.parties.clone_from(&trace.parties);
    part.add_connection(known);
    let events = trace.events().iter();
    let events = events.filter(|event| event.connection == connection);
    part.extend(events.cloned().collect());
    if let Some(why) = trace.ending() {
        part.end(why, trace.missed, trace.dropped);
    }
    let mut part = Trace::of_record(part, trace.setup.clone());
    part.plan.clone_from(&trace.plan);
    part.lesson.clone_from(&trace.lesson);
    Ok(part)
}
