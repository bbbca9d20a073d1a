//! The lines that a process writes, read on a thread of their own: bounded in length and in
//! what waits, and for no longer than a run may take.

use std::io::Read as _;
use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::exit::Killed;
use crate::net::{Backlog, Held};

/// Longest line: a call with all bytes that a run may have, two characters each.
const MOST_LINE: usize = 17 * 1024 * 1024;
/// How long a process may take from its start to its end: longer than any run.
const MOST_TIME: Duration = Duration::from_secs(30);
/// How often what else is to be done is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Memory that a line takes beside its bytes.
const EACH: usize = 128;

/// A line that waits to be read.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) json: String,
    _waits: Option<Waits>,
}

/// What waits of one run, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    own: Arc<AtomicUsize>,
    backlog: Option<Arc<Backlog>>,
}

/// A line among those that wait, until this is dropped.
#[derive(Debug)]
struct Waits {
    own: Arc<AtomicUsize>,
    size: usize,
    _held: Held,
}

/// Too much waits.
struct Full;

impl Waiting {
    pub(super) fn new(backlog: Option<Arc<Backlog>>) -> Self {
        Self {
            own: Arc::default(),
            backlog,
        }
    }

    /// Counts a line of so many bytes, if what waits is bounded.
    fn count(&self, length: usize) -> Result<Option<Waits>, Full> {
        let Some(backlog) = &self.backlog else {
            return Ok(None);
        };
        let size = length + EACH;
        if backlog.is_full(self.own.load(Ordering::Relaxed), size) {
            return Err(Full);
        }
        self.own.fetch_add(size, Ordering::Relaxed);
        Ok(Some(Waits {
            own: Arc::clone(&self.own),
            size,
            _held: backlog.hold(size),
        }))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.own.fetch_sub(self.size, Ordering::Relaxed);
    }
}

/// Passes each line on to `say` until there are no more, or nobody listens; why the process
/// has to be killed, if it has to. `look` is called from time to time.
pub(super) fn pass_on(
    mut out: ChildStdout,
    waiting: &Waiting,
    say: impl Fn(Text) -> bool,
    mut look: impl FnMut(),
) -> Option<Killed> {
    let started = Instant::now();
    let mut looked = started;
    let mut buffer = vec![0; 64 * 1024];
    let mut begun: Vec<u8> = Vec::new();
    loop {
        while !is_readable(&out, TICK) {
            looked = Instant::now();
            look();
            if started.elapsed() >= MOST_TIME {
                return Some(Killed::Silent);
            }
        }
        // It may have something to say all the time.
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            look();
        }
        let length = match out.read(&mut buffer) {
            Ok(0) => return None,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return None,
        };
        let mut rest = &buffer[..length];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            begun.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let Ok(waits) = waiting.count(begun.len()) else {
                return Some(Killed::Unread);
            };
            let json = String::from_utf8_lossy(&begun).into_owned();
            begun.clear();
            let text = Text {
                json,
                _waits: waits,
            };
            if !say(text) {
                // Nobody listens any more; the process is being killed.
                return None;
            }
        }
        begun.extend_from_slice(rest);
        if begun.len() > MOST_LINE {
            return Some(Killed::LongLine);
        }
        if started.elapsed() >= MOST_TIME {
            return Some(Killed::Silent);
        }
    }
}

/// Whether there is something to read, or the end, within `time`.
#[cfg(unix)]
fn is_readable(out: &ChildStdout, time: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let time = Timespec::try_from(time).ok();
    let mut polled = [PollFd::new(out, PollFlags::IN)];
    // An error is one of reading, too.
    !matches!(
        poll(&mut polled, time.as_ref()),
        Ok(0) | Err(rustix::io::Errno::INTR)
    )
}

#[cfg(not(unix))]
fn is_readable(_: &ChildStdout, _: Duration) -> bool {
    true
}
