//! A command of the user's that talks to the program: it is not under trace.

use std::cell::Cell;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use chop::Exit;
use kernel::descriptor::Address;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Least bytes of what it wrote last that are kept; twice as many at most.
const KEPT: usize = 4_096;
/// Pieces of so many bytes that are read at a time, at most.
const PIECES: usize = 32;
/// How often it is looked which processes of it sleep.
const EACH: Duration = Duration::from_millis(25);

/// A command that runs. It is killed with what it made when this is dropped.
#[derive(Debug)]
pub(super) struct Peer {
    process: Pid,
    /// Says once that it has ended, and how.
    ended: Receiver<Exit>,
    /// How it has ended.
    exit: Option<Exit>,
    errors: PipeReader,
    /// What it wrote last to standard error.
    said: Vec<u8>,
    /// When all processes were looked at last, and whether they slept.
    looked: Cell<Option<(Instant, bool)>>,
    /// While it is there the number of the process is not given to another one.
    reap: Option<Sender<()>>,
}

impl Peer {
    /// Has a shell run a command, to which the environment tells the first address on which
    /// the program listens: `STICKYLAB_ADDRESS`, and of a port `STICKYLAB_PORT`.
    ///
    /// A thread of its own starts it and waits for it: whoever traces waits for all children
    /// of its own thread. The kernel kills the shell if that thread ends, as it does when this
    /// process is killed.
    pub(super) fn start(command: &str, address: Option<&Address>) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        shell.stdin(Stdio::null()).process_group(0);
        let (errors, writer) = io::pipe()?;
        let flags = rustix::fs::fcntl_getfl(&errors)?;
        rustix::fs::fcntl_setfl(&errors, flags | OFlags::NONBLOCK)?;
        shell.stdout(Stdio::null()).stderr(writer);
        match address {
            Some(Address::Internet(address)) => {
                shell.env("STICKYLAB_ADDRESS", address.to_string());
                shell.env("STICKYLAB_PORT", address.port().to_string());
            }
            Some(Address::Unix(path)) => {
                let path = String::from_utf8_lossy(path).into_owned();
                shell.env("STICKYLAB_ADDRESS", path.replace('\0', "@"));
            }
            None => {}
        }
        let (started, begun) = channel();
        let (tell, ended) = channel();
        let (reap, reaping) = channel::<()>();
        kernel::dependent::ends_with_its_thread(&mut shell);
        thread::Builder::new()
            .name("peer".to_owned())
            .spawn(move || {
                match shell.spawn() {
                    Ok(mut child) => {
                        let _ = started.send(Ok(child.id()));
                        // It holds the end of the pipe that is written to.
                        drop(shell);
                        let _ = tell.send(wait(child.id()));
                        // Its group is killed first.
                        let _ = reaping.recv();
                        let _ = child.wait();
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            })?;
        let process = begun.recv().map_err(io::Error::other)??;
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        let process = process.ok_or_else(|| io::Error::other("a process without a number"))?;
        Ok(Self {
            process,
            ended,
            exit: None,
            errors,
            said: Vec::new(),
            looked: Cell::new(None),
            reap: Some(reap),
        })
    }

    /// Whether it has ended.
    pub(super) fn is_over(&mut self) -> bool {
        self.exit(Duration::ZERO).is_some()
    }

    /// How it has ended, if it has within a time.
    fn exit(&mut self, most: Duration) -> Option<Exit> {
        if self.exit.is_none() {
            self.exit = match self.ended.recv_timeout(most) {
                Ok(exit) => Some(exit),
                Err(RecvTimeoutError::Timeout) => None,
                // Nobody waits for it any more.
                Err(RecvTimeoutError::Disconnected) => Some(Exit::Running),
            };
        }
        self.exit
    }

    /// Takes what it has written to standard error, so that it can write more: what a pipe holds
    /// (pipe(7)), as it may write without end.
    pub(super) fn drain(&mut self) {
        let mut buffer = [0; KEPT];
        for _ in 0..PIECES {
            let Ok(count @ 1..) = self.errors.read(&mut buffer) else {
                break;
            };
            self.said.extend_from_slice(&buffer[..count]);
            let old = self.said.len().saturating_sub(KEPT);
            if old > KEPT {
                self.said.drain(..old);
            }
        }
    }

    /// How it has ended, if it has within a time, and the last line of its standard error, which may be empty.
    pub(super) fn left(&mut self, most: Duration) -> Option<(Exit, String)> {
        let exit = self.exit(most)?;
        self.drain();
        let said = String::from_utf8_lossy(&self.said);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        Some((exit, last.unwrap_or_default().to_owned()))
    }

    /// Whether all its processes sleep.
    pub(super) fn is_asleep(&self) -> bool {
        let state = |number: &str| {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
            // Behind the name: the state, the parent, the group (proc(5)).
            let mut fields = stat.rsplit_once(") ")?.1.split(' ');
            let is_asleep = !matches!(fields.next()?, "R" | "D");
            let group: i32 = fields.nth(1)?.parse().ok()?;
            Some((is_asleep, group))
        };
        let group = self.process.as_raw_nonzero().get();
        // It alone is most often all that there is.
        if state(&group.to_string()).is_some_and(|(is_asleep, _)| !is_asleep) {
            return false;
        }
        // Reading all of /proc takes a while: what was seen a moment ago still goes.
        if let Some((at, are_asleep)) = self.looked.get()
            && at.elapsed() < EACH
        {
            return are_asleep;
        }
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return true;
        };
        let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let numbers = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        let mut states = numbers.filter_map(|number| state(&number));
        let are_asleep = states.all(|(is_asleep, its)| is_asleep || its != group);
        self.looked.set(Some((Instant::now(), are_asleep)));
        are_asleep
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Whatever it left in its group has nobody to talk to any more.
        let _ = kill_process_group(self.process, Signal::KILL);
        self.reap.take();
    }
}

