//! What is shown while schedules are tried.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stickylab::chop::{Progress, telling};
use stickylab::terminal::{self, Screen};
use trace::text::Sentence;

use super::super::output;

/// The line of progress on standard error, if that is a terminal, and the line of what the
/// program does as is.
pub(super) struct Shown {
    is_json: bool,
    is_terminal: bool,
    screen: Screen,
    last: Mutex<Option<Instant>>,
    begun: Instant,
}

/// How often the line changes at most.
const INTERVAL: Duration = Duration::from_millis(100);
/// Columns of the bar.
const BAR: usize = 30;

impl Shown {
    pub(super) fn new(is_json: bool, screen: Screen) -> Self {
        Self {
            is_json,
            is_terminal: io::stderr().is_terminal(),
            screen,
            last: Mutex::new(None),
            begun: Instant::now(),
        }
    }

    pub(super) fn tell(&self, progress: &Progress<'_>) {
        match progress {
            Progress::AsIs(ran, baseline) if !self.is_json => {
                let said = telling::baseline(ran, baseline.masked());
                // Whoever closed standard output hears of it at the end.
                let _ = output::print_styled(&terminal::chop_baseline(&said, self.screen));
            }
            Progress::AsIs(..) | Progress::Family(_) => {}
            Progress::Tried { tried, of, family } => {
                let filled = BAR * tried / (*of).max(1);
                let bar = "█".repeat(filled.min(BAR)) + &"·".repeat(BAR - filled.min(BAR));
                let rate = telling::rate(*tried, self.begun.elapsed());
                let family = self.screen.say(&telling::family(*family));
                let of = Sentence::new("chop.of")
                    .with("tried", *tried)
                    .with("of", *of);
                let of = self.screen.say(&of);
                self.draw(&format!("{bar}  {of} · {rate} /s · {family}"));
            }
            Progress::Shrinking(left) => {
                let sentence = Sentence::new("chop.shrinking").with("n", *left);
                self.draw(&self.screen.say(&sentence));
            }
        }
    }

    fn draw(&self, line: &str) {
        if !self.is_terminal {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        *last = Some(Instant::now());
        let line: String = line.chars().take(self.screen.columns() - 1).collect();
        // A terminal that is gone shows nothing.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }

    /// Says on which connections nothing is framed as was said.
    pub(super) fn unfitting(&self, connections: &[u32]) {
        if !self.is_json {
            let _ = output::print_styled(&terminal::chop_unfitting(connections, self.screen));
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_terminal && last.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
