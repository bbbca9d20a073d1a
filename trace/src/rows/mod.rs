//! What a direction of a connection shows, at a cursor: a row for each layer
//! (sends, packets, recvs, messages) over the same stream offsets, what it
//! counts up to, and why boundaries changed. Terminal, page and pcapng comments
//! draw these rows; what they say is in words without a language
//! ([`Sentence`](crate::text::Sentence)).

mod count;
mod passage;
mod reason;
mod stretch;

use std::ops::Range;

use protocol::{Framing, Offset};

pub use count::RowCount;
pub use passage::Passage;
pub use reason::Reason;
pub use stretch::{Hues, Stretch, within};

use crate::cause::{Boundary, Change};
use crate::lane::{Direction, Fate, Finding, Integrity, Lane, MessageKind, MessageSpan, Span};
use crate::text::Sentence;
use crate::{Call, Trace};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What the sender's calls handed over.
    Sends,
    /// What was captured between the two.
    Packets,
    /// What the reader's calls took.
    Recvs,
    /// What the reader makes of it.
    Messages,
}

impl Layer {
    protocol::all_variants! {
        /// All of them, from above.
        Sends, Packets, Recvs, Messages
    }
}

/// A box of a row: a call's bytes, a packet's or a message's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Index of its event.
    pub event: usize,
    /// Position among its kind, from 0.
    pub index: usize,
    /// Its bytes, as offsets in the sender's stream.
    pub range: Range<Offset>,
    /// Bytes behind it that were cut off.
    pub cut: usize,
    /// A packet that never arrived, or a datagram that nobody could read.
    pub is_lost: bool,
    /// A packet whose bytes had all been on the wire before.
    pub is_resent: bool,
    /// It has not happened at the cursor.
    pub is_ahead: bool,
}

impl Chunk {
    /// Whether it has bytes, or had.
    pub fn has_bytes(&self) -> bool {
        self.range.start < self.range.end || self.cut > 0
    }

    /// Its offsets with what was cut off.
    pub fn whole(&self) -> Range<Offset> {
        self.range.start..self.range.end + self.cut
    }
}

/// One direction of a connection, seen when `step` events have happened.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    trace: &'a Trace,
    lane: &'a Lane,
    step: usize,
}

impl<'a> Rows<'a> {
    /// The rows of a lane of `trace` behind its first `step` events.
    pub const fn new(trace: &'a Trace, lane: &'a Lane, step: usize) -> Self {
        Self { trace, lane, step }
    }

    /// Those of the whole trace.
    pub fn at_the_end(trace: &'a Trace, lane: &'a Lane) -> Self {
        Self::new(trace, lane, trace.events().len())
    }

    /// Whether datagrams keep the boundaries of what was sent.
    pub fn is_datagrams(&self) -> bool {
        self.trace.is_datagrams(self.lane.connection)
    }

    /// Whether packets were captured; else their row says why not.
    pub fn is_captured(&self) -> bool {
        self.trace.is_captured(self.lane.connection) || !self.lane.wire.is_empty()
    }

    /// Whether what a row is about was observed at all. Of calls that nobody
    /// watched there is no number, not even 0.
    pub fn is_observed(&self, layer: Layer) -> bool {
        let Lane { sends, recvs, .. } = self.lane;
        let watched = |end| self.trace.is_watched(self.lane.connection, end);
        match layer {
            Layer::Sends => !sends.is_empty() || watched(self.lane.direction.sender()),
            Layer::Packets => self.is_captured(),
            Layer::Recvs => !recvs.is_empty() || watched(self.lane.direction.reader()),
            Layer::Messages => self.messages_of().is_some(),
        }
    }

    /// In which layer's bytes messages are found: in what the reader took; where it was not
    /// watched and somebody said how messages are framed, in what was sent, or where nobody
    /// was watched, in the packets.
    pub fn messages_of(&self) -> Option<Layer> {
        if self.is_observed(Layer::Recvs) {
            return Some(Layer::Recvs);
        }
        let is_framed = self.trace.framing(self.lane.direction) != Framing::None;
        match (self.is_observed(Layer::Sends), self.is_datagrams()) {
            (true, false) if is_framed => Some(Layer::Sends),
            (false, is_datagrams) if is_framed || is_datagrams => Some(Layer::Packets),
            _ => None,
        }
    }

