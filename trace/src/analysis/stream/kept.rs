//! Decoding where less was kept of a call than it moved: what is known of a stream has
//! gaps. A message over a gap is none; behind it decoding goes on where the framing says
//! how long the message is, and nowhere else.

use std::ops::Range;

use bytes::Bytes;
use protocol::framing::Decode as _;
use protocol::{Decoder, Frame, Framing, Offset};

use super::lane::{StreamLane, boundaries};
use crate::Event;
use crate::lane::{Integrity, MessageKind, MessageSpan, Span};

impl StreamLane {
    /// Decodes what the recv with this event index took, from offset `from` on; its first
    /// byte stands at `start`.
    pub(super) fn decode(&mut self, index: usize, event: &Event, start: Offset, from: Offset) {
        let end = start + event.len();
        if self.state.is_lost {
            self.note_undecoded(index, from..end);
            return;
        }
        let from = from.max(self.state.resumes);
        if event.not_kept() == 0 || self.state.decoder.is_none() {
            let used = usize::try_from(from.0 - start.0).unwrap_or(usize::MAX);
            let rest = event.bytes.get(used..).unwrap_or_default();
            self.decode_chunk(index, rest);
        } else if self.framing == Framing::None {
            self.take_chunk(index, event, start, from);
        } else {
            self.decode_known(index, event, start, from..end);
        }
    }

    fn decode_chunk(&mut self, index: usize, chunk: &[u8]) {
        if let (Some(decoder), false) = (&mut self.state.decoder, chunk.is_empty()) {
            decoder.handle_chunk(chunk);
            self.drain(index);
        }
    }

    /// Without a framing a chunk is a message, however much of it was kept: what stands from
    /// offset `from` on.
    fn take_chunk(&mut self, index: usize, event: &Event, start: Offset, from: Offset) {
        let before = usize::try_from(from.0.saturating_sub(start.0)).unwrap_or(usize::MAX);
        let frame = Frame {
            start: from,
            header: 0,
            body: Bytes::copy_from_slice(event.bytes.get(before..).unwrap_or_default()),
            size: event.len().saturating_sub(before),
            trailer: 0,
        };
        self.state.decoder = Some(Decoder::starting_at(&self.framing, frame.range().end));
        let integrity = if self.has_sends {
            boundaries(&self.lane, &frame)
        } else {
            Integrity::Whole
        };
        self.lane.push_message(MessageSpan {
            event: index,
            frame,
            kind: MessageKind::Message,
            integrity,
        });
    }

    /// Decodes what is known in `range`: of the recv itself, else of the sends.
    fn decode_known(&mut self, index: usize, event: &Event, start: Offset, range: Range<Offset>) {
        let mut at = range.start;
        while at < range.end && !self.state.is_lost {
            let used = usize::try_from(at.0 - start.0).unwrap_or(usize::MAX);
            let known = match event.bytes.get(used..) {
                Some(own) if !own.is_empty() => own.to_vec(),
                _ => self.lane.slice(at..range.end).to_vec(),
            };
            if known.is_empty() {
                let next = self.lane.bytes.next_known(at);
                let end = next.map_or(range.end, |next| next.min(range.end));
                self.pass_gap(index, at..end, range.end);
                at = self.state.resumes.max(at);
            } else {
                self.decode_chunk(index, &known);
                at += known.len();
            }
        }
    }

    /// Goes on behind a gap, if the framing says where a message begins there. All up to
    /// `read` was read.
    fn pass_gap(&mut self, index: usize, gap: Range<Offset>, read: Offset) {
        let begun = self.taken();
        let mut next = gap.start;
        while next < gap.end {
            let lacking = self.state.decoder.as_ref().and_then(Decoder::lacks);
            let Some(lacking) = lacking.filter(|&lacking| lacking > 0) else {
                self.lose(index, begun..read);
                return;
            };
            next = Offset(next.0.saturating_add(lacking));
            // Those that have the same length and are all in the gap.
            let fresh = Decoder::starting_at(&self.framing, next);
            if let (Some(each), Some(left)) = (fresh.lacks(), gap.end.0.checked_sub(next.0)) {
                next = Offset(next.0.saturating_add(left / each.max(1) * each));
            }
            self.state.decoder = Some(Decoder::starting_at(&self.framing, next));
        }
        self.state.resumes = next;
        self.note_undecoded(index, begun..next);
    }

    /// Where messages begin is not known from here on.
    pub(super) fn lose(&mut self, index: usize, range: Range<Offset>) {
        self.state.decoder = None;
        self.state.is_lost = true;
        self.note_undecoded(index, range);
    }

    fn note_undecoded(&mut self, event: usize, range: Range<Offset>) {
        self.lane.undecoded.push(Span {
            event,
            start: range.start,
            end: range.end,
            cut: 0,
        });
    }

    /// The offset up to which messages were found, or cannot be found.
    pub(super) fn taken(&self) -> Offset {
        let decoded = self.lane.messages.last().map(|m| m.range().end);
        let passed = self.lane.undecoded.last().map(|passed| passed.end);
        decoded.max(passed).unwrap_or(Offset(0))
    }
}
