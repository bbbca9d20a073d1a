//! `--link`: the programs under trace on two sides of a link.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use emulation::LinkSettings;
use kernel::tracee::{StartError, Tracer};
use kernel::{child, isolation};
use stickylab::printable;
use stickylab::sides::{self, Sides, WaitingLink};
use stickylab::tracer::Background;

use crate::cli::net::Side;

#[derive(Debug, Args)]
pub(super) struct Network {
    /// Runs the programs on two sides of a link, as in rtt=40ms,loss=1% or ocean, whose hosts
    /// are a and b
    #[arg(long, value_name = "LINK", conflicts_with = "pid")]
    link: Option<LinkSettings>,
    /// With --link: a command for sh that is traced on side a in the background, until CMD
    /// has ended; may be given again
    #[arg(long, value_name = "COMMAND", requires = "link")]
    a: Vec<OsString>,
    /// The same on side b
    #[arg(long, value_name = "COMMAND", requires = "link")]
    b: Vec<OsString>,
    /// With --link: the side of CMD
    #[arg(long, value_name = "SIDE", requires = "link", default_value = "a")]
    side: Side,
}

/// The two sides, of which nothing runs yet.
pub(super) struct Entered {
    sides: Sides,
    link: Option<WaitingLink>,
    background: Vec<(kernel::Side, OsString)>,
    foreground: kernel::Side,
}

impl Network {
    /// Moves this process, which has one thread, to a network of its own; none if no link is
    /// wanted.
    pub(super) fn enter(self) -> Result<Option<Entered>> {
        let Some(settings) = self.link else {
            return Ok(None);
        };
        isolation::enter_with_mounts()
            .map_err(|refused| anyhow!("there can be no link here: {refused}"))?;
        let (sides, link) = Sides::new(settings)?;
        child::set_variable(sides::VARIABLE, sides.folder().as_os_str()).context("cannot start")?;
        isolation::pass_on_capabilities().context("cannot start")?;
        let of = |side: kernel::Side, commands: Vec<OsString>| {
            let commands = commands.into_iter();
            commands.map(move |command| (side, command))
        };
        let background = of(kernel::Side::A, self.a).chain(of(kernel::Side::B, self.b));
        Ok(Some(Entered {
            sides,
            link: Some(link),
            background: background.collect(),
            foreground: self.side.into(),
        }))
    }
}

impl Entered {
    /// The link, whose packets are all captured.
    pub(super) fn link(&mut self) -> Option<WaitingLink> {
        self.link.take()
    }

    /// Starts the programs under trace, each on its side. The one in the foreground is held.
    pub(super) fn start(&self, command: &[OsString]) -> Result<(Tracer, Vec<Background>)> {
        let explain = super::explain;
        let mut background = Vec::new();
        for (side, text) in &self.background {
            self.sides.enter(*side)?;
            let words = ["/bin/sh".into(), "-c".into(), text.clone()];
            let streams = streams().context("cannot start")?;
            let process = Tracer::launch_beside(&words, &streams);
            let is_apart = *side != self.foreground;
            let foreground = format!("side {}", sides::name(self.foreground));
            let (side, name) = (sides::name(*side), text.to_string_lossy());
            background.push(Background {
                process: process.map_err(|error| explain(error, &words))?,
                name: format!("side {side}: {name}"),
                apart_from: is_apart.then_some(foreground),
                tell: |line| eprintln!("{}", printable::lines(&format!("stickylab: {line}"))),
            });
        }
        self.sides.enter(self.foreground)?;
        let started = Tracer::hold(command);
        let tracer = started.map_err(|error: StartError| explain(error, command))?;
        Ok((tracer, background))
    }
}

/// Nothing to read, and this process's standard output and error.
fn streams() -> io::Result<[OwnedFd; 3]> {
    let input = File::open("/dev/null")?.into();
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let error = io::stderr().as_fd().try_clone_to_owned()?;
    Ok([input, output, error])
}
