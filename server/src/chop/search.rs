//! The search for what breaks a program: schedule after schedule, then fewer changes of one that
//! does.

mod breaking;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chop::{Baseline, Difference, Family, Place, Schedule, Sides, Stream, Waits, families, random};
use protocol::Framing;

use super::finding::{self, Finding, ShortCall};
use super::judgement::{Fate, Judgement, Progress, Tried};
use super::kept::Kept;
use super::patience::Patience;
use super::run::{Ran, RunError, Setting};
use super::unjudged::Unjudged;

/// How long the fewest changes are looked for, whatever the budget: of all findings together.
const SHRINKING: Duration = Duration::from_secs(20);
/// Runs as is that cannot be compared, after which nothing can be.
const MOST_STRANGE: usize = 4;
/// Most findings: the rest of the families is tried without being shrunk.
const MOST_FINDINGS: usize = 5;

/// What is searched.
pub(super) struct Task<'a> {
    /// The program, and who talks to it.
    pub(super) setting: Setting,
    pub(super) sides: Sides,
    /// How what is received at a place is framed.
    pub(super) framing: &'a (dyn Fn(Place) -> Framing + Sync),
    pub(super) seed: u64,
    pub(super) budget: Duration,
    /// One schedule alone.
    pub(super) only: Option<Schedule>,
    pub(super) patience: Patience,
    /// Runs at a time.
    pub(super) jobs: usize,
    /// Whether a server goes on from schedule to schedule.
    pub(super) reuses: bool,
    pub(super) progress: &'a (dyn Fn(&Progress<'_>) + Sync),
}

/// The search for what breaks a program.
pub(super) struct Search<'a> {
    task: Task<'a>,
    streams: Vec<Stream>,
    waits: Waits,
    baseline: Mutex<Baseline>,
    /// What a server that goes on does as is; none if none does.
    kept: Option<Baseline>,
    begun: Instant,
    /// How long findings were looked at more closely, and how long of that the fewest changes were
    /// looked for.
    shrinking: Duration,
    looking: Duration,
    tried: AtomicUsize,
    /// Runs under a schedule that changed a call.
    changed: AtomicUsize,
    unsteady: AtomicUsize,
    /// Runs as is that may have differed for the pieces in which they received.
    moot: AtomicUsize,
    /// Runs that did more than is recorded.
    full: AtomicUsize,
    /// Runs as is that cannot be compared with others.
    strange: AtomicUsize,
    findings: Vec<Finding>,
    families: Vec<Tried>,
}

/// A run that broke.
type Broken = (Ran, Vec<Difference>);

impl<'a> Search<'a> {
    /// A search; `baseline` is what the program does as is, where `moot` runs did something else
    /// with other pieces.
    pub(super) fn new(task: Task<'a>, baseline: Baseline, moot: usize) -> Self {
        Self {
            task,
            streams: baseline.streams(),
            waits: baseline.first().waits.clone(),
            baseline: Mutex::new(baseline),
            kept: None,
            begun: Instant::now(),
            shrinking: Duration::ZERO,
            looking: Duration::ZERO,
            tried: AtomicUsize::new(0),
            changed: AtomicUsize::new(0),
            unsteady: AtomicUsize::new(0),
            moot: AtomicUsize::new(moot),
            full: AtomicUsize::new(0),
            strange: AtomicUsize::new(0),
            findings: Vec::new(),
            families: Vec::new(),
        }
    }

    /// Tries all; `as_is` is a run as is. What was found by then is not lost if there cannot be
    /// another run.
    pub(super) fn search(mut self, as_is: Ran) -> Result<Judgement, Unjudged> {
        if self.task.reuses {
            let masks = lock(&self.baseline).masks().clone();
            self.kept = Some(Kept::new(&self.task.setting).learn(self.task.patience, masks)?);
        }
        let tried = self.try_all();
        if self.findings.is_empty() {
            tried?;
            if self.strange.load(Ordering::SeqCst) >= MOST_STRANGE {
                return Err(Unjudged::Unsteady(
                    "make different connections, end otherwise, or do not always come to their end",
                ));
            }
            if self.full.load(Ordering::SeqCst) > 0 {
                return Err(Unjudged::Full("under a schedule"));
            }
            if self.changed.load(Ordering::SeqCst) == 0 {
                return Err(Unjudged::Unchanged(self.tried.into_inner()));
            }
        }
        let took = self.begun.elapsed().saturating_sub(self.shrinking);
        Ok(Judgement {
            baseline: self
                .baseline
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            as_is,
            families: self.families,
            findings: self.findings,
            schedules: self.tried.into_inner(),
            took,
            unsteady: self.unsteady.into_inner(),
            moot: self.moot.into_inner(),
        })
    }

