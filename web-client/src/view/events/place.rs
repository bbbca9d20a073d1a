//! Where the rows of a long trace stand in the table, of which few are elements.

use crate::app::State;
use crate::find::Listed;

/// Of more events only the rows in sight are elements, each as high as
/// [`ROW`] says, so that the place of every row is known without them.
const MANY: usize = 300;
/// Height of a row of many, in CSS pixels, as in the style sheet.
const ROW: f64 = 24.0;
/// How much more one has that shows messages.
const MESSAGES: f64 = 22.0;

pub(super) fn is_many(state: &State) -> bool {
    state.events().len() > MANY
}

/// Upper edge of the row at a place in the table, one of many, below the heading.
#[expect(clippy::cast_precision_loss, reason = "pixels")]
pub(super) fn top_of(listed: Listed<'_>, place: usize) -> f64 {
    ROW * place as f64 + MESSAGES * listed.messages_before(place) as f64
}

/// The place of the row at a height below the heading.
pub(super) fn row_at(listed: Listed<'_>, y: f64) -> usize {
    let (mut from, mut to) = (0, listed.len());
    while to - from > 1 {
        let middle = usize::midpoint(from, to);
        if top_of(listed, middle) <= y {
            from = middle;
        } else {
            to = middle;
        }
    }
    from
}