    /// That messages are not found in what the reader took, because it was not watched.
    pub fn messages_not_read(&self) -> Option<Sentence> {
        let key = match self.messages_of()? {
            Layer::Sends => "stage.messages-of-sends",
            Layer::Packets if !self.is_datagrams() => "stage.messages-of-packets",
            _ => return None,
        };
        Some(Sentence::new(key))
    }

    /// Whether anybody said what the sender means by a message: an experiment, or a framing.
    /// Else a chunk of several sends, or of a part of one, is a fact and no mistake.
    pub fn says_messages(&self) -> bool {
        self.trace.plan.is_some() || self.trace.framing(self.lane.direction) != Framing::None
    }

    /// Whether a boundary that changed lets whoever takes chunks for messages make a mistake:
    /// of a record, where two messages came in one chunk, or a chunk ends inside of one.
    pub fn misleads(&self, boundary: &Boundary) -> bool {
        let is_sure = self.trace.plan.is_some() || self.is_datagrams();
        if is_sure || !self.says_messages() {
            return is_sure;
        }
        let messages = &self.lane.messages;
        let at = messages.partition_point(|message| message.range().end <= boundary.offset);
        let is_inside = |message: &MessageSpan| message.range().start < boundary.offset;
        let is_split = messages.get(at).is_some_and(is_inside);
        let before = at.checked_sub(1).and_then(|before| messages.get(before));
        let ends_here = before.is_some_and(|message| message.range().end == boundary.offset);
        match boundary.change {
            Change::Vanished => ends_here,
            Change::Appeared => is_split,
            Change::Cut | Change::Lost => true,
        }
    }

    fn has_happened(&self, event: usize) -> bool {
        event < self.step
    }

    /// Whether the run is over at the cursor.
    fn is_over(&self) -> bool {
        self.trace.ending().is_some() && self.step == self.trace.events().len()
    }

    /// The rows that say something of their own. Messages do where a framing
    /// finds them, where a handshake is among them, and where chunks are taken
    /// for messages that were none.
    pub fn layers(&self) -> Vec<Layer> {
        let lane = self.lane;
        let mut layers = vec![Layer::Sends, Layer::Packets, Layer::Recvs];
        let is_telling = |message: &MessageSpan| {
            message.kind != MessageKind::Message || message.integrity != Integrity::Whole
        };
        let has_messages = match lane.direction {
            Direction::FromOpener => {
                self.trace.framing(lane.direction) != Framing::None || !lane.messages.is_empty()
            }
            // Of an experiment the row says nothing where each reply came out whole.
            Direction::FromAcceptor => {
                self.trace.plan.is_none() && self.trace.framing(lane.direction) != Framing::None
                    || lane.messages.iter().any(is_telling)
            }
        };
        if has_messages && !self.is_datagrams() {
            layers.push(Layer::Messages);
        }
        layers
    }

    /// The boxes of a row that lie in `window` or touch it, empty ones too, in
    /// the order in which they came; a stream's packets by offset, and behind
    /// them what was sent again. Of a long stream it costs what is in the
    /// window, and what was sent again.
    pub fn chunks(&self, layer: Layer, window: &Range<Offset>) -> Vec<Chunk> {
        let mut chunks = match layer {
            Layer::Sends => self.calls(&self.lane.sends, window),
            Layer::Packets => self.packets(window),
            Layer::Recvs => self.calls(&self.lane.recvs, window),
            Layer::Messages => {
                let messages = &self.lane.messages;
                let numbers = self.within(messages, window, MessageSpan::range);
                let chunk = |index: usize| {
                    self.chunk(messages[index].event, index, messages[index].range())
                };
                numbers.map(chunk).collect()
            }
        };
        if self.is_datagrams() && matches!(layer, Layer::Sends | Layer::Packets) {
            mark_lost(&mut chunks, self.lane);
        }
        chunks
    }

    /// All boxes of a row.
    pub fn all_chunks(&self, layer: Layer) -> Vec<Chunk> {
        self.chunks(layer, &(Offset(0)..Offset(u64::MAX)))
    }

    fn chunk(&self, event: usize, index: usize, range: Range<Offset>) -> Chunk {
        Chunk {
            event,
            index,
            range,
            cut: 0,
            is_lost: false,
            is_resent: false,
            is_ahead: !self.has_happened(event),
        }
    }