    fn try_all(&mut self) -> Result<(), RunError> {
        let task = &self.task;
        let known = match &task.only {
            Some(schedule) => vec![(Family::of(schedule), vec![schedule.clone()])],
            None => families(&self.streams, &self.waits, task.framing, task.sides),
        };
        let of: usize = known.iter().map(|(_, schedules)| schedules.len()).sum();
        for (family, schedules) in known {
            self.family(family, &schedules, of)?;
        }
        if self.task.only.is_none() {
            self.random(of)?;
        }
        Ok(())
    }

    fn is_time_left(&self) -> bool {
        self.strange.load(Ordering::SeqCst) < MOST_STRANGE
            && self.begun.elapsed() < self.task.budget + self.shrinking
    }

    /// Tries schedules of a family, until one breaks the program.
    fn family(
        &mut self,
        family: Family,
        schedules: &[Schedule],
        of: usize,
    ) -> Result<(), RunError> {
        let before = self.tried.load(Ordering::Relaxed);
        let changed = self.changed.load(Ordering::SeqCst);
        let broken = self.first_broken(schedules, family, of)?;
        let tried = self.tried.load(Ordering::Relaxed) - before;
        let fate = match broken {
            Some((index, broken)) => self.add(family, &schedules[index], broken),
            None if self.changed.load(Ordering::SeqCst) == changed => Fate::NotTried,
            None => Fate::Survived,
        };
        self.end(Tried {
            family,
            tried,
            of: schedules.len(),
            fate,
        });
        Ok(())
    }

    fn end(&mut self, tried: Tried) {
        (self.task.progress)(&Progress::Family(&tried));
        self.families.push(tried);
    }

    /// Random schedules for the rest of the budget, unless something was found before. Where its
    /// peer does not live with short sends, none has any.
    fn random(&mut self, of: usize) -> Result<(), RunError> {
        const AT_ONCE: u64 = 16;
        let (mut number, mut tried) = (0, 0);
        let mut fate = Fate::NotTried;
        let changed = self.changed.load(Ordering::SeqCst);
        let has_peer = self.findings.iter().any(Finding::is_of_peer);
        let sides = Sides {
            send: self.task.sides.send && !has_peer,
            ..self.task.sides
        };
        let before = self.findings.len();
        let is_found = self.findings.iter().any(|one| !one.is_of_peer());
        while !is_found && self.findings.len() == before && self.is_time_left() {
            let task = &self.task;
            let made = (number..number + AT_ONCE)
                .filter_map(|number| random(&self.streams, sides, task.seed, number));
            let schedules: Vec<_> = made.collect();
            if schedules.is_empty() {
                break;
            }
            number += AT_ONCE;
            let before = self.tried.load(Ordering::Relaxed);
            let broken = self.first_broken(&schedules, Family::Random, of)?;
            tried += self.tried.load(Ordering::Relaxed) - before;
            if self.changed.load(Ordering::SeqCst) > changed {
                fate = Fate::Survived;
            }
            if let Some((index, broken)) = broken {
                fate = self.add(Family::Random, &schedules[index], broken);
            }
        }
        self.end(Tried {
            family: Family::Random,
            tried,
            of: tried,
            fate,
        });
        Ok(())
    }

