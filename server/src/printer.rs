//! Standard output and standard error of a server: lines wait in a bounded
//! queue, and a thread of its own writes them. Printing never blocks: lines for
//! which there is no room are dropped and counted, and one line says how many
//! once there is room again.

#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait to be written.
pub const CAPACITY: usize = 4 << 20;
/// Bytes of one connection's lines that may wait before it is read no further.
const SHARE: usize = 256 * 1024;
/// Bytes given to one write(2), but for a line that is longer.
const PIECE: usize = 64 * 1024;
/// A reader that has read nothing for this long is not waited for.
const STUCK: Duration = Duration::from_secs(1);
/// Pause where the descriptor does not block and takes nothing.
const AGAIN: Duration = Duration::from_millis(10);

/// The line that says how many were dropped, without its line ending.
pub type Notice = fn(dropped: u64) -> String;

/// An output that many threads print to. Clones print to the same.
#[derive(Clone, Debug)]
pub struct Printer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    capacity: usize,
    notice: Notice,
    state: Mutex<State>,
    /// Bytes are waiting.
    filled: Condvar,
    /// Nothing is waiting any more.
    emptied: Condvar,
    /// Some bytes were written.
    written: Notify,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    /// Bytes queued and written since the start; between them lie those that
    /// wait and those that are being written.
    queued: u64,
    written: u64,
    /// Lines dropped since the last notice, and in all.
    untold: u64,
    dropped: u64,
    /// The last write failed: a notice would be lost with the next one.
    is_broken: bool,
    /// When bytes were written last, or began to wait.
    progress: Instant,
}

impl Printer {
    /// Standard output.
    pub fn stdout(notice: Notice) -> io::Result<Self> {
        Self::new("stdout", io::stdout(), CAPACITY, notice)
    }

    /// Standard error.
    pub fn stderr(notice: Notice) -> io::Result<Self> {
        Self::new("stderr", io::stderr(), CAPACITY, notice)
    }

