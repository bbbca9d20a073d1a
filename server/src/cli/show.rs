//! `stickylab show`: a saved run as `run` prints it, and what other records and
//! captures have observed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use capture::{Choice, is_capture};
use clap::Args;
use record::ConnectionId;
use record::file::RecordError;
use stickylab::printable;
use trace::{Setup, Trace};

use super::input::{self, Kind};
use super::record_page;
use super::shown::Shown;
use super::target::Input;

/// A trace: far more bytes than a run may have.
pub(super) const TRACE: Kind = Kind {
    none: "no trace",
    most: 64 * 1024 * 1024,
};
/// What does not begin as a capture does.
pub(super) const NO_CAPTURE: Kind = Kind {
    none: "neither a trace nor a capture (pcap, pcapng)",
    ..TRACE
};
/// A capture.
const CAPTURE: Kind = Kind {
    none: "no capture that can be read",
    most: 1024 * 1024 * 1024,
};

/// Most packets of a capture that the page shows: what it draws fluently.
const ON_PAGE: usize = 100_000;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// What `stickylab run --json` printed, or a pcap or pcapng file; - reads standard
    /// input
    file: PathBuf,
    #[command(flatten)]
    shown: Shown,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let (name, bytes) = read(&self.file)?;
        if is_capture(&bytes) {
            return self.show_capture(&name, &bytes);
        }
        let text = input::text(bytes, &name, NO_CAPTURE)?;
        let (trace, truncated) = parse_truncated(&text, &name, NO_CAPTURE)?;
        let Some(error) = truncated else {
            return self
                .shown
                .show_trace(&name, trace, what_is_read(&self.file));
        };
        if trace.events().is_empty() {
            bail!("{name}: {error}");
        }
        if self.shown.page.is_wanted() {
            let name = printable::lines(&name);
            eprintln!("stickylab: {name}: {error}; what stands before that is shown");
            return self
                .shown
                .show_trace(&name, trace, what_is_read(&self.file));
        }
        self.shown
            .show_trace(&name, trace, what_is_read(&self.file))?;
        bail!("{name}: {error}; what stands before that is shown")
    }

    fn show_capture(self, name: &str, bytes: &[u8]) -> Result<()> {
        let choice = match self.shown.connection {
            Some(number) => Choice::One(ConnectionId(number)),
            None if self.shown.is_told() => Choice::All,
            None => Choice::None,
        };
        let most = if self.shown.page.is_wanted() {
            ON_PAGE
        } else {
            usize::MAX
        };
        let read = |choice| capture::read(bytes, choice, most);
        let mut contents = read(choice).map_err(|error| anyhow!("{name}: {error}"))?;
        if let Some(number) = self.shown.connection {
            check_number(name, number, contents.connections.len())?;
        }
        if self.shown.page.is_wanted() {
            if let Some(damage) = contents.damage {
                eprintln!(
                    "stickylab: {}: {damage}; what stands before that is shown",
                    printable::lines(name)
                );
            }
            let trace = Trace::of_record(contents.record, self.shown.setup());
            return record_page::serve(self.shown.page, &trace);
        }
        let mut has_lanes = true;
        if choice == Choice::None {
            has_lanes =
                self.shown
                    .list(&contents.record, &contents.connections, Some(&contents))?;
            if has_lanes {
                contents = read(Choice::All).map_err(|error| anyhow!("{name}: {error}"))?;
            }
        }
        if has_lanes {
            self.shown.show(
                &Trace::of_record(contents.record, self.shown.setup()),
                what_is_read(&self.file),
            )?;
        }
        match contents.damage {
            Some(damage) => bail!("{name}: {damage}; what stands before that is shown"),
            None => Ok(()),
        }
    }
}

/// What a trace or a capture is called, and what is in it.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>)> {
    let kind = |head: &[u8]| {
        if is_capture(head) {
            CAPTURE
        } else {
            NO_CAPTURE
        }
    };
    if is_standard(path) {
        let name = "standard input".to_owned();
        let bytes = input::read_any(io::stdin().lock(), &name, kind)?;
        return Ok((name, bytes));
    }
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let bytes = input::read_any(file, &name, kind)?;
    Ok((name, bytes))
}

/// What is read of a file for what does not print its lanes.
pub(super) struct Opened {
    /// What it is called.
    pub(super) name: String,
    /// A trace, or what a capture has.
    pub(super) trace: Trace,
    /// Where a capture is damaged: what stands before that was read.
    pub(super) damage: Option<capture::Damage>,
}

/// Reads a trace or a capture, of which connection `number` has to be there.
pub(super) fn open(path: &Path, number: Option<u32>) -> Result<Opened> {
    let (name, bytes) = read(path)?;
    let (trace, damage) = if is_capture(&bytes) {
        let choice = number.map_or(Choice::All, |number| Choice::One(ConnectionId(number)));
        let contents = capture::read(&bytes, choice, usize::MAX);
        let contents = contents.map_err(|error| anyhow!("{name}: {error}"))?;
        let trace = Trace::of_record(contents.record, Setup::default());
        (trace, contents.damage)
    } else {
        let text = input::text(bytes, &name, NO_CAPTURE)?;
        (parse(&text, &name, NO_CAPTURE)?, None)
    };
    if let Some(number) = number {
        let is_there = trace.connection(ConnectionId(number)).is_some();
        ensure!(is_there, "{name} has no connection {number}");
    }
    Ok(Opened {
        name,
        trace,
        damage,
    })
}

/// The trace that `text` is, which is called `name`.
pub(super) fn parse(text: &str, name: &str, kind: Kind) -> Result<Trace> {
    match parse_truncated(text, name, kind)? {
        (trace, None) => Ok(trace),
        (_, Some(error)) => Err(anyhow!("{name}: {error}")),
    }
}

/// The same of a trace that may have been cut off: what stands before that, and the error.
fn parse_truncated(text: &str, name: &str, kind: Kind) -> Result<(Trace, Option<RecordError>)> {
    let start = text.trim_start_matches('\u{feff}');
    if !start.starts_with('{') {
        let none = kind.none;
        bail!("{name} is {none}: the first line of a trace is a JSON object, and this one is not");
    }
    Trace::parse_truncated(text, usize::MAX).map_err(|error| anyhow!("{name}: {error}"))
}

/// Whether a path stands for standard input.
fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// What is read.
pub(super) fn what_is_read(file: &Path) -> Input<'_> {
    if is_standard(file) {
        Input::Standard
    } else {
        Input::File(file)
    }
}

/// An error if a capture has no connection with this number.
fn check_number(name: &str, number: u32, connections: usize) -> Result<()> {
    if (number as usize) < connections {
        return Ok(());
    }
    match connections.checked_sub(1) {
        Some(last) => bail!("{name} has no connection {number}: the last is {last}"),
        None => bail!("{name} has no connection {number}: it has none"),
    }
}
