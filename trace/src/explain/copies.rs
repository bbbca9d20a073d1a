//! Which copy of a segment's bytes the reader took: of bytes that were on the
//! wire more than once the receiver's kernel discards what it has already.

use std::ops::Range;

use protocol::Offset;

use super::Facts;
use crate::lane::{Lane, Packet};
use crate::rows::Passage;
use crate::text::Sentence;
use crate::{Call, Event};

/// Of more packets with the same bytes nothing is told: each is looked for in all
/// events.
const MOST_COPIES: usize = 16;

/// What became of one copy of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copy {
    /// It is the one that was taken.
    Taken,
    /// The receiver had the bytes already.
    Discarded,
    /// What was observed does not tell which copy it was.
    Unknown,
}

impl Facts<'_> {
    /// Which recvs the bytes of this segment came out of.
    pub(super) fn taken(&self, lane: &Lane, passage: &Passage) -> Option<Sentence> {
        let copy = self.copy(lane, passage.packet);
        let key = match (passage.recvs.len(), copy) {
            (_, Copy::Discarded) => "explain.packet.discarded",
            (0, _)
                if !self
                    .trace
                    .is_watched(lane.connection, lane.direction.reader()) =>
            {
                return None;
            }
            (0, _) if self.trace.ending().is_some() => "explain.packet.unread",
            (0, _) => return None,
            (_, Copy::Taken) => "explain.packet.read",
            (_, Copy::Unknown) => "explain.packet.read-copy",
        };
        let recvs = self.recvs(lane, passage.recvs.clone());
        Some(self.say(key).with("recvs", recvs))
    }

    fn copy(&self, lane: &Lane, packet: usize) -> Copy {
        let Some(this) = lane.wire.get(packet) else {
            return Copy::Taken;
        };
        if copies(lane, this).nth(MOST_COPIES).is_some() {
            return Copy::Unknown;
        }
        let mut others = copies(lane, this).filter(|other| other.span.event != this.span.event);
        if self.is_discarded(lane, this) {
            Copy::Discarded
        } else if others.all(|other| self.is_discarded(lane, other)) {
            Copy::Taken
        } else {
            Copy::Unknown
        }
    }

    /// Whether the reader's kernel discarded all of a packet because it had its
    /// bytes already: it had acknowledged them, or says so (D-SACK, RFC 2883).
    /// Which of several copies a D-SACK is about is not told, so there have to
    /// be as many as there are copies.
    fn is_discarded(&self, lane: &Lane, packet: &Packet) -> bool {
        let range = packet.span.range();
        let again = copies(lane, packet).filter(|copy| copy.resent).count();
        packet.resent
            && (self.was_acknowledged(lane, packet.span.event, range.end)
                || self.discarded(lane, &range) >= again)
    }

    /// The segments that the reader of a lane sent, with their event indices.
    fn answers<'a>(&'a self, lane: &'a Lane) -> impl Iterator<Item = (usize, &'a Event)> {
        let events = self.trace.events().iter().enumerate();
        events.filter(|(_, event)| {
            event.call == Call::Segment
                && event.connection == lane.connection
                && event.end == lane.direction.reader()
        })
    }

    /// Whether the reader had acknowledged all before `end` when the segment
    /// with this event index was sent.
    fn was_acknowledged(&self, lane: &Lane, index: usize, end: Offset) -> bool {
        let before = self.answers(lane).take_while(|(at, _)| *at < index);
        let mut acks = before.filter_map(|(_, event)| Some(event.header.as_ref()?.ack));
        acks.any(|ack| ack >= end)
    }

    /// How often the reader's kernel told that it had got and discarded `range`
    /// a second time (D-SACK, RFC 2883).
    fn discarded(&self, lane: &Lane, range: &Range<Offset>) -> usize {
        let answers = self.answers(lane);
        let told = answers.filter_map(|(_, event)| event.header.as_ref()?.discarded());
        told.filter(|told| told.start <= range.start && range.end <= told.end)
            .count()
    }
}

/// The packets that carried bytes of `packet`, itself among them.
fn copies<'a>(lane: &'a Lane, packet: &Packet) -> impl Iterator<Item = &'a Packet> {
    let range = packet.span.range();
    let all = lane.wire.iter();
    all.filter(move |other| other.span.start < range.end && range.start < other.span.end)
}
