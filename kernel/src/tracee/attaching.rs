//! Attaching to a process that runs, and detaching from it.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use super::polling::Polling;
use super::{FOLLOWING, StartError, Stop, Thread, Tracer, stop};
use crate::sys::processes::{self, Request};
use crate::sys::signals;
use crate::syscall::{self, Scope};

impl Tracer {
    /// Attaches to a process that runs and to all its threads, which it returns. They have
    /// stopped then, but for those that the kernel does not stop within a moment, such as
    /// one that waits for a disk. From there on they stop at every system call, as the filter can be installed by the process alone.
    ///
    /// From now on SIGINT, SIGTERM and SIGHUP end a [`wait`](Self::wait) with the error
    /// [`Interrupted`](io::ErrorKind::Interrupted). If this process is killed, the kernel
    /// detaches from the process, which goes on.
    pub fn attach_to(process: Thread) -> Result<(Self, Vec<Thread>), StartError> {
        if syscall::program(Scope::Connections).is_none() {
            return Err(StartError::Unsupported);
        }
        signals::notice(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP])
            .map_err(StartError::Failed)?;
        let mut threads = Vec::new();
        loop {
            let known = threads.len();
            for thread in threads_of(process).map_err(StartError::Failed)? {
                if threads.contains(&thread) {
                    continue;
                }
                match processes::request(Request::Seize, thread.0, FOLLOWING) {
                    Ok(()) => threads.push(thread),
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                    // One that a thread under trace made meanwhile is traced already.
                    Err(_) if !threads.is_empty() => {}
                    Err(error) => return Err(StartError::NotPermitted(error)),
                }
            }
            // Those that were made meanwhile.
            if threads.len() == known {
                break;
            }
        }
        for thread in &threads {
            // Each stops at its next call from then on. One that is gone says so.
            let _ = processes::request(Request::Interrupt, thread.0, 0);
        }
        await_stops(&threads);
        let this = Self {
            process,
            go: None,
            failure: None,
            stops_everywhere: true,
            polling: Polling::default(),
        };
        Ok((this, threads))
    }

    /// Whether it attached to a process that ran before.
    pub fn has_attached(&self) -> bool {
        self.stops_everywhere
    }

    /// Detaches from threads, which go on as if nobody had traced them. `stopped` are
    /// those of them that are stopped and were not resumed. Calls that return meanwhile, or
    /// have returned and were not waited for, are `returned`: of which thread, and what.
    pub fn detach(
        &self,
        threads: &[Thread],
        stopped: &[Thread],
        mut returned: impl FnMut(Thread, i64),
    ) {
        signals::notice_no_more();
        let detach = |thread: i32, signal: i32| {
            let signal = signal.unsigned_abs() as usize;
            // One that was killed is gone.
            let _ = processes::request(Request::Detach, thread, signal);
        };
        let mut running: HashSet<i32> = HashSet::new();
        for thread in threads {
            if stopped.contains(thread) {
                detach(thread.0, 0);
            } else if processes::request(Request::Interrupt, thread.0, 0).is_ok() {
                running.insert(thread.0);
            }
        }
        let begun = Instant::now();
        while !running.is_empty() {
            let (thread, status) = match processes::wait() {
                Ok(change) => change,
                Err(error) if is_hasty(&error, begun) => {
                    signals::notice_no_more();
                    continue;
                }
                Err(_) => break,
            };
            running.remove(&thread);
            match stop(thread, status) {
                Stop::Ended(_) => {}
                Stop::Signal(signal) => detach(thread, signal),
                Stop::Returned(result) => {
                    returned(Thread(thread), result);
                    detach(thread, 0);
                }
                Stop::Made(child) => {
                    detach(thread, 0);
                    // It stops as well, to be detached from then.
                    running.insert(child.0);
                }
                _ => detach(thread, 0),
            }
        }
    }
}

/// Whether a wait has ended because somebody asks again to detach, who has not waited for a
/// second yet. Later on it means that a thread does not stop and is not to be waited for.
fn is_hasty(error: &io::Error, begun: Instant) -> bool {
    error.kind() == io::ErrorKind::Interrupted && begun.elapsed() < Duration::from_secs(1)
}

/// Waits until these threads have stopped: what is looked at of their process then stays
/// until they go on.
fn await_stops(threads: &[Thread]) {
    const PATIENCE: Duration = Duration::from_millis(200);
    let begun = Instant::now();
    for thread in threads {
        while let Ok(false) = processes::has_changed(thread.0) {
            if begun.elapsed() >= PATIENCE {
                return;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// The threads of a process (proc(5)).
fn threads_of(process: Thread) -> io::Result<Vec<Thread>> {
    let entries = std::fs::read_dir(format!("/proc/{process}/task"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names
        .filter_map(|name| Some(Thread(name.parse().ok()?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_was_attached_to_has_stopped() {
        let busy = ["-c", "while :; do :; done"];
        let mut program = Command::new("sh")
            .args(busy)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let process = Thread(program.id().cast_signed());
        let (_tracer, threads) = Tracer::attach_to(process).unwrap();
        assert_eq!(threads, [process]);
        // Behind the name in parentheses stands the state (proc(5)).
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        program.kill().unwrap();
        program.wait().unwrap();
        assert_eq!(state, Some('t'), "{stat}");
    }
}
