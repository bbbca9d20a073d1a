//! What is shown of the stage follows the cursor, and the cursor a drag.

use super::State;
use crate::scene;

impl State {
    /// Brings the cursor into sight if only a part of the stage is shown.
    pub(super) fn keep_in_sight(&mut self) {
        if self.viewport.is_fit() {
            return;
        }
        if let Some(share) = self.share() {
            self.viewport = self.viewport.follow(share);
        }
    }

    /// Shows less or more, around what stands at `at` of what is shown; around
    /// the cursor if nothing is said.
    pub(super) fn zoom(&mut self, factor: f64, at: Option<f64>) {
        let narrowest = self.narrowest();
        let cursor = || {
            let at = (self.share()? - self.viewport.start()) / self.viewport.across();
            // What is out of sight can't stay in its place.
            (0.0..=1.0).contains(&at).then_some(at)
        };
        let around = at.or_else(cursor).unwrap_or(0.5);
        self.viewport = self.viewport.zoom(factor, around, narrowest);
        if at.is_none() {
            self.keep_in_sight();
        }
    }

    /// The step of a cursor that is dragged to `x`.
    pub(super) fn step_at(&self, x: f64) -> Option<usize> {
        let model = self.stage_model()?;
        scene::step_at(&model, self.view(), self.axis(), self.width, x)
    }

    fn share(&self) -> Option<f64> {
        let model = self.stage_model()?;
        scene::share(&model, self.view(), self.axis())
    }
}
