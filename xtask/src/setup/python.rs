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
        if has_packages(&python, &PACKAGES) {
            return Ok(python);
        }
        println!("xtask: {} lacks {}", python.display(), PACKAGES.join(", "));
    }
    environment(&workspace.target.join("venv"), &PACKAGES)
}

/// A Python in an environment at `path` that can import `packages`, made if missing.
pub(crate) fn environment(path: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = path.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if has_packages(&python, packages) {
        return Ok(python);
    }
    let system = if let Some(python) = process::find(&["python3"]) {
        python
    } else {
        apt::install(&["python3", "python3-venv"]).context("Python 3 is missing")?;
        process::find(&["python3"]).context("python3 is installed but not on PATH")?
    };
    if create(&system, path).is_err() {
        // Debian splits the module off.
        apt::install(&["python3-venv"])
            .with_context(|| format!("`{} -m venv` does not work", system.display()))?;
        create(&system, path)?;
    }
    let what = format!("installing {} into {}", packages.join(", "), path.display());
    step(&what, || {
        process::run(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(packages),
        )
    })?;
    Ok(python)
}

fn create(python: &Path, environment: &Path) -> Result<()> {
    let what = format!("creating a Python environment in {}", environment.display());
    step(&what, || {
        process::run(
            Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(environment),
        )
    })
}

fn has_packages(python: &Path, packages: &[&str]) -> bool {
    process::succeeds(
        Command::new(python)
            .arg("-c")
            .arg(format!("import {}", packages.join(", "))),
    )
}
