//! What a row counts up to.

use super::{Layer, Rows};
use crate::lane::{Direction, Fate, MessageKind, Packet, Span, Verdict};
use crate::link::Capture;
use crate::text::{Sentence, Value};

/// What a row counts up to, at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many there are, or how many of all.
    pub total: Sentence,
    /// Those that have happened.
    pub happened: usize,
    /// All of them.
    pub all: usize,
    /// What is wrong with them.
    pub findings: Vec<Sentence>,
}

impl Rows<'_> {
    /// What a row counts up to.
    pub fn counts(&self, layer: Layer) -> Counts {
        if !self.is_observed(layer) {
            return Counts {
                total: Sentence::new("stage.not-observed"),
                happened: 0,
                all: 0,
                findings: Vec::new(),
            };
        }
        match layer {
            Layer::Sends => {
                let sends = self.lane.sends.iter().map(|send| send.event);
                self.of("stage.sends", "stage.sends-of", sends)
            }
            Layer::Packets => self.packet_counts(),
            Layer::Recvs => {
                let recvs = self.lane.recvs.iter().map(|recv| recv.event);
                Counts {
                    findings: self.losses(),
                    ..self.of("stage.recvs", "stage.recvs-of", recvs)
                }
            }
            Layer::Messages => self.message_counts(),
        }
    }

    /// What else is to be known of a row.
    pub fn notes(&self, layer: Layer) -> Vec<Sentence> {
        let lane = self.lane;
        match layer {
            Layer::Sends => {
                let empty = lane.sends.iter().filter(|send| send.is_empty());
                some(
                    "stage.empty-count",
                    self.happened(empty.map(|send| send.event)),
                )
            }
            Layer::Packets => {
                let merged = lane.wire.iter().filter(|packet| packet.segments > 1);
                some(
                    "stage.gso",
                    self.happened(merged.map(|packet| packet.span.event)),
                )
            }
            Layer::Recvs => Vec::new(),
            Layer::Messages => {
                let messages = lane.messages.iter();
                let happened = messages.filter(|message| self.has_happened(message.event));
                happened.filter_map(|message| step(message.kind)).collect()
            }
        }
    }

    /// So many, or so many of all.
    fn of(
        &self,
        all_key: &'static str,
        some_key: &'static str,
        events: impl ExactSizeIterator<Item = usize>,
    ) -> Counts {
        let all = events.len();
        let happened = self.happened(events);
        let key = if happened == all { all_key } else { some_key };
        Counts {
            total: Sentence::new(key).with("n", happened).with("all", all),
            happened,
            all,
            findings: Vec::new(),
        }
    }

    fn happened(&self, events: impl Iterator<Item = usize>) -> usize {
        events.filter(|&event| self.has_happened(event)).count()
    }

    fn packet_counts(&self) -> Counts {
        let (all, some_of) = if self.is_datagrams() {
            ("stage.datagram-count", "stage.datagram-count-of")
        } else {
            ("stage.segment-count", "stage.segment-count-of")
        };
        let event = |packet: &Packet| packet.span.event;
        let packets = self.lane.wire.iter();
        let resent = packets.clone().filter(|packet| packet.resent);
        Counts {
            findings: some("stage.resent", self.happened(resent.map(event))),
            ..self.of(all, some_of, packets.map(event))
        }
    }

    /// What the capture missed of all rows.
    pub fn missed(&self) -> Option<Sentence> {
        match self.trace.missed {
            Some(0) => None,
            None if self.trace.ending().is_none() || self.trace.capture != Capture::On => None,
            None => Some(Sentence::new("stage.capture-broke")),
            Some(missed) => Some(Sentence::new("stage.missed").with("n", missed as usize)),
        }
    }

    /// What was cut off or dropped; once all is over, what was never read.
    fn losses(&self) -> Vec<Sentence> {
        let cut = self.lane.recvs.iter().filter(|recv| recv.cut > 0);
        let mut found = some("stage.cut", self.happened(cut.map(|recv| recv.event)));
        if self.is_datagrams() {
            found.extend(self.datagram_losses());
        } else if self.is_over() {
            let read: usize = self.lane.recvs.iter().map(Span::len).sum();
            let unread = self.lane.bytes.len().saturating_sub(read);
            let key = if self.trace.lacks_calls() {
                "stage.bytes-unknown"
            } else {
                "stage.bytes-unread"
            };
            found.extend(some(key, unread));
        }
        found
    }

    /// Datagrams that no recv took: dropped ones as soon as their packet is
    /// seen, the others once all is over. The acceptor's own count of what it
    /// dropped is taken where it is of one connection alone.
    fn datagram_losses(&self) -> Vec<Sentence> {
        if !self.is_over() {
            let dropped = self.lane.wire.iter();
            let dropped = dropped.filter(|packet| packet.fate == Fate::Dropped);
            return some(
                "stage.dropped",
                self.happened(dropped.map(|packet| packet.span.event)),
            );
        }
        let of = |fate| {
            let fates = (0..self.lane.sends.len()).map(|send| self.lane.fate(send));
            fates.filter(|&other| other == fate).count()
        };
        let is_alone = self.trace.connections.len() == 1;
        let is_counted = is_alone && self.lane.direction == Direction::FromOpener;
        let counted = self.trace.dropped.filter(|_| is_counted).unwrap_or(0);
        let seen = of(Fate::Dropped);
        let dropped = seen.max(counted as usize);
        let mut unknown = of(Fate::Unknown).saturating_sub(dropped - seen);
        let mut unread = of(Fate::Unread);
        if self.trace.lacks_calls() {
            unknown += std::mem::take(&mut unread);
        }
        let mut found = some("stage.dropped", dropped);
        found.extend(some("stage.datagrams-unread", unread));
        found.extend(some("stage.datagrams-unknown", unknown));
        found
    }

    fn message_counts(&self) -> Counts {
        let [mut glued, mut split, mut wrong, mut ready, mut total] = [0_usize; 5];
        let messages = self.lane.messages.iter();
        for message in messages.filter(|message| self.has_happened(message.event)) {
            total += usize::from(message.kind == MessageKind::Message);
            ready += usize::from(message.kind == MessageKind::Ready);
            match message.verdict {
                _ if message.kind.is_refuted() => wrong += 1,
                Verdict::Wrong => wrong += 1,
                Verdict::Glued(_) => glued += 1,
                Verdict::Part => split += 1,
                Verdict::Whole | Verdict::Cut(_) => {}
            }
        }
        let failure = self.lane.failure.iter().map(|failure| failure.event);
        let found = [
            some("stage.glued", glued),
            some("stage.split", split),
            some("stage.wrong", wrong),
            some("stage.refused-count", self.happened(failure)),
        ];
        let (key, n) = match ready {
            0 => ("stage.message-count", total),
            ready => ("stage.ready-count", ready),
        };
        Counts {
            total: Sentence::new(key).with("n", n),
            happened: n,
            all: n,
            findings: found.concat(),
        }
    }
}

/// What a step of a handshake was.
fn step(kind: MessageKind) -> Option<Sentence> {
    let key = match kind {
        MessageKind::Message | MessageKind::Ready => return None,
        MessageKind::Challenge => "stage.challenge",
        MessageKind::Answer { right: true } => "stage.right-answer",
        MessageKind::Answer { right: false } => "stage.wrong-answer",
        MessageKind::Nonce => "stage.nonce",
        MessageKind::Proof { right: true } => "stage.right-proof",
        MessageKind::Proof { right: false } => "stage.wrong-proof",
    };
    Some(Sentence::new(key))
}

/// A sentence about `n`, unless there are none.
fn some(key: &'static str, n: usize) -> Vec<Sentence> {
    let sentence = || Sentence::new(key).with("n", Value::Count(n as u64));
    (n > 0).then(sentence).into_iter().collect()
}
