//! Standard error beside a program whose calls are recorded.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use stickylab::printer::Printer;

/// Where lines for people go.
#[derive(Debug)]
pub(super) enum StandardError {
    /// Whoever writes waits for the reader.
    Direct,
    /// Nobody waits for a reader that reads nothing.
    Queued(Printer),
}

impl StandardError {
    /// One that makes nobody wait, and where others may print as well. It starts a thread.
    pub(super) fn queued() -> Result<(Self, Printer)> {
        let printer = Printer::stderr(|dropped| {
            format!("stickylab: dropped {dropped} lines: standard error is read too slowly")
        });
        let printer = printer.context("cannot start")?;
        Ok((Self::Queued(printer.clone()), printer))
    }

    /// A line of the product's own.
    pub(super) fn say(&self, line: &str) {
        match self {
            Self::Direct => eprintln!("stickylab: {line}"),
            Self::Queued(printer) => printer.print(&format!("stickylab: {line}")),
        }
    }

    /// A text of whole lines.
    pub(super) fn print(&self, text: &[u8]) -> Result<()> {
        match self {
            Self::Direct => Ok(io::stderr().lock().write_all(text)?),
            Self::Queued(printer) => {
                printer.print_all(&String::from_utf8_lossy(text));
                Ok(())
            }
        }
    }

    /// Waits until all is written, unless nobody reads it.
    pub(super) fn flush(&self) {
        if let Self::Queued(printer) = self {
            printer.drain();
        }
    }
}
