//! A program that runs, from its start to its end, and whoever talks to it.

use std::mem;
use std::time::{Duration, Instant};

use chop::{Connected, Exit, Observation, Outcome, Plan, Schedule};
use protocol::Nanos;
use record::{Capture, Record};

use super::observing;
use super::outputs::Outputs;
use super::partner::{Partner, Talking};
use super::patience::Patience;
use super::run::{LIMITS, Ran, RunError, Setting};
use crate::lab;
use crate::tracer::{Chopping, Life, Notice, Numbering};

/// What a program did that goes on.
#[derive(Debug)]
pub(super) struct Talked {
    /// What is compared.
    pub(super) observation: Observation,
    /// How many calls the schedule changed.
    pub(super) changes: u64,
    /// Connections that it makes once, before anybody talks to it.
    pub(super) first: u32,
    /// Events that are recorded of it so far.
    pub(super) recorded: usize,
}

/// Until when a program that a peer talks to has to listen.
const LISTENING: Duration = Duration::from_secs(20);
/// How long a program is left alone that has nothing to do any more, but connections open.
const SETTLED: Duration = Duration::from_millis(40);
/// When a program that was told to end is told so more plainly, and killed.
const ENDING: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(6)];
/// How long it is waited for at a time.
const TURN: Duration = Duration::from_millis(1);

/// How long a program is waited for that was killed.
const GONE: Duration = Duration::from_secs(30);
/// How long a program that nobody talks to any more may go on with what it does.
const WINDING_DOWN: Duration = Duration::from_secs(5);

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

#[derive(Clone, Copy)]
enum Stage {
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

/// What was there of a program that goes on when a run of it began.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    numbering: Numbering,
    events: usize,
    deaths: usize,
    changes: u64,
}

impl Before {
    /// The connections that were made since.
    fn connections(&self, record: &Record, ended: Option<Nanos>) -> Vec<Connected> {
        let number = |connection| self.numbering.number(connection);
        observing::connections(record, number, self.events, ended)
    }

    /// Signals by which processes have ended since, ascending.
    fn deaths(&self, all: &[i32]) -> Vec<i32> {
        let mut since = all.get(self.deaths..).unwrap_or_default().to_vec();
        since.sort_unstable();
        since
    }
}

/// A run that goes on.
pub(super) struct Running<'a> {
    // Before those who talk to it, so that it is gone when these are waited for.
    program: Chopping,
    talking: Talking,
    outputs: Outputs,
    partner: &'a Partner,
    patience: Patience,
    /// Whether it goes on when nobody talks to it any more, to be talked to again.
    is_kept: bool,
    before: Before,
    /// Whether a schedule changes its calls.
    is_changed: bool,
    /// 0 in the record's times.
    started: Instant,
    begun: Instant,
    stage: Stage,
    outcome: Outcome,
    was_killed: bool,
    /// When it was told to end, and what it had written to standard error by then.
    ended: Option<(Instant, usize)>,
    deaths: Option<Vec<i32>>,
    /// The longest time without a stop, and the most stops without a byte.
    quiet: Duration,
    stops: u64,
    /// Stops when it was looked last.
    seen: u64,
}

/// Runs a program under a schedule.
///
/// # Errors
///
/// If it could not be started, or nobody could talk to it although nothing was changed.
pub fn run(setting: &Setting, schedule: &Schedule, patience: Patience) -> Result<Ran, RunError> {
    let mut running = Running::start(setting, schedule, patience, false)?;
    running.turn_until(|_| false)?;
    running.finish()
}

impl<'a> Running<'a> {
    /// Starts a program under a schedule. One that is `kept` goes on when nobody talks to it
    /// any more.
    pub(super) fn start(
        setting: &'a Setting,
        schedule: &Schedule,
        patience: Patience,
        is_kept: bool,
    ) -> Result<Self, RunError> {
        let (outputs, streams) = Outputs::open(&setting.input)?;
        let begun = Instant::now();
        let head = lab::head(begun, Capture::Unknown);
        let plan = Plan::new(schedule.clone());
        let chopping = Chopping::start(&setting.command, &streams, (head, begun), LIMITS, plan);
        Ok(Self {
            program: chopping.map_err(RunError::Start)?,
            talking: Talking::Nobody,
            outputs,
            partner: &setting.partner,
            patience,
            is_kept,
            before: Before::default(),
            is_changed: !schedule.rules.is_empty(),
            started: begun,
            begun,
            stage: match setting.partner {
                Partner::Inside => Stage::Talking,
                _ => Stage::Starting,
            },
            outcome: Outcome::Finished,
            was_killed: false,
            ended: None,
            deaths: None,
            quiet: Duration::ZERO,
            stops: 0,
            seen: 0,
        })
    }

    /// Lets it run until `is_enough`, or until it is gone: whether it is.
    fn turn_until(&mut self, is_enough: impl Fn(&Self) -> bool) -> Result<bool, RunError> {
        loop {
            let life = self.program.turn(TURN).map_err(RunError::Start)?;
            self.outputs.drain();
            if life == Life::Over {
                return Ok(true);
            }
            self.watch();
            self.go_on()?;
            if is_enough(self) {
                return Ok(false);
            }
        }
    }

    /// Waits until a program that is kept listens and sleeps. False if it is gone.
    pub(super) fn listen(&mut self) -> Result<bool, RunError> {
        let is_over = self.turn_until(Self::is_idle)?;
        self.before.numbering.first = last_connection(self.program.record());
        Ok(!is_over)
    }

