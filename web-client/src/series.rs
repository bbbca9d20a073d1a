//! The same experiment again and again, and what came of it: the distribution, and of each
//! bar the trace of a run, as far as there is room. One run goes on at a time.

use std::collections::BTreeMap;

use protocol::Nanos;
use trace::distribution::{Bar, Distribution};
use trace::duel::Opponent;
use trace::lesson::{Misconception, Reference, Shows};
use trace::link::{Ended, Head, Request};
use trace::{Analysis, Event, Experiment, Lesson, Nonces, Script, Trace};

/// How often an experiment is run.
pub const TIMES: u32 = 200;
/// Most events that all traces which are kept may have together.
const EVENTS: usize = 100_000;
/// Most bytes in the calls of all traces which are kept.
const BYTES: usize = 16 * 1024 * 1024;

/// How far a series is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A run goes on, or is to begin.
    GoesOn,
    /// All runs are over.
    Finished,
    /// It was stopped before.
    Stopped,
    /// The gateway refused a run; its reason, in English.
    Failed(String),
}

/// What is run, and what is counted of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is run.
    pub experiment: Experiment,
    /// What a run's record says of that lesson.
    pub reference: Option<Reference>,
    /// In how many runs each number was guessed to come.
    pub forecast: BTreeMap<u64, u32>,
}

/// Many runs of one experiment.
#[derive(Debug)]
pub struct Series {
    asked: Asked,
    claims: Vec<Claim>,
    duel: Option<Opponent>,
    distribution: Distribution,
    outcomes: Vec<Outcome>,
    /// Events and bytes of the traces that are kept.
    kept: (usize, usize),
    progress: Progress,
    /// The number by which the run that was asked for last is known, and its place in the
    /// gateway's queue.
    awaited: Option<u32>,
    place: Option<u32>,
    current: Option<(Trace, Script)>,
    has_lost_its_link: bool,
}

/// What a lesson says to be wrong, and in how many runs it was.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    shows: Shows,
    /// In so many.
    pub runs: u32,
}

/// A run that is over.
#[derive(Debug)]
struct Outcome {
    counts: Vec<u64>,
    is_example: bool,
    trace: Option<Trace>,
}

impl Claim {
    /// What is believed and is wrong.
    pub const fn misconception(&self) -> Misconception {
        self.shows.misconception
    }
}

impl Series {
    /// No run has begun yet. A lesson's question and claims are about its own experiment or
    /// one with other knobs, and not about one of the reader's own.
    pub fn new(asked: Asked, lesson: Option<&Lesson>) -> Self {
        let predict = lesson.and_then(|lesson| lesson.predict.as_ref());
        let duel = lesson.and_then(|lesson| lesson.duel);
        let claims = lesson.map_or(&[][..], |lesson| &lesson.shows);
        let claims = claims.iter().map(|&shows| Claim { shows, runs: 0 });
        Self {
            asked,
            claims: claims.collect(),
            duel,
            distribution: Distribution::new(predict.map(|predict| predict.count)).against(duel),
            outcomes: Vec::new(),
            kept: (0, 0),
            progress: Progress::GoesOn,
            awaited: None,
            place: None,
            current: None,
            has_lost_its_link: false,
        }
    }

    /// What is run, and what was guessed of it.
    pub const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// What the runs that are over came to.
    pub const fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// What the lesson says to be wrong.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// How far it is.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether more runs are to come.
    pub fn goes_on(&self) -> bool {
        self.progress == Progress::GoesOn
    }

    /// Where the next run waits in the gateway's queue, from 1, while it does.
    pub const fn place(&self) -> Option<u32> {
        self.place
    }

    /// The experiment of the next run, which is to be known by this number.
    pub fn next(&mut self, run: u32) -> Experiment {
        self.awaited = Some(run);
        self.place = None;
        self.current = None;
        trace::distribution::nth(&self.asked.experiment, self.distribution.runs())
    }

    /// Whether the run of this number is the one that was asked for and has not begun.
    pub fn awaits(&self, run: u32) -> bool {
        self.awaited == Some(run)
    }

    /// Whether a run was asked for and has not begun.
    pub const fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Whether a run has begun and is not over.
    pub const fn is_running(&self) -> bool {
        self.current.is_some()
    }

    /// The run that was asked for has this place in the gateway's queue.
    pub const fn wait(&mut self, place: u32) {
        self.place = Some(place);
    }

    /// There can be no link where the runs are made: none has one any more.
    pub fn take_link_off(&mut self) {
        self.asked.experiment.link = None;
        self.has_lost_its_link = true;
    }

    /// Whether there could be no link where the runs are made.
    pub const fn has_lost_its_link(&self) -> bool {
        self.has_lost_its_link
    }

