//! Trace files: the page reads and writes what `stickylab show` and `run --json`
//! do, and takes no more than it draws fluently. Capture files: what `stickylab show`
//! reads, one connection at a time.

use capture::{Choice, Refused, is_capture};
use record::{Connection, ConnectionId};
use trace::{Setup, Trace, TraceError};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u32 = 64 * 1024 * 1024;
/// Most events of a file: what the page draws fluently.
pub const MAX_EVENTS: usize = 100_000;

/// Why a file can't be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// More than [`MAX_BYTES`].
    TooLarge,
    /// The browser could not read it.
    Unreadable,
    /// What is in it is no trace, or one with more than [`MAX_EVENTS`].
    Trace(TraceError),
    /// A capture without a connection.
    NoConnection,
    /// A connection of a capture with more packets than [`MAX_EVENTS`].
    Packets,
}

/// Most connections of a capture that can be chosen: those with the most bytes.
pub const MAX_CHOICE: usize = 500;

/// A capture file that is open: one of its connections is on the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCapture {
    content: Vec<u8>,
    /// Those that can be chosen, by number, and the bytes that each end sent.
    pub connections: Vec<(Connection, [u64; 2])>,
    /// How many more there are.
    pub others: usize,
    /// The one on the stage.
    pub shown: ConnectionId,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What is to be shown.
    pub trace: Trace,
    /// The capture that it is of, if it is of one.
    pub capture: Option<OpenCapture>,
}

/// Reads a file: a trace, or of a capture the connection with the most bytes.
pub fn read(content: Vec<u8>) -> Result<Content, FileError> {
    if !is_capture(&content) {
        let trace = parse(&text(content))?;
        return Ok(Content {
            trace,
            capture: None,
        });
    }
    let capture = OpenCapture::new(content)?;
    let trace = capture.read(capture.shown)?;
    Ok(Content {
        trace,
        capture: Some(capture),
    })
}

impl OpenCapture {
    fn new(content: Vec<u8>) -> Result<Self, FileError> {
        let listed = capture::list(&content).map_err(|_| FileError::NoConnection)?;
        let all = listed.connections.into_iter();
        let all = all.map(|(connection, summary)| (connection, summary.bytes));
        let mut connections: Vec<_> = all.collect();
        let sum = |bytes: &[u64; 2]| bytes[0].saturating_add(bytes[1]);
        // The first of those with equally many.
        connections.sort_by_key(|(_, bytes)| std::cmp::Reverse(sum(bytes)));
        let shown = connections.first().ok_or(FileError::NoConnection)?;
        let shown = shown.0.connection;
        let others = connections.len().saturating_sub(MAX_CHOICE);
        connections.truncate(MAX_CHOICE);
        connections.sort_by_key(|(connection, _)| connection.connection);
        Ok(Self {
            content,
            connections,
            others,
            shown,
        })
    }

    /// The record of one of its connections.
    pub fn read(&self, connection: ConnectionId) -> Result<Trace, FileError> {
        let choice = Choice::One(connection);
        match capture::read(&self.content, choice, MAX_EVENTS) {
            Ok(contents) => Ok(Trace::of_record(contents.record, Setup::default())),
            Err(Refused::Events { .. }) => Err(FileError::Packets),
            Err(Refused::NoCapture) => Err(FileError::NoConnection),
        }
    }
}

/// A file's content as text; what is no UTF-8 in it is replaced.
///
/// The browser's own conversion would make it a text of the page's script first,
/// which takes longer and as much memory again.
pub fn text(content: Vec<u8>) -> String {
    String::from_utf8(content)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads what [`write()`] gives, by the rules of [`Trace::parse`].
pub fn parse(text: &str) -> Result<Trace, FileError> {
    Trace::parse_within(text, MAX_EVENTS).map_err(FileError::Trace)
}

/// The trace as lines, one JSON object each.
pub fn write(trace: &Trace) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in trace.lines() {
        bytes.extend_from_slice(line.to_json().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests;
