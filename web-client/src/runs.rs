//! The runs of a visit: what each was, what was observed, and what was guessed
//! of it.

use trace::knob::Knob;
use trace::link::Ending;
use trace::{Analysis, Experiment, Trace};

/// Most runs that are kept.
const MOST: usize = 32;
/// Most events that all runs which are kept may have together.
const EVENTS: usize = 200_000;

/// How far the run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Nothing has been run yet with this lesson.
    Idle,
    /// Asked for, but the gateway has not begun (or is not there yet).
    Starting,
    /// Going on.
    Running,
    /// Over.
    Done(Ending),
    /// The connection to the gateway was lost during the run; the events so far are kept.
    Interrupted,
    /// The gateway refused it; its reason, in English.
    Failed(String),
}

/// A trace file that was opened. It stays what the page is about until a
/// lesson is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file's name.
    pub name: String,
    /// What it ran: what its knobs go back to.
    pub experiment: Experiment,
    /// Its experiment was run anew since: what is on the stage is not the file.
    pub rerun: bool,
    /// Whether it is a run of the lesson that is open.
    pub is_of_lesson: bool,
    /// No file was opened: it is the Lab, and the name that of the lesson or file that its
    /// experiment began with.
    pub is_lab: bool,
}

/// What belongs to a run beside what was observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Counts the runs of the visit, from 1.
    pub number: u32,
    /// What was guessed of it, before it began.
    pub guess: Option<u64>,
    /// Whether it was stepped or played to its end.
    pub is_seen: bool,
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its number, and what was guessed of it.
    pub about: About,
    /// Index of the lesson it belongs to.
    pub lesson: usize,
    /// The file that it was opened from or is a run of.
    pub opened: Option<Opened>,
    /// What was observed.
    pub trace: Trace,
    /// What follows from it.
    pub analysis: Analysis,
    /// How it ended.
    pub status: Status,
    /// Where the cursor was.
    pub step: usize,
}

/// Runs that are not on the stage, by their numbers. The oldest go when there
/// are too many.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    kept: Vec<Run>,
    last: u32,
}

impl Runs {
    /// The number of the run that begins now.
    pub const fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    /// All that are kept, by their numbers.
    pub fn all(&self) -> &[Run] {
        &self.kept
    }

    /// The run with this number.
    pub fn get(&self, number: u32) -> Option<&Run> {
        self.kept.iter().find(|run| run.about.number == number)
    }

    /// Takes out the run with this number.
    pub fn take(&mut self, number: u32) -> Option<Run> {
        let mut kept = self.kept.iter();
        let index = kept.position(|run| run.about.number == number)?;
        Some(self.kept.remove(index))
    }

    /// Keeps a run, and lets go of the oldest that there is no room for.
    pub fn keep(&mut self, run: Run) {
        let behind = |other: &Run| other.about.number < run.about.number;
        self.kept.insert(self.kept.partition_point(behind), run);
        let events = |run: &Run| run.trace.events().len();
        while self.kept.len() > 1
            && (self.kept.len() > MOST || self.kept.iter().map(events).sum::<usize>() > EVENTS)
        {
            self.kept.remove(0);
        }
    }
}

/// A knob that stands differently in two experiments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Which.
    pub knob: Knob,
    /// Its value in the first.
    pub was: String,
    /// Its value in the second.
    pub is: String,
}

/// The knobs that stand differently, in the order of their table.
pub fn turned(before: &Experiment, now: &Experiment) -> Vec<Turned> {
    let knobs = Knob::ALL.into_iter().map(|knob| Turned {
        knob,
        was: knob.get(before),
        is: knob.get(now),
    });
    knobs.filter(|turned| turned.was != turned.is).collect()
}

/// The knobs that stand differently in the plans of two records; none where one
/// of them has no plan.
pub fn turned_between(before: &Trace, now: &Trace) -> Vec<Turned> {
    match (&before.plan, &now.plan) {
        (Some(before), Some(now)) => turned(before, now),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn run(number: u32) -> Run {
        let trace = sample::five_sends();
        Run {
            about: About {
                number,
                ..About::default()
            },
            lesson: 0,
            opened: None,
            analysis: Analysis::new(&trace),
            trace,
            status: Status::Interrupted,
            step: 0,
        }
    }

    fn numbers(runs: &Runs) -> Vec<u32> {
        runs.all().iter().map(|run| run.about.number).collect()
    }

    #[test]
    fn runs_stand_by_their_numbers_whenever_they_are_kept() {
        let mut runs = Runs::default();
        assert_eq!([runs.next(), runs.next()], [1, 2]);
        for number in [3, 1, 2] {
            runs.keep(run(number));
        }
        assert_eq!(numbers(&runs), [1, 2, 3]);
        assert_eq!(runs.take(2), Some(run(2)));
        assert_eq!((runs.take(2), runs.get(2)), (None, None));
        assert_eq!(runs.get(3), Some(&run(3)));
        assert_eq!(numbers(&runs), [1, 3]);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut runs = Runs::default();
        for number in 1..=40 {
            runs.keep(run(number));
        }
        assert_eq!(numbers(&runs), (9..=40).collect::<Vec<_>>());
    }

    #[test]
    fn the_knobs_that_differ() {
        let before = sample::five_sends();
        let mut now = before.clone();
        assert_eq!(turned_between(&before, &now), []);
        now.plan.as_mut().unwrap().read_delay_ms = 7;
        let delay = Turned {
            knob: Knob::ReadDelay,
            was: Knob::ReadDelay.get(before.plan.as_ref().unwrap()),
            is: "7".to_owned(),
        };
        assert_eq!(turned_between(&before, &now), [delay]);
        now.plan = None;
        assert_eq!(turned_between(&before, &now), []);
    }
}
