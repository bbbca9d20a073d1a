//! Trace files: the page reads and writes what `stickylab show` and `run --json`
//! do, and takes no more than it draws fluently. Capture files: what `stickylab show`
//! reads, one connection at a time.

use capture::is_capture;
use trace::Trace;

pub use crate::source::{FileError, MAX_EVENTS};

use crate::source::Source;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u32 = 64 * 1024 * 1024;
/// What was in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A run of an experiment.
    Run(Box<Trace>),
    /// Connections of which one is shown.
    Source(Box<Source>),
}

/// Reads a file: a trace or a capture.
pub fn read(content: Vec<u8>) -> Result<Content, FileError> {
    if is_capture(&content) {
        return Ok(Content::Source(Box::new(Source::of_capture(content)?)));
    }
    let trace = parse(&text(content))?;
    Ok(if trace.plan.is_some() {
        Content::Run(Box::new(trace))
    } else {
        Content::Source(Box::new(Source::of(&trace)))
    })
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
