//! The axis below the rows.

use trace::text::{Catalog, grouped};

use super::layout::Layout;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::ticks::{round_step, ticks};
use crate::scene::{Align, DrawList, Font, Ink, text_width};

/// Least distance between two numbers of the axis.
const TICKS: f64 = 60.0;

/// Offsets below the rows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "offsets are whole and not negative"
)]
pub(super) fn axis(layout: &Layout, catalog: &Catalog, y: f64, list: &mut DrawList) {
    let style = Style::new(Font::Small, Ink::Muted).align(Align::Middle);
    let end = (layout.first + layout.area / layout.cell).min(layout.total);
    let widest = text_width(&grouped(end as u64), Font::Small) + 16.0;
    let step = round_step(widest.max(TICKS) / layout.cell, 1.0);
    let mut right = layout.left;
    for at in ticks(layout.first, end, step) {
        let x = layout.left + (at - layout.first) * layout.cell;
        let text = grouped(at as u64);
        let half = text_width(&text, Font::Small) / 2.0;
        // At the edges a number moves inwards rather than over the edge.
        let centre = x.min(layout.width - half).max(half);
        list.vertical(x, y - 9.0, y - 6.0, Ink::Faint, 1.0);
        list.text((centre, y), &text, style, 2.0 * half + 1.0);
        right = centre + half;
    }
    let name = catalog.text("stage.axis-offset");
    let style = style.align(Align::Start);
    let start = right + 12.0;
    if text_width(&name, Font::Small) <= layout.width - PAD - start {
        list.text((start, y), &name, style, layout.width - PAD - start);
    } else {
        let style = style.align(Align::End);
        let at = (layout.width - PAD, y + 15.0);
        list.text(at, &name, style, layout.width - 2.0 * PAD);
    }
}
