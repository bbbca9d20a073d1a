//! A command of the user's that talks to the program: it is not under trace.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

use kernel::descriptor::Address;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A command that runs. It is killed with what it made when this is dropped.
#[derive(Debug)]
pub(super) struct Peer {
    process: Pid,
    /// Says once that it has ended.
    ended: Receiver<()>,
    is_over: bool,
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
        shell.stdout(Stdio::null()).stderr(Stdio::null());
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
                        wait(child.id());
                        let _ = tell.send(());
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
            is_over: false,
            reap: Some(reap),
        })
    }

    /// Whether it has ended.
    pub(super) fn is_over(&mut self) -> bool {
        self.is_over |= self.ended.try_recv() != Err(TryRecvError::Empty);
        self.is_over
    }

    /// Whether all its processes sleep.
    pub(super) fn is_asleep(&self) -> bool {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return true;
        };
        let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let numbers = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        let mut states = numbers.filter_map(|number| {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
            // Behind the name: the state, the parent, the group (proc(5)).
            let mut fields = stat.rsplit_once(") ")?.1.split(' ');
            let state = fields.next()?.to_owned();
            let group: i32 = fields.nth(1)?.parse().ok()?;
            (group == self.process.as_raw_nonzero().get()).then_some(state)
        });
        states.all(|state| state != "R" && state != "D")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Whatever it left in its group has nobody to talk to any more.
        let _ = kill_process_group(self.process, Signal::KILL);
        self.reap.take();
    }
}

/// Waits until a process has ended, and leaves it there.
fn wait(number: u32) {
    let Some(process) = i32::try_from(number).ok().and_then(Pid::from_raw) else {
        return;
    };
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(process), how).is_err_and(|error| error == Errno::INTR) {}
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

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
