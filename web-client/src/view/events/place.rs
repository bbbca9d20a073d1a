//! Where the rows of a long trace stand in the table, of which few are elements.

use crate::app::State;

/// With more events only the rows in sight are elements, each as high as
/// [`ROW`] says, so that the place of every row is known without them.
const MANY: usize = 300;
/// Height of a row of many, in CSS pixels, as in the style sheet.
const ROW: f64 = 24.0;
/// How much more one has that shows messages.
const MESSAGES: f64 = 22.0;

pub(super) fn is_many(state: &State) -> bool {
    state.events().len() > MANY
}

/// Upper edge of a row of many, below the heading.
#[expect(clippy::cast_precision_loss, reason = "pixels")]
pub(super) fn top_of(state: &State, index: usize) -> f64 {
    let messages = state.index().messages();
    let higher = messages.partition_point(|&event| event < index);
    ROW * index as f64 + MESSAGES * higher as f64
}

/// The one of many rows at a height below the heading.
pub(super) fn row_at(state: &State, y: f64) -> usize {
    let (mut from, mut to) = (0, state.events().len());
    while to - from > 1 {
        let middle = usize::midpoint(from, to);
        if top_of(state, middle) <= y {
            from = middle;
        } else {
            to = middle;
        }
    }
    from
}
