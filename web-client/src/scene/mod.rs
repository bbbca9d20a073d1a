//! From a run to draw lists: what the stage and the scrubber show, computed
//! from the trace alone. Nothing is painted here and nothing is measured.

#![expect(
    clippy::cast_precision_loss,
    reason = "pixels: 52 bits are more than any screen has"
)]

pub mod bytes;
pub mod check;
mod cursor;
mod density;
mod headline;
mod index;
mod ink;
mod kept;
mod levels;
mod list;
mod margins;
mod memo;
mod model;
mod names;
pub mod outline;
pub mod scrubber;
mod target;
mod text;
mod ticks;
pub mod time;
mod times;
mod track;
mod value;
mod view;
mod viewport;

use trace::text::Catalog;

pub use index::Index;
pub use ink::{HUES, Ink, Part};
pub use list::{Align, DrawList, Edge, Hit, Rect, Shape};
pub use model::StageModel;
pub use names::decision;
pub use target::Target;
pub use text::{Font, shorten, text_width};
pub use value::knob_value;
pub use view::{Axis, View};
pub use viewport::Viewport;

/// The axis of the Time view that shows more of a run on a stage of `width`:
/// real time, unless hardly any calls could be told apart in it.
pub fn better_axis(model: &StageModel<'_>, width: f64) -> Axis {
    // A run that goes on does not change its axis.
    if model.trace.ending().is_none() || time::is_legible(model, width) {
        Axis::Time
    } else {
        Axis::Step
    }
}

/// Where the cursor stands on the whole of what this view shows, 0 to 1; none if
/// it stands nowhere yet.
pub fn share(model: &StageModel<'_>, view: View, axis: Axis) -> Option<f64> {
    match view {
        View::Bytes => bytes::share(model),
        View::Time => Some(time::share(model, axis == Axis::Step)),
    }
}

/// The step to which the cursor goes that is dragged to `x` on a stage `width`
/// CSS pixels wide; none if there is no cursor.
pub fn step_at(
    model: &StageModel<'_>,
    view: View,
    axis: Axis,
    width: f64,
    x: f64,
) -> Option<usize> {
    match view {
        View::Bytes => bytes::step_at(model, width, x),
        View::Time => Some(time::step_at(model, axis == Axis::Step, width, x)),
    }
}

/// The stage in this view, `width` CSS pixels wide, within a height of `room` if it can
/// be. Empty, of no height, before anything was run.
pub fn stage(
    model: Option<&StageModel<'_>>,
    view: View,
    axis: Axis,
    catalog: &Catalog,
    width: f64,
    room: f64,
) -> DrawList {
    match (model, view) {
        (None, _) => DrawList {
            width,
            ..DrawList::default()
        },
        (Some(model), View::Bytes) => bytes::draw(model, catalog, width, room),
        (Some(model), View::Time) => time::draw(model, catalog, axis == Axis::Step, width, room),
    }
}
