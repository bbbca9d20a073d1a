//! What became of the bytes a send handed over.

use super::packet::fragments_lost;
use super::{Explanation, Facts};
use crate::lane::{Direction, Fate, Lane};
use crate::rows::Layer;
use crate::text::Sentence;

impl Facts<'_> {
    pub(super) fn send(&self) -> Explanation {
        let key = match (self.is_udp(), self.event.is_empty()) {
            (false, false) => "explain.send",
            (false, true) => "explain.send.empty",
            (true, false) => "explain.send.datagram",
            (true, true) => "explain.send.empty-datagram",
        };
        let mut explanation = Explanation {
            head: self.say(key).with("made", self.made()),
            rest: Vec::new(),
        };
        let Some(lane) = self.lane else {
            return explanation;
        };
        explanation.rest.extend(self.role_sentences());
        if self.event.asked as usize > self.event.len() {
            let asked = u64::from(self.event.asked);
            let partial = self.say("explain.send.partial").with("asked", asked);
            explanation.rest.push(partial);
            if let Some(unacked) = self.event.socket.unacked {
                let full = Sentence::new("explain.send.queue-full");
                explanation.rest.push(full.with("n", u64::from(unacked)));
            }
        }
        let Some(number) = self.number(&lane.sends) else {
            return explanation;
        };
        if self.is_udp() {
            explanation.rest.extend(self.datagram_fate(lane, number));
            return explanation;
        }
        explanation.rest.extend(self.held_back(&lane.sends[number]));
        explanation.rest.extend(self.on_the_wire(lane, number));
        explanation.rest.extend(self.stream_fate(lane));
        if self.messages_of() == Some(Layer::Sends) && !self.event.is_empty() {
            explanation.rest.extend(self.decoded(lane));
        }
        explanation
    }

    /// Where the reader of what this end sends was not watched, what becomes of its messages
    /// when no more is sent.
    pub(super) fn ended(&self) -> Vec<Sentence> {
        let direction = Direction::from(self.event.end);
        let lane = self.analysis.lane(self.event.connection, direction);
        let here = lane.map(|lane| self.refused_here(lane));
        here.unwrap_or_default()
    }

    /// Which recvs the bytes of this send came out of.
    fn stream_fate(&self, lane: &Lane) -> Option<Sentence> {
        let span = lane.sends.get(self.number(&lane.sends)?)?;
        if span.is_empty() {
            return None;
        }
        let recvs = lane.recvs_in(span.range());
        let arrived = lane.recvs[recvs.clone()]
            .last()
            .map_or(span.start, |r| r.end);
        let reader = lane.direction.reader();
        if recvs.is_empty() && !self.trace.is_watched(lane.connection, reader) {
            return None;
        }
        let is_over = self.trace.ending().is_some();
        let one = recvs.clone().count() == 1;
        let named = |key| Sentence::new(key).with("recvs", self.recvs(lane, recvs.clone()));
        Some(if recvs.is_empty() {
            Sentence::new(if is_over {
                "explain.fate.never-read"
            } else {
                "explain.fate.not-yet-read"
            })
        } else if arrived < span.end {
            let lost = usize::try_from(span.end.0 - arrived.0).unwrap_or(usize::MAX);
            let key = if is_over {
                "explain.fate.partly-read"
            } else {
                "explain.fate.partly-yet"
            };
            Sentence::new(key).with("n", lost)
        } else if !one {
            named("explain.fate.split").with("n", recvs.len())
        } else if lane.recvs[recvs.start].range() == span.range() {
            named("explain.fate.alone")
        } else {
            let together = lane.sends_in(lane.recvs[recvs.start].range());
            let together = lane.sends[together].iter();
            let together = together.filter(|send| !send.is_empty()).count();
            named("explain.fate.together").with("n", together.saturating_sub(1))
        })
    }

    fn datagram_fate(&self, lane: &Lane, number: usize) -> Option<Sentence> {
        let key = match lane.fate(number) {
            Fate::Read(event) => {
                let recv = lane.recvs.iter().find(|recv| recv.event == event);
                let cut = recv.map_or(0, |recv| recv.cut);
                return Some(match cut {
                    0 => Sentence::new("explain.fate.datagram-whole"),
                    cut => Sentence::new("explain.fate.datagram-cut").with("n", cut),
                });
            }
            Fate::Lost => {
                let lost = fragments_lost(lane, number);
                return lost.or_else(|| Some(Sentence::new("explain.fate.datagram-lost")));
            }
            Fate::Dropped => "explain.fate.datagram-dropped",
            Fate::Unread => "explain.fate.datagram-unread",
            // Before the run is over it may still be read.
            Fate::Unknown if self.trace.ending().is_none() => return None,
            Fate::Unknown => "explain.fate.datagram-unknown",
        };
        Some(Sentence::new(key))
    }
}
