//! The rows of a lane as far as they are in sight, and where they stand.

use std::ops::Range;
use std::rc::Rc;

use protocol::Offset;
use trace::lane::{Lane, MessageSpan, Span};
use trace::order;
use trace::rows::{Chunk, Layer};

use super::Group;
use crate::scene::density::{Column, Density, DensityKey};

/// Chunks narrower than this on the average are drawn as density.
const DENSE: f64 = 3.0;

/// A row and what of it is in sight.
pub(super) struct ChunkRow {
    pub(super) layer: Layer,
    /// Nothing of it was observed: a line says so in place of boxes.
    pub(super) is_note: bool,
    /// Upper edge of its boxes.
    pub(super) y: f64,
    /// Height of its boxes.
    pub(super) height: f64,
    /// The chunks with bytes.
    pub(super) chunks: Vec<Chunk>,
    /// Calls and packets that carried none.
    pub(super) empties: Vec<Chunk>,
    /// Packets that had been on the wire before.
    pub(super) again: Vec<Chunk>,
    /// So many chunks that only their density can be drawn.
    pub(super) dense: bool,
    /// Their density.
    pub(super) density: Rc<Option<Density>>,
}

/// As much of a chunk as a column takes.
struct Begin {
    index: usize,
    event: usize,
    range: Range<Offset>,
    has_bytes: bool,
    is_resent: bool,
}

impl ChunkRow {
    pub(super) fn new(layer: Layer, group: &Group<'_>, y: f64) -> Self {
        let is_note = !group.rows.is_observed(layer);
        let height = if is_note {
            group.note(layer).height()
        } else {
            group.pitch.height
        };
        let mut row = Self {
            is_note,
            height,
            ..Self::empty(layer, group, y)
        };
        if is_note {
            return row;
        }
        let key = DensityKey {
            connection: group.lane.connection,
            direction: group.lane.direction,
            layer,
            window: group.layout.drawn(),
        };
        row.density = group.shot.index.kept.density.get(key, || {
            let most = group.layout.area / DENSE;
            let many = begins(layer, group).count() as f64 > most;
            many.then(|| density(layer, group))
        });
        row.dense = row.density.is_some();
        if let Some(density) = &*row.density {
            let at_the_cursor = |chunk: &Chunk| Chunk {
                is_ahead: !group.shot.has_happened(chunk.event),
                ..chunk.clone()
            };
            row.empties = density.empties.iter().map(at_the_cursor).collect();
            row.again = density.again.iter().map(at_the_cursor).collect();
        } else {
            row.fill(group);
        }
        row
    }

    /// A row without boxes.
    pub(super) fn empty(layer: Layer, group: &Group<'_>, y: f64) -> Self {
        Self {
            layer,
            is_note: false,
            y,
            height: group.pitch.height,
            chunks: Vec::new(),
            empties: Vec::new(),
            again: Vec::new(),
            dense: false,
            density: Rc::new(None),
        }
    }

    fn fill(&mut self, group: &Group<'_>) {
        let chunks = group.rows.chunks(self.layer, &group.layout.window());
        let is_message = self.layer == Layer::Messages;
        let (filled, mut empties): (Vec<_>, Vec<_>) = chunks
            .into_iter()
            .partition(|chunk| is_message || chunk.has_bytes());
        empties.retain(|chunk| group.layout.shows(chunk.range.start));
        let (again, filled): (Vec<_>, Vec<_>) =
            filled.into_iter().partition(|chunk| chunk.is_resent);
        self.empties = empties;
        self.again = in_sight(again, group);
        self.chunks = in_sight(filled, group);
        if group.rows.is_datagrams() {
            // What the network doubled is the same bytes once more.
            let is_copy = |later: &mut Chunk, first: &mut Chunk| {
                later.has_bytes() && later.range == first.range
            };
            self.chunks.dedup_by(is_copy);
        }
    }

    /// The columns, where only the density is drawn.
    pub(super) fn columns(&self) -> &[Column] {
        self.density
            .as_ref()
            .as_ref()
            .map_or(&[], |density| &density.columns)
    }

    /// Whether labels stand below its boxes.
    pub(super) fn has_labels_below(&self) -> bool {
        !self.empties.is_empty() || !self.again.is_empty()
    }
}

impl Begin {
    fn chunk(self) -> Chunk {
        Chunk {
            event: self.event,
            index: self.index,
            range: self.range,
            cut: 0,
            is_lost: false,
            is_resent: self.is_resent,
            is_ahead: false,
        }
    }
}

