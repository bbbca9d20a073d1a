//! Trace files: the page reads and writes what `stickylab show` and `run --json`
//! do, and takes no more than it draws fluently.

use trace::{Trace, TraceError};

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
