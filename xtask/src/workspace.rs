//! Where the workspace is, where cargo builds to, and which packages there are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process;

/// The target that the page is compiled to.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The workspace as cargo sees it.
pub(crate) struct Workspace {
    /// The folder of the top level `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the user's settings put it.
    pub(crate) target: PathBuf,
    /// The packages of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder of its `Cargo.toml`.
    pub(crate) dir: PathBuf,
}

impl Workspace {
    /// Asks cargo, so that a target folder set by environment or configuration is respected.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the xtask package stands below the workspace's top level")?
            .to_path_buf();
        let mut metadata = process::cargo(&root);
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: Value = serde_json::from_str(&process::output(&mut metadata)?)
            .context("cannot read `cargo metadata`")?;
        let target = metadata["target_directory"]
            .as_str()
            .context("`cargo metadata` names no target folder")?
            .into();
        let packages = metadata["packages"]
            .as_array()
            .context("`cargo metadata` lists no packages")?
            .iter()
            .filter_map(|package| {
                Some(Package {
                    name: package["name"].as_str()?.to_owned(),
                    version: package["version"].as_str()?.to_owned(),
                    dir: Path::new(package["manifest_path"].as_str()?)
                        .parent()?
                        .to_path_buf(),
                })
            })
            .collect();
        Ok(Self {
            root,
            target,
            packages,
        })
    }

    /// `--package` arguments for the packages that are also compiled for the
    /// page: those with a `tests/wasm.rs`.
    pub(crate) fn wasm_packages(&self) -> Result<Vec<String>> {
        let packages = self.packages.iter();
        let packages: Vec<String> = packages
            .filter(|package| package.dir.join("tests/wasm.rs").is_file())
            .map(|package| format!("--package={}", package.name))
            .collect();
        ensure!(!packages.is_empty(), "no package has a tests/wasm.rs");
        Ok(packages)
    }

    /// A cargo command in the workspace.
    pub(crate) fn cargo(&self) -> Command {
        process::cargo(&self.root)
    }

    /// The folder the server embeds the page from. It is beside the sources
    /// whatever cargo's target folder is, since the server's build looks there.
    pub(crate) fn page(&self) -> PathBuf {
        self.root.join("target").join("page")
    }

    /// A folder for xtask's own files, created if missing.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let dir = self.target.join("xtask").join(name);
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }

    /// The path of the `stickylab` binary that cargo builds into `profile`'s folder.
    pub(crate) fn stickylab(&self, profile: &str) -> PathBuf {
        self.binary("stickylab", profile)
    }

    /// The path of the binary called `name` that cargo builds into `profile`'s folder.
    pub(crate) fn binary(&self, name: &str, profile: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}
