//! `stickylab man`, which `--help` does not list: the manual pages, one for the
//! program and one for each command, for whoever packs it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Command};

/// Writes the manual pages of section 1.
#[derive(Debug, Args)]
pub(super) struct Manual {
    /// A folder that is there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Manual {
    pub(super) fn write(&self, command: Command) -> Result<()> {
        clap_mangen::generate_to(command, &self.folder)
            .with_context(|| format!("cannot write into {}", self.folder.display()))
    }
}
