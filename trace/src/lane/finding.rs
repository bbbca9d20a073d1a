//! What is counted of a lane beside its calls, packets and messages: those of
//! them that are not as usual. Counting those of the first events costs a
//! binary search, however long the lane is.

use super::{Fate, Integrity, Lane, MessageKind, MessageSpan, Packet, Span};

/// What a call, packet or message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A send without bytes.
    EmptySend,
    /// A packet that is several segments for the receiver's kernel.
    Merged,
    /// A packet whose bytes had all been on the wire before.
    Resent,
    /// A packet that a link lost on the way.
    Lost,
    /// A packet that is one of several fragments of a datagram, and one that is not the first.
    Fragment,
    FurtherFragment,
    /// A packet with other bytes than those that came before it.
    Differs,
    /// A packet with a datagram that the reader's kernel dropped.
    Dropped,
    /// A recv that had no room for a datagram's end.
    CutRecv,
    /// A recv that completed several messages.
    Several,
    /// A message of several sends.
    Glued,
    /// A message that is a part of a send.
    Part,
    /// A message that is not what was meant, or a wrong answer or proof.
    Wrong,
    /// The server's answer to a length.
    Ready,
    /// A step of a handshake.
    Handshake,
    /// Bytes that were skipped.
    Skipped,
}

/// How many findings there are.
const KINDS: usize = Finding::Skipped as usize + 1;

/// How many of each finding there were once.
pub(crate) type Lengths = [usize; KINDS];

/// The findings of a lane, each with the indices of its events, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings([Vec<usize>; KINDS]);

impl Findings {
    /// Notes a finding; `event` is not before that of the last one.
    pub(crate) fn note(&mut self, finding: Finding, event: usize) {
        self.0[finding as usize].push(event);
    }

    /// The events of a finding.
    pub(crate) fn of(&self, finding: Finding) -> &[usize] {
        &self.0[finding as usize]
    }

    /// How often it is among the first `step` events.
    pub(crate) fn before(&self, finding: Finding, step: usize) -> usize {
        self.of(finding).partition_point(|&event| event < step)
    }

    pub(crate) fn lengths(&self) -> Lengths {
        self.0.each_ref().map(Vec::len)
    }

    /// Forgets what came behind the first `lengths`.
    pub(crate) fn truncate(&mut self, lengths: &Lengths) {
        for (events, &length) in self.0.iter_mut().zip(lengths) {
            events.truncate(length);
        }
    }
}

impl Lane {
    pub(crate) fn push_send(&mut self, send: Span) {
        if send.is_empty() {
            self.findings.note(Finding::EmptySend, send.event);
        }
        self.sends.push(send);
    }

    pub(crate) fn push_packet(&mut self, packet: Packet) {
        for (is_so, finding) in [
            (packet.segments > 1, Finding::Merged),
            (packet.resent, Finding::Resent),
            (packet.lost, Finding::Lost),
            (packet.fragment.is_one_of_several(), Finding::Fragment),
            (packet.fragment.number > 1, Finding::FurtherFragment),
            (packet.differs, Finding::Differs),
            (packet.fate == Fate::Dropped, Finding::Dropped),
        ] {
            if is_so {
                self.findings.note(finding, packet.span.event);
            }
        }
        self.wire.push(packet);
    }

    pub(crate) fn push_recv(&mut self, recv: Span) {
        if recv.cut > 0 {
            self.findings.note(Finding::CutRecv, recv.event);
        }
        self.recvs.push(recv);
    }

    pub(crate) fn push_message(&mut self, message: MessageSpan) {
        let kind = match message.kind {
            MessageKind::Message => None,
            MessageKind::Ready => Some(Finding::Ready),
            MessageKind::Skipped => Some(Finding::Skipped),
            _ => Some(Finding::Handshake),
        };
        let integrity = match message.integrity {
            _ if message.kind.is_refuted() => Some(Finding::Wrong),
            Integrity::Wrong => Some(Finding::Wrong),
            Integrity::Glued(_) => Some(Finding::Glued),
            Integrity::Part => Some(Finding::Part),
            Integrity::Whole | Integrity::Cut(_) => None,
        };
        let ends_here = |other: &MessageSpan| other.event == message.event;
        let mut before = self.messages.iter().rev().take(2).map(ends_here);
        // The second one, not the further ones.
        let is_second = before.next() == Some(true) && before.next() != Some(true);
        // Where no calls were watched, a packet completed it.
        let is_of_recv = self.recvs.last().map(|recv| recv.event) == Some(message.event);
        let several = (is_second && is_of_recv).then_some(Finding::Several);
        for finding in [kind, integrity, several].into_iter().flatten() {
            self.findings.note(finding, message.event);
        }
        self.messages.push(message);
    }
}
