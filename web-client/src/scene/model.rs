//! What the stage is drawn from.

use trace::duel::{Duel, LaneDuel};
use trace::lane::Lane;
use trace::rows::Rows;
use trace::{Analysis, Event, Trace};

use super::index::has_whole_wire;
use super::{Index, Target, Viewport};
use crate::runs::Run;

/// What a scene is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct StageModel<'a> {
    /// What was observed.
    pub trace: &'a Trace,
    /// What follows from it.
    pub analysis: &'a Analysis,
    /// What is looked up of both.
    pub index: &'a Index,
    /// How many events have happened.
    pub step: usize,
    /// Which part is shown.
    pub viewport: Viewport,
    /// What is selected.
    pub selection: Option<Target>,
    /// What the pointer is over.
    pub hover: Option<Target>,
    /// The run it is compared with.
    pub earlier: Option<&'a Run>,
    /// What is looked up of that, if it is at hand.
    pub earlier_index: Option<&'a Index>,
    /// What became of the duels with the wrong decoder that was chosen.
    pub duels: &'a [LaneDuel],
}

impl<'a> StageModel<'a> {
    /// A run as it is at `step`: all of it in sight, nothing selected, no run above it and
    /// no duel.
    pub fn new(trace: &'a Trace, analysis: &'a Analysis, index: &'a Index, step: usize) -> Self {
        Self {
            trace,
            analysis,
            index,
            step,
            viewport: Viewport::default(),
            selection: None,
            hover: None,
            earlier: None,
            earlier_index: None,
            duels: &[],
        }
    }

    /// The rows of a lane at the cursor.
    pub const fn rows(&self, lane: &'a Lane) -> Rows<'a> {
        Rows::new(self.trace, lane, self.step)
    }

    /// The duel over a lane, if there is one.
    pub fn duel(&self, lane: &Lane) -> Option<&'a Duel> {
        let same =
            |of: &&LaneDuel| (of.connection, of.direction) == (lane.connection, lane.direction);
        Some(&self.duels.iter().find(same)?.duel)
    }

    /// Whether the event has happened at the cursor.
    pub const fn has_happened(&self, event: usize) -> bool {
        event < self.step
    }

    /// Whether all packets were captured; during a run, whether none is known to
    /// be missing.
    pub fn has_whole_wire(&self) -> bool {
        has_whole_wire(self.trace)
    }

    /// Index and event the cursor stands behind.
    pub fn current(&self) -> Option<(usize, &'a Event)> {
        let index = self.step.checked_sub(1)?;
        Some((index, self.trace.events().get(index)?))
    }
}
