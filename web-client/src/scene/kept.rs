//! What of a run is drawn alike at every step.

use trace::PartyId;

use super::density::{BinsKey, Density, DensityKey};
use super::levels::{Course, LevelsKey};
use super::memo::Memo;
use super::track::Track;
use crate::bins::Bin;

/// Results for a run; forgotten when anything of it changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// Chunks of the Bytes view by pixel.
    pub(super) density: Memo<DensityKey, Option<Density>>,
    /// Events of a row of the Time view, or of the scrubber, by pixel.
    pub(super) bins: Memo<BinsKey, Option<Vec<Bin>>>,
    /// The calls of a party's row, counted from above, where it has several.
    pub(super) tracks: Memo<(PartyId, usize), Track>,
    /// Levels of queues by pixel.
    pub(super) courses: Memo<LevelsKey, Course>,
    /// Whether calls can be told apart in real time, by the stage's width.
    pub(super) legible: Memo<f64, bool>,
}
