//! A program that runs, from its start to its end, and whoever talks to it.

mod stage;

use std::mem;
use std::time::{Duration, Instant};

use chop::{Connected, Exit, Observation, Outcome, Plan, Schedule, Waiting, Waits};
use kernel::syscall::Scope;
use protocol::Nanos;
use record::{Capture, Record};

use super::observing;
use super::outputs::Outputs;
use super::partner::{Partner, Talking};
use super::patience::Patience;
use super::run::{LIMITS, Ran, RunError, Setting};
use super::sleep::Sleep;
use crate::lab;
use crate::tracer::{Chopping, Life, Notice, Numbering};
use stage::Stage;

/// How long a peer is waited for that is about to end.
const LEAVING: Duration = Duration::from_secs(2);

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

/// How long it is waited for at a time.
const TURN: Duration = Duration::from_millis(1);

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
    /// How long it and who talks to it sleep.
    sleep: Sleep,
    /// Whether it took longer than it could.
    is_late: bool,
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
        let scope = scope(&plan, is_kept);
        let streams = (&streams, scope);
        let chopping = Chopping::start(&setting.command, streams, (head, begun), LIMITS, plan);
        Ok(Self {
            program: chopping.map_err(RunError::Start)?,
            talking: Talking::Nobody,
            outputs,
            partner: &setting.partner,
            patience,
            is_kept,
            before: Before::default(),
            is_changed: !schedule.is_empty(),
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
            sleep: Sleep::new(begun),
            is_late: false,
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
            self.talking.drain();
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
        self.is_changed = !schedule.is_empty();
        self.patience = patience;
        self.begun = Instant::now();
        self.sleep = Sleep::new(self.begun);
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
                waits: Waits::default(),
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

    /// What came of it; it is gone.
    pub(super) fn finish(mut self) -> Result<Ran, RunError> {
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
        let is_full = self.program.is_full() || self.is_late;
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
            waits: chopped.waits,
            outcome: self.outcome,
        };
        // A peer that left without a word may end a moment after the program.
        let streams = observation.streams();
        let is_silent = streams.iter().all(|stream| stream.bytes.is_empty());
        let is_asked = is_silent && self.outcome == Outcome::Finished && !self.is_changed;
        let patience = if is_asked { LEAVING } else { Duration::ZERO };
        Ok(Ran {
            // Memory of one that was killed is not there to be looked at.
            is_full: is_full || is_unseen && self.outcome == Outcome::Finished && !self.was_killed,
            observation,
            record: chopped.record,
            notices: chopped.notices,
            took,
            quiet: self.quiet,
            slept: self.sleep.longest(),
            stops: self.stops,
            changes: chopped.changes - self.before.changes,
            listening,
            peer: self.talking.left(patience),
        })
    }
}

/// At which calls a program stops. One that goes on is under one schedule after the other, none of
/// which is about calls that wait for several descriptors.
fn scope(plan: &Plan, is_kept: bool) -> Scope {
    let mut several = Waiting::ALL.into_iter().filter(|call| call.is_of_several());
    if !is_kept && several.any(|call| plan.asks(call)) {
        Scope::Waits
    } else {
        Scope::Signals
    }
}

/// The number of the latest connection; 0 without one.
fn last_connection(record: &Record) -> u32 {
    let numbers = record.connections.iter().map(|one| one.connection.0);
    numbers.max().unwrap_or(0)
}