/// Waits until a process has ended, and leaves it there. How it has ended, as far as is known.
fn wait(number: u32) -> Exit {
    let Some(process) = i32::try_from(number).ok().and_then(Pid::from_raw) else {
        return Exit::Running;
    };
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        let status = match waitid(WaitId::Pid(process), how) {
            Err(Errno::INTR) => continue,
            Err(_) | Ok(None) => return Exit::Running,
            Ok(Some(status)) => status,
        };
        return match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::Running,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn until(mut is_true: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_true() {
            assert!(begun.elapsed() < LONG);
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn its_end_is_known_and_its_number_is_kept_until_its_group_is_killed() {
        for command in ["exit 0", "exit 3", "kill $$"] {
            let mut peer = Peer::start(command, None).unwrap();
            until(|| peer.is_over());
            let number = peer.process.as_raw_nonzero();
            let stat = format!("/proc/{number}/stat");
            let text = std::fs::read_to_string(&stat).unwrap();
            assert!(text.contains(") Z "), "{text}");
            drop(peer);
            until(|| std::fs::metadata(&stat).is_err());
        }
    }

    #[test]
    fn how_it_ended_and_what_it_said_last_are_known() {
        for (command, exit, said) in [
            ("echo one >&2; echo two >&2; exit 3", Exit::Code(3), "two"),
            ("echo one; true", Exit::Code(0), ""),
            ("kill -KILL $$", Exit::Signal(9), ""),
            // More than a pipe takes.
            (
                "yes error | head -n 40000 >&2; exit 1",
                Exit::Code(1),
                "error",
            ),
            // Somebody else goes on to hold it open.
            ("sleep 1000 & echo gone >&2", Exit::Code(0), "gone"),
        ] {
            let mut peer = Peer::start(command, None).unwrap();
            until(|| {
                peer.drain();
                peer.is_over()
            });
            assert_eq!(peer.left(LONG), Some((exit, said.to_owned())), "{command}");
            assert!(peer.said.len() <= 2 * KEPT);
        }
    }

    #[test]
    fn what_it_left_in_its_group_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("number");
        let command = format!("sleep 1000 & echo $! > '{}'", said.display());
        let mut peer = Peer::start(&command, None).unwrap();
        until(|| peer.is_over());
        let number = std::fs::read_to_string(said).unwrap();
        let stat = format!("/proc/{}/stat", number.trim());
        assert!(std::fs::metadata(&stat).is_ok());
        drop(peer);
        // Whoever has become its parent may not have looked yet.
        until(|| std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z ")));
    }
}