    fn new(
        name: &str,
        out: impl Write + Send + 'static,
        capacity: usize,
        notice: Notice,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            capacity,
            notice,
            state: Mutex::new(State {
                waiting: Vec::new(),
                queued: 0,
                written: 0,
                untold: 0,
                dropped: 0,
                is_broken: false,
                progress: Instant::now(),
            }),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            written: Notify::new(),
        });
        let writer = Arc::clone(&shared);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || writer.write_to(out))?;
        Ok(Self(shared))
    }

    /// Prints `line`, which has no line ending, or drops it.
    pub fn print(&self, line: &str) {
        self.0.queue(&[line.as_bytes(), b"\n"]);
    }

    /// Whether a line of at least `length` bytes finds no room now. It counts as
    /// dropped then, and need not be formatted.
    pub fn refuses(&self, length: usize) -> bool {
        let mut state = self.0.state();
        let refuses = state.waits().saturating_add(length) > self.0.capacity;
        if refuses {
            state.untold += 1;
            state.dropped += 1;
        }
        refuses
    }

    /// For one connection's lines.
    pub fn share(&self) -> Share {
        Share {
            printer: self.clone(),
            own: 0,
            end: 0,
        }
    }

    /// Waits until all is written, for at most `patience`.
    pub fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.0.state();
        while state.queued > state.written {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.emptied.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Prints a text of whole lines and waits for room, unless nobody reads what was printed
    /// before.
    pub fn print_all(&self, text: &str) {
        for line in text.lines() {
            let waits = self.0.state().waits();
            let has_room = waits.saturating_add(line.len()) < self.0.capacity;
            if !has_room && !self.drain() {
                return;
            }
            self.print(line);
        }
    }

    /// Waits until all is written, as long as somebody reads. Tells whether it was.
    pub fn drain(&self) -> bool {
        let mut state = self.0.state();
        while state.queued > state.written {
            let left = STUCK.saturating_sub(state.progress.elapsed());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.emptied.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// How many lines were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.0.state().dropped
    }
}

/// One connection's lines. It waits for the reader of its own lines, so that a
/// reader that is slower than a sender loses nothing; other connections do not
/// wait.
#[derive(Debug)]
pub struct Share {
    printer: Printer,
    /// Bytes queued since all of its own were written last.
    own: usize,
    /// Behind its last line.
    end: u64,
}

impl Share {
    /// As [`Printer::refuses`].
    pub fn refuses(&self, length: usize) -> bool {
        self.printer.refuses(length)
    }

    /// As [`Printer::print`].
    pub fn print(&mut self, line: &str) {
        if let Some(end) = self.printer.0.queue(&[line.as_bytes(), b"\n"]) {
            self.own += line.len();
            self.end = end;
        }
    }

    /// Waits until its own lines are written, if many are queued and the output
    /// is being read.
    pub async fn room(&mut self) {
        if self.own < SHARE {
            return;
        }
        let shared = &self.printer.0;
        loop {
            let progress = shared.written.notified();
            let (done, stuck) = {
                let state = shared.state();
                let done = state.written >= self.end;
                (done, state.progress.elapsed() >= STUCK)
            };
            if done {
                self.own = 0;
            }
            if done || stuck {
                return;
            }
            // After a timeout the next round finds the reader stuck.
            let _ = tokio::time::timeout(STUCK, progress).await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a line; gives the position behind it, none if it was dropped.
    fn queue(&self, parts: &[&[u8]]) -> Option<u64> {
        let mut state = self.state();
        // In its place: in front of the first line for which there is room.
        let notice = match state.untold {
            untold if untold > 0 && !state.is_broken => (self.notice)(untold) + "\n",
            _ => String::new(),
        };
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let waits = state.waits();
        if waits.saturating_add(notice.len() + length) > self.capacity {
            state.untold += 1;
            state.dropped += 1;
            return None;
        }
        if !notice.is_empty() {
            state.untold = 0;
        }
        if waits == 0 {
            state.progress = Instant::now();
        }
        state.push(notice.as_bytes());
        for part in parts {
            state.push(part);
        }
        self.filled.notify_one();
        Some(state.queued)
    }

    /// Writes whatever is queued, for ever.
    fn write_to(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut state = self.state();
            while state.waiting.is_empty() {
                let waited = self.filled.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut batch, &mut state.waiting);
            drop(state);
            let mut rest = &batch[..];
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(whole_lines(rest));
                let is_written = write(&mut out, piece).is_ok();
                self.wrote(piece, is_written);
                rest = behind;
            }
            batch.clear();
            batch.shrink_to(PIECE);
        }
    }

    /// `piece` is written, or lost.
    fn wrote(&self, piece: &[u8], is_written: bool) {
        let mut state = self.state();
        state.written += piece.len() as u64;
        state.progress = Instant::now();
        state.is_broken = !is_written;
        if !is_written {
            // Such as a pipe that nobody reads any more, or a full disk.
            let lines = piece.split_inclusive(|byte| *byte == b'\n').count() as u64;
            state.untold += lines;
            state.dropped += lines;
        } else if state.untold > 0 && state.waiting.is_empty() {
            let notice = (self.notice)(std::mem::take(&mut state.untold)) + "\n";
            state.push(notice.as_bytes());
        }
        if state.queued == state.written {
            self.emptied.notify_all();
        }
        drop(state);
        self.written.notify_waiters();
    }
}

impl State {
    /// Bytes that were not written yet.
    fn waits(&self) -> usize {
        usize::try_from(self.queued - self.written).unwrap_or(usize::MAX)
    }

    fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        self.queued += bytes.len() as u64;
    }
}

/// How much of `bytes` to write at once: whole lines, so that none is cut in
/// two where standard output and standard error are the same.
fn whole_lines(bytes: &[u8]) -> usize {
    let Some(first) = bytes.get(..PIECE) else {
        return bytes.len();
    };
    let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n');
    match end(first) {
        Some(at) => at + 1,
        None => bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1),
    }
}

fn write(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        let step = if bytes.is_empty() {
            out.flush().map(|()| None)
        } else {
            out.write(bytes).map(Some)
        };
        match step {
            Ok(None) => return Ok(()),
            Ok(Some(0)) => return Err(ErrorKind::WriteZero.into()),
            Ok(Some(count)) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(error) => return Err(error),
        }
    }
}

/// For log lines: each event is written at once, with its line ending.
impl<'a> MakeWriter<'a> for Printer {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event(&self.0)
    }
}

/// Takes one log line.
#[derive(Debug)]
pub struct Event<'a>(&'a Shared);

impl Write for Event<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.queue(&[line]);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
