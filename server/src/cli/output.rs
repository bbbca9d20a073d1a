//! What `run` and `show` make of a trace: lanes, lines, a file for Wireshark.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use stickylab::lanes::{self, Width};
use trace::lesson::Words;
use trace::link::Capture;
use trace::{Analysis, Trace, pcapng};

/// The trace's lines, one JSON object each.
pub(super) fn print_lines(trace: &Trace) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in trace.lines() {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The lanes as text, with the words of the lesson where they are known.
pub(super) fn print_lanes(words: Option<&Words>, trace: &Trace) -> Result<()> {
    let text = lanes::draw(words, trace, &Analysis::new(trace), width());
    // Takes the colours out where standard output is no terminal.
    anstream::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// Writes the trace's packets to `path`, and says so on standard error.
pub(super) fn write_pcapng(path: &Path, trace: &Trace) -> Result<()> {
    let bytes = pcapng::write(trace, &Analysis::new(trace));
    let name = path.display();
    std::fs::write(path, &bytes).with_context(|| format!("cannot write {name}"))?;
    let headers = match trace.capture {
        Capture::On => "packets as they were captured",
        _ => "synthetic headers around the bytes of the calls: the wire was not captured",
    };
    eprintln!("stickylab: wrote {name}: {} bytes, {headers}", bytes.len());
    Ok(())
}

/// Columns there are; `COLUMNS` decides, else 100.
fn width() -> Width {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let fallback = if std::io::stdout().is_terminal() {
        80
    } else {
        100
    };
    Width::new(columns.unwrap_or(fallback))
}