    /// Runs the partner against a program that is kept, under a schedule. What the program did;
    /// none if it is gone.
    pub(super) fn talk(
        &mut self,
        schedule: &Schedule,
        patience: Patience,
    ) -> Result<Option<Talked>, RunError> {
        let record = self.program.record();
        let numbering = Numbering {
            before: last_connection(record),
            ..self.before.numbering
        };
        self.before = Before {
            numbering,
            events: record.events().len(),
            deaths: self.program.deaths().len(),
            changes: self.program.changes(),
        };
        self.outputs.drain();
        self.outputs.output.clear();
        self.outputs.errors.clear();
        self.program.begin(Plan::new(schedule.clone()), numbering);
        self.is_changed = !schedule.rules.is_empty();
        self.patience = patience;
        self.begun = Instant::now();
        // Those of the run before are gone before the first one of this one comes.
        self.talking = Talking::Nobody;
        if let Some(address) = self.program.listening().first() {
            self.talking = Talking::start(self.partner, address)?;
        }
        self.stage = Stage::Talking;
        if self.turn_until(Self::is_idle)? {
            return Ok(None);
        }
        self.outputs.drain();
        let record = self.program.record();
        Ok(Some(Talked {
            observation: Observation {
                connections: self.before.connections(record, None),
                output: mem::take(&mut self.outputs.output),
                errors: mem::take(&mut self.outputs.errors),
                exit: Exit::Running,
                deaths: self.before.deaths(self.program.deaths()),
                are_writers: self.program.are_writers(),
                outcome: Outcome::Finished,
            },
            changes: self.program.changes() - self.before.changes,
            first: self.before.numbering.first,
            recorded: record.events().len(),
        }))
    }

    /// Kills a program that is kept, and waits until it is gone.
    pub(super) fn end(mut self) -> Result<(), RunError> {
        self.kill();
        self.turn_until(|_| false)?;
        Ok(())
    }

    const fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    /// Ends it if it hangs or spins, or does more than is recorded.
    fn watch(&mut self) {
        let activity = self.program.activity();
        let is_talking = matches!(self.stage, Stage::Talking);
        if !is_talking && !matches!(self.stage, Stage::Settling(_)) {
            return;
        }
        self.stops = self.stops.max(activity.idle_stops);
        if is_talking {
            self.quiet = self.quiet.max(activity.quiet);
        }
        let most = self.patience;
        // One that spins as is once nobody talks to it is told to end.
        let spins = activity.idle_stops > most.stops && (is_talking || self.is_changed);
        let whole = most.whole * if self.is_changed { 10 } else { 1 };
        let is_long = activity.idle > most.whole || self.begun.elapsed() > whole;
        let hangs =
            activity.quiet > most.quiet && self.program.is_asleep() && self.talking.is_asleep();
        if spins {
            self.outcome = Outcome::Spun;
        } else if is_talking && (hangs || is_long) {
            self.outcome = Outcome::Hung;
        } else if !self.program.is_full() {
            return;
        }
        self.kill();
    }

    /// Does what is due next.
    fn go_on(&mut self) -> Result<(), RunError> {
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

    fn kill(&mut self) {
        let now = Instant::now();
        self.ended.get_or_insert((now, self.outputs.errors.len()));
        self.program.kill();
        self.stage = Stage::Killed(now);
    }

    /// What came of it; it is gone.
    pub(super) fn finish(self) -> Result<Ran, RunError> {
        // A program that does not listen because its calls were changed has been broken.
        let never_listened =
            matches!(self.talking, Talking::Nobody) && !matches!(self.partner, Partner::Inside);
        if never_listened && !self.is_changed {
            let errors = String::from_utf8_lossy(&self.outputs.errors);
            let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty());
            return Err(RunError::Silent(last.unwrap_or_default().to_owned()));
        }
        let begun = self.begun;
        let took = self
            .ended
            .map_or_else(|| begun.elapsed(), |(at, _)| at - begun);
        let is_full = self.program.is_full();
        let listening = self.program.listening().to_vec();
        let are_writers = self.program.are_writers();
        let chopped = self.program.finish();
        let ended_at = self.ended.map(|(at, _)| Nanos::from(at - self.started));
        let mut errors = self.outputs.errors;
        if let Some((_, length)) = self.ended {
            errors.truncate(length);
        }
        let is_unseen = chopped.notices.contains_key(&Notice::Unseen);
        let observation = Observation {
            connections: self.before.connections(&chopped.record, ended_at),
            output: self.outputs.output,
            errors,
            exit: observing::exit(chopped.status, self.was_killed),
            // Processes that were told to end with it, or were killed, do not count.
            deaths: match self.outcome {
                Outcome::Finished => self.before.deaths(&self.deaths.unwrap_or(chopped.deaths)),
                _ => Vec::new(),
            },
            are_writers,
            outcome: self.outcome,
        };
        Ok(Ran {
            // Memory of one that was killed is not there to be looked at.
            is_full: is_full || is_unseen && self.outcome == Outcome::Finished && !self.was_killed,
            observation,
            record: chopped.record,
            notices: chopped.notices,
            took,
            quiet: self.quiet,
            stops: self.stops,
            changes: chopped.changes - self.before.changes,
            listening,
        })
    }
}

/// The number of the latest connection; 0 without one.
fn last_connection(record: &Record) -> u32 {
    let numbers = record.connections.iter().map(|one| one.connection.0);
    numbers.max().unwrap_or(0)
}
