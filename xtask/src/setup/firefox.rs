//! Firefox: found, or installed as Debian's `firefox-esr` where that is possible.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::apt;
use crate::process;

const NAMES: [&str; 2] = ["firefox-esr", "firefox"];

/// Finds Firefox, installing it where it is missing and that is possible. In
/// continuous integration it has to be there; elsewhere its tests are left out
/// without it, which is said.
pub(crate) fn ensure() -> Result<Option<PathBuf>> {
    if let Some(firefox) = find() {
        return Ok(Some(firefox));
    }
    let installed = apt::install(&["firefox-esr"]).and_then(|()| {
        let found = find();
        found.context("Firefox is installed, but not on PATH")
    });
    match installed {
        Ok(firefox) => Ok(Some(firefox)),
        Err(error) if env::var_os("CI").is_some() => {
            Err(error.context("the tests need Firefox, on PATH or named by FIREFOX"))
        }
        Err(error) => {
            println!("xtask: without Firefox its tests are left out: {error:#}");
            Ok(None)
        }
    }
}

fn find() -> Option<PathBuf> {
    let named = env::var_os("FIREFOX").map(PathBuf::from);
    named
        .filter(|path| path.is_file())
        .or_else(|| process::find(&NAMES))
}
