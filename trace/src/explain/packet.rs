//! What a packet on the wire was for, and which calls its bytes came from.

use protocol::Nanos;
use record::{Loss, Piece};

use super::{Explanation, Facts};
use crate::lane::{Direction, Fate, Lane, Numbered};
use crate::rows::{Layer, Passage};
use crate::text::{Sentence, Time};
use crate::{Call, End, Event, Flags};

impl Facts<'_> {
    pub(super) fn segment(&self) -> Explanation {
        let flags = self.event.flags();
        let head = self
            .say("explain.packet.segment")
            .with("flags", flags.names());
        let mut rest = Vec::new();
        if flags.has(Flags::RST) {
            rest.push(self.say(if self.answers_syn() {
                "explain.packet.refused"
            } else {
                "explain.packet.reset"
            }));
        } else if flags.has(Flags::SYN) {
            rest.push(self.say(if flags.has(Flags::ACK) {
                "explain.packet.syn-ack"
            } else {
                "explain.packet.syn"
            }));
            rest.extend(self.syn_again());
        } else if self.event.is_empty() && !flags.has(Flags::FIN) {
            rest.push(self.pure_ack());
        }
        if !self.event.is_empty() {
            rest.extend(self.payload());
        }
        let sent = self.event.header.as_ref().and_then(|header| header.length);
        if let Some(sent) = sent {
            rest.push(self.say("explain.packet.cut").with("sent", u64::from(sent)));
        }
        if flags.has(Flags::FIN) {
            rest.push(self.say("explain.packet.fin"));
        }
        if let (Some(lane), Some(Layer::Packets)) = (self.lane, self.messages_of()) {
            rest.extend(self.decoded_by_packet(lane));
        }
        let header = self.event.header.as_ref();
        if header.is_some_and(|header| header.window == 0) && !flags.has(Flags::RST) {
            rest.push(self.say("explain.packet.no-room"));
        }
        rest.extend(self.on_the_link());
        Explanation { head, rest }
    }

    /// What a link did to a packet.
    fn on_the_link(&self) -> Vec<Sentence> {
        let Some(transit) = self.event.transit() else {
            return Vec::new();
        };
        let mut rest = vec![match (transit.lost, transit.arrived) {
            (Some(Loss::Chance), _) => Sentence::new("explain.link.lost-chance"),
            (Some(Loss::Queue), _) => Sentence::new("explain.link.lost-queue"),
            (None, Some(arrived)) => {
                let took = Nanos(arrived.0.saturating_sub(self.event.at.0));
                Sentence::new("explain.link.arrived").with("time", Time(took).to_string())
            }
            (None, None) => Sentence::new("explain.link.under-way"),
        }];
        for (is_so, key) in [
            (transit.twice, "explain.link.twice"),
            (transit.late, "explain.link.late"),
        ] {
            rest.extend(is_so.then(|| Sentence::new(key)));
        }
        rest
    }

    /// A segment without data confirms what came the other way.
    fn pure_ack(&self) -> Sentence {
        let ack = self.event.header.as_ref().map_or(0, |header| header.ack.0);
        let back = match self.direction() {
            Some(Direction::FromOpener) => Direction::FromAcceptor,
            _ => Direction::FromOpener,
        };
        let lane = self.analysis.lane(self.event.connection, back);
        let sent = lane.map_or(0, |lane| lane.end().0);
        let key = match ack {
            0 if self.is_third() => "explain.packet.ack-nothing",
            // The FIN takes a number of its own behind the last byte.
            ack if ack > sent => "explain.packet.ack-end",
            _ => "explain.packet.ack",
        };
        self.say(key).with("n", ack)
    }

    /// Whether it is the handshake's third: the opener's first without SYN.
    fn is_third(&self) -> bool {
        let before = &self.trace.events()[..self.index];
        let earlier = |event: &Event| {
            event.call == Call::Segment
                && event.connection == self.event.connection
                && event.end == End::Opener
                && !event.flags().has(Flags::SYN)
        };
        self.event.end == End::Opener && !before.iter().any(earlier)
    }

    /// Whether the other end has asked for a connection that its peer never
    /// granted.
    fn answers_syn(&self) -> bool {
        let before = &self.trace.events()[..self.index];
        let syn = |end: End| {
            let mut before = before.iter();
            before.any(|event| {
                event.connection == self.event.connection
                    && event.end == end
                    && event.flags().has(Flags::SYN)
            })
        };
        syn(self.event.end.other()) && !syn(self.event.end)
    }

    fn direction(&self) -> Option<Direction> {
        crate::direction(self.event)
    }

    fn payload(&self) -> Vec<Sentence> {
        let Some((lane, passage)) = self.passage() else {
            return vec![Sentence::new("explain.packet.unknown")];
        };
        let packet = &lane.wire[passage.packet];
        let mut rest = vec![self.carried(lane, &passage)];
        if packet.resent {
            rest.push(Sentence::new("explain.packet.resent"));
        }
        if packet.differs {
            rest.push(Sentence::new("explain.packet.differs"));
        }
        if packet.segments > 1 {
            let segments = u64::from(packet.segments);
            let header = self.event.header.as_ref();
            let size = header.and_then(|header| header.gso).unwrap_or(0);
            rest.push(
                Sentence::new("explain.packet.super-segment")
                    .with("n", segments)
                    .with("size", u64::from(size)),
            );
        }
        rest.extend(self.taken(lane, &passage));
        rest
    }

    /// Whose bytes a segment carries.
    fn carried(&self, lane: &Lane, passage: &Passage) -> Sentence {
        let sends = passage.sends.clone();
        let touched = lane.sends[sends.clone()].iter();
        if touched.filter(|send| !send.is_empty()).count() > 1 {
            return Sentence::new("explain.packet.merged").with("sends", self.sends(lane, sends));
        }
        let first = sends.start..sends.start + 1;
        match lane.sends.get(sends.start).filter(|_| !sends.is_empty()) {
            Some(send) if send.range() == lane.wire[passage.packet].span.range() => {
                Sentence::new("explain.packet.whole").with("sends", self.sends(lane, first))
            }
            Some(send) => self
                .say("explain.packet.piece")
                .with("all", send.len())
                .with("sends", self.sends(lane, first)),
            None => Sentence::new("explain.packet.unknown"),
        }
    }

    pub(super) fn datagram(&self) -> Explanation {
        let passage = self.passage();
        let numbered = passage.as_ref().map_or(Numbered::ONLY, |(lane, passage)| {
            lane.wire[passage.packet].fragment
        });
        let mut explanation = match self.event.fragment() {
            Some(piece) => self.fragment(piece, numbered),
            None => self.plain("explain.packet.datagram"),
        };
        let rest = &mut explanation.rest;
        rest.extend(self.on_the_link());
        let Some((lane, passage)) = passage else {
            rest.push(Sentence::new("explain.packet.unknown"));
            return explanation;
        };
        rest.push(if passage.sends.is_empty() {
            Sentence::new("explain.packet.unknown")
        } else {
            let first = passage.sends.start;
            let sends = self.sends(lane, first..first + 1);
            Sentence::new("explain.packet.sendto").with("sends", sends)
        });
        rest.extend(match passage.fate {
            Fate::Read(_) => {
                let first = passage.recvs.start;
                let recvs = self.recvs(lane, first..first + 1);
                Some(Sentence::new("explain.packet.recvfrom").with("recvs", recvs))
            }
            Fate::Dropped => Some(Sentence::new("explain.fate.datagram-dropped")),
            Fate::Unread => Some(Sentence::new("explain.fate.datagram-unread")),
            Fate::Unknown if passage.sends.is_empty() => None,
            Fate::Unknown if self.trace.ending().is_some() => {
                Some(Sentence::new("explain.fate.datagram-unknown"))
            }
            Fate::Lost => fragments_lost(lane, passage.sends.start),
            // What a link did to it is said already.
            Fate::Unknown => None,
        });
        explanation
    }

    /// A part of a datagram.
    fn fragment(&self, piece: Piece, numbered: Numbered) -> Explanation {
        let head = if numbered.of > 1 {
            self.say("explain.packet.fragment")
                .with("number", numbered.number)
                .with("of", numbered.of)
        } else {
            self.say("explain.packet.fragment-alone")
        };
        let why = Sentence::new("explain.fragment.why").with("bytes", u64::from(piece.of));
        Explanation {
            head,
            rest: vec![why],
        }
    }

    /// The calls that this packet came from and went to.
    fn passage(&self) -> Option<(&Lane, Passage)> {
        let lane = self.lane?;
        Some((lane, Passage::of(lane, self.index)?))
    }

    /// How the bytes of a send went over the wire, if that was captured.
    pub(super) fn on_the_wire(&self, lane: &Lane, number: usize) -> Option<Sentence> {
        let send = lane
            .sends
            .get(number)
            .filter(|_| self.event.call == Call::Send)?;
        let carriers = lane.carriers_in(&send.range());
        let only = carriers.first()?.packet;
        Some(match lane.packets_in(&send.range()) {
            1 if lane.sends_of_packet(only).len() > 1 => Sentence::new("explain.wire.shared"),
            1 => Sentence::new("explain.wire.alone"),
            count => Sentence::new("explain.wire.split").with("n", count),
        })
    }
}

/// That fragments of a datagram were lost on a link, and it with them; none where it was sent
/// in one packet.
pub(super) fn fragments_lost(lane: &Lane, send: usize) -> Option<Sentence> {
    let carriers = lane.carriers_in(&lane.sends.get(send)?.range());
    let packets = carriers.iter().map(|carrier| &lane.wire[carrier.packet]);
    let of = packets.clone().next()?.fragment;
    let lost = packets.filter(|packet| packet.lost).count();
    of.is_one_of_several().then(|| {
        if of.of == 0 || lost == 0 {
            return Sentence::new("explain.fate.fragments-lost");
        }
        Sentence::new("explain.fate.fragment-lost")
            .with("n", lost)
            .with("of", of.of)
    })
}
