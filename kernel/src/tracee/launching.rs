//! A program under trace that begins later, and those with standard streams of their own
//! beside it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use super::{FORWARDED, IGNORED, StartError, Stop, Thread, Tracer, poll, words};
use crate::sys::{self, processes, signals};
use crate::syscall::{self, Scope};

/// What came of waiting for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A thread has stopped, or ended.
    Stopped(Thread, Stop),
    /// Nothing has happened.
    Nothing,
    /// There is no thread any more.
    Nobody,
}

impl Tracer {
    /// As [`start`](Self::start), but the program waits until it is told to
    /// [begin](Self::begin).
    pub fn hold(command: &[OsString]) -> Result<Self, StartError> {
        let words = words(command)?;
        let mut filter = syscall::program(Scope::Connections).ok_or(StartError::Unsupported)?;
        let child = processes::start(&words, &mut filter).map_err(StartError::Failed)?;
        Self::attach(child, |process| {
            signals::forward(process, &FORWARDED, &IGNORED)
        })
    }

    /// Lets the program begin that is [held](Self::hold). Others have begun.
    ///
    /// # Errors
    /// It is gone.
    pub fn begin(&mut self) -> io::Result<()> {
        match self.go.take() {
            Some(go) => std::fs::File::from(go).write_all(&[1]),
            None => Ok(()),
        }
    }

    /// As [`start`](Self::start), with these as standard input, output and error and in a
    /// session of its own; it stops at the calls of `scope`. This process may have other threads,
    /// each with programs that it traces. Signals to this process are not sent on.
    pub fn launch(
        command: &[OsString],
        streams: &[OwnedFd; 3],
        scope: Scope,
    ) -> Result<Self, StartError> {
        let words = words(command)?;
        let mut filter = syscall::program(scope).ok_or(StartError::Unsupported)?;
        let [input, output, error] = streams;
        let streams = [input.as_fd(), output.as_fd(), error.as_fd()];
        let child = sys::launch(&words, &mut filter, streams).map_err(StartError::Failed)?;
        let mut this = Self::attach(child, |_| Ok(()))?;
        this.begin().map_err(StartError::Failed)?;
        Ok(this)
    }

    /// As [`launch`](Self::launch), for the one that traces another program already
    /// ([`start`](Self::start)), and follows this one beside it. Gives its process.
    pub fn launch_beside(
        command: &[OsString],
        streams: &[OwnedFd; 3],
    ) -> Result<Thread, StartError> {
        let launched = Self::launch(command, streams, Scope::Connections)?;
        Ok(launched.process)
    }

    /// As [`wait`](Self::wait), for so long at most.
    pub fn wait_for(&mut self, most: Duration) -> io::Result<Waited> {
        /// How long it sleeps at first before it asks again, and at most.
        const NAPS: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(1)];
        let begun = Instant::now();
        let [mut nap, longest] = NAPS;
        loop {
            let change = match poll() {
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => {
                    return Ok(Waited::Nobody);
                }
                polled => polled?.1,
            };
            if let Some((thread, status)) = change {
                let (thread, stop) = self.told(thread, status);
                return Ok(Waited::Stopped(thread, stop));
            }
            if begun.elapsed() >= most {
                return Ok(Waited::Nothing);
            }
            std::thread::sleep(nap.min(most));
            nap = (nap * 2).min(longest);
        }
    }

    /// Sends a signal to the session of a program that was [launched](Self::launch).
    pub fn signal(&self, signal: i32) {
        // It may be gone, and so may be its session.
        let _ = processes::kill(-self.process.0, signal);
    }

    /// Asks a thread's process to end (SIGTERM).
    pub fn ask_to_end(&self, thread: Thread) {
        let _ = processes::kill(thread.0, libc::SIGTERM);
    }

    /// Kills a thread's process.
    pub fn kill(&self, thread: Thread) {
        let _ = processes::kill(thread.0, libc::SIGKILL);
    }
}
