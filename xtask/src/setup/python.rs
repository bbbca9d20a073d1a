//! A Python that has the packages the tests' peers import, in an environment
//! of its own under the target folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::process;
use crate::step::step;
use crate::workspace::Workspace;

/// What the tests' Python peers import beyond the standard library.
const PACKAGES: [&str; 1] = ["websockets"];

/// Finds a Python with the packages, or makes one.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(python) = env::var_os("PYTHON").map(PathBuf::from) {
        if has_packages(&python) {
            return Ok(python);
        }
        println!("xtask: {} lacks {}", python.display(), PACKAGES.join(", "));
    }
    let environment = workspace.target.join("venv");
    let python = environment.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if has_packages(&python) {
        return Ok(python);
    }
    let system = if let Some(python) = process::find(&["python3"]) {
        python
    } else {
        apt::install(&["python3", "python3-venv"]).context("the tests need Python 3")?;
        process::find(&["python3"]).context("python3 is installed but not on PATH")?
    };
    if create(&system, &environment).is_err() {
        // Debian splits the module off.
        apt::install(&["python3-venv"])
            .with_context(|| format!("`{} -m venv` does not work", system.display()))?;
        create(&system, &environment)?;
    }
    step("installing Python packages into target/venv", || {
        process::run(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(PACKAGES),
        )
    })?;
    Ok(python)
}

fn create(python: &Path, environment: &Path) -> Result<()> {
    step("creating a Python environment in target/venv", || {
        process::run(
            Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(environment),
        )
    })
}

fn has_packages(python: &Path) -> bool {
    process::succeeds(
        Command::new(python)
            .arg("-c")
            .arg(format!("import {}", PACKAGES.join(", "))),
    )
}
