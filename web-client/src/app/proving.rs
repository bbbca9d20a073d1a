//! "Prove it": the run on the stage again with one knob turned, to compare the
//! two; and all other runs of the visit.

use trace::Experiment;
use trace::counterfactual::{Counterfactual, counterfactual_at};
use trace::knob::Knob;

use super::derived::Derived;
use super::{Aim, Effect, State, Status, Tab};
use crate::comparison::{Outcome, Tally};
use crate::runs::{About, Run, turned, turned_between};

impl State {
    /// The knob that would take away what happened at the event in focus. Where
    /// nothing did, and nothing is selected, the first of the run that a knob
    /// would take away, if the lesson asks for a number that follows from it, or a file is open.
    /// None while the run goes on, and while two are compared.
    pub fn counterfactual(&self) -> Option<Counterfactual> {
        let (Status::Done(_), Some(trace), None) = (&self.status, &self.trace, self.compared)
        else {
            return None;
        };
        let focus = self.focus();
        let here =
            focus.and_then(|(index, _)| counterfactual_at(trace, &self.derived.analysis, index));
        let asks = || {
            let predict = self.lesson().predict.as_ref();
            predict.is_some_and(|predict| predict.count.follows_boundaries())
        };
        // Nothing is claimed of an experiment of the reader's own.
        let opened = self.opened.as_ref();
        let is_asked = opened.map_or_else(asks, |opened| !opened.is_lab);
        let is_about_it = self.selection.is_none() && is_asked;
        here.or_else(|| {
            is_about_it
                .then(|| self.derived.counterfactual_of_run(trace).cloned())
                .flatten()
        })
    }

    /// What became of the two runs, once the later one is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let (Status::Done(_), Some(trace), Some(earlier)) =
            (&self.status, &self.trace, self.earlier())
        else {
            return None;
        };
        // Two connections are no two runs of one experiment.
        trace.plan.as_ref()?;
        let turned = turned_between(&earlier.trace, trace);
        Some(Outcome {
            before: Tally::of(&earlier.trace, &earlier.analysis),
            now: Tally::of(trace, &self.derived.analysis),
            is_waiting: turned
                .iter()
                .any(|turned| matches!(turned.knob, Knob::Nagle | Knob::ServerNagle)),
        })
    }

    /// Runs the plan of the run on the stage again with one knob turned. Knobs
    /// that were changed since the run are not used: two runs that differ in
    /// several knobs prove nothing about one of them.
    pub(super) fn prove(
        &mut self,
        counterfactual: &Counterfactual,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let (Status::Done(_), Some(trace)) = (&self.status, &self.trace) else {
            return false;
        };
        let Some(mut experiment) = trace.plan.clone() else {
            return false;
        };
        let turned = counterfactual
            .knob
            .set(&mut experiment, &counterfactual.value);
        if turned.is_err() || experiment.validate().is_err() {
            return false;
        }
        self.experiment = experiment;
        self.check();
        self.keep_draft(effects);
        self.want(Aim::Last, effects);
        self.proving = true;
        true
    }

    /// The earlier run alone, as it was left.
    pub(super) fn close_comparison(&mut self, effects: &mut Vec<Effect>) -> bool {
        let Some(earlier) = self.compared.take() else {
            return false;
        };
        self.put_on_stage(earlier, effects);
        true
    }

    /// The run with this number instead of the one on the stage.
    pub(super) fn show_run(&mut self, number: u32, effects: &mut Vec<Effect>) -> bool {
        if self.runs.get(number).is_none() {
            return false;
        }
        self.stop_run(effects);
        self.put_on_stage(number, effects);
        self.keep_draft(effects);
        true
    }

    /// The run with this number above the one on the stage.
    pub(super) fn compare(&mut self, number: u32) -> bool {
        let is_over = matches!(self.status, Status::Done(_) | Status::Interrupted);
        let is_there = is_over && self.trace.is_some() && self.runs.get(number).is_some();
        if is_there {
            self.compared = Some(number);
        }
        is_there
    }

    /// The run that was asked for begins: what is on the stage is kept.
    pub(super) fn begin_on_stage(&mut self, experiment: &Experiment) {
        let before = self.about.clone();
        let is_same = self.trace.as_ref().is_some_and(|trace| {
            let plan = trace.plan.as_ref();
            plan.is_some_and(|plan| turned(plan, experiment).is_empty())
        });
        let is_proof = std::mem::take(&mut self.proving) && self.shelve();
        self.compared = is_proof.then_some(before.number);
        // A guess is about an experiment, however often that is run.
        let again = before.guess.filter(|_| is_same);
        self.about = About {
            number: self.runs.next(),
            guess: self.guess.take().or(again).filter(|_| !is_proof),
            is_seen: false,
        };
    }

    /// Keeps what is on the stage among the other runs, if there is a run on it.
    /// Tells whether there was.
    pub(super) fn shelve(&mut self) -> bool {
        self.refresh();
        if self.source().is_some() {
            // What is open keeps it.
            self.trace = None;
            return false;
        }
        let Some(trace) = self.trace.take() else {
            return false;
        };
        let status = match trace.ending() {
            Some(ending) => Status::Done(ending),
            None => Status::Interrupted,
        };
        let is_run = self.about.number > 0;
        if is_run {
            self.runs.keep(Run {
                about: std::mem::take(&mut self.about),
                lesson: self.lesson,
                opened: self.opened.clone(),
                trace,
                analysis: std::mem::take(&mut self.derived).analysis,
                status,
                step: self.player.step(),
            });
        }
        is_run
    }

    /// Puts the run with this number on the stage. A series of something else ends: nothing
    /// would show that it goes on.
    pub(super) fn put_on_stage(&mut self, number: u32, effects: &mut Vec<Effect>) {
        // Taken first: the oldest may have to go for the one on the stage.
        let Some(run) = self.runs.take(number) else {
            return;
        };
        self.shelve();
        self.forget_run();
        self.turn_to(run.lesson);
        self.opened = run.opened;
        if self.series().is_none() {
            self.stop_repeating(effects);
        }
        let is_lab = self.opened.as_ref().is_some_and(|opened| opened.is_lab);
        self.yours.tab = if is_lab { Tab::Lab } else { Tab::Learn };
        let planned = run.trace.plan.clone();
        self.experiment = planned.unwrap_or_else(|| self.origin().clone());
        self.check();
        self.about = run.about;
        self.status = run.status;
        self.player.go(run.step, run.trace.events().len());
        self.derived = Derived::of(&run.trace, run.analysis);
        self.trace = Some(run.trace);
    }
}