/// Counts the chunks by pixel. Of those that have a mark of their own one
/// a pixel is kept.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "columns lie within the area"
)]
fn density(layer: Layer, group: &Group<'_>) -> Density {
    let layout = &group.layout;
    let (mut empties, mut again): (Vec<Chunk>, Vec<Chunk>) = Default::default();
    let mut columns: Vec<Option<Column>> = vec![None; layout.area as usize + 1];
    for begin in begins(layer, group) {
        let start = begin.range.start;
        let marked = match (begin.has_bytes, begin.is_resent) {
            (false, _) => Some(&mut empties),
            (true, true) => Some(&mut again),
            (true, false) => None,
        };
        let x = layout.x(start);
        if let Some(marked) = marked {
            let last = marked.last().map(|chunk| layout.x(chunk.range.start));
            if layout.shows(start) && last.is_none_or(|last| (x - last).abs() >= 1.0) {
                marked.push(begin.chunk());
            }
            continue;
        }
        let x = (x - layout.left).max(0.0).floor();
        let Some(column) = columns.get_mut(x as usize) else {
            continue;
        };
        let column = column.get_or_insert(Column {
            x: (layout.left + x).min(layout.right() - 1.0),
            count: 0,
            first: begin.event,
            starts: (start, start),
            hue: None,
        });
        column.count += 1;
        column.first = column.first.min(begin.event);
        let (first, last) = column.starts;
        column.starts = (first.min(start), last.max(start));
    }
    let columns = columns.into_iter().flatten().map(|column| {
        let (first, last) = column.starts;
        let (from, to) = (group.hues.at(first), group.hues.at(last));
        Column {
            hue: (to.abs_diff(from) < 2).then_some(to),
            ..column
        }
    });
    Density {
        columns: columns.collect(),
        empties,
        again,
    }
}

/// The chunks of a layer that may be in sight.
fn begins<'a>(layer: Layer, group: &Group<'a>) -> Box<dyn Iterator<Item = Begin> + 'a> {
    let lane: &'a Lane = group.lane;
    let window = group.layout.window();
    let is_stream = !group.rows.is_datagrams();
    let begin = |index: usize, event, range: Range<Offset>| Begin {
        index,
        event,
        has_bytes: range.start < range.end,
        range,
        is_resent: false,
    };
    let spans = |spans: &'a [Span]| {
        let numbers = numbers(spans, is_stream.then_some(&window), Span::range);
        numbers.map(move |index| {
            let span = &spans[index];
            Begin {
                has_bytes: !span.is_empty() || span.cut > 0,
                ..begin(index, span.event, span.range())
            }
        })
    };
    match layer {
        Layer::Sends => Box::new(spans(&lane.sends)),
        Layer::Recvs => Box::new(spans(&lane.recvs)),
        Layer::Messages => {
            let messages = &lane.messages;
            let numbers = numbers(messages, is_stream.then_some(&window), MessageSpan::range);
            Box::new(numbers.map(move |index| {
                let message = &messages[index];
                Begin {
                    has_bytes: true,
                    ..begin(index, message.event, message.range())
                }
            }))
        }
        // Packets may come in any order.
        Layer::Packets => Box::new(lane.wire.iter().enumerate().filter_map(
            move |(index, packet)| {
                let Range { start, end } = packet.span.range();
                let is_near = end >= window.start && start <= window.end;
                is_near.then(|| Begin {
                    is_resent: packet.resent,
                    ..begin(index, packet.span.event, start..end)
                })
            },
        )),
    }
}

/// The numbers of those that touch `window`, of a stream, where they lie by
/// offset; of datagrams all.
fn numbers<T>(
    all: &[T],
    window: Option<&Range<Offset>>,
    range: impl Fn(&T) -> Range<Offset>,
) -> Range<usize> {
    let Some(window) = window else {
        return 0..all.len();
    };
    let from = all.partition_point(|one| range(one).end < window.start);
    let to = all.partition_point(|one| range(one).start <= window.end);
    from..to.max(from)
}

fn in_sight(mut chunks: Vec<Chunk>, group: &Group<'_>) -> Vec<Chunk> {
    chunks.retain(|chunk| group.layout.span(&chunk.whole(), 0.0, 0.0).is_some());
    // Datagrams may have been read in another order than they were sent.
    order::sort_by_key(&mut chunks, |chunk| [chunk.range.start.0, 0]);
    chunks
}
