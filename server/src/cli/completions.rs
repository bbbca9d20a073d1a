//! `stickylab completions`: a shell's completion script on standard output.

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

use super::output;

/// Prints a script that completes this program's command line.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn print(&self, mut command: Command) -> Result<()> {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        output::print(&script)
    }
}
