//! What `run` and `show` print of a trace: lanes, or lines.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::{Result, bail};
use stickylab::printable;
use stickylab::terminal::{self, Screen};
use trace::link::Ending;
use trace::{Analysis, Trace};

use super::target::Target;

/// Of more connections than these, or of more events, the list stands alone.
const FEW_CONNECTIONS: usize = 4;
const FEW_EVENTS: usize = 10_000;

/// Standard output is closed: whoever read it has seen enough.
#[derive(Debug)]
pub(super) struct Closed;

impl Closed {
    /// The code with which a shell says that SIGPIPE (13) ended a program.
    pub(super) const CODE: u8 = 128 + 13;
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for Closed {}

/// Writes all of `text` to standard output.
pub(super) fn print(text: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        done => Ok(done?),
    }
}

/// The trace's lines, one JSON object each.
pub(super) fn print_lines(trace: &Trace) -> Result<()> {
    print(&lines(trace))
}

/// The trace as a file: its lines, one JSON object each.
pub(super) fn lines(trace: &Trace) -> Vec<u8> {
    let mut text = Vec::new();
    for line in trace.lines() {
        text.extend_from_slice(printable::harmless(&line.to_json()).as_bytes());
        text.push(b'\n');
    }
    text
}

/// The lanes as text, with what its lesson says where it is of one.
pub(super) fn print_lanes(trace: &Trace, screen: Screen) -> Result<()> {
    print(&lanes(trace, screen, choice(&io::stdout()))?)
}

/// A text with colours.
pub(super) fn print_styled(text: &str) -> Result<()> {
    print(&styled(text, choice(&io::stdout()))?)
}

/// The same for standard error.
pub(super) fn lanes_beside(trace: &Trace, screen: Screen) -> Result<Vec<u8>> {
    lanes(trace, screen, choice(&io::stderr()))
}

/// What a record without a plan has, on standard error: the lanes, and of many
/// connections their list.
pub(super) fn print_beside(trace: &Trace, screen: Screen) -> Result<()> {
    if has_few(trace.connections.len(), trace.events().len()) {
        let text = lanes_beside(trace, screen)?;
        return Ok(io::stderr().lock().write_all(&text)?);
    }
    let summaries = trace.summaries();
    let known = trace.connections.iter().map(|connection| {
        let summary = summaries.get(&connection.connection);
        (connection.clone(), summary.copied().unwrap_or_default())
    });
    let known: Vec<_> = known.collect();
    let mut text = terminal::title(known.len(), None, None, screen);
    text += &terminal::proxy(trace, screen);
    text.push('\n');
    text += &terminal::list(trace, &known, screen);
    text.push('\n');
    text += &terminal::saved(screen);
    let text = styled(&text, choice(&io::stderr()))?;
    Ok(io::stderr().lock().write_all(&text)?)
}

/// Whether so little was recorded that all lanes are shown.
pub(super) fn has_few(connections: usize, events: usize) -> bool {
    (1..=FEW_CONNECTIONS).contains(&connections) && events <= FEW_EVENTS
}

/// Writes the trace to a file: what is to be said of it.
pub(super) fn write_lines(target: Target, trace: &Trace) -> Result<String> {
    let name = target.name();
    target.write(&lines(trace))?;
    let cut = match trace.ending() {
        Some(Ending::Limit) => "; later calls are missing: see --max-events and --max-bytes",
        _ => "",
    };
    let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    Ok(format!(
        "wrote {}: {} on {}{cut}",
        printable::lines(&name),
        count(trace.events().len(), "event"),
        count(trace.connections.len(), "connection"),
    ))
}

/// The lanes with colours, or without where there are none.
fn lanes(trace: &Trace, screen: Screen, choice: anstream::ColorChoice) -> Result<Vec<u8>> {
    styled(
        &terminal::draw(trace, &Analysis::new(trace), screen),
        choice,
    )
}

/// A text with its colours, or without where there are none.
fn styled(text: &str, choice: anstream::ColorChoice) -> Result<Vec<u8>> {
    let mut shown = anstream::AutoStream::new(Vec::new(), choice);
    shown.write_all(text.as_bytes())?;
    Ok(shown.into_inner())
}

/// Whether a stream shows colours.
fn choice(stream: &impl anstream::stream::RawStream) -> anstream::ColorChoice {
    anstream::AutoStream::choice(stream)
}

/// An error if the record lacks what happened later, because it was cut off.
pub(super) fn check_complete(trace: &Trace) -> Result<()> {
    match trace.ending() {
        Some(Ending::Limit) => bail!("the run had more events or bytes than a run may"),
        _ => Ok(()),
    }
}
