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

/// The package that carries axe-core, with which the tests look for faults of the
/// page's accessibility, and its module. Nothing of it is run but that script.
const AXE: (&str, &str) = ("axe-playwright-python==0.1.8", "axe_playwright_python");

/// Finds a Python with the packages, or makes one.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(python) = env::var_os("PYTHON").map(PathBuf::from) {
        if has_packages(&python, &PACKAGES) && has_packages(&python, &[AXE.1]) {
            return Ok(python);
        }
        let lacking = PACKAGES.join(", ");
        println!("xtask: {} lacks {lacking} or {}", python.display(), AXE.0);
    }
    let python = environment(&workspace.target.join("venv"), &PACKAGES)?;
    if !has_packages(&python, &[AXE.1]) {
        install(&python, &["--no-deps", AXE.0])?;
    }
    Ok(python)
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
    install(&python, packages)?;
    Ok(python)
}

/// Has pip install into the environment of `python` what `arguments` say.
fn install(python: &Path, arguments: &[&str]) -> Result<()> {
    let what = format!("installing {} with pip", arguments.join(" "));
    step(&what, || {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet"]);
        pip.arg("--disable-pip-version-check");
        process::run(pip.args(arguments))
    })
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

/// Whether the modules called `packages` are there. They are not run: one may miss
/// another that it would import.
fn has_packages(python: &Path, packages: &[&str]) -> bool {
    let script = "import importlib.util, sys; \
                  sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))";
    process::succeeds(Command::new(python).args(["-c", script]).args(packages))
}
