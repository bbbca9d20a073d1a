//! The Bytes view: x is the stream offset. Each direction of each client is a
//! group of rows (sends, the wire, recvs, messages); the same offset stands at
//! the same x in all of them, so boundaries line up or don't. Two runs that are
//! compared stand one above the other.

mod axis;
mod cells;
mod duel;
mod heads;
mod kernel;
mod labels;
mod layout;
mod marks;
mod note;
mod row;
mod run;
#[cfg(test)]
mod tests;

use protocol::Offset;
use trace::lane::{Lane, Span};
use trace::rows::{Hues, Layer, Rows};
use trace::text::{Catalog, Sentence};
use trace::{Analysis, Call};

use super::margins::{NARROW, PAD};
use super::{DrawList, Edge, Index, Ink, Part, Shape, StageModel, Target};
use axis::axis;
use layout::{Layout, Pitch};
pub(super) use note::capture_key;
use row::ChunkRow;
use run::{Run, runs};

/// Height of the axis with its name.
const AXIS: f64 = 40.0;
/// Ribbons narrower than this are joined with their neighbours.
const NARROWEST: f64 = 2.0;
/// Columns further apart are not joined by a ribbon.
const GAP: f64 = 4.0;
/// Below a group that ends in a row with labels below its boxes.
const LABELS_BELOW: f64 = 16.0;
/// Above the boxes of a row: their labels.
const LABELS_ABOVE: f64 = 18.0;
/// Between two groups, beyond what stands above a group anyway.
const BETWEEN: f64 = 4.0;

/// Draws it, `width` CSS pixels wide; the rows move together to stay within a height of
/// `room`, as far as they can.
pub fn draw(shot: &StageModel<'_>, catalog: &Catalog, width: f64, room: f64) -> DrawList {
    let earlier = shot.earlier.filter(|_| shot.earlier_index.is_none());
    let made = earlier.map(|earlier| Index::new(&earlier.trace, &earlier.analysis));
    let runs = runs(shot, shot.earlier_index.or(made.as_ref()), catalog);
    let layout = self::layout(shot, width);
    let rows = runs.iter().flat_map(|run| &run.groups);
    let rows = rows.map(|(_, layers)| layers.len()).sum::<usize>() + shot.duels.len();
    let mut pitches = Pitch::of(rows, layout.narrow).peekable();
    loop {
        let pitch = pitches.next();
        let tightest = pitches.peek().is_none();
        let pitch = pitch.unwrap_or_else(|| unreachable!("the last one is taken"));
        let expected = || runs.iter().map(|run| run.least(pitch)).sum::<f64>() + AXIS;
        if !tightest && expected() > room {
            continue;
        }
        let list = draw_at(pitch, &runs, catalog, layout);
        if tightest || list.height <= room {
            return list;
        }
    }
}

