//! From a run to draw lists: what the stage and the scrubber show, computed
//! from the trace alone. Nothing is painted here and nothing is measured.

#![expect(
    clippy::cast_precision_loss,
    reason = "pixels: 52 bits are more than any screen has"
)]

pub mod bytes;
#[cfg(test)]
pub(crate) mod check;
mod ink;
mod list;
mod margins;
mod model;
mod names;
pub mod scrubber;
mod target;
mod text;
mod ticks;
pub mod time;
mod value;
mod view;
mod viewport;

use trace::text::Catalog;

pub use ink::{HUES, Ink, Part};
pub use list::{Align, DrawList, Edge, Hit, Rect, Shape};
pub use model::StageModel;
pub use target::Target;
pub use text::{Font, shorten, text_width};
pub use value::knob_value;
pub use view::{Axis, View};
pub use viewport::Viewport;

/// The stage in this view, `width` CSS pixels wide. Empty, of no height, before
/// anything was run.
pub fn stage(
    model: Option<&StageModel<'_>>,
    view: View,
    axis: Axis,
    catalog: &Catalog,
    width: f64,
) -> DrawList {
    match (model, view) {
        (None, _) => DrawList {
            width,
            ..DrawList::default()
        },
        (Some(model), View::Bytes) => bytes::draw(model, catalog, width),
        (Some(model), View::Time) => time::draw(model, catalog, axis == Axis::Step, width),
    }
}
