//! The room around what both views of the stage show, in CSS pixels.

/// Below this width the columns left and right of the stage's content move above
/// its rows.
pub(super) const NARROW: f64 = 640.0;
/// Room at the edges of the canvas.
pub(super) const PAD: f64 = 16.0;
/// Room for the names of rows.
pub(super) const LEFT: f64 = 132.0;