fn draw_at(pitch: Pitch, runs: &[Run<'_>], catalog: &Catalog, layout: Layout) -> DrawList {
    let mut list = DrawList {
        width: layout.width,
        area: (layout.left, layout.right()),
        ..DrawList::default()
    };
    let mut y = 0.0;
    for run in runs {
        // Only the last of them answers to the pointer.
        list.hits.clear();
        y = run.draw(catalog, layout, pitch, y, &mut list);
    }
    list.height = y + AXIS;
    axis(&layout, catalog, y + 16.0, &mut list);
    list
}

/// The height of one direction of a connection with all its rows.
pub fn height(width: f64, room: f64) -> f64 {
    let rows = Layer::ALL.len();
    let mut height = f64::INFINITY;
    for pitch in Pitch::of(rows, width < NARROW) {
        if height > room {
            height = pitch.least(rows) + AXIS;
        }
    }
    height
}

/// The smallest share of the stream that fills a stage of `width`.
pub fn narrowest(analysis: &Analysis, width: f64) -> f64 {
    layout::narrowest(analysis, width)
}

/// Where the cursor stands in the longest stream, 0 to 1; none before any bytes.
pub(super) fn share(shot: &StageModel<'_>) -> Option<f64> {
    let (_, offset) = cursor(shot)?;
    Some(offset.0 as f64 / layout(shot, 0.0).total)
}

/// The step at which the cursor stands nearest to x, in its own lane; of
/// several the one nearest to the step at which it stands now.
pub(super) fn step_at(shot: &StageModel<'_>, width: f64, x: f64) -> Option<usize> {
    let (lane, _) = cursor(shot)?;
    let layout = layout(shot, width);
    let wanted = layout.first + (x - layout.left) / layout.cell;
    let mut best: Option<(f64, usize, usize)> = None;
    let mut look = |span: &Span| {
        let far = (span.end.0 as f64 - wanted).abs();
        let steps = (span.event + 1).abs_diff(shot.step);
        let nearer = |&(other, others, _): &(f64, usize, usize)| {
            far < other || far <= other && steps < others
        };
        if best.as_ref().is_none_or(nearer) {
            best = Some((far, steps, span.event + 1));
        }
    };
    for spans in [&lane.sends, &lane.recvs] {
        // Of calls, which are by offset, the nearest ones are enough.
        let at = spans.partition_point(|span| (span.end.0 as f64) < wanted);
        let near = at.saturating_sub(1)..(at + 2).min(spans.len());
        spans[near].iter().for_each(&mut look);
    }
    lane.wire.iter().for_each(|packet| look(&packet.span));
    best.map(|(.., step)| step)
}

/// The layout with the run it is compared with, if there is one.
fn layout(shot: &StageModel<'_>, width: f64) -> Layout {
    let earlier = shot.earlier.map(|earlier| &earlier.analysis);
    let analyses: Vec<_> = earlier.into_iter().chain([shot.analysis]).collect();
    Layout::new(&analyses, shot.viewport, width)
}

/// A lane while it is drawn.
struct Group<'a> {
    lane: &'a Lane,
    rows: Rows<'a>,
    hues: &'a Hues,
    shot: &'a StageModel<'a>,
    catalog: &'a Catalog,
    layout: Layout,
    pitch: Pitch,
    /// Where the cursor stands, if it is in this lane.
    cursor: Option<f64>,
}