    /// The run that was asked for begins.
    pub fn begin(&mut self, head: Head, nonces: Nonces) {
        let experiment = trace::distribution::nth(&self.asked.experiment, self.distribution.runs());
        (self.awaited, self.place) = (None, None);
        let script = Script::new(&experiment, nonces);
        let mut trace = Trace::new(experiment, head);
        trace.lesson.clone_from(&self.asked.reference);
        self.current = Some((trace, script));
    }

    /// The trace of the run that goes on.
    pub fn trace(&mut self) -> Option<&mut Trace> {
        self.current.as_mut().map(|(trace, _)| trace)
    }

    /// Something was observed in the run that goes on.
    pub fn handle_event(&mut self, event: Event) {
        if let Some((trace, script)) = &mut self.current {
            script.handle_event(&event);
            trace.insert(event);
        }
    }

    /// What the clients of the run that goes on do next.
    pub fn poll_command(&mut self) -> Option<Request> {
        self.current.as_mut()?.1.poll_command()
    }

    /// The run that goes on is over: it is counted.
    pub fn end(&mut self, ended: Ended) {
        let Some((mut trace, _)) = self.current.take() else {
            return;
        };
        trace.end(ended.why, ended.missed, ended.dropped);
        let analysis = Analysis::new(&trace);
        let added = self.distribution.add(&trace, &analysis);
        for claim in &mut self.claims {
            let (_, is_shown) = claim.shows.of(&trace, &analysis, self.duel);
            claim.runs += u32::from(is_shown);
        }
        let (events, bytes) = size(&trace);
        self.kept.0 += events;
        self.kept.1 += bytes;
        self.outcomes.push(Outcome {
            counts: added.counts,
            is_example: added.is_example,
            trace: Some(trace),
        });
        self.make_room();
        if self.distribution.runs() >= TIMES {
            self.progress = Progress::Finished;
        }
    }

    /// Lets go of traces while there is no room for all: first of those that are no example
    /// of anything, the latest before the others.
    fn make_room(&mut self) {
        for keeps_examples in [true, false] {
            for outcome in self.outcomes.iter_mut().rev() {
                if self.kept.0 <= EVENTS && self.kept.1 <= BYTES {
                    return;
                }
                if keeps_examples && outcome.is_example {
                    continue;
                }
                if let Some(trace) = outcome.trace.take() {
                    let (events, bytes) = size(&trace);
                    self.kept.0 -= events;
                    self.kept.1 -= bytes;
                }
            }
        }
    }

    /// No run comes any more; the one that goes on does not count.
    pub fn stop(&mut self, progress: Progress) {
        (self.awaited, self.place, self.current) = (None, None, None);
        self.progress = progress;
    }

    /// The connection was lost, and the run that was asked for or goes on with it.
    pub fn lose(&mut self) {
        (self.awaited, self.place, self.current) = (None, None, None);
    }

    /// The trace of this run, from 1, if it is kept.
    pub fn outcome(&self, run: u32) -> Option<&Trace> {
        let index = usize::try_from(run.checked_sub(1)?).ok()?;
        self.outcomes.get(index)?.trace.as_ref()
    }

    /// The first run that is kept of those with a value of this count within the bar.
    pub fn of_count(&self, count: usize, bar: &Bar) -> Option<u32> {
        self.first(|_, outcome| {
            let value = outcome.counts.get(count);
            value.is_some_and(|value| (bar.least..=bar.most).contains(value))
        })
    }

    /// The first run that is kept of those that took a time within the bar.
    pub fn of_time(&self, bar: &Bar) -> Option<u32> {
        let took = |index: usize| self.distribution.took.get(index).copied().flatten();
        self.first(|index, _| {
            took(index).is_some_and(|Nanos(took)| (bar.least..=bar.most).contains(&took))
        })
    }

    fn first(&self, is_wanted: impl Fn(usize, &Outcome) -> bool) -> Option<u32> {
        let mut outcomes = self.outcomes.iter().enumerate();
        let is_wanted = |(index, outcome): &(usize, &Outcome)| {
            outcome.trace.is_some() && is_wanted(*index, outcome)
        };
        let (index, _) = outcomes.find(is_wanted)?;
        u32::try_from(index + 1).ok()
    }

    /// Where the count that was guessed stands among those of the distribution.
    pub fn guessed_count(&self) -> Option<usize> {
        let last = self.distribution.counts.len().checked_sub(1)?;
        (!self.asked.forecast.is_empty()).then_some(last)
    }

    /// In how many runs what was guessed came, each number at most as often as it was
    /// guessed; none before all are over, or without a guess.
    pub fn right(&self) -> Option<u32> {
        let count = self.guessed_count()?;
        let found =
            |(value, runs): (&u64, &u32)| self.distribution.runs_with(count, *value).min(*runs);
        let right = self.asked.forecast.iter().map(found).sum();
        (self.progress == Progress::Finished).then_some(right)
    }
}

/// Events of a trace, and bytes in them.
fn size(trace: &Trace) -> (usize, usize) {
    let bytes = trace.events().iter().map(|event| event.bytes.len()).sum();
    (trace.events().len(), bytes)
}
