//! What is measured beside ours: installed by name into `target/peers`, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Group;
use crate::process;
use crate::setup::python;
use crate::step::step;
use crate::workspace::Workspace;

/// The last line of websocat 1, which is what `cargo install websocat` gives.
const WEBSOCAT: &str = "~1.14";

/// Where the peers are, and which they are.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    websocat: Option<PathBuf>,
    python: Option<PathBuf>,
    /// Name and version of each.
    pub(crate) versions: Vec<String>,
}

impl Peers {
    /// What the load generator finds them by.
    pub(super) fn variables(&self) -> Vec<(&'static str, &Path)> {
        let named = [("WEBSOCAT", &self.websocat), ("PEERS_PYTHON", &self.python)];
        let named = named.into_iter();
        named
            .filter_map(|(name, path)| Some((name, path.as_deref()?)))
            .collect()
    }
}

/// Finds or installs what `groups` need.
pub(super) fn ensure(workspace: &Workspace, groups: &[Group]) -> Result<Peers> {
    let root = workspace.target.join("peers");
    let mut peers = Peers::default();
    let bridges = groups.contains(&Group::Bridges);
    if bridges || groups.contains(&Group::Servers) {
        let python = python::environment(&root.join("venv"), &["websockify", "numpy"])?;
        let version = process::output(Command::new(&python).arg("--version"))?;
        peers.versions.push(version.trim().to_owned());
        if bridges {
            peers.versions.push(websockify(&python)?);
        }
        peers.python = Some(python);
    }
    if bridges {
        let program = websocat(workspace, &root)?;
        let version = process::output(Command::new(&program).arg("--version"))?;
        peers.versions.push(version.trim().to_owned());
        peers.websocat = Some(program);
    }
    if groups.contains(&Group::Captures) {
        let program = std::env::var_os("TSHARK").unwrap_or_else(|| "tshark".into());
        let version = process::output(Command::new(program).arg("--version"));
        let version = version.context("the group captures needs tshark")?;
        let first = version.lines().next().unwrap_or_default();
        peers.versions.push(first.trim_end_matches('.').to_owned());
    }
    Ok(peers)
}

fn websocat(workspace: &Workspace, root: &Path) -> Result<PathBuf> {
    let name = format!("websocat{}", std::env::consts::EXE_SUFFIX);
    let program = root.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    step("building websocat into target/peers", || {
        process::run(
            workspace
                .cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "websocat",
                    "--version",
                    WEBSOCAT,
                ])
                .arg("--root")
                .arg(root),
        )
    })?;
    Ok(program)
}

fn websockify(python: &Path) -> Result<String> {
    let program = "from importlib.metadata import version as v; \
                   print('websockify', v('websockify'), 'with numpy', v('numpy'))";
    let said = process::output(Command::new(python).args(["-c", program]));
    Ok(said
        .context("websockify is not installed well")?
        .trim()
        .to_owned())
}
