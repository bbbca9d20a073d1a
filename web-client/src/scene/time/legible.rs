//! Whether real time leaves enough of a run's calls legible.

use super::scale::Scale;
use crate::scene::{StageModel, Viewport};

/// Closer than this, in pixels, calls of a row can't be told apart.
const APART: f64 = 5.0;
/// The part of the calls that can be told apart where real time is worth it.
const LEGIBLE: f64 = 0.25;

/// Whether enough of the calls can be told apart in real time on a stage of
/// `width`.
pub(in crate::scene) fn is_legible(model: &StageModel<'_>, width: f64) -> bool {
    let whole = StageModel {
        viewport: Viewport::default(),
        ..*model
    };
    *model.index.kept.legible.get(width, || {
        let scale = Scale::new(&whole, false, width);
        let (mut legible, mut all) = (0_usize, 0_usize);
        for track in model.index.parties() {
            let edges = track.events.iter();
            let edges = edges.filter_map(|&event| Some(scale.event(&whole, event)?.0));
            let edges: Vec<_> = edges.collect();
            let apart = |pair: Option<&[f64]>| pair.is_none_or(|two| two[1] - two[0] >= APART);
            for at in 0..edges.len() {
                let before = at.checked_sub(1).and_then(|before| edges.get(before..=at));
                legible += usize::from(apart(before) && apart(edges.get(at..at + 2)));
            }
            all += edges.len();
        }
        legible as f64 >= all as f64 * LEGIBLE
    })
}
