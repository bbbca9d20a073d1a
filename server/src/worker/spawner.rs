//! The thread that starts the processes. They die with it: the kernel sends the signal of
//! PR_SET_PDEATHSIG (prctl(2)) when the thread ends that started them, so it has to be one
//! that lives as long as they may.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// The variable with the key of the servers beside the lab. No worker has it in its
/// environment.
pub const SECRET: &str = "STICKYLAB_SECRET";

/// How long nobody has asked for a process when one is started that waits for the next run.
const QUIET: Duration = Duration::from_millis(200);

/// How long one waits for a run before it is ended.
const IDLE: Duration = Duration::from_mins(1);

/// Starts processes for as long as it is there.
#[derive(Debug)]
pub(super) struct Spawner(Sender<Asked>);

/// Whether the process has a lowered priority, and where it goes.
type Asked = (bool, SyncSender<io::Result<Child>>);

/// The thread's own.
struct Starting {
    program: PathBuf,
    arguments: Vec<OsString>,
    /// One that has started and waits for its first request, and whether it has a lowered
    /// priority. It had no run before, and has one only.
    waiting: Option<(bool, Child)>,
}

impl Spawner {
    /// Starts its thread. The processes have `arguments` in front of `lab-worker`. After the
    /// first one another one is kept waiting for the next run, if `keeps_one`.
    pub(super) fn start(arguments: Vec<OsString>, keeps_one: bool) -> io::Result<Self> {
        let mut starting = Starting {
            program: program()?,
            arguments,
            waiting: None,
        };
        let (asked, asking) = channel::<Asked>();
        let thread = thread::Builder::new().name("lab-spawner".to_owned());
        thread.spawn(move || {
            let mut latest = None;
            loop {
                let patience = match (&starting.waiting, latest) {
                    (Some(_), _) => Some(IDLE),
                    (None, Some(_)) if keeps_one => Some(QUIET),
                    _ => None,
                };
                let next = match patience {
                    Some(patience) => asking.recv_timeout(patience),
                    None => asking.recv().map_err(|_| RecvTimeoutError::Disconnected),
                };
                match next {
                    Ok((is_background, answer)) => {
                        // Whoever asked waits for the answer.
                        let _ = answer.send(starting.give(is_background));
                        latest = Some(is_background);
                    }
                    Err(RecvTimeoutError::Timeout) => starting.rest(latest.take()),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self(asked))
    }

    /// A process that waits for its first request.
    /// Its priority is lowered where `is_background`.
    pub(super) fn spawn(&self, is_background: bool) -> io::Result<Child> {
        let (answer, answered) = sync_channel(1);
        let gone = || io::Error::other("the thread that starts processes has ended");
        self.0.send((is_background, answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Starting {
    /// The process that waits, if it is there and as it is wanted; else a new one.
    fn give(&mut self, is_background: bool) -> io::Result<Child> {
        if let Some((is_so, mut child)) = self.waiting.take() {
            if is_so == is_background && is_there(&mut child) {
                return Ok(child);
            }
            end(child);
        }
        self.spawn(is_background)
    }

    /// Nobody has asked for a while. After a run it starts one for the next; where none came
    /// it ends the one that waits.
    fn rest(&mut self, latest: Option<bool>) {
        if let Some((_, child)) = self.waiting.take() {
            end(child);
            return;
        }
        let Some(is_background) = latest else {
            return;
        };
        match self.spawn(is_background) {
            Ok(child) => self.waiting = Some((is_background, child)),
            // The next run tries again, and says so.
            Err(error) => tracing::debug!(%error, "lab-worker"),
        }
    }

    fn spawn(&self, is_background: bool) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg("lab-worker");
        command.args(is_background.then_some("--background"));
        spawn(&mut command)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some((_, child)) = self.waiting.take() {
            end(child);
        }
    }
}

fn is_there(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(None))
}

/// Ends a process that had no run.
fn end(mut child: Child) {
    // It may have ended.
    let _ = child.kill();
    let _ = child.wait();
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    command
        .env_remove(SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-C is for whoever started the run, who ends it then.
        command.process_group(0);
    }
    command.spawn()
}

/// This program's file. On Linux the one that runs, even if another has taken its place.
fn program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
}
