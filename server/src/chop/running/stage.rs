//! The stages of a run: what is waited for in each, and when that has been long enough.

use std::time::{Duration, Instant};

use chop::Outcome;

use super::super::partner::Talking;
use super::super::run::RunError;
use super::Running;

/// Until when a program that a peer talks to has to listen.
const LISTENING: Duration = Duration::from_secs(20);
/// How long a program is left alone that has nothing to do any more, but connections open.
const SETTLED: Duration = Duration::from_millis(40);
/// When a program that was told to end is told so more plainly, and killed.
const ENDING: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(6)];
/// How long a program is waited for that was killed.
const GONE: Duration = Duration::from_secs(30);
/// How long a program that nobody talks to any more may go on with what it does.
const WINDING_DOWN: Duration = Duration::from_secs(5);

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// How far a run has come.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// Nobody talks to it yet.
    Starting,
    /// Somebody does.
    Talking,
    /// Nobody does any more, since then.
    Settling(Instant),
    /// It was told to end, since then; how plainly.
    Ending(Instant, usize),
    /// It was killed, then.
    Killed(Instant),
    /// Nobody talks to it, and it goes on.
    Idle,
}

impl Running<'_> {
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// Ends it if it hangs or spins, or does more than is recorded.
    pub(super) fn watch(&mut self) {
        let most = self.patience;
        let is_killed = matches!(self.stage, Stage::Killed(_));
        if !is_killed && most.until.is_some_and(|until| Instant::now() > until) {
            self.is_late = true;
            self.kill();
            return;
        }
        let activity = self.program.activity();
        let is_talking = matches!(self.stage, Stage::Talking);
        if !is_talking && !matches!(self.stage, Stage::Settling(_)) {
            return;
        }
        self.stops = self.stops.max(activity.idle_stops);
        if is_talking {
            self.quiet = self.quiet.max(activity.quiet);
            let are_asleep = || self.program.is_asleep() && self.talking.is_asleep();
            self.sleep.look(Instant::now(), activity.quiet, are_asleep);
        }
        let has_changed = self.program.changes() > self.before.changes;
        let hasty = most.hasty.filter(|_| has_changed);
        // One that spins as is once nobody talks to it is told to end.
        let spins = activity.idle_stops > most.stops && (is_talking || self.is_changed);
        let whole = most.whole * if self.is_changed { 10 } else { 1 };
        let is_idle = activity.idle > most.whole;
        let is_long = is_idle || self.begun.elapsed() > whole;
        let hangs = self.sleep.lasts() > hasty.unwrap_or(most.asleep);
        if spins {
            self.outcome = Outcome::Spun;
        } else if is_talking && (hangs || is_long) {
            // One that still works after such a long time, and moves nothing, does not wait.
            let works = is_idle && self.sleep.lasts().is_zero() && !self.program.is_asleep();
            self.outcome = if works { Outcome::Spun } else { Outcome::Hung };
        } else if !self.program.is_full() {
            return;
        }
        self.kill();
    }

    /// Does what is due next.
    pub(super) fn go_on(&mut self) -> Result<(), RunError> {
        let activity = self.program.activity();
        // Whoever has just done something may do more.
        let has_moved = activity.stops != self.seen;
        self.seen = activity.stops;
        match self.stage {
            Stage::Starting => {
                let first = self.program.listening().first().cloned();
                let first = first.filter(|_| !has_moved && self.program.is_asleep());
                if self.is_kept && first.is_some() {
                    self.stage = Stage::Idle;
                } else if let Some(address) = first {
                    self.talking = Talking::start(self.partner, &address)?;
                    self.stage = Stage::Talking;
                } else if self.begun.elapsed() > LISTENING.min(self.patience.whole) {
                    self.outcome = Outcome::Hung;
                    self.kill();
                }
            }
            Stage::Talking if !has_moved && self.talking.is_over() => {
                self.stage = Stage::Settling(Instant::now());
            }
            Stage::Settling(since) => {
                let is_settled = !has_moved
                    && self.program.is_asleep()
                    && !self.program.has_unread()
                    && (!self.program.has_open() || activity.quiet > SETTLED);
                let most = if has_moved {
                    self.patience.quiet.max(WINDING_DOWN)
                } else {
                    self.patience.quiet
                };
                let is_due = is_settled || since.elapsed() > most;
                if is_due && self.is_kept && !has_moved {
                    self.stage = Stage::Idle;
                } else if is_due {
                    self.outputs.drain();
                    let now = Instant::now();
                    self.ended = Some((now, self.outputs.errors.len()));
                    self.deaths = Some(self.program.deaths().to_vec());
                    self.program.signal(SIGINT);
                    self.stage = Stage::Ending(now, 0);
                }
            }
            Stage::Ending(since, told) if since.elapsed() > ENDING[told] => {
                if told == 0 {
                    self.program.signal(SIGTERM);
                    self.stage = Stage::Ending(since, 1);
                } else {
                    self.was_killed = true;
                    self.kill();
                }
            }
            Stage::Talking | Stage::Ending(..) | Stage::Idle => {}
            Stage::Killed(since) => {
                // A thread may have been made meanwhile, or stopped.
                self.program.kill();
                if since.elapsed() > GONE {
                    return Err(RunError::Stays(GONE));
                }
            }
        }
        Ok(())
    }

    pub(super) fn kill(&mut self) {
        let now = Instant::now();
        self.ended.get_or_insert((now, self.outputs.errors.len()));
        self.program.kill();
        self.stage = Stage::Killed(now);
    }
}
