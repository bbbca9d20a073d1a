//! What a program prints, line by line, while it prints it.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::PATIENCE;

/// The lines of one output, collected by a thread of their own.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
    paused: bool,
}

impl Lines {
    pub(crate) fn of(output: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        thread::spawn(move || writer.collect(output));
        lines
    }

    fn collect(&self, output: impl Read) {
        let mut output = BufReader::new(output);
        loop {
            let mut state = self.state();
            while state.paused {
                let waited = self.shared.1.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            let mut line = Vec::new();
            let more = matches!(output.read_until(b'\n', &mut line), Ok(1..));
            let mut state = self.state();
            if more {
                let line = String::from_utf8_lossy(&line);
                state
                    .lines
                    .push(line.trim_end_matches(['\n', '\r']).to_owned());
            } else {
                state.ended = true;
            }
            self.shared.1.notify_all();
            if state.ended {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.0.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads no further, but for the line that is awaited already and what is
    /// in a small buffer, until [`Lines::resume`] or [`Lines::to_end`].
    pub fn pause(&self) {
        self.state().paused = true;
    }

    /// Reads on.
    pub fn resume(&self) {
        self.state().paused = false;
        self.shared.1.notify_all();
    }

    /// The lines so far.
    pub fn all(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// How many lines there are so far.
    pub fn count(&self) -> usize {
        self.state().lines.len()
    }

    /// The lines from the one with number `start` (from 0) on.
    pub fn since(&self, start: usize) -> Vec<String> {
        let state = self.state();
        state.lines.get(start..).unwrap_or_default().to_vec()
    }

    /// The first line, now or later, that `wanted` accepts. Panics with all
    /// there are if the output ends or [`PATIENCE`] does.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_since(0, what, wanted)
    }

    /// The same among the lines from the one with number `start` (from 0) on.
    pub fn wait_since(&self, start: usize, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        let mut seen = start;
        loop {
            let lines = state.lines.get(seen..).unwrap_or_default();
            let found = lines.iter().find(|line| wanted(line));
            if let Some(line) = found {
                return line.clone();
            }
            seen = state.lines.len();
            state = self.more(state, deadline, what);
        }
    }

    /// All lines, once the output has ended.
    pub fn to_end(&self) -> Vec<String> {
        self.resume();
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !state.ended {
            state = self.more(state, deadline, "the end of the output");
        }
        state.lines.clone()
    }

    fn more<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
        what: &str,
    ) -> MutexGuard<'a, State> {
        let lines = || state.lines.join("\n");
        assert!(!state.ended, "{what}: not in the output:\n{}", lines());
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "{what}: not in time:\n{}", lines());
        let waited = self.shared.1.wait_timeout(state, left);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
