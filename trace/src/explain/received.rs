//! What a recv returned: which sends, which messages, and what was left.

use protocol::Framing;
use record::Flags;

use super::clue::clues;
use super::refusal::refusal;
use super::{Explanation, Facts, under_trace};
use crate::lane::{Direction, Integrity, Lane, MessageKind, Span};
use crate::rows::{Layer, Rows};
use crate::text::Sentence;

/// Of how many damages in one recv is said what they are.
const MOST_DAMAGES: usize = 3;

impl Facts<'_> {
    pub(super) fn recv(&self) -> Explanation {
        let key = match (self.is_udp(), self.event.is_empty()) {
            (true, true) => "explain.recv.empty-datagram",
            (true, false) => "explain.recv.datagram",
            (false, _) => "explain.recv",
        };
        let mut explanation = self.plain(key);
        explanation.head = explanation.head.with("made", self.made());
        let Some(lane) = self.lane else {
            return explanation;
        };
        let Some(number) = self.number(&lane.recvs) else {
            explanation.rest.extend(self.drops());
            return explanation;
        };
        let span = lane.recvs[number];
        let rest = &mut explanation.rest;
        if self.is_udp() {
            let key = match lane.unsure.binary_search(&self.index) {
                Ok(_) => "explain.recv.datagram-unsure",
                Err(_) => "explain.recv.datagram-sent",
            };
            let first = lane.sends_of_recv(number).start;
            rest.push(Sentence::new(key).with("sends", self.sends(lane, first..first + 1)));
            rest.push(match span.cut {
                0 => Sentence::new("explain.recv.datagram-whole"),
                cut => self
                    .say("explain.recv.datagram-cut")
                    .with("asked", u64::from(self.event.asked))
                    .with("n", cut),
            });
            rest.extend(self.drops());
            return explanation;
        }
        rest.extend(self.role_sentences());
        rest.extend(self.queued(lane, &span));
        rest.push(self.chunk(lane, &span));
        let causes = self.causes(lane);
        let said = causes.iter().any(|cause| cause.key == "cause.buffer-small");
        let added = self.trace.head.added_per_call;
        let added = added.filter(|_| !causes.is_empty());
        rest.extend(causes);
        rest.extend(added.map(|added| under_trace("explain.under-trace", added)));
        rest.extend(self.left_waiting(lane, &span).filter(|_| !said));
        rest.extend(self.lost_around(lane, &span));
        rest.extend(Self::cut_character(lane, &span));
        rest.extend(self.decoded(lane));
        explanation
    }

    /// How the chunk lies across the sends.
    fn chunk(&self, lane: &Lane, span: &Span) -> Sentence {
        let sends = lane.sends_in(span.range());
        let touched = lane.sends[sends.clone()].iter();
        let count = touched.filter(|send| !send.is_empty()).count();
        let bare = !self.is_framed(lane);
        if count > 1 {
            return Sentence::new("explain.chunk.glued")
                .with("n", count)
                .with("sends", self.sends(lane, sends));
        }
        let named = |key| {
            let first = sends.start..sends.start + 1;
            Sentence::new(key).with("sends", self.sends(lane, first))
        };
        // Of a send that the kernel took in parts, all that was offered counts.
        let offered = match lane.offers_in(&span.range()) {
            [offer] => offer.end.0.saturating_sub(offer.start.0),
            _ => 0,
        };
        match lane.sends.get(sends.start) {
            Some(send) if send.range() == span.range() && offered == send.len() as u64 => {
                let key = if bare {
                    "explain.chunk.exact"
                } else {
                    "explain.chunk.exact-framed"
                };
                named(key)
            }
            Some(send) => {
                let given = self.trace.events().get(send.event);
                let given = given.map_or(0, |event| event.asked as usize);
                let given = given.max(send.len());
                // All that this send was given, and that was only the rest of
                // what an earlier one had offered.
                let (key, all) = if given == span.len() {
                    ("explain.chunk.rest", offered.max(given as u64))
                } else {
                    ("explain.chunk.part", given as u64)
                };
                named(key).with("n", span.len()).with("all", all)
            }
            None => Sentence::new("explain.chunk.unknown"),
        }
    }

    /// Bytes handed over before this recv returned and still not read; none once the sender has
    /// reset the connection, which throws away what it had not sent.
    fn left_waiting(&self, lane: &Lane, span: &Span) -> Option<Sentence> {
        let before = lane.sends.iter().rfind(|send| send.event < self.index)?;
        let sent = before.end;
        let left = sent.0.saturating_sub(span.end.0);
        let mut since = self.trace.events().get(before.event..self.index)?.iter();
        let is_reset = since.any(|event| {
            event.connection == self.event.connection
                && event.end == lane.direction.sender()
                && event.flags().has(Flags::RST)
        });
        if is_reset {
            return None;
        }
        let full = self.event.len() == self.event.asked as usize;
        let key = if full {
            "explain.left.buffer-full"
        } else {
            "explain.left"
        };
        (left > 0).then(|| self.say(key).with("n", left))
    }

    fn cut_character(lane: &Lane, span: &Span) -> Option<Sentence> {
        let character = lane.character_cut_at(span.end)?;
        let message = lane.message_at(span.end);
        let in_header =
            message.is_some_and(|index| span.end < lane.messages[index].frame.body_range().start);
        (!in_header && character.bytes > 1).then(|| {
            Sentence::new("explain.chunk.cuts-character")
                .with("character", character.character.to_string())
                .with("n", character.bytes)
        })
    }

    /// Whether a framing marks the messages. Of an experiment the replies are not what is
    /// looked at.
    fn is_framed(&self, lane: &Lane) -> bool {
        let is_meant = self.trace.plan.is_none() || lane.direction == Direction::FromOpener;
        is_meant && self.trace.framing(lane.direction) != Framing::None
    }

    /// In which layer's bytes the messages are found that this event's bytes belong to.
    pub(super) fn messages_of(&self) -> Option<Layer> {
        Rows::at_the_end(self.trace, self.lane?).messages_of()
    }

    /// What the framing made of it.
    pub(super) fn decoded(&self, lane: &Lane) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        if lane.messages.iter().any(|m| m.kind.is_refuted()) {
            // Nobody reads a frame behind a wrong answer.
            return sentences;
        }
        let framed = self.is_framed(lane);
        let completed: Vec<_> = lane
            .messages
            .iter()
            .filter(|m| m.event == self.index && m.kind == MessageKind::Message)
            .collect();
        let passed = lane.undecoded.iter();
        let passed = passed.filter(|passed| passed.event == self.index && !passed.is_empty());
        let passed: Vec<_> = passed
            .map(|passed| {
                Sentence::new("explain.message.not-kept")
                    .with("first", passed.start.0)
                    .with("last", passed.end.0 - 1)
            })
            .collect();
        let is_read_on = passed.is_empty() || !completed.is_empty();
        sentences.extend(passed);
        if framed && is_read_on {
            sentences.extend(match completed.len() {
                0 if lane.failure.as_ref().is_some_and(|f| f.event == self.index) => {
                    Some(Sentence::new("explain.message.refused"))
                }
                0 if self.skipped(lane) > 0 => None,
                0 => Some(Sentence::new("explain.message.none")),
                count => Some(Sentence::new("explain.message.complete").with("n", count)),
            });
            if completed.iter().any(|m| m.integrity == Integrity::Wrong) {
                sentences.push(Sentence::new("explain.message.wrong"));
            }
        }
        sentences.extend(self.refused_here(lane));
        sentences
    }

    /// The same of a packet, which may be one that was sent again or out of order: how many
    /// messages came with it, if any did.
    pub(super) fn decoded_by_packet(&self, lane: &Lane) -> Vec<Sentence> {
        let first = lane.messages.partition_point(|m| m.event < self.index);
        let here = lane.messages[first..].iter();
        let here = here.take_while(|m| m.event == self.index);
        let count = here.filter(|m| m.kind == MessageKind::Message).count();
        let complete = Sentence::new("explain.message.complete").with("n", count);
        let mut sentences: Vec<_> = (count > 0).then_some(complete).into_iter().collect();
        sentences.extend(self.refused_here(lane));
        sentences
    }

    /// How many bytes of this recv were skipped, with those of earlier ones that it decided on.
    fn skipped(&self, lane: &Lane) -> usize {
        let messages = &lane.messages;
        let first = messages.partition_point(|message| message.event < self.index);
        let here = messages[first..].iter();
        here.take_while(|message| message.event == self.index)
            .filter(|message| message.kind == MessageKind::Skipped)
            .map(|message| message.frame.size)
            .sum()
    }

    pub(super) fn refused_here(&self, lane: &Lane) -> Vec<Sentence> {
        let here = lane.damages_of(self.index).iter().take(MOST_DAMAGES);
        let mut sentences: Vec<_> = here.map(|damage| refusal(&damage.error)).collect();
        match self.skipped(lane) {
            0 => {}
            count => sentences.push(Sentence::new("explain.message.skipped").with("n", count)),
        }
        sentences.extend(self.stopped_here(lane));
        sentences
    }

    fn stopped_here(&self, lane: &Lane) -> Vec<Sentence> {
        match &lane.failure {
            Some(failure) if failure.event == self.index => {
                let mut sentences = vec![refusal(&failure.error)];
                sentences.extend(clues(lane, &self.trace.framing(lane.direction)));
                sentences
            }
            _ => Vec::new(),
        }
    }
}
