//! What follows from the run on the stage, so that no part of it can be of
//! another run.

use std::cell::{Cell, OnceCell};

use trace::counterfactual::{Counterfactual, counterfactual_of_run};
use trace::duel::{LaneDuel, Opponent, of_lanes};
use trace::lesson::Count;
use trace::{Analysis, Trace};

use crate::scene::Index;

/// What follows from a trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Derived {
    /// Its lanes.
    pub(super) analysis: Analysis,
    /// What is looked up of it and of its lanes.
    pub(super) index: Index,
    /// The proof for the run as a whole, once it was asked for.
    counterfactual: OnceCell<Option<Counterfactual>>,
    /// The duels with the wrong decoder that was chosen, once they were asked for.
    duels: OnceCell<Vec<LaneDuel>>,
    /// The count that was asked for last, with its wrong decoder, and its value.
    counted: Cell<Option<(Count, Option<Opponent>, u64)>>,
}

impl Derived {
    /// Of a whole trace.
    pub(super) fn new(trace: &Trace) -> Self {
        let mut this = Self::default();
        this.update(trace, 0);
        this
    }

    /// Of a whole trace with this analysis.
    pub(super) fn of(trace: &Trace, analysis: Analysis) -> Self {
        Self {
            index: Index::new(trace, &analysis),
            analysis,
            counterfactual: OnceCell::new(),
            duels: OnceCell::new(),
            counted: Cell::new(None),
        }
    }

    /// Takes over the trace's events at `from` and behind, and what else has
    /// changed (see [`Analysis::update`]).
    pub(super) fn update(&mut self, trace: &Trace, from: usize) {
        self.analysis.update(trace, from);
        self.index.update(trace, &self.analysis, from);
        self.counterfactual.take();
        self.duels.take();
        self.counted.take();
    }

    /// Another wrong decoder was chosen.
    pub(super) fn forget_duels(&mut self) {
        self.duels.take();
    }

    /// The duels with `opponent`, which is the one that was chosen last.
    pub(super) fn duels(&self, trace: &Trace, opponent: Opponent) -> &[LaneDuel] {
        let all = || of_lanes(trace, &self.analysis, opponent);
        self.duels.get_or_init(all)
    }

    /// See [`Count::of`], which takes a walk through the trace, and with a wrong decoder one
    /// through its bytes.
    pub(super) fn count(&self, trace: &Trace, count: Count, opponent: Option<Opponent>) -> u64 {
        match self.counted.get() {
            Some((known, with, value)) if (known, with) == (count, opponent) => value,
            _ => {
                let value = count.of(trace, &self.analysis, opponent);
                self.counted.set(Some((count, opponent, value)));
                value
            }
        }
    }

    /// See [`counterfactual_of_run`], which takes a walk through the trace.
    pub(super) fn counterfactual_of_run(&self, trace: &Trace) -> Option<&Counterfactual> {
        let find = || counterfactual_of_run(trace, &self.analysis);
        self.counterfactual.get_or_init(find).as_ref()
    }
}
