//! What a server prints, and its log: neither makes it wait.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::time::Duration;

use anyhow::{Context as _, Result};
use stickylab::printer::Printer;

use super::Log;

/// How long what is left is written at the end of the program.
const FAREWELL: Duration = Duration::from_secs(1);

/// A server's standard output and standard error.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    pub(super) out: Printer,
    pub(super) err: Printer,
}

impl Outputs {
    /// `json`: whether the lines on standard output are JSON objects.
    pub(super) fn new(json: bool, log: Log) -> Result<Self> {
        let lines =
            |dropped| format!("dropped {dropped} lines: standard output is read too slowly");
        let objects = |dropped| format!("{{\"type\":\"dropped\",\"lines\":{dropped}}}");
        let out = Printer::stdout(if json { objects } else { lines });
        let err = Printer::stderr(match log {
            Log::Text => |dropped| {
                format!("WARN dropped {dropped} log lines: standard error is read too slowly")
            },
            Log::Json => |dropped| {
                format!(
                    "{{\"level\":\"WARN\",\"fields\":{{\"message\":\"log lines dropped: standard \
                     error is read too slowly\",\"dropped\":{dropped}}}}}"
                )
            },
        });
        Ok(Self {
            out: out.context("cannot start")?,
            err: err.context("cannot start")?,
        })
    }

    /// Prints panics through the queue as well, so that they do not block.
    pub(super) fn tell_panics(&self) {
        let err = self.err.clone();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("without a name").to_owned();
            let mut text = format!("thread {name} {panic}");
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                text = format!("{text}\n{trace}");
            }
            err.print(&text);
        }));
    }

    /// Writes what is left, unless nobody reads it.
    pub(super) fn flush(&self) {
        self.out.flush(FAREWELL);
        self.err.flush(FAREWELL);
    }
}
