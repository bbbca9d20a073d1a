//! The rows of a lane: which bytes each has, and where its boxes begin and end.
//!
//! A box of no bytes (an empty send, an empty datagram) needs room of its own. So
//! there are as many places at an offset as the row with the most such boxes needs,
//! and what ends at the offset ends at the first of them, what begins there begins
//! at the last.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::Offset;
use trace::Trace;
use trace::lane::{Fate, Lane};
use trace::rows::{Chunk, Layer, Rows, within};

/// What stands for a boundary.
pub(super) const BOUNDARY: char = '│';

/// Where a box may begin or end: an offset, and which of its places.
pub(super) type Place = (u64, usize);

/// One byte of a row.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    /// Carried, with the hue of the send or message it is in.
    Byte { hue: usize, header: bool },
    /// Of a datagram the reader had no room for.
    Gone,
    /// Not in this layer.
    Absent,
}

/// One layer of a lane.
pub(super) struct CellRow {
    pub(super) name: String,
    /// What the bytes from an offset on are, to the next one.
    cells: BTreeMap<u64, Cell>,
    /// Where a box of this row begins or ends.
    pub(super) edges: BTreeSet<Place>,
    /// Where a box of no bytes begins; whether it is gone.
    pub(super) empties: BTreeMap<Place, bool>,
    pub(super) counts: String,
    /// Boxes that a link lost, by their numbers from 1.
    pub(super) lost: BTreeSet<usize>,
    /// What is drawn where a box begins or ends.
    pub(super) border: char,
}

impl Default for CellRow {
    /// A row without boxes.
    fn default() -> Self {
        Self {
            name: String::new(),
            cells: BTreeMap::new(),
            edges: BTreeSet::new(),
            empties: BTreeMap::new(),
            counts: String::new(),
            lost: BTreeSet::new(),
            border: BOUNDARY,
        }
    }
}

/// How many boxes of no bytes there may be at an offset.
type Gaps = BTreeMap<u64, usize>;

pub(super) fn index(offset: Offset) -> usize {
    usize::try_from(offset.0).unwrap_or(usize::MAX)
}

/// Where a box of any row begins or ends.
pub(super) fn edges(rows: &[CellRow]) -> BTreeSet<Place> {
    rows.iter().flat_map(|row| &row.edges).copied().collect()
}

/// The rows of `layers`, without names and counts.
pub(super) fn rows(trace: &Trace, lane: &Lane, layers: &[Layer]) -> Vec<CellRow> {
    let seen = Rows::at_the_end(trace, lane);
    let chunks: Vec<Vec<Chunk>> = layers.iter().map(|&layer| chunks(&seen, layer)).collect();
    let mut gaps = Gaps::new();
    for chunks in &chunks {
        let mut own = Gaps::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.has_bytes()) {
            *own.entry(chunk.range.start.0).or_default() += 1;
        }
        for (offset, count) in own {
            let most = gaps.entry(offset).or_default();
            *most = count.max(*most);
        }
    }
    let rows = layers.iter().zip(&chunks);
    let rows = rows.map(|(&layer, chunks)| row(&seen, lane, layer, chunks, &gaps));
    rows.collect()
}

/// The boxes of a layer. One that was sent again adds none: its bytes had crossed
/// before.
fn chunks(seen: &Rows<'_>, layer: Layer) -> Vec<Chunk> {
    let mut chunks = seen.all_chunks(layer);
    chunks.retain(|chunk| !chunk.is_resent);
    chunks
}

/// Each byte has the hue of what it belongs to.
fn row(seen: &Rows<'_>, lane: &Lane, layer: Layer, chunks: &[Chunk], gaps: &Gaps) -> CellRow {
    let mut row = CellRow::default();
    if layer == Layer::Packets {
        let mut packets: Vec<_> = chunks.iter().collect();
        packets.sort_by_key(|chunk| chunk.range.start);
        let is_lost = |chunk: &&Chunk| lane.wire.get(chunk.index).is_some_and(|p| p.lost);
        let lost = (1..).zip(packets).filter(|(_, chunk)| is_lost(chunk));
        row.lost = lost.map(|(number, _)| number).collect();
    }
    let stretches = seen.stretches();
    for chunk in chunks.iter().filter(|chunk| chunk.has_bytes()) {
        for stretch in within(&stretches, &chunk.range) {
            let byte = Cell::Byte {
                hue: stretch.index,
                header: stretch.is_header,
            };
            row.paint(stretch.range, byte);
        }
        if chunk.range.start < chunk.range.end {
            row.mark(&chunk.range, gaps);
        }
        if chunk.cut > 0 {
            let gone = chunk.range.end..chunk.whole().end;
            row.mark(&gone, gaps);
            row.paint(gone, Cell::Gone);
        }
    }
    if seen.is_datagrams() && matches!(layer, Layer::Recvs | Layer::Messages) {
        row.receive(lane, layer, gaps);
    } else {
        let mut used = Gaps::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.has_bytes()) {
            row.add_empty(chunk.range.start.0, &mut used, Some(false));
        }
    }
    row
}

impl CellRow {
    /// Where a box with bytes begins and ends.
    fn mark(&mut self, range: &Range<Offset>, gaps: &Gaps) {
        let start = range.start.0;
        let last = gaps.get(&start).copied().unwrap_or(0);
        self.edges.extend([(start, last), (range.end.0, 0)]);
    }

    pub(super) fn paint(&mut self, range: Range<Offset>, cell: Cell) {
        let (start, end) = (range.start.0, range.end.0);
        if start < end {
            let behind = self.cell(end);
            let painted: Vec<_> = self.cells.range(start..end).map(|(at, _)| *at).collect();
            for at in painted {
                self.cells.remove(&at);
            }
            self.cells.insert(start, cell);
            self.cells.insert(end, behind);
        }
    }

    /// What the byte at an offset is.
    pub(super) fn cell(&self, offset: u64) -> Cell {
        let last = self.cells.range(..=offset).next_back();
        last.map_or(Cell::Absent, |(_, cell)| *cell)
    }

    /// The next place at `offset` is a box of no bytes, gone or not; or is left out.
    fn add_empty(&mut self, offset: u64, used: &mut Gaps, gone: Option<bool>) {
        let number = used.entry(offset).or_default();
        let place = (offset, *number);
        *number += 1;
        if let Some(gone) = gone {
            self.edges.extend([place, (offset, place.1 + 1)]);
            self.empties.insert(place, gone);
        }
    }

    /// What became of each datagram at its reader, below the one that was sent.
    fn receive(&mut self, lane: &Lane, layer: Layer, gaps: &Gaps) {
        let mut used = Gaps::new();
        for (number, send) in lane.sends.iter().enumerate() {
            let fate = lane.fate(number);
            let is_dropped = fate == Fate::Dropped && layer == Layer::Recvs;
            if send.is_empty() {
                let gone = match fate {
                    Fate::Read(_) => Some(false),
                    _ if is_dropped => Some(true),
                    _ => None,
                };
                self.add_empty(send.start.0, &mut used, gone);
            } else if is_dropped {
                self.mark(&send.range(), gaps);
                self.paint(send.range(), Cell::Gone);
            }
        }
    }
}
