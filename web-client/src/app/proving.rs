//! "Prove it": the run on the stage again with one knob turned, to compare the
//! two.

use trace::Analysis;
use trace::knob::Knob;
use trace::proof::{Proof, proof_at, proof_of_run};

use super::{Aim, Effect, State, Status};
use crate::comparison::{Earlier, Outcome, Tally};

impl State {
    /// The knob that would take away what happened at the event in focus; if
    /// no knob would, the first of the run that does. None while the run goes
    /// on, and while two are compared.
    pub fn proof(&self) -> Option<Proof> {
        let (Status::Done(_), Some(trace), None) = (&self.status, &self.trace, &self.earlier)
        else {
            return None;
        };
        let focus = self.focus();
        let here = focus.and_then(|(index, _)| proof_at(trace, &self.analysis, index));
        here.or_else(|| proof_of_run(trace, &self.analysis))
    }

    /// What became of the two runs, once the later one is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let (Status::Done(_), Some(trace), Some(earlier)) =
            (&self.status, &self.trace, &self.earlier)
        else {
            return None;
        };
        Some(Outcome {
            before: Tally::of(&earlier.trace, &earlier.analysis),
            now: Tally::of(trace, &self.analysis),
            is_waiting: earlier.proof.knob == Knob::Nagle,
        })
    }

    /// Runs the plan of the run on the stage again with one knob turned. Knobs
    /// that were changed since the run are not used: two runs that differ in
    /// several knobs prove nothing about one of them.
    pub(super) fn prove(&mut self, proof: Proof, effects: &mut Vec<Effect>) -> bool {
        let (Status::Done(_), Some(trace)) = (&self.status, &self.trace) else {
            return false;
        };
        let Some(mut experiment) = trace.plan.clone() else {
            return false;
        };
        let was = proof.knob.get(&experiment);
        let turned = proof.knob.set(&mut experiment, &proof.value);
        if turned.is_err() || experiment.validate().is_err() {
            return false;
        }
        let knobs = std::mem::replace(&mut self.experiment, experiment);
        self.check();
        self.want(Aim::Last, effects);
        self.proving = Some((proof, was, knobs));
        true
    }

    /// The later run alone, the knobs as they were before the proof.
    pub(super) fn close_comparison(&mut self) -> bool {
        let Some(earlier) = self.earlier.take() else {
            return false;
        };
        self.experiment = earlier.knobs;
        self.check();
        true
    }

    /// The run that was asked for begins: what is on the stage is kept, if the
    /// new one is to be compared with it.
    pub(super) fn keep_earlier(&mut self) {
        let (Some((proof, was, knobs)), Some(trace)) = (self.proving.take(), self.trace.take())
        else {
            return;
        };
        let analysis = Analysis::default();
        self.earlier = Some(Earlier {
            trace,
            analysis: std::mem::replace(&mut self.analysis, analysis),
            proof,
            was,
            knobs,
        });
    }
}
