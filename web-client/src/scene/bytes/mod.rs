//! The Bytes view: x is the stream offset. Each direction of each client is a
//! group of rows (sends, recvs, messages); the same offset stands at the same
//! x in all of them, so boundaries line up or don't.

mod cells;
mod heads;
mod labels;
mod layout;
mod row;
mod stretch;
#[cfg(test)]
mod tests;

use protocol::Offset;
use trace::lane::{Lane, Span};
use trace::text::{Catalog, Sentence, grouped};
use trace::{Analysis, Call};

use super::list::Style;
use super::{Align, DrawList, Edge, Font, Ink, Part, Shape, Shot, text_width};
use crate::app::Target;
pub(super) use heads::actor_key;
use layout::{Layout, PAD, Pitch};
use row::{Kind, Row};
pub use stretch::Hues;
use stretch::{Stretch, within};

/// Height of the axis with its name.
const AXIS: f64 = 40.0;
/// Ribbons narrower than this are joined with their neighbours.
const NARROWEST: f64 = 2.0;
/// Least distance between two numbers of the axis.
const TICKS: f64 = 60.0;
/// Below a group that ends in a row with labels below its boxes.
const LABELS_BELOW: f64 = 16.0;
/// Between two groups, beyond what stands above a group anyway.
const BETWEEN: f64 = 4.0;

/// Draws it, `width` CSS pixels wide.
pub fn draw(shot: &Shot<'_>, catalog: &Catalog, width: f64) -> DrawList {
    let layout = Layout::new(shot.analysis, shot.viewport, width);
    let mut list = DrawList {
        width,
        ..DrawList::default()
    };
    let groups: Vec<_> = shot
        .analysis
        .lanes
        .iter()
        .map(|lane| (lane, row::kinds(lane, shot)))
        .collect();
    let rows: usize = groups.iter().map(|(_, kinds)| kinds.len()).sum();
    let pitch = Pitch::new(rows, layout.narrow);
    let mark = cursor(shot);
    let mut y = 0.0;
    for (index, (lane, kinds)) in groups.iter().enumerate() {
        if index > 0 {
            y += BETWEEN;
            list.shapes.push(rule(y, width));
        }
        y += pitch.above;
        let group = Group {
            lane,
            stretches: stretch::stretches(lane, &shot.trace.experiment),
            shot,
            catalog,
            layout,
            pitch,
        };
        let bottom = group.draw(kinds, y, &mut list);
        if let Some((_, offset)) = mark.filter(|(at, _)| std::ptr::eq(*at, *lane))
            && layout.shows(offset)
        {
            let top = if layout.narrow { 44.0 } else { 30.0 };
            draw_cursor(layout.x(offset), y - top, bottom + 8.0, &mut list);
        }
        y = bottom;
    }
    list.height = y + AXIS;
    axis(&layout, catalog, y + 16.0, &mut list);
    list
}

/// The smallest share of the stream that fills a stage of `width`.
pub fn narrowest(analysis: &Analysis, width: f64) -> f64 {
    layout::narrowest(analysis, width)
}

/// A lane while it is drawn.
struct Group<'a> {
    lane: &'a Lane,
    stretches: Vec<Stretch>,
    shot: &'a Shot<'a>,
    catalog: &'a Catalog,
    layout: Layout,
    pitch: Pitch,
}

