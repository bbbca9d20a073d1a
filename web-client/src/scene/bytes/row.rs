//! The rows of a lane: which there are, and the chunks in each.

use std::ops::Range;

use protocol::{Framing, Offset, Transport};
use trace::lane::{Direction, Lane, MessageKind, MessageSpan, Span, Verdict};

use super::Group;
use crate::scene::Shot;

/// Chunks narrower than this on the average are drawn as density.
const DENSE: f64 = 3.0;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sends,
    Recvs,
    Messages,
}

/// A row and what of it is in sight.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// Upper edge of its boxes.
    pub(super) y: f64,
    /// The chunks with bytes.
    pub(super) chunks: Vec<Chunk>,
    /// Calls that carried none.
    pub(super) empties: Vec<Chunk>,
    /// So many chunks that only their density can be drawn.
    pub(super) dense: bool,
}

/// A call's bytes, or a message's.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) event: usize,
    /// Position among its kind, from 0.
    pub(super) index: usize,
    pub(super) range: Range<Offset>,
    /// Bytes behind it that were cut off.
    pub(super) cut: usize,
    /// It has not happened at the cursor.
    pub(super) ghost: bool,
}

/// The rows of a lane. Messages have one only where it says more than the
/// recvs: where a framing finds them, where a handshake is among them, where
/// chunks are taken for messages that were none.
pub(super) fn kinds(lane: &Lane, shot: &Shot<'_>) -> Vec<Kind> {
    let mut kinds = vec![Kind::Sends, Kind::Recvs];
    let experiment = &shot.trace.experiment;
    let telling = |message: &MessageSpan| {
        message.kind != MessageKind::Message || message.verdict != Verdict::Whole
    };
    let shown = experiment.transport() == Transport::Tcp
        && match lane.direction {
            Direction::ToServer => {
                experiment.rules().framing != Framing::None || !lane.messages.is_empty()
            }
            Direction::ToClient => lane.messages.iter().any(telling),
        };
    if shown {
        kinds.push(Kind::Messages);
    }
    kinds
}

impl Row {
    pub(super) fn new(kind: Kind, group: &Group<'_>, y: f64) -> Self {
        let (chunks, empties) = match kind {
            Kind::Sends => calls(&group.lane.sends, group),
            Kind::Recvs => calls(&group.lane.recvs, group),
            Kind::Messages => {
                let messages = group.lane.messages.iter().enumerate();
                let chunks = messages.map(|(index, message)| Chunk {
                    event: message.event,
                    index,
                    range: message.range(),
                    cut: 0,
                    ghost: !group.shot.has_happened(message.event),
                });
                (in_sight(chunks, group), Vec::new())
            }
        };
        Self {
            kind,
            y,
            dense: chunks.len() as f64 * DENSE > group.layout.area,
            chunks,
            empties,
        }
    }
}

fn calls(spans: &[Span], group: &Group<'_>) -> (Vec<Chunk>, Vec<Chunk>) {
    let chunks = spans.iter().enumerate().map(|(index, span)| Chunk {
        event: span.event,
        index,
        range: span.range(),
        cut: span.cut,
        ghost: !group.shot.has_happened(span.event),
    });
    let (filled, empties) = chunks.partition(|chunk: &Chunk| chunk.has_bytes());
    let empties: Vec<_> = empties;
    let filled: Vec<_> = filled;
    let shows = |chunk: &Chunk| group.layout.shows(chunk.range.start);
    (
        in_sight(filled.into_iter(), group),
        empties.into_iter().filter(shows).collect(),
    )
}

fn in_sight(chunks: impl Iterator<Item = Chunk>, group: &Group<'_>) -> Vec<Chunk> {
    let mut chunks: Vec<_> = chunks
        .filter(|chunk| group.layout.span(&chunk.whole(), 0.0, 0.0).is_some())
        .collect();
    // Datagrams may have been read in another order than they were sent.
    chunks.sort_unstable_by_key(|chunk| chunk.range.start);
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
