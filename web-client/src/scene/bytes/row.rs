//! The rows of a lane as far as they are in sight, and where they stand.

use trace::rows::{Chunk, Layer};

use super::Group;

/// Chunks narrower than this on the average are drawn as density.
const DENSE: f64 = 3.0;

/// A row and what of it is in sight.
pub(super) struct Row {
    pub(super) layer: Layer,
    /// In place of packets: why there are none.
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
}

impl Row {
    pub(super) fn new(layer: Layer, group: &Group<'_>, y: f64) -> Self {
        let is_note = layer == Layer::Packets && !group.rows.is_captured();
        let chunks = if is_note {
            Vec::new()
        } else {
            group.rows.chunks(layer, &group.layout.window())
        };
        let is_message = layer == Layer::Messages;
        let (filled, mut empties): (Vec<_>, Vec<_>) = chunks
            .into_iter()
            .partition(|chunk| is_message || chunk.has_bytes());
        empties.retain(|chunk| group.layout.shows(chunk.range.start));
        let (again, filled): (Vec<_>, Vec<_>) =
            filled.into_iter().partition(|chunk| chunk.is_resent);
        let chunks = in_sight(filled, group);
        Self {
            layer,
            is_note,
            y,
            height: if is_note {
                group.note().height()
            } else {
                group.pitch.height
            },
            dense: chunks.len() as f64 * DENSE > group.layout.area,
            chunks,
            empties,
            again: in_sight(again, group),
        }
    }

    /// Whether labels stand below its boxes.
    pub(super) fn has_labels_below(&self) -> bool {
        !self.empties.is_empty() || !self.again.is_empty()
    }
}

fn in_sight(mut chunks: Vec<Chunk>, group: &Group<'_>) -> Vec<Chunk> {
    chunks.retain(|chunk| group.layout.span(&chunk.whole(), 0.0, 0.0).is_some());
    // Datagrams may have been read in another order than they were sent.
    chunks.sort_by_key(|chunk| chunk.range.start);
    chunks
}
