//! The rows of a lane: which there are, and the chunks in each.

use std::ops::Range;

use protocol::{Framing, Offset};
use trace::cause::Change;
use trace::lane::{Direction, Fate, Lane, MessageKind, MessageSpan, Span, Verdict};
use trace::link::Capture;

use super::Group;
use crate::scene::StageModel;

/// Chunks narrower than this on the average are drawn as density.
const DENSE: f64 = 3.0;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sends,
    /// Captured packets.
    Wire,
    /// In place of them: why there are none.
    NotCaptured,
    Recvs,
    Messages,
}

/// A row and what of it is in sight.
pub(super) struct Row {
    pub(super) kind: Kind,
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

/// A call's bytes, a packet's or a message's.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) event: usize,
    /// Position among its kind, from 0.
    pub(super) index: usize,
    pub(super) range: Range<Offset>,
    /// Bytes behind it that were cut off.
    pub(super) cut: usize,
    /// It never arrived.
    pub(super) lost: bool,
    /// It has not happened at the cursor.
    pub(super) ghost: bool,
}

/// The rows of a lane. Messages have one only where it says more than the
/// recvs: where a framing finds them, where a handshake is among them, where
/// chunks are taken for messages that were none.
pub(super) fn kinds(lane: &Lane, shot: &StageModel<'_>) -> Vec<Kind> {
    let wire = match shot.trace.capture {
        Capture::On => Kind::Wire,
        _ => Kind::NotCaptured,
    };
    let mut kinds = vec![Kind::Sends, wire, Kind::Recvs];
    let telling = |message: &MessageSpan| {
        message.kind != MessageKind::Message || message.verdict != Verdict::Whole
    };
    let shown = !shot.trace.is_datagrams(lane.connection)
        && match lane.direction {
            Direction::FromOpener => {
                shot.trace.framing(lane.direction) != Framing::None || !lane.messages.is_empty()
            }
            Direction::FromAcceptor => lane.messages.iter().any(telling),
        };
    if shown {
        kinds.push(Kind::Messages);
    }
    kinds
}

impl Row {
    pub(super) fn new(kind: Kind, group: &Group<'_>, y: f64) -> Self {
        let mut chunks: Vec<Chunk> = match kind {
            Kind::Sends => calls(&group.lane.sends, group).collect(),
            Kind::Wire => packets(group),
            Kind::NotCaptured => Vec::new(),
            Kind::Recvs => calls(&group.lane.recvs, group).collect(),
            Kind::Messages => {
                let messages = group.lane.messages.iter().enumerate();
                let chunks = messages.map(|(index, message)| Chunk {
                    event: message.event,
                    index,
                    range: message.range(),
                    cut: 0,
                    lost: false,
                    ghost: !group.shot.has_happened(message.event),
                });
                chunks.collect()
            }
        };
        if matches!(kind, Kind::Sends | Kind::Wire) {
            mark_lost(&mut chunks, group.lane);
        }
        let is_message = kind == Kind::Messages;
        let (filled, mut empties): (Vec<_>, Vec<_>) = chunks
            .into_iter()
            .partition(|chunk| is_message || chunk.has_bytes());
        empties.retain(|chunk| group.layout.shows(chunk.range.start));
        let resent = |chunk: &Chunk| kind == Kind::Wire && group.lane.wire[chunk.index].resent;
        let (again, filled): (Vec<_>, Vec<_>) = filled.into_iter().partition(resent);
        let chunks = in_sight(filled, group);
        Self {
            kind,
            y,
            height: if kind == Kind::NotCaptured {
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

fn calls<'a>(spans: &'a [Span], group: &'a Group<'_>) -> impl Iterator<Item = Chunk> + 'a {
    spans.iter().enumerate().map(|(index, span)| Chunk {
        event: span.event,
        index,
        range: span.range(),
        cut: span.cut,
        lost: false,
        ghost: !group.shot.has_happened(span.event),
    })
}

/// A datagram that was lost is marked on the wire; where it was not seen
/// there, where it was sent.
fn mark_lost(chunks: &mut [Chunk], lane: &Lane) {
    for boundary in lane.boundaries.iter().filter(|b| b.change == Change::Lost) {
        let found = chunks.binary_search_by_key(&boundary.event, |chunk| chunk.event);
        if let Ok(chunk) = found {
            chunks[chunk].lost = true;
        }
    }
}

fn packets(group: &Group<'_>) -> Vec<Chunk> {
    let mut seen = Offset(0);
    let packets = group.lane.wire.iter().enumerate().map(|(index, packet)| {
        let mut range = packet.span.range();
        if !packet.resent && !group.is_datagrams() {
            // What went before is drawn where it went first.
            range.start = range.start.max(seen.min(range.end));
            seen = seen.max(range.end);
        }
        Chunk {
            event: packet.span.event,
            index,
            range,
            cut: 0,
            lost: packet.fate == Fate::Dropped,
            ghost: !group.shot.has_happened(packet.span.event),
        }
    });
    packets.collect()
}

fn in_sight(mut chunks: Vec<Chunk>, group: &Group<'_>) -> Vec<Chunk> {
    chunks.retain(|chunk| group.layout.span(&chunk.whole(), 0.0, 0.0).is_some());
    // Datagrams may have been read in another order than they were sent.
    chunks.sort_by_key(|chunk| chunk.range.start);
    chunks
}

impl Chunk {
    fn has_bytes(&self) -> bool {
        self.range.start < self.range.end || self.cut > 0
    }

    /// Its offsets with what was cut off.
    pub(super) fn whole(&self) -> Range<Offset> {
        self.range.start..self.range.end + self.cut
    }
}
