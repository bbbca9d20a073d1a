//! What a row counts up to.

use protocol::Offset;

use super::{Layer, Rows};
use crate::lane::{Direction, Fate, Finding, MessageKind};
use crate::link::Capture;
use crate::text::{Sentence, Value};

/// What a row counts up to, at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCount {
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
    pub fn counts(&self, layer: Layer) -> RowCount {
        if !self.is_observed(layer) {
            let key = match layer {
                Layer::Sends | Layer::Recvs => "stage.calls-not-observed",
                Layer::Packets | Layer::Messages => "stage.not-observed",
            };
            return RowCount {
                total: Sentence::new(key),
                happened: 0,
                all: 0,
                findings: Vec::new(),
            };
        }
        match layer {
            Layer::Sends => {
                let sends = &self.lane.sends;
                RowCount {
                    findings: self.not_kept(),
                    ..self.of("stage.sends", "stage.sends-of", sends, |send| send.event)
                }
            }
            Layer::Packets => self.packet_counts(),
            Layer::Recvs => {
                let recvs = &self.lane.recvs;
                RowCount {
                    findings: self.losses(),
                    ..self.of("stage.recvs", "stage.recvs-of", recvs, |recv| recv.event)
                }
            }
            Layer::Messages => self.message_counts(),
        }
    }

    /// What else is to be known of a row.
    pub fn notes(&self, layer: Layer) -> Vec<Sentence> {
        match layer {
            Layer::Sends => self.some("stage.empty-count", Finding::EmptySend),
            Layer::Packets => {
                let mut notes = self.some("stage.gso", Finding::Merged);
                notes.extend(self.some("stage.fragments", Finding::Fragment));
                notes
            }
            Layer::Recvs => self.some("stage.several", Finding::Several),
            Layer::Messages => {
                // A handshake comes before all else.
                let messages = self.lane.messages.iter();
                let steps = messages.take_while(|message| self.has_happened(message.event));
                steps.map_while(|message| step(message.kind)).collect()
            }
        }
    }

    /// So many, or so many of all. Their events ascend.
    fn of<T>(
        &self,
        all_key: &'static str,
        some_key: &'static str,
        all: &[T],
        event: impl Fn(&T) -> usize,
    ) -> RowCount {
        let happened = all.partition_point(|one| self.has_happened(event(one)));
        let all = all.len();
        let key = if happened == all { all_key } else { some_key };
        RowCount {
            total: Sentence::new(key).with("n", happened).with("all", all),
            happened,
            all,
            findings: Vec::new(),
        }
    }

    /// How many messages so far are of several sends, and how many of a part of one, as the
    /// row of messages counts them.
    pub fn glued_and_split(&self) -> (usize, usize) {
        (self.found(Finding::Glued), self.found(Finding::Part))
    }

    /// How often a finding has happened.
    fn found(&self, finding: Finding) -> usize {
        self.lane.findings.before(finding, self.step)
    }

    fn some(&self, key: &'static str, finding: Finding) -> Vec<Sentence> {
        some(key, self.found(finding))
    }

    fn packet_counts(&self) -> RowCount {
        let (all, some_of) = if self.is_datagrams() {
            ("stage.datagram-count", "stage.datagram-count-of")
        } else {
            ("stage.segment-count", "stage.segment-count-of")
        };
        // Of calls it is said in their row.
        let missing = if self.lane.has_calls() {
            0
        } else {
            self.lane.bytes.unknown()
        };
        // A datagram counts once, with its first fragment.
        let further = self.lane.findings.of(Finding::FurtherFragment).len();
        let findings = [
            self.some("stage.lost", Finding::Lost),
            self.some("stage.resent", Finding::Resent),
            self.some("stage.differs", Finding::Differs),
            some("stage.gap", usize::try_from(missing).unwrap_or(usize::MAX)),
        ];
        let packets = self.of(all, some_of, &self.lane.wire, |packet| packet.span.event);
        if further == 0 {
            return RowCount {
                findings: findings.concat(),
                ..packets
            };
        }
        let happened = packets.happened - self.found(Finding::FurtherFragment);
        let all_of_them = packets.all - further;
        let key = if happened == all_of_them {
            all
        } else {
            some_of
        };
        RowCount {
            total: Sentence::new(key)
                .with("n", happened)
                .with("all", all_of_them),
            happened,
            all: all_of_them,
            findings: findings.concat(),
        }
    }

    /// What the capture missed of all rows.
    pub fn missed(&self) -> Option<Sentence> {
        match self.trace.missed {
            Some(0) => None,
            None if self.trace.ending().is_none() || self.trace.head.capture != Capture::On => None,
            None => Some(Sentence::new("stage.capture-broke")),
            Some(missed) => Some(Sentence::new("stage.missed").with("n", missed as usize)),
        }
    }

    /// Bytes of calls that were not kept.
    fn not_kept(&self) -> Vec<Sentence> {
        let unknown = self.lane.bytes.unknown();
        let unknown = if self.lane.has_calls() { unknown } else { 0 };
        some(
            "stage.not-kept",
            usize::try_from(unknown).unwrap_or(usize::MAX),
        )
    }

    /// What was cut off or dropped; once all is over, what was never read.
    fn losses(&self) -> Vec<Sentence> {
        let mut found = self.some("stage.cut", Finding::CutRecv);
        if !self.is_observed(Layer::Sends) {
            found.extend(self.not_kept());
        }
        if self.is_datagrams() {
            found.extend(self.datagram_losses());
        } else if self.is_over() {
            let read = self.lane.recvs.last().map_or(Offset(0), |recv| recv.end);
            let unread = self.lane.end().0.saturating_sub(read.0);
            let unread = usize::try_from(unread).unwrap_or(usize::MAX);
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
            return self.some("stage.dropped", Finding::Dropped);
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

    /// Bytes that were read and in which messages cannot be found.
    fn undecoded(&self) -> usize {
        let read = self.reach();
        let passed = self.lane.undecoded.iter();
        let passed = passed.filter(|passed| self.has_happened(passed.event));
        let bytes = passed.map(|passed| passed.end.min(read).0.saturating_sub(passed.start.0));
        usize::try_from(bytes.sum::<u64>()).unwrap_or(usize::MAX)
    }

    fn message_counts(&self) -> RowCount {
        let messages = &self.lane.messages;
        let happened = messages.partition_point(|message| self.has_happened(message.event));
        let ready = self.found(Finding::Ready);
        let failure = self.lane.failure.as_ref();
        let refused = failure.is_some_and(|failure| self.has_happened(failure.event));
        let found = [
            self.some("stage.glued", Finding::Glued),
            self.some("stage.split", Finding::Part),
            self.some("stage.wrong", Finding::Wrong),
            self.some("stage.skipped-count", Finding::Skipped),
            some("stage.refused-count", usize::from(refused)),
            some("stage.undecoded", self.undecoded()),
        ];
        let (key, n) = match ready {
            0 => {
                let others = [Finding::Handshake, Finding::Skipped].map(|other| self.found(other));
                let total = happened - others.iter().sum::<usize>();
                ("stage.message-count", total)
            }
            ready => ("stage.ready-count", ready),
        };
        RowCount {
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
        MessageKind::Message | MessageKind::Ready | MessageKind::Skipped => return None,
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