    fn calls(&self, spans: &[Span], window: &Range<Offset>) -> Vec<Chunk> {
        let numbers = self.within(spans, window, Span::range);
        let chunk = |index: usize| Chunk {
            cut: spans[index].cut,
            ..self.chunk(spans[index].event, index, spans[index].range())
        };
        numbers.map(chunk).collect()
    }

    /// What a packet was the first to carry is shown where it stands; what was
    /// sent again, whole.
    fn packets(&self, window: &Range<Offset>) -> Vec<Chunk> {
        let Lane { wire, findings, .. } = self.lane;
        let chunk = |index: usize, range| Chunk {
            is_lost: wire[index].lost || wire[index].fate == Fate::Dropped,
            is_resent: wire[index].resent,
            ..self.chunk(wire[index].span.event, index, range)
        };
        let whole = |index: usize| chunk(index, wire[index].span.range());
        let mut chunks: Vec<_> = if self.is_datagrams() {
            (0..wire.len()).map(whole).collect()
        } else {
            // One that ends where the window begins touches it.
            let wide = window.start.0.saturating_sub(1)..window.end.0.saturating_add(1);
            let first = self
                .lane
                .carriers_in(&(Offset(wide.start)..Offset(wide.end)));
            let first = first.iter().map(|c| chunk(c.packet, c.start..c.end));
            let resent = findings.of(Finding::Resent).iter();
            let resent = resent.map(|event| wire.partition_point(|p| p.span.event < *event));
            first.chain(resent.map(whole)).collect()
        };
        chunks.retain(|chunk| touches(&chunk.range, window));
        chunks
    }

    /// The numbers of those that touch `window`. A stream's lie by offset;
    /// datagrams may have been read in another order than they were sent.
    fn within<T>(
        &self,
        all: &[T],
        window: &Range<Offset>,
        range: impl Fn(&T) -> Range<Offset>,
    ) -> Range<usize> {
        if self.is_datagrams() {
            return 0..all.len();
        }
        let from = all.partition_point(|one| range(one).end < window.start);
        let to = all.partition_point(|one| range(one).start <= window.end);
        from..to.max(from)
    }

    /// From where decoding failed to the last byte that was read, or where the reader was not
    /// watched, sent; and the event at which it failed.
    pub fn refused(&self) -> Option<(Range<Offset>, usize)> {
        let failure = self.lane.failure.as_ref()?;
        let decoded = self.lane.messages.last();
        let decoded = decoded.map_or(Offset(0), |message| message.range().end);
        let start = failure.error.offset().max(decoded);
        Some((start..self.reach().max(start + 1), failure.event))
    }

    /// Behind the last byte in which messages are found.
    fn reach(&self) -> Offset {
        match self.messages_of() {
            Some(Layer::Sends | Layer::Packets) => self.lane.end(),
            _ => self.lane.recvs.last().map_or(Offset(0), |recv| recv.end),
        }
    }

    /// The room that the reader gave its latest recv, in bytes, or will give its first, as far
    /// as it was observed: a reader may ask for another size each time.
    pub fn room(&self) -> Option<u32> {
        let events = self.trace.events();
        let recvs = &self.lane.recvs;
        let happened = recvs.partition_point(|recv| self.has_happened(recv.event));
        let latest = recvs.get(happened.saturating_sub(1));
        let event = latest.and_then(|recv| events.get(recv.event));
        let event = event.or_else(|| {
            let mut reads = events.iter().filter(|event| event.call == Call::Recv);
            reads.find(|event| {
                event.connection == self.lane.connection
                    && crate::direction(event) == Some(self.lane.direction)
            })
        });
        Some(event?.asked)
    }
}

fn touches(range: &Range<Offset>, window: &Range<Offset>) -> bool {
    range.end >= window.start && range.start <= window.end
}

/// A datagram that was lost is marked on the wire; where it was not seen
/// there, where it was sent.
fn mark_lost(chunks: &mut [Chunk], lane: &Lane) {
    for boundary in lane.boundaries.iter().filter(|b| b.change == Change::Lost) {
        let found = chunks.binary_search_by_key(&boundary.event, |chunk| chunk.event);
        if let Ok(chunk) = found {
            chunks[chunk].is_lost = true;
        }
    }
}