impl Group<'_> {
    /// Draws the rows from `top` on; gives the lower edge of the last one.
    fn draw(&self, layers: &[Layer], top: f64, list: &mut DrawList) -> f64 {
        let mut rows: Vec<ChunkRow> = Vec::new();
        let mut y = top;
        for &layer in layers {
            if let Some(above) = rows.last() {
                y = Self::below(above) + self.space(above, layer);
            }
            rows.push(ChunkRow::new(layer, self, y));
        }
        let boxes = rows.iter().filter(|row| !row.is_note);
        let boxes: Vec<_> = boxes.collect();
        for pair in boxes.windows(2) {
            self.ribbons(pair[0], pair[1], list);
        }
        for pair in rows.windows(2) {
            if pair[1].layer == Layer::Recvs && !pair[1].is_note {
                self.under_way(Self::below(&pair[0]), list);
            }
        }
        for row in &rows {
            if row.is_note {
                self.draw_note(row, list);
                continue;
            }
            self.chunks(row, list);
            self.marks(row, list);
            self.labels(row, list);
            self.head(row, list);
        }
        let bottom = rows.last().map_or(top, Self::below);
        self.duel(bottom, list)
    }

    /// Lower edge of a row and its labels.
    fn below(row: &ChunkRow) -> f64 {
        let labels = if row.has_labels_below() {
            LABELS_BELOW
        } else {
            0.0
        };
        row.y + row.height + labels
    }

    /// From there to the next row's boxes: room for what stands above them,
    /// and for ribbons that can be followed.
    fn space(&self, above: &ChunkRow, layer: Layer) -> f64 {
        let needed = match layer {
            _ if !self.rows.is_observed(layer) => return 8.0,
            Layer::Recvs => kernel::HEIGHT + LABELS_ABOVE + self.pitch.head,
            _ => LABELS_ABOVE + self.pitch.head,
        };
        let wanted = if above.is_note {
            0.0
        } else {
            self.pitch.gap - (Self::below(above) - above.y - above.height)
        };
        wanted.max(needed)
    }

    /// Joins the bytes of two rows, as far as they have come to the lower one.
    fn ribbons(&self, upper: &ChunkRow, lower: &ChunkRow, list: &mut DrawList) {
        let mut ribbon = |x0: f64, x1: f64, index: usize| {
            let edge = |y| Edge { x0, x1, y };
            list.shapes.push(Shape::Ribbon {
                top: edge(upper.y + upper.height),
                bottom: edge(lower.y),
                ink: Ink::hue(index, Part::Ribbon),
                ghost: false,
            });
        };
        if lower.dense {
            return self.dense_ribbons(upper, lower, list);
        }
        // Stretches too narrow to be told apart are painted as one.
        let mut pending: Option<(f64, f64, usize)> = None;
        for chunk in lower.chunks.iter().filter(|chunk| !chunk.is_ahead) {
            for stretch in self.hues.within(&chunk.range) {
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

    /// The same where only the density of the lower row is drawn: from each of
    /// its columns to the next.
    fn dense_ribbons(&self, upper: &ChunkRow, lower: &ChunkRow, list: &mut DrawList) {
        let mut joined: Option<(f64, f64, Ink)> = None;
        let mut ribbon = |(x0, x1, ink): (f64, f64, Ink)| {
            let edge = |y| Edge { x0, x1, y };
            list.shapes.push(Shape::Ribbon {
                top: edge(upper.y + upper.height),
                bottom: edge(lower.y),
                ink,
                ghost: false,
            });
        };
        let happened = lower.columns().iter();
        let happened = happened.filter(|column| self.shot.has_happened(column.first));
        for column in happened {
            let ink = column
                .hue
                .map_or(Ink::Faint, |hue| Ink::hue(hue, Part::Ribbon));
            let next = (column.x, column.x + 1.0, ink);
            match &mut joined {
                Some((x0, x1, own))
                    if column.x - *x1 < GAP && (*own == ink || *x1 - *x0 < NARROWEST) =>
                {
                    *x1 = column.x + 1.0;
                }
                Some(before) => {
                    // It goes on to where the next one begins.
                    if column.x - before.1 < GAP {
                        before.1 = column.x;
                    }
                    ribbon(*before);
                    *before = next;
                }
                None => joined = Some(next),
            }
        }
        if let Some(last) = joined {
            ribbon(last);
        }
    }

    fn say(&self, sentence: &Sentence) -> String {
        self.catalog.render(sentence)
    }

    /// The selected (or pointed-at) byte, if it is in this lane.
    fn selected(&self) -> Option<Offset> {
        match self.shot.selection {
            Some(Target::Byte {
                connection,
                direction,
                offset,
            }) if (connection, direction) == (self.lane.connection, self.lane.direction) => {
                Some(offset)
            }
            _ => None,
        }
    }
}

/// The lane and offset at which the last call (or packet) with bytes ended at
/// the cursor.
fn cursor<'a>(shot: &StageModel<'a>) -> Option<(&'a Lane, Offset)> {
    let happened = shot.trace.events().get(..shot.step)?;
    happened
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, event)| {
            let lane = shot.analysis.lane_of(event)?;
            let end = match event.call {
                Call::Send => end(&lane.sends, index, |send| send),
                Call::Recv => end(&lane.recvs, index, |recv| recv),
                _ => end(&lane.wire, index, |packet| &packet.span),
            };
            Some((lane, end?))
        })
}

/// Where the bytes of an event end.
fn end<T>(all: &[T], event: usize, span: impl Fn(&T) -> &Span) -> Option<Offset> {
    let found = all.binary_search_by_key(&event, |one| span(one).event);
    found.ok().map(|at| span(&all[at]).end)
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
