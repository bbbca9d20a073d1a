//! `stickylab net`: programs of the user's on the two sides of a link.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use emulation::LinkSettings;
use kernel::{isolation, tracee};
use stickylab::printable;
use stickylab::sides::{self, Background, Commands, Sides};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Side {
    A,
    B,
}

impl From<Side> for kernel::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::A => Self::A,
            Side::B => Self::B,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Net {
    /// The link between the sides, as in rtt=40ms,loss=1% or ocean; without it there is only
    /// the cable
    #[arg(long, value_name = "LINK")]
    link: Option<LinkSettings>,
    /// A command for sh that runs in the background on side a; may be given again
    #[arg(long, value_name = "COMMAND")]
    a: Vec<OsString>,
    /// A command for sh that runs in the background on side b; may be given again
    #[arg(long, value_name = "COMMAND")]
    b: Vec<OsString>,
    /// Inside such a network: runs CMD on this side of it
    #[arg(long, value_name = "SIDE", conflicts_with_all = ["link", "a", "b"])]
    enter: Option<Side>,
    /// The program that runs in the foreground on side a, and its arguments; without it your
    /// shell
    #[arg(
        value_name = "CMD",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

impl Net {
    /// Returns only if something failed: this process ends as the program did.
    pub(super) fn run(self) -> Result<()> {
        let command = if self.command.is_empty() {
            vec![shell()]
        } else {
            self.command
        };
        if let Some(side) = self.enter {
            sides::enter(side.into())?;
            let error = Command::new(&command[0]).args(&command[1..]).exec();
            return Err(error).with_context(|| cannot_run(&command[0]));
        }
        // While there is one thread.
        isolation::enter_with_mounts()
            .map_err(|refused| anyhow!("there can be no link here: {refused}"))?;
        let (sides, link) = Sides::new(self.link.unwrap_or_default())?;
        let link = link.start()?;
        let of = |side: kernel::Side, commands: Vec<OsString>| {
            commands
                .into_iter()
                .map(move |command| Background { side, command })
        };
        let background = of(kernel::Side::A, self.a).chain(of(kernel::Side::B, self.b));
        let commands = Commands::start((sides, link), background.collect(), &command)?;
        let status = commands.wait(|line| {
            eprintln!("{}", printable::lines(&format!("stickylab: {line}")));
        })?;
        tracee::end_as(status)
    }
}

/// The user's shell.
fn shell() -> OsString {
    let own = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    own.unwrap_or_else(|| "/bin/sh".into())
}

fn cannot_run(program: &OsString) -> String {
    format!("cannot run {}", program.to_string_lossy())
}
