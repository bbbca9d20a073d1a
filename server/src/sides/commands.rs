//! Starting the programs, waiting for the one in the foreground, and ending the others.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use kernel::Side;
use kernel::child::{self, Waited};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::{RunningLink, Sides, VARIABLE, name};

/// How often is looked whether the link still works, and who else has ended.
const PAUSE: Duration = Duration::from_millis(200);
/// How long programs have to end when they are asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A command of the shell, and the side where it is to run.
#[derive(Clone, Debug)]
pub struct Background {
    /// Where it runs.
    pub side: Side,
    /// As sh(1) takes it.
    pub command: OsString,
}

/// The programs that run.
#[derive(Debug)]
pub struct Commands {
    /// Their names last for as long as this does.
    _sides: Sides,
    link: RunningLink,
    foreground: (u32, OwnedFd),
    background: Vec<(u32, Background)>,
}

impl Commands {
    /// Starts commands in the background, each a process group of its own with nothing to
    /// read, and a program on side A in the foreground. All are killed when this process
    /// ends, whose first thread has to be the one that calls this.
    ///
    /// # Errors
    /// A program could not be started.
    pub fn start(
        (sides, link): (Sides, RunningLink),
        background: Vec<Background>,
        foreground: &[OsString],
    ) -> Result<Self> {
        child::adopt().context("cannot start")?;
        child::hold_signals().context("cannot hold signals back")?;
        kernel::isolation::pass_on_capabilities().context("cannot start")?;
        let mut started = Vec::new();
        for of in background {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(&of.command);
            command.process_group(0).stdin(Stdio::null());
            let process = sides.spawn(of.side, command)?;
            started.push((process, of));
        }
        let (program, arguments) = foreground.split_first().context("there is no command")?;
        let mut command = Command::new(program);
        command.args(arguments);
        let process = match sides.spawn(Side::A, command) {
            Ok(process) => process,
            Err(error) => {
                end_all(&started);
                return Err(error);
            }
        };
        child::forward_signals(process).context("cannot send signals on")?;
        let pidfd = Pid::from_raw(process.cast_signed())
            .ok_or_else(|| io::Error::other("no process has this number"))
            .and_then(|pid| Ok(pidfd_open(pid, PidfdFlags::empty())?));
        Ok(Self {
            _sides: sides,
            link,
            foreground: (process, pidfd.context("cannot wait for the program")?),
            background: started,
        })
    }

    /// Waits for the program in the foreground, ends all others and then the link, and gives
    /// how that program ended. Tells of each command in the background that fails before.
    ///
    /// # Errors
    /// The link failed.
    pub fn wait(mut self, tell: impl Fn(&str)) -> Result<ExitStatus> {
        let status = self.foreground_status(&tell);
        end_all(&self.background);
        child::forward_no_more();
        let finished = self.link.finish();
        status.and_then(|status| finished.map(|()| status))
    }

    fn foreground_status(&mut self, tell: &impl Fn(&str)) -> Result<ExitStatus> {
        loop {
            kernel::wait(&[self.foreground.1.as_fd()], Some(PAUSE))?;
            while let Waited::Ended(process, status) = child::next_ended()? {
                if process == self.foreground.0 {
                    return Ok(status);
                }
                self.tell_of(process, status, tell);
            }
            if self.link.has_ended() {
                return Err(anyhow!("the link does not work any more"));
            }
        }
    }

    /// Others are processes that lost who had made them.
    fn tell_of(&mut self, process: u32, status: ExitStatus, tell: &impl Fn(&str)) {
        let Some(at) = self.background.iter().position(|(of, _)| *of == process) else {
            return;
        };
        let (_, of) = self.background.swap_remove(at);
        if !status.success() {
            let (side, command) = (name(of.side), of.command.to_string_lossy());
            tell(&format!("side {side}: {command}: {status}"));
        }
    }
}

impl Sides {
    fn spawn(&self, side: Side, mut command: Command) -> Result<u32> {
        self.enter(side)?;
        command.env(VARIABLE, self.folder());
        child::tie(&mut command);
        let program = command.get_program().to_owned();
        let explain = || format!("cannot run {}", OsStr::new(&program).to_string_lossy());
        Ok(command.spawn().with_context(explain)?.id())
    }
}

/// Ends all children and what they made: first they are asked to end, then they are killed.
fn end_all(background: &[(u32, Background)]) {
    let mut asked = Vec::new();
    for (process, _) in background {
        if let Some(group) = Pid::from_raw(process.cast_signed()) {
            // It may have ended.
            let _ = kill_process_group(group, Signal::TERM);
            asked.push(group);
        }
    }
    let since = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child::next_ended() {
            Ok(Waited::Ended(..)) => continue,
            Ok(Waited::Alive) => {}
            Ok(Waited::None) | Err(_) => return,
        }
        let is_certain = since.elapsed() > GRACE;
        if since.elapsed() > 2 * GRACE {
            return;
        }
        child::tell_all_to_end(is_certain, &mut asked);
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
