//! Trace files: read as strictly as `trace::Trace::parse` does, but with
//! `wire`, which costs the page less; and written as the gateway writes lines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use protocol::Nanos;
use trace::link::{Ending, VERSION};
use trace::{Actor, ClientId, Event, Experiment, ExperimentError, MAX_OFFSET, Socket, Trace, hex};

use crate::app::Heard;
use crate::wire;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u32 = 64 * 1024 * 1024;
/// Most events of a file: what the page draws fluently.
pub const MAX_EVENTS: usize = 100_000;

/// Why a file can't be shown. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// More than [`MAX_BYTES`].
    TooLarge,
    /// The browser could not read it.
    Unreadable,
    /// There is nothing in it.
    Empty,
    /// This line is none of a trace.
    Line(usize),
    /// A line before the `run` line, a second one, or a line behind the end.
    Order(usize),
    /// Written by a later version of the program: this one.
    Version(u32),
    /// No `ended` line: it breaks off behind this line.
    Truncated(usize),
    /// More than [`MAX_EVENTS`].
    TooManyEvents,
    /// On this line is an event of a client that the experiment has not.
    Client(usize, ClientId),
    /// On this line is this offset: beyond [`MAX_OFFSET`].
    Offset(usize, u64),
    /// On this line is a decision without a reason that fits it, or another
    /// event with one.
    Reason(usize),
    /// The `ended` line counts other events than there are.
    Count {
        /// How many it says.
        said: usize,
        /// How many there are.
        found: usize,
    },
    /// What it ran is nothing that could be run.
    Experiment(ExperimentError),
}

/// Reads what [`write()`] gives, one JSON object a line, by the rules that
/// [`Trace::parse`] names.
pub fn parse(text: &str) -> Result<Trace, FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    let mut trace: Option<Trace> = None;
    let mut events = Vec::new();
    let mut end = None;
    let mut line = 0;
    for json in text.lines() {
        line += 1;
        // Before anything else: the other fields may mean something else by then.
        if trace.is_none()
            && let Some(found) = wire::version(json)
            && found > VERSION
        {
            return Err(FileError::Version(found));
        }
        match (wire::read(json).ok_or(FileError::Line(line))?, &trace, &end) {
            (
                Heard::Run {
                    kernel, capture, ..
                },
                before,
                _,
            ) => {
                // A line that can't be read is that first, wherever it stands.
                let experiment = wire::experiment(json).ok_or(FileError::Line(line))?;
                if before.is_some() {
                    return Err(FileError::Order(line));
                }
                experiment.validate().map_err(FileError::Experiment)?;
                trace = Some(Trace::new(experiment, kernel, capture));
            }
            (Heard::Event(_), Some(_), None) if events.len() == MAX_EVENTS => {
                return Err(FileError::TooManyEvents);
            }
            (Heard::Event(event), Some(trace), None) => {
                check(&event, line, &trace.experiment)?;
                events.push(event);
            }
            (
                Heard::Ended {
                    events: said,
                    why,
                    missed,
                    dropped,
                },
                Some(_),
                None,
            ) => {
                let (said, found) = (said as usize, events.len());
                if said != found {
                    return Err(FileError::Count { said, found });
                }
                end = Some((why, missed, dropped));
            }
            _ => return Err(FileError::Order(line)),
        }
    }
    match (trace, end) {
        (Some(trace), Some(end)) => Ok(finish(trace, events, end)),
        (Some(_), None) => Err(FileError::Truncated(line)),
        (None, _) => Err(FileError::Empty),
    }
}

/// What a file's event may not be.
fn check(event: &Event, line: usize, experiment: &Experiment) -> Result<(), FileError> {
    let caller = match event.actor {
        Actor::Client1 => ClientId::One,
        Actor::Client2 => ClientId::Two,
        Actor::Server => event.client,
    };
    for client in [event.client, caller] {
        if experiment.client(client).is_none() {
            return Err(FileError::Client(line, client));
        }
    }
    let ack = event.header.as_ref().map_or(0, |header| header.ack.0);
    for offset in [event.offset.0, ack] {
        if offset > MAX_OFFSET {
            return Err(FileError::Offset(line, offset));
        }
    }
    if !event.has_fitting_reason() {
        return Err(FileError::Reason(line));
    }
    Ok(())
}

