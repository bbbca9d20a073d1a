//! "Prove it": the run on the stage again with one knob turned, and what that
//! changed.

use trace::cause::{Change, Proof};
use trace::lane::Direction;
use trace::{Analysis, Trace};

use super::{Aim, Effect, State, Status};

/// The run that the one on the stage is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// What was observed.
    pub trace: Trace,
    /// What follows from it.
    pub analysis: Analysis,
    /// The one knob that was turned since, and to what.
    pub proof: Proof,
    /// The knob's value before.
    pub was: String,
}

/// What the server's programs got of what the clients sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// send() calls of the clients.
    pub sends: usize,
    /// recv() calls of the server that returned bytes or a datagram.
    pub recvs: usize,
    /// Boundaries that are not where the sender put them, lost datagrams not
    /// counted.
    pub moved: usize,
    /// Datagrams that were lost.
    pub lost: usize,
}

/// What became of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// With the knob as it was.
    pub before: Tally,
    /// With the knob turned.
    pub now: Tally,
}

impl Tally {
    /// Counts a run.
    pub fn of(analysis: &Analysis) -> Self {
        let mut tally = Self::default();
        let lanes = analysis.lanes.iter();
        for lane in lanes.filter(|lane| lane.direction == Direction::ToServer) {
            let lost = |change| change == Change::Lost;
            let lost = lane.boundaries.iter().filter(|b| lost(b.change)).count();
            tally.sends += lane.sends.len();
            tally.recvs += lane.recvs.len();
            tally.lost += lost;
            tally.moved += lane.boundaries.len() - lost;
        }
        tally
    }

    /// Everything that did not arrive as it was sent.
    pub const fn changed(self) -> usize {
        self.moved + self.lost
    }
}

impl State {
    /// The knob that would take away what happened at the event in focus; if
    /// no knob would, the first of the run that does. None while the run goes
    /// on, and while two are compared.
    pub fn proof(&self) -> Option<Proof> {
        let (Status::Done(_), Some(trace), None) = (&self.status, &self.trace, &self.earlier)
        else {
            return None;
        };
        let lanes = self.analysis.lanes.iter();
        let mut first: Option<(usize, Proof)> = None;
        let focus = self.focus().map(|(index, _)| index);
        for boundary in lanes.flat_map(|lane| &lane.boundaries) {
            let here = focus == Some(boundary.event);
            if here || first.as_ref().is_none_or(|(at, _)| boundary.event < *at) {
                match boundary.cause.proof(&trace.experiment) {
                    Some(proof) if here => return Some(proof),
                    Some(proof) => first = Some((boundary.event, proof)),
                    None => {}
                }
            }
        }
        first.map(|(_, proof)| proof)
    }

    /// What became of the two runs, once the later one is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let (Status::Done(_), Some(earlier)) = (&self.status, &self.earlier) else {
            return None;
        };
        Some(Outcome {
            before: Tally::of(&earlier.analysis),
            now: Tally::of(&self.analysis),
        })
    }

    /// Runs again what is on the stage, with the one knob turned: whatever
    /// else was typed into the knobs since would be a second difference.
    pub(super) fn prove(&mut self, proof: Proof, effects: &mut Vec<Effect>) -> bool {
        let (Status::Done(_), Some(trace)) = (&self.status, &self.trace) else {
            return false;
        };
        let mut experiment = trace.experiment.clone();
        let was = proof.knob.get(&experiment);
        let turned = proof.knob.set(&mut experiment, &proof.value);
        if turned.is_err() || experiment.validate().is_err() {
            return false;
        }
        self.experiment = experiment;
        self.check();
        self.want(Aim::Last, effects);
        self.proving = Some((proof, was));
        true
    }

    /// The run that was asked for begins: what is on the stage is kept, if the
    /// new one is to be compared with it.
    pub(super) fn keep_earlier(&mut self) {
        let (Some((proof, was)), Some(trace)) = (self.proving.take(), self.trace.take()) else {
            return;
        };
        let analysis = Analysis { lanes: Vec::new() };
        self.earlier = Some(Earlier {
            trace,
            analysis: std::mem::replace(&mut self.analysis, analysis),
            proof,
            was,
        });
    }
}
