//! From state to draw lists: what the stage and the scrubber show, computed
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
mod names;
pub mod scrubber;
mod text;
pub mod time;
mod value;
mod viewport;

use trace::link::Capture;
use trace::text::Catalog;
use trace::{Analysis, Event, Trace};

pub use ink::{HUES, Ink, Part};
pub use list::{Align, DrawList, Edge, Font, Hit, Rect, Shape};
pub use text::{shorten, text_width};
pub use value::knob_value;
pub use viewport::Viewport;

use crate::app::{Axis, Earlier, State, Target, View};

/// What a scene is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Shot<'a> {
    /// What was observed.
    pub trace: &'a Trace,
    /// What follows from it.
    pub analysis: &'a Analysis,
    /// How many events have happened.
    pub step: usize,
    /// Which part is shown.
    pub viewport: Viewport,
    /// What is selected.
    pub selection: Option<Target>,
    /// What the pointer is over.
    pub hover: Option<Target>,
    /// The run it is compared with.
    pub earlier: Option<&'a Earlier>,
}

impl<'a> Shot<'a> {
    /// What `state` shows; none before anything was run.
    pub fn of(state: &'a State) -> Option<Self> {
        Some(Self {
            trace: state.trace()?,
            analysis: state.analysis(),
            step: state.step(),
            viewport: state.viewport(),
            selection: state.selection(),
            hover: state.hover(),
            earlier: state.earlier(),
        })
    }

    /// Whether the event has happened at the cursor.
    pub const fn has_happened(&self, event: usize) -> bool {
        event < self.step
    }

    /// Whether all packets were captured, as far as anybody knows yet.
    pub fn has_whole_wire(&self) -> bool {
        let trace = self.trace;
        trace.capture == Capture::On && (trace.ending().is_none() || trace.missed == Some(0))
    }

    /// Index and event the cursor stands behind.
    pub fn current(&self) -> Option<(usize, &'a Event)> {
        let index = self.step.checked_sub(1)?;
        Some((index, self.trace.events().get(index)?))
    }
}

/// The stage in the view that is chosen, `width` CSS pixels wide. Empty, of no
/// height, before anything was run.
pub fn stage(state: &State, catalog: &Catalog, width: f64) -> DrawList {
    let Some(shot) = Shot::of(state) else {
        return DrawList {
            width,
            ..DrawList::default()
        };
    };
    match (state.view(), state.axis()) {
        (View::Bytes, _) => bytes::draw(&shot, catalog, width),
        (View::Time, axis) => time::draw(&shot, catalog, axis == Axis::Step, width),
    }
}