/// Events in the order of their times. A file may hold them in any order, and
/// putting each where it belongs could take very long.
fn finish(
    mut trace: Trace,
    events: Vec<Event>,
    (why, missed, dropped): (Ending, Option<u32>, Option<u32>),
) -> Trace {
    let times = events.iter().enumerate();
    let times: Vec<_> = times
        .map(|(index, event)| Reverse((event.at, index)))
        .collect();
    let mut times: BinaryHeap<Reverse<(Nanos, usize)>> = times.into();
    let mut events: Vec<_> = events.into_iter().map(Some).collect();
    while let Some(Reverse((_, index))) = times.pop() {
        events[index]
            .take()
            .into_iter()
            .for_each(|event| trace.insert(event));
    }
    trace.end(why, missed, dropped);
    trace
}

/// The run as lines, as `stickylab run --json` writes them: by hand, since
/// `serde` for all of it would cost the page more.
pub fn write(trace: &Trace) -> Vec<u8> {
    let mut out = String::from("{\"type\":\"run\"");
    numbers(
        &mut out,
        &[("version", Some(u64::from(VERSION))), ("run", Some(0))],
    );
    text(&mut out, "kernel", &trace.kernel);
    name(&mut out, "experiment");
    out += &serde_json::to_string(&trace.experiment).unwrap_or_default();
    text(&mut out, "capture", trace.capture.name());
    out += "}\n";
    for event in trace.events() {
        self::event(&mut out, event);
        out += "}\n";
    }
    if let Some(why) = trace.ending() {
        out += "{\"type\":\"ended\"";
        numbers(&mut out, &[("events", Some(trace.events().len() as u64))]);
        text(&mut out, "why", why.name());
        let counts = [("missed", trace.missed), ("dropped", trace.dropped)];
        numbers(&mut out, &counts.map(wide));
        out += "}\n";
    }
    out.into_bytes()
}

/// An event's line without its closing brace.
fn event(out: &mut String, event: &Event) {
    *out += "{\"type\":\"event\"";
    let told = |number: u64| (number > 0).then_some(number);
    numbers(
        out,
        &[("at", Some(event.at.0)), ("took", told(event.took.0))],
    );
    text(out, "actor", event.actor.name());
    numbers(
        out,
        &[
            ("client", Some(u64::from(u8::from(event.client)))),
            ("connection", told(u64::from(event.connection))),
        ],
    );
    text(out, "call", event.call.name());
    numbers(
        out,
        &[
            ("offset", told(event.offset.0)),
            ("asked", told(u64::from(event.asked))),
        ],
    );
    digits(out, "bytes", &event.bytes);
    if let Some(error) = &event.error {
        text(out, "error", error);
    }
    if let Some(reason) = event.reason {
        text(out, "reason", reason.name());
    }
    let socket = &event.socket;
    if *socket != Socket::default() {
        name(out, "socket");
        out.push('{');
        let known = [
            ("waiting", socket.waiting),
            ("unacked", socket.unacked),
            ("unsent", socket.unsent),
            ("accept-queue", socket.accept_queue),
            ("length", socket.length),
            ("dropped", socket.dropped),
        ];
        numbers(out, &known.map(wide));
        if let Some(counts) = &socket.counts {
            name(out, "counts");
            out.push('{');
            let known = [
                ("segments-out", Some(counts.segments_out)),
                ("segments-in", Some(counts.segments_in)),
                ("data-out", Some(counts.data_out)),
                ("data-in", Some(counts.data_in)),
                ("retransmitted", Some(counts.retransmitted)),
            ];
            numbers(out, &known.map(wide));
            out.push('}');
        }
        out.push('}');
    }
    if let Some(header) = &event.header {
        name(out, "header");
        out.push('{');
        let known = [
            ("flags", told(u64::from(header.flags.0))),
            ("ack", told(header.ack.0)),
            ("window", told(u64::from(header.window))),
            ("mss", header.mss.map(u64::from)),
            ("gso", header.gso.map(u64::from)),
        ];
        numbers(out, &known);
        digits(out, "raw", &header.raw);
        out.push('}');
    }
}

fn wide((name, number): (&'static str, Option<u32>)) -> (&'static str, Option<u64>) {
    (name, number.map(u64::from))
}

/// A field's name, and a comma before it where it is not the first.
fn name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push('"');
    *out += name;
    *out += "\":";
}

fn numbers(out: &mut String, fields: &[(&str, Option<u64>)]) {
    for (field, number) in fields {
        if let Some(number) = number {
            name(out, field);
            *out += &number.to_string();
        }
    }
}

fn text(out: &mut String, field: &str, text: &str) {
    name(out, field);
    // No text can fail to be written.
    *out += &serde_json::to_string(text).unwrap_or_default();
}

/// Bytes in hex; left out where there are none.
fn digits(out: &mut String, field: &str, bytes: &[u8]) {
    if !bytes.is_empty() {
        text(out, field, &hex::encode(bytes));
    }
}

#[cfg(test)]
mod tests;