impl Group<'_> {
    /// Draws the rows from `top` on; gives the lower edge of the last one.
    fn draw(&self, kinds: &[Kind], top: f64, list: &mut DrawList) -> f64 {
        let step = self.pitch.height + self.pitch.gap;
        let mut rows: Vec<Row> = Vec::new();
        for (number, &kind) in kinds.iter().enumerate() {
            rows.push(Row::new(kind, self, top + number as f64 * step));
        }
        for pair in rows.windows(2) {
            self.ribbons(&pair[0], &pair[1], list);
        }
        for row in &rows {
            self.chunks(row, list);
            self.labels(row, list);
            self.head(row, list);
        }
        rows.last().map_or(top, |row| {
            let below = if row.empties.is_empty() {
                0.0
            } else {
                LABELS_BELOW
            };
            row.y + self.pitch.height + below
        })
    }

    /// Joins the bytes of two rows, as far as they have come to the lower one.
    fn ribbons(&self, upper: &Row, lower: &Row, list: &mut DrawList) {
        let mut ribbon = |x0: f64, x1: f64, index: usize| {
            let edge = |y| Edge { x0, x1, y };
            list.shapes.push(Shape::Ribbon {
                top: edge(upper.y + self.pitch.height),
                bottom: edge(lower.y),
                ink: Ink::hue(index, Part::Ribbon),
                ghost: false,
            });
        };
        // Stretches too narrow to be told apart are painted as one.
        let mut pending: Option<(f64, f64, usize)> = None;
        for chunk in lower.chunks.iter().filter(|chunk| !chunk.ghost) {
            for stretch in within(&self.stretches, &chunk.range) {
                let Some(rect) = self.layout.span(&stretch.range, 0.0, 0.0) else {
                    continue;
                };
                if let Some((x0, x1, index)) = pending {
                    if x1 - x0 < NARROWEST && rect.x - x1 < 1.0 {
                        pending = Some((x0, rect.right(), index));
                        continue;
                    }
                    ribbon(x0, x1, index);
                    pending = None;
                }
                if rect.width > 12.0 {
                    ribbon(rect.x + 3.0, rect.right() - 3.0, stretch.index);
                } else {
                    pending = Some((rect.x, rect.right(), stretch.index));
                }
            }
        }
        if let Some((x0, x1, index)) = pending {
            ribbon(x0, x1, index);
        }
    }

    fn say(&self, sentence: &Sentence) -> String {
        self.catalog.render(sentence)
    }

    /// The selected (or pointed-at) byte, if it is in this lane.
    fn selected(&self) -> Option<Offset> {
        match self.shot.selection {
            Some(Target::Byte {
                client,
                direction,
                offset,
            }) if (client, direction) == (self.lane.client, self.lane.direction) => Some(offset),
            _ => None,
        }
    }
}

/// The lane and offset at which the last call with bytes ended at the cursor.
fn cursor<'a>(shot: &Shot<'a>) -> Option<(&'a Lane, Offset)> {
    let happened = shot.trace.events().get(..shot.step)?;
    happened
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, event)| {
            let lane = shot.analysis.lane_of(event)?;
            let spans = if event.call == Call::Send {
                &lane.sends
            } else {
                &lane.recvs
            };
            let end = |span: &Span| span.end;
            let found = spans.binary_search_by_key(&index, |span| span.event);
            Some((lane, found.ok().map(|at| end(&spans[at]))?))
        })
}

fn draw_cursor(x: f64, top: f64, bottom: f64, list: &mut DrawList) {
    list.vertical(x, top, bottom, Ink::Accent, 2.0);
    list.shapes.push(Shape::Circle {
        x,
        y: top,
        radius: 5.0,
        fill: Ink::Accent,
        stroke: None,
    });
}

fn rule(y: f64, width: f64) -> Shape {
    Shape::Line {
        x0: PAD,
        y0: y + 12.0,
        x1: width - PAD,
        y1: y + 12.0,
        ink: Ink::Faint,
        line: 1.0,
        dashed: false,
        ghost: false,
    }
}

/// Offsets below the rows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "offsets are whole and not negative"
)]
fn axis(layout: &Layout, catalog: &Catalog, y: f64, list: &mut DrawList) {
    let style = Style::new(Font::Small, Ink::Muted).align(Align::Middle);
    let end = (layout.first + layout.area / layout.cell).min(layout.total);
    let widest = text_width(&grouped(end as u64), Font::Small) + 16.0;
    let step = nice(widest.max(TICKS) / layout.cell);
    let mut at = (layout.first / step).ceil() * step;
    let mut right = layout.left;
    while at <= end {
        let x = layout.left + (at - layout.first) * layout.cell;
        let text = grouped(at as u64);
        let half = text_width(&text, Font::Small) / 2.0;
        // At the edges a number moves inwards rather than over the edge.
        let centre = x.min(layout.width - half).max(half);
        list.vertical(x, y - 9.0, y - 6.0, Ink::Faint, 1.0);
        list.text((centre, y), &text, style, 2.0 * half + 1.0);
        right = centre + half;
        at += step;
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

/// The least of 1, 2, 5, 10, 20, 50… that is at least `least`.
fn nice(least: f64) -> f64 {
    let mut power = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if power * factor >= least {
                return power * factor;
            }
        }
        power *= 10.0;
    }
}
