//! Where things stand in the Bytes view.

use std::ops::Range;

use protocol::Offset;
use trace::Analysis;

use crate::scene::density::Window;
use crate::scene::margins::{LEFT, NARROW, PAD};
use crate::scene::{Rect, Viewport};

/// Widest cell of a byte where there is no room for [`FEW`] of them.
const CELL: f64 = 34.0;
/// So few bytes fill the area.
const FEW: f64 = 16.0;
/// Narrowest cell that shows its byte.
pub(super) const READABLE: f64 = 14.0;
/// Room for what stands behind the bytes.
const RIGHT: f64 = 148.0;

/// The horizontal layout: the same for all rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    /// Left edge of the bytes.
    pub(super) left: f64,
    /// Width the bytes may take.
    pub(super) area: f64,
    /// Width of one byte.
    pub(super) cell: f64,
    /// Offset at the left edge.
    pub(super) first: f64,
    /// Bytes of the longest lane, at least one.
    pub(super) total: f64,
    pub(super) narrow: bool,
}

impl Layout {
    /// For all these runs, so that the same offset stands at the same x in each.
    pub(super) fn new(runs: &[&Analysis], viewport: Viewport, width: f64) -> Self {
        let narrow = width < NARROW;
        let (left, area) = area(width);
        let total = runs.iter().map(|run| total(run)).fold(1.0, f64::max);
        let across = (total * viewport.across()).max(area / widest(area));
        let first = (total * viewport.start()).min((total - across).max(0.0));
        Self {
            width,
            left,
            area,
            cell: area / across,
            first,
            total,
            narrow,
        }
    }

    /// x of an offset; may lie outside the area.
    pub(super) fn x(&self, offset: protocol::Offset) -> f64 {
        self.left + (offset.0 as f64 - self.first) * self.cell
    }

    /// Right edge of the area.
    pub(super) fn right(&self) -> f64 {
        self.left + self.area
    }

    /// Right edge of the bytes that are shown.
    pub(super) fn content_right(&self) -> f64 {
        (self.left + (self.total - self.first) * self.cell).min(self.right())
    }

    /// The rectangle between two offsets, cut to the area; `None` outside of it.
    pub(super) fn span(
        &self,
        range: &std::ops::Range<protocol::Offset>,
        y: f64,
        height: f64,
    ) -> Option<Rect> {
        let x0 = self.x(range.start).max(self.left);
        let x1 = self.x(range.end).min(self.right());
        (x1 > x0).then(|| Rect::new(x0, y, x1 - x0, height))
    }

    /// Whether the offset lies in what is shown, its ends included.
    pub(super) fn shows(&self, offset: protocol::Offset) -> bool {
        let x = self.x(offset);
        x >= self.left - 0.01 && x <= self.right() + 0.01
    }

    /// The offsets that are shown, and one more at each end.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "offsets are whole and not negative"
    )]
    pub(super) fn window(&self) -> Range<Offset> {
        let end = self.first + self.area / self.cell;
        let start = (self.first.floor() as u64).saturating_sub(1);
        Offset(start)..Offset((end.ceil() as u64).saturating_add(1))
    }

    /// What is drawn, and where.
    pub(super) fn drawn(&self) -> Window {
        Window {
            first: self.first,
            across: self.area / self.cell,
            left: self.left,
            area: self.area,
        }
    }

    /// Whether single bytes are drawn.
    pub(super) fn is_readable(&self) -> bool {
        self.cell >= READABLE
    }
}

/// Width of the widest cell of a byte.
fn widest(area: f64) -> f64 {
    (area / FEW).max(CELL)
}

fn area(width: f64) -> (f64, f64) {
    let (left, right) = if width < NARROW {
        (PAD, PAD)
    } else {
        (PAD + LEFT, PAD + RIGHT)
    };
    (left, (width - left - right).max(CELL))
}

fn total(analysis: &Analysis) -> f64 {
    let ends = analysis.lanes.iter().map(|lane| lane.end().0);
    ends.max().unwrap_or(0).max(1) as f64
}

/// The smallest share of the stream worth showing: what fills the area with
/// cells of the widest kind.
pub(super) fn narrowest(analysis: &Analysis, width: f64) -> f64 {
    let area = area(width).1;
    (area / widest(area) / total(analysis)).min(1.0)
}

/// Vertical measures, tighter where there are many rows or little room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pitch {
    /// Height of a chunk's box.
    pub(super) height: f64,
    /// From the end of a box to the next box in the same group, at least.
    pub(super) gap: f64,
    /// Room for a row's name and counts above it, where there is none beside.
    pub(super) head: f64,
    /// Above the first box of a group.
    pub(super) above: f64,
}

impl Pitch {
    /// From the loosest to the tightest: height, gap, above.
    const ALL: [(f64, f64, f64); 6] = [
        (44.0, 48.0, 44.0),
        (40.0, 44.0, 42.0),
        (36.0, 38.0, 42.0),
        (32.0, 28.0, 38.0),
        (30.0, 24.0, 36.0),
        (25.0, 18.0, 36.0),
    ];

    /// Those that so many rows may have, the loosest first.
    pub(super) fn of(rows: usize, narrow: bool) -> impl Iterator<Item = Self> {
        let loosest = match rows {
            0..=4 => 0,
            5..=6 => 2,
            7..=8 => 3,
            _ => 4,
        };
        let head = if narrow { 18.0 } else { 0.0 };
        let all = Self::ALL.into_iter().skip(loosest);
        all.map(move |(height, gap, above)| Self {
            height,
            gap: gap + head,
            head,
            above: above + head,
        })
    }

    /// Height of a group of so many rows with boxes, at least.
    pub(super) fn least(self, rows: usize) -> f64 {
        self.above + self.height * rows as f64 + self.gap * rows.saturating_sub(1) as f64
    }
}
