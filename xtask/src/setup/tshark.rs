//! tshark, Wireshark's command line: found, or installed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::process;

/// A tshark that runs.
pub(crate) struct Tshark {
    pub(crate) program: PathBuf,
    /// Its first line about itself, such as `TShark (Wireshark) 4.0.17`.
    pub(crate) version: String,
}

/// Finds tshark, installing it where it is missing and that is possible.
pub(crate) fn ensure() -> Result<Tshark> {
    if let Some(program) = find() {
        return asked(program);
    }
    apt::install(&["tshark"]).context(
        "the tests need tshark 4.0 or later, which comes with Wireshark, on PATH or named by \
         TSHARK",
    )?;
    asked(find().context("tshark is installed, but not on PATH")?)
}

fn find() -> Option<PathBuf> {
    let named = env::var_os("TSHARK").map(PathBuf::from);
    named
        .filter(|path| path.is_file())
        .or_else(|| process::find(&["tshark"]))
}

fn asked(program: PathBuf) -> Result<Tshark> {
    let said = process::output(Command::new(&program).arg("--version"))?;
    let version = said.lines().next().unwrap_or_default().trim();
    let end = version.find(" (Git").unwrap_or(version.len());
    Ok(Tshark {
        version: version[..end].to_owned(),
        program,
    })
}
