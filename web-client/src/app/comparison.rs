//! "Prove it": the run on the stage again with one knob turned, and what that
//! changed.

use protocol::Nanos;
use trace::cause::{Change, Proof, proof_at, proof_of_run};
use trace::knob::Knob;
use trace::lane::Direction;
use trace::lesson::LATE;
use trace::{Analysis, Experiment, Trace};

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
    /// All knobs before: what they go back to.
    pub knobs: Experiment,
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
    /// The longest that a client's recv() waited for bytes, if one got any.
    pub slowest: Option<Nanos>,
}

/// Whether what is compared was less with the knob turned. Two runs tell what
/// was observed in them, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Less arrived otherwise than it was sent.
    Fewer,
    /// More did.
    More,
    /// Replies that Nagle's algorithm may have held back came sooner.
    Sooner,
    /// They came later.
    Later,
    /// There is no difference to speak of.
    Same,
}

/// What became of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// With the knob as it was.
    pub before: Tally,
    /// With the knob turned.
    pub now: Tally,
    /// Whether the knob was Nagle's: then waiting is a part of the difference.
    pub is_waiting: bool,
}

impl Tally {
    /// Counts a run.
    pub fn of(trace: &Trace, analysis: &Analysis) -> Self {
        let mut tally = Self::default();
        for lane in &analysis.lanes {
            if lane.direction == Direction::FromAcceptor {
                let events = lane
                    .recvs
                    .iter()
                    .filter_map(|r| trace.events().get(r.event));
                tally.slowest = events.map(|event| event.took).chain(tally.slowest).max();
                continue;
            }
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

impl Outcome {
    /// What the numbers say. Times are never twice the same: only a wait that
    /// is late and twice the other is another.
    pub fn verdict(&self) -> Verdict {
        let twice = |more: Option<Nanos>, less: Option<Nanos>| {
            let both = self.is_waiting.then_some(()).and(more.zip(less));
            both.is_some_and(|(more, less)| more > LATE && more.0 / 2 > less.0)
        };
        match (self.before, self.now) {
            (before, now) if twice(before.slowest, now.slowest) => Verdict::Sooner,
            (before, now) if twice(now.slowest, before.slowest) => Verdict::Later,
            (before, now) if now.changed() < before.changed() => Verdict::Fewer,
            (before, now) if now.changed() > before.changed() => Verdict::More,
            _ => Verdict::Same,
        }
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

    /// Runs again what is on the stage, with the one knob turned: whatever
    /// else was typed into the knobs since would be a second difference.
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
        let analysis = Analysis { lanes: Vec::new() };
        self.earlier = Some(Earlier {
            trace,
            analysis: std::mem::replace(&mut self.analysis, analysis),
            proof,
            was,
            knobs,
        });
    }
}
