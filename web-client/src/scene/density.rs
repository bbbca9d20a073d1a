//! Chunks too narrow to be drawn, and events too close to each other, by pixel:
//! what stays the same from step to step, and what it was computed from.

use protocol::Offset;
use trace::lane::Direction;
use trace::rows::{Chunk, Layer};
use trace::{ConnectionId, PartyId};

/// What of an axis is drawn, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// What stands at the left edge, in the axis' unit.
    pub(super) first: f64,
    /// What fits between the edges.
    pub(super) across: f64,
    /// x of the left edge.
    pub(super) left: f64,
    /// Pixels between the edges.
    pub(super) area: f64,
}

/// Which row of the Bytes view a density is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DensityKey {
    pub(super) connection: ConnectionId,
    pub(super) direction: Direction,
    pub(super) layer: Layer,
    pub(super) window: Window,
}

/// What the chunks of a row look like where they are too narrow to be drawn.
#[derive(Debug)]
pub(super) struct Density {
    /// Those that begin in one pixel, from the left.
    pub(super) columns: Vec<Column>,
    /// Of those without bytes, one a pixel.
    pub(super) empties: Vec<Chunk>,
    /// Of the packets that had been on the wire before, one a pixel.
    pub(super) again: Vec<Chunk>,
}

/// The chunks that begin in one pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its left edge.
    pub(super) x: f64,
    /// How many they are.
    pub(super) count: u32,
    /// The first event of them.
    pub(super) first: usize,
    /// Where the first and the last of them begin.
    pub(super) starts: (Offset, Offset),
    /// Their hue; none where there are many.
    pub(super) hue: Option<usize>,
}

/// What bins of events are of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BinsKey {
    /// All events, one behind the other, in so many pixels.
    All(f64),
    /// The calls of a party's row, counted from above, by time or (if `by_step`)
    /// by step.
    Party {
        party: PartyId,
        row: usize,
        by_step: bool,
        window: Window,
    },
    /// A connection's packets, by time or (if `by_step`) by step.
    Packets {
        connection: ConnectionId,
        by_step: bool,
        window: Window,
    },
}