    /// Tries schedules, several at a time if they may be. The first one that breaks it: which,
    /// and the run.
    fn first_broken(
        &self,
        schedules: &[Schedule],
        family: Family,
        of: usize,
    ) -> Result<Option<(usize, Broken)>, RunError> {
        let next = AtomicUsize::new(0);
        let found: Mutex<Option<(usize, Broken)>> = Mutex::new(None);
        let failed: Mutex<Option<RunError>> = Mutex::new(None);
        let is_over = || lock(&found).is_some() || lock(&failed).is_some() || !self.is_time_left();
        let work = || {
            let mut kept = Kept::new(&self.task.setting);
            while !is_over() {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(schedule) = schedules.get(index) else {
                    break;
                };
                match self.tries(schedule, &mut kept) {
                    Ok(Some(broken)) => {
                        let mut found = lock(&found);
                        if found.as_ref().is_none_or(|(other, _)| index < *other) {
                            *found = Some((index, broken));
                        }
                    }
                    Ok(None) => {}
                    Err(error) => *lock(&failed) = Some(error),
                }
                let tried = self.tried.fetch_add(1, Ordering::SeqCst) + 1;
                let of = of.max(tried);
                (self.task.progress)(&Progress::Tried { tried, of, family });
            }
            if let Err(error) = kept.end() {
                lock(&failed).get_or_insert(error);
            }
        };
        if self.task.jobs > 1 {
            std::thread::scope(|scope| {
                for _ in 0..self.task.jobs.min(schedules.len()) {
                    scope.spawn(work);
                }
            });
        } else {
            work();
        }
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Whether a schedule breaks the program, which goes on if it may. What breaks one that
    /// goes on has to break one that has just been started.
    fn tries(&self, schedule: &Schedule, kept: &mut Kept<'_>) -> Result<Option<Broken>, RunError> {
        let Some(baseline) = &self.kept else {
            return self.breaks(schedule);
        };
        // Calls that wait are counted from the start of a program on.
        if !schedule.failures.is_empty() {
            kept.end()?;
            return self.breaks(schedule);
        }
        let talked = kept.run(schedule, self.task.patience)?;
        let is_same = talked.as_ref().map(|talked| {
            let differences = baseline.compare(&talked.observation);
            differences.is_empty()
        });
        if let Some(talked) = talked
            && is_same == Some(true)
        {
            let is_changed = talked.changes > 0;
            self.changed
                .fetch_add(usize::from(is_changed), Ordering::SeqCst);
            // One that changes nothing may be about connections that are made once.
            if is_changed || talked.first == 0 {
                return Ok(None);
            }
        }
        kept.end()?;
        let before = self.unsteady.load(Ordering::SeqCst);
        let broken = self.breaks(schedule)?;
        // It may be counted already.
        let is_counted = self.unsteady.load(Ordering::SeqCst) > before;
        if is_same != Some(true) && broken.is_none() && !is_counted {
            self.unsteady.fetch_add(1, Ordering::SeqCst);
        }
        Ok(broken)
    }

    /// What is known to break the program and is a part of this schedule.
    fn known(&self, schedule: &Schedule) -> Option<usize> {
        self.findings.iter().position(|finding| {
            !finding.is_of_peer() && schedule.has(&finding.schedule, &self.streams, &self.waits)
        })
    }

    /// Adds what broke the program, or its peer, with the fewest changes that do. Of one that is
    /// the same as an earlier one that is the finding.
    fn add(&mut self, family: Family, schedule: &Schedule, broken: Broken) -> Fate {
        if let Some(index) = self.known(schedule) {
            return Fate::Broke(index);
        }
        let begun = Instant::now();
        let atoms = schedule.atoms(&self.streams, &self.waits);
        let mut smallest = (schedule.clone(), atoms.len().max(1), broken);
        let mut is_fewest = false;
        if self.findings.len() < MOST_FINDINGS && self.task.only.is_none() {
            let (fewer, is_whole) = self.with_fewest(schedule, &smallest.2.1);
            is_fewest = is_whole;
            smallest = fewer.unwrap_or(smallest);
        }
        self.shrinking += begun.elapsed();
        let (schedule, changes, (ran, differences)) = smallest;
        let schedule = schedule.brief(&self.streams);
        let call = ShortCall::of(&schedule, &ran.record, (&self.streams, self.task.framing));
        let is_same = |known: &Finding| {
            let is_same_call = call.is_some() && known.call == call;
            known.schedule == schedule || is_same_call && known.differences == differences
        };
        let known = self.findings.iter().position(is_same);
        let index = known.unwrap_or(self.findings.len());
        if known.is_none() {
            let whose = {
                let baseline = lock(&self.baseline);
                let partner = &self.task.setting.partner;
                finding::whose(&schedule, &differences, &baseline, (&ran, partner))
            };
            self.findings.push(Finding {
                family,
                schedule,
                changes,
                is_fewest,
                differences,
                broken: ran,
                call,
                whose,
            });
        }
        if self.findings[index].is_of_peer() {
            Fate::PeerBroke(index)
        } else {
            Fate::Broke(index)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
