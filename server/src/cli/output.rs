//! What `run` and `show` make of a trace: lanes, lines, a file for Wireshark.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use stickylab::terminal::{self, Width};
use trace::link::Capture;
use trace::{Analysis, Lesson, Trace, pcapng};

/// The trace's lines, one JSON object each.
pub(super) fn print_lines(trace: &Trace) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in trace.lines() {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The lanes as text, with what the lesson says where it is known.
pub(super) fn print_lanes(lesson: Option<&Lesson>, trace: &Trace) -> Result<()> {
    let text = terminal::draw(lesson, trace, &Analysis::new(trace), width());
    // Takes the colours out where standard output is no terminal.
    anstream::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// A file for Wireshark that can be written: known before there is something
/// to write, so that no run is made in vain.
pub(super) struct Packets {
    path: PathBuf,
    file: File,
}

impl Packets {
    /// Opens or creates `path`; what it holds stays until [`write`](Self::write).
    /// Refuses to write over `input`, the file that the packets come from.
    pub(super) fn open(path: PathBuf, input: &Path) -> Result<Self> {
        let name = path.display().to_string();
        if is_same(&path, input) {
            bail!("cannot write {name}: it is what is read; name another file");
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = file.with_context(|| format!("cannot write {name}"))?;
        Ok(Self { path, file })
    }

    /// Writes the trace's packets, and says so on standard error.
    pub(super) fn write(mut self, trace: &Trace) -> Result<()> {
        let bytes = pcapng::write(trace, &Analysis::new(trace));
        let name = self.path.display().to_string();
        self.replace(&bytes)
            .with_context(|| format!("cannot write {name}"))?;
        let headers = match trace.capture {
            Capture::On => "packets as they were captured",
            _ => "synthetic headers around the bytes of the calls: the wire was not captured",
        };
        eprintln!("stickylab: wrote {name}: {} bytes, {headers}", bytes.len());
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A pipe has no length.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(bytes)
    }
}

/// Where `--pcapng` writes: a file. Standard output has the lanes or lines.
pub(super) fn pcapng_path(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("name a file, such as run.pcapng: standard output is taken".to_owned()),
        text => Ok(text.into()),
    }
}

/// Whether two names are of one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    identity(one).is_ok_and(|one| identity(other).is_ok_and(|other| one == other))
}

#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path) -> bool {
    let place = std::fs::canonicalize::<&Path>;
    place(one).is_ok_and(|one| place(other).is_ok_and(|other| one == other))
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
