//! A server that goes on from schedule to schedule, each on connections of its own.

use chop::{Baseline, Masks, Observation, Schedule};

use super::as_is::{AsIs, comparable};
use super::patience::Patience;
use super::run::{RunError, Setting};
use super::running::{Running, Talked};
use super::unjudged::Unjudged;

/// Runs after which it is started again, so that what is recorded of it stays small: so many,
/// so many events, so many bytes.
const MOST_RUNS: u32 = 1_000;
const MOST_EVENTS: usize = 50_000;
const MOST_BYTES: usize = 16 << 20;

/// A server that is started when it is needed, and goes on until it breaks.
pub(super) struct Kept<'a> {
    setting: &'a Setting,
    running: Option<Running<'a>>,
    runs: u32,
    bytes: usize,
}

impl<'a> Kept<'a> {
    /// It is not started yet.
    pub(super) const fn new(setting: &'a Setting) -> Self {
        Self {
            setting,
            running: None,
            runs: 0,
            bytes: 0,
        }
    }

    /// What it does as is, from one run to the next.
    ///
    /// # Errors
    ///
    /// If it cannot be run, or does something else when it is talked to again.
    pub(super) fn learn(mut self, patience: Patience, masks: Masks) -> Result<Baseline, Unjudged> {
        /// Runs that it is learned from, behind the first.
        const MORE: usize = 3;
        let mut run = || -> Result<Observation, Unjudged> {
            let talked = self.run(&Schedule::default(), patience.longer())?;
            Ok(talked.ok_or(Unjudged::NotKept)?.observation)
        };
        let mut as_is = AsIs::new(run()?, |run| run, masks);
        let mut runs = 0;
        while runs < MORE && !as_is.add(run()?) {
            runs += 1;
        }
        let (_, mut baseline, _) = as_is.end().ok_or(Unjudged::NotKept)?;
        for _ in 1..MORE {
            let (again, _) = comparable(|again| baseline.is_moot(again), &mut run)?;
            if !baseline.learn(&again) {
                return Err(Unjudged::NotKept);
            }
        }
        self.end()?;
        if baseline.is_loose() {
            return Err(Unjudged::NotKept);
        }
        Ok(baseline)
    }

    /// What it does under a schedule; none if it did not come to the end of that: then it is
    /// ended, and the next one finds it as it is when it has just been started.
    ///
    /// # Errors
    ///
    /// If it could not be started, or nobody could talk to it.
    pub(super) fn run(
        &mut self,
        schedule: &Schedule,
        patience: Patience,
    ) -> Result<Option<Talked>, RunError> {
        let mut running = if let Some(running) = self.running.take() {
            running
        } else {
            let as_is = Schedule::default();
            let mut running = Running::start(self.setting, &as_is, patience, true)?;
            if !running.listen()? {
                return Ok(None);
            }
            (self.runs, self.bytes) = (0, 0);
            running
        };
        let Some(talked) = running.talk(schedule, patience)? else {
            return Ok(None);
        };
        self.runs += 1;
        self.bytes += moved(&talked.observation);
        self.running = Some(running);
        let is_much =
            self.runs >= MOST_RUNS || self.bytes > MOST_BYTES || talked.recorded > MOST_EVENTS;
        if is_much {
            self.end()?;
        }
        Ok(Some(talked))
    }

    /// Ends it: whatever it listened on is free again.
    pub(super) fn end(&mut self) -> Result<(), RunError> {
        match self.running.take() {
            Some(running) => running.end(),
            None => Ok(()),
        }
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        // Whoever gave up on it says why; it is gone all the same.
        let _ = self.end();
    }
}

/// Bytes that were moved on its connections.
fn moved(observation: &Observation) -> usize {
    let connections = observation.connections.iter();
    connections
        .map(|one| one.received.len() + one.sent.len())
        .sum()
}
