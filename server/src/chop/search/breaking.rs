//! Whether a schedule breaks the program, again and again, and with how few changes.

use std::sync::atomic::Ordering;
use std::time::Instant;

use chop::{Difference, Schedule, fewest};

use super::super::as_is::comparable;
use super::super::judgement::Progress;
use super::super::patience::Patience;
use super::super::run::{Ran, RunError};
use super::super::running::run;
use super::{Broken, SHRINKING, Search, lock};

/// How often a schedule is tried of which it cannot be said whether it breaks the program.
const MOST_TRIES: usize = 3;
/// Most runs in which the fewest changes are looked for.
const MOST_SHRINKING: usize = 200;
/// Runs as is after which a program whose output comes in another order is one that decides it.
const MOST_ORDERS: usize = 8;

/// What came of trying a schedule.
enum Tried {
    /// The program did what it does as is.
    Same,
    Broke(Box<Broken>),
    /// It differed, and it cannot be said that it does so for the schedule; so many runs as is
    /// could not be compared.
    Unsteady(usize),
}

impl Search<'_> {
    /// Whether a schedule breaks the program: it does twice, while the program as is does
    /// what it does; once is enough where a part of it is known to. Where that cannot be said, as
    /// when a run as is ends otherwise for once, it is tried again, [`MOST_TRIES`] times in all.
    pub(super) fn breaks(&self, schedule: &Schedule) -> Result<Option<Broken>, RunError> {
        let mut strange = 0;
        for number in 0..MOST_TRIES {
            match self.breaks_now(schedule)? {
                Tried::Broke(broken) => return Ok(Some(*broken)),
                Tried::Same if number == 0 => return Ok(None),
                Tried::Same => break,
                Tried::Unsteady(runs) => strange += runs,
            }
        }
        self.unsteady.fetch_add(1, Ordering::SeqCst);
        self.strange.fetch_add(strange, Ordering::SeqCst);
        Ok(None)
    }

    fn breaks_now(&self, schedule: &Schedule) -> Result<Tried, RunError> {
        let ran = run(&self.task.setting, schedule, self.task.patience)?;
        if ran.is_full {
            self.full.fetch_add(1, Ordering::SeqCst);
            return Ok(Tried::Same);
        }
        if ran.changes > 0 {
            self.changed.fetch_add(1, Ordering::SeqCst);
        }
        let differences = lock(&self.baseline).compare(&ran.observation);
        if differences.is_empty() {
            return Ok(Tried::Same);
        }
        if ran.changes > 0 && self.known(schedule).is_some() {
            return Ok(Tried::Broke(Box::new((ran, differences))));
        }
        let patience = self.task.patience.longer();
        let mut strange = 0;
        for _ in 0..2 {
            let is_moot = |ran: &Ran| lock(&self.baseline).is_moot(&ran.observation);
            let as_is = || run(&self.task.setting, &Schedule::default(), patience);
            let (as_is, moot) = comparable(is_moot, as_is)?;
            self.moot.fetch_add(moot, Ordering::SeqCst);
            let mut baseline = lock(&self.baseline);
            let run = &as_is.observation;
            if as_is.is_full || baseline.is_strange(run) || !baseline.learn(run) {
                strange += 1;
            }
        }
        if strange > 0 || ran.changes == 0 {
            return Ok(Tried::Unsteady(strange));
        }
        let again = run(&self.task.setting, schedule, patience)?;
        let differences = lock(&self.baseline).compare(&again.observation);
        let first = lock(&self.baseline).compare(&ran.observation);
        let is_same = again.changes > 0 && !again.is_full;
        if differences.is_empty() || first.is_empty() || !is_same {
            return Ok(Tried::Unsteady(0));
        }
        if differences.iter().all(Difference::is_order) && self.is_order_chance(&again)? {
            return Ok(Tried::Unsteady(0));
        }
        Ok(Tried::Broke(Box::new((again, differences))))
    }

    /// Whether the order of what is printed, which alone is another one in a run, varies as is,
    /// too: the program is run as is until it does, some times at most.
    fn is_order_chance(&self, ran: &Ran) -> Result<bool, RunError> {
        for _ in 0..MOST_ORDERS {
            let patience = self.task.patience.longer();
            let as_is = run(&self.task.setting, &Schedule::default(), patience)?;
            let mut baseline = lock(&self.baseline);
            let is_comparable = !as_is.is_full
                && !baseline.is_strange(&as_is.observation)
                && !baseline.is_moot(&as_is.observation);
            if is_comparable
                && baseline.learn(&as_is.observation)
                && baseline.compare(&ran.observation).is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The fewest changes of a schedule that break the program, their number and how; none if
    /// no fewer do. Whether they were looked for to the end: what is left of the time for that is
    /// shared with what is found later.
    pub(super) fn with_fewest(
        &mut self,
        schedule: &Schedule,
        differences: &[Difference],
    ) -> (Option<(Schedule, usize, Broken)>, bool) {
        let whole = SHRINKING.max(self.task.budget / 2);
        let until = Instant::now() + whole.saturating_sub(self.looking) * 2 / 3;
        let patience = self.task.patience.until(until);
        let hasty = differences.contains(&Difference::Hangs);
        let ways = [hasty.then(|| patience.hasty()), Some(patience)];
        for patience in ways.into_iter().flatten() {
            let begun = Instant::now();
            let (fewer, is_whole) = self.shrink(schedule, patience);
            self.looking += begun.elapsed();
            let Some((fewer, changes)) = fewer else {
                return (None, is_whole);
            };
            // What broke it only once, or in haste, is not taken for what breaks it.
            if let Ok(Some(broken)) = self.breaks(&fewer) {
                return (Some((fewer, changes, broken)), is_whole);
            }
        }
        (None, false)
    }

    /// The fewest changes of a schedule under which a run differed, and their number; none if
    /// it is the schedule itself. Whether they were looked for to the end: as long as there is
    /// patience, and within [`MOST_SHRINKING`] runs.
    fn shrink(&self, schedule: &Schedule, patience: Patience) -> (Option<(Schedule, usize)>, bool) {
        let mut smallest = None;
        let mut is_whole = true;
        let mut atoms = schedule.atoms(&self.streams, &self.waits);
        let breaks = |fewer: &Schedule| {
            // One that could not be run is not known to break it.
            let ran = run(&self.task.setting, fewer, patience);
            ran.is_ok_and(|ran| {
                let differences = lock(&self.baseline).compare(&ran.observation);
                ran.changes > 0 && !ran.is_full && !differences.is_empty()
            })
        };
        // What is said of each call may be about a single one.
        if let [one] = &atoms[..] {
            let is_less = one != schedule && breaks(one);
            return (is_less.then(|| (one.clone(), 1)), is_whole);
        }
        loop {
            let mut last = None;
            let mut runs = 0;
            fewest(&atoms, MOST_SHRINKING, |some| {
                runs += 1;
                if patience.until.is_some_and(|until| Instant::now() > until) {
                    is_whole = false;
                    return false;
                }
                (self.task.progress)(&Progress::Shrinking(some.len()));
                let fewer = Schedule::together(some);
                let is_broken = breaks(&fewer);
                if is_broken {
                    last = Some((fewer, some.len()));
                }
                is_broken
            });
            is_whole &= runs < MOST_SHRINKING;
            let Some((fewer, count)) = last else {
                return (smallest, is_whole);
            };
            atoms = fewer.atoms(&self.streams, &self.waits);
            smallest = Some((fewer, atoms.len().max(1)));
            // Of a very long list neighbours are first looked at together.
            if atoms.len() == count {
                return (smallest, is_whole);
            }
        }
    }
}
