//! One direction of one connection, all its layers over the same
//! stream offsets: sends, packets, recvs, messages. Joining layers is
//! intersecting ranges.

mod content;
mod finding;
mod parts;

use std::ops::Range;

use protocol::Offset;

pub use content::Content;
pub(crate) use finding::{Finding, Findings, Lengths};
pub use parts::{Failure, Fate, Integrity, MessageKind, MessageSpan, Numbered, Packet, Span};

use crate::boundary::Boundary;
use crate::{ConnectionId, End, Event};

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end that opened the connection to the end that accepted it.
    FromOpener,
    /// The other way.
    FromAcceptor,
}

impl Direction {
    /// Who sends.
    pub const fn sender(self) -> End {
        match self {
            Self::FromOpener => End::Opener,
            Self::FromAcceptor => End::Acceptor,
        }
    }

    /// Who reads.
    pub const fn reader(self) -> End {
        self.sender().other()
    }
}

impl From<End> for Direction {
    /// The direction of what this end sends.
    fn from(sender: End) -> Self {
        match sender {
            End::Opener => Self::FromOpener,
            End::Acceptor => Self::FromAcceptor,
        }
    }
}

/// One direction of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which way.
    pub direction: Direction,
    /// Every send(), in order; empty ones too.
    pub sends: Vec<Span>,
    /// Every captured packet with payload (or empty datagram), by time; none
    /// if the wire was not captured. Datagrams of no observed send are left out.
    pub wire: Vec<Packet>,
    /// Every recv() that returned bytes (or an empty datagram), in order.
    pub recvs: Vec<Span>,
    /// Recvs (as event indices, ascending) of datagrams that could have been
    /// more than one of the sends: equal ones, some of which were lost.
    pub unsure: Vec<usize>,
    /// Where the reader's boundaries differ from the sender's, and why; by
    /// offset.
    pub boundaries: Vec<Boundary>,
    /// What the reader made of it.
    pub messages: Vec<MessageSpan>,
    /// Why it stopped, if it did.
    pub failure: Option<Failure>,
    /// What could not be decoded where the framing goes on behind it; by offset.
    pub damages: Vec<Failure>,
    /// The bytes sent. Not known are those that no packet carried, where only packets were
    /// watched: the capture lost them or cut them off; and those that were not kept, where
    /// the record has the first bytes of each call.
    pub bytes: Content,
    /// Bytes that were read and among which no message was found, because some of them were
    /// not kept, each with the recv behind which that is known.
    pub undecoded: Vec<Span>,
    /// What the sender offered in one go: a send, or one that the kernel took
    /// only in part and the sends that went on with it. By offset; empty
    /// sends are left out.
    pub(crate) offers: Vec<Range<Offset>>,
    /// Which packet carried which bytes first; by offset, never overlapping.
    pub(crate) carriers: Vec<Carrier>,
    /// Of datagrams: the send of each packet of `wire`.
    pub(crate) packet_sends: Vec<usize>,
    /// Of datagrams: the send of each recv.
    pub(crate) recv_sends: Vec<usize>,
    /// Of datagrams: what became of each send.
    pub(crate) fates: Vec<Fate>,
    /// Which of all these are not as usual.
    pub(crate) findings: Findings,
}

/// Bytes that a packet was the first to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carrier {
    pub(crate) start: Offset,
    pub(crate) end: Offset,
    /// Index in [`Lane::wire`].
    pub(crate) packet: usize,
}

impl Lane {
    pub(crate) fn new(connection: ConnectionId, direction: Direction) -> Self {
        Self {
            connection,
            direction,
            sends: Vec::new(),
            wire: Vec::new(),
            recvs: Vec::new(),
            unsure: Vec::new(),
            boundaries: Vec::new(),
            messages: Vec::new(),
            failure: None,
            damages: Vec::new(),
            bytes: Content::default(),
            undecoded: Vec::new(),
            offers: Vec::new(),
            carriers: Vec::new(),
            packet_sends: Vec::new(),
            recv_sends: Vec::new(),
            fates: Vec::new(),
            findings: Findings::default(),
        }
    }

    /// What could not be decoded of the recv with this event index, where the framing goes on
    /// behind it.
    pub fn damages_of(&self, event: usize) -> &[Failure] {
        let first = self.damages.partition_point(|damage| damage.event < event);
        let behind = self.damages.partition_point(|damage| damage.event <= event);
        &self.damages[first..behind]
    }

    /// Bytes sent in all.
    pub const fn end(&self) -> Offset {
        self.bytes.end()
    }

    /// The bytes at `range`, as far as they were sent and are known from its start on.
    pub fn slice(&self, range: Range<Offset>) -> &[u8] {
        self.bytes.slice(range)
    }

    /// What the bytes in `range` came in, as far as it was observed, by number:
    /// the sends; where the sender was not watched the recvs; where nobody was,
    /// the packets. Empty ones strictly between others may be among them.
    pub fn units_in(&self, range: Range<Offset>) -> Vec<(usize, Range<Offset>)> {
        let of = |spans: &[Span], numbers: Range<usize>| {
            let spans = numbers.map(|number| (number, spans[number].range()));
            spans.collect()
        };
        if !self.sends.is_empty() {
            of(&self.sends, self.sends_in(range))
        } else if !self.recvs.is_empty() {
            of(&self.recvs, self.recvs_in(range))
        } else {
            let carriers = self.carriers_in(&range).iter();
            carriers.map(|c| (c.packet, c.start..c.end)).collect()
        }
    }

    /// The non-empty sends that have bytes in `range`, as a range of indices.
    /// (Empty sends strictly between them are inside the range as well.)
    pub fn sends_in(&self, range: Range<Offset>) -> Range<usize> {
        overlapping(&self.sends, &range)
    }

    /// Whether a call was seen that moved its bytes.
    pub(crate) const fn has_calls(&self) -> bool {
        !self.sends.is_empty() || !self.recvs.is_empty()
    }

    /// The bytes that a call moved stand behind those that are known.
    pub(crate) fn add(&mut self, event: &Event) {
        self.bytes.push(&event.bytes);
        self.bytes.skip(event.not_kept() as u64);
    }

    /// Notes that `asked` bytes from `start` were offered, of which the kernel
    /// took `taken`.
    pub(crate) fn offer(&mut self, start: Offset, asked: usize, taken: usize) {
        let end = start + asked.max(taken);
        match self.offers.last_mut() {
            Some(last) if last.end == end && last.start < start => {}
            last => {
                if let Some(last) = last {
                    // The rest of that one was never offered again.
                    last.end = last.end.min(start);
                }
                if taken > 0 {
                    self.offers.push(start..end);
                }
            }
        }
    }

    /// The offers that have bytes in `range`.
    pub(crate) fn offers_in(&self, range: &Range<Offset>) -> &[Range<Offset>] {
        let from = self
            .offers
            .partition_point(|offer| offer.end <= range.start);
        let to = self.offers.partition_point(|offer| offer.start < range.end);
        self.offers.get(from..to).unwrap_or(&[])
    }

    /// The recvs that have bytes in `range`, as a range of indices.
    pub fn recvs_in(&self, range: Range<Offset>) -> Range<usize> {
        overlapping(&self.recvs, &range)
    }

    /// Index of the first packet that carried the byte at `offset`.
    pub fn packet_at(&self, offset: Offset) -> Option<usize> {
        let carrier = self.carriers_in(&(offset..offset + 1)).first()?;
        Some(carrier.packet)
    }

    /// The stretches of first-carried bytes that have bytes in `range`.
    pub(crate) fn carriers_in(&self, range: &Range<Offset>) -> &[Carrier] {
        let carriers = &self.carriers;
        let from = carriers.partition_point(|carrier| carrier.end <= range.start);
        let to = carriers.partition_point(|carrier| carrier.start < range.end);
        carriers.get(from..to).unwrap_or(&[])
    }

    /// How many packets were the first to carry bytes of `range`.
    pub fn packets_in(&self, range: &Range<Offset>) -> usize {
        let carriers = self.carriers_in(range);
        let again = carriers
            .windows(2)
            .filter(|two| two[0].packet == two[1].packet);
        carriers.len() - again.count()
    }

    /// The sends whose bytes packet `index` of the wire carried, as a range of
    /// indices; of a datagram just one, empty or not.
    pub fn sends_of_packet(&self, index: usize) -> Range<usize> {
        match (self.packet_sends.get(index), self.wire.get(index)) {
            (Some(&send), _) => send..send + 1,
            (None, Some(packet)) => self.sends_in(packet.span.range()),
            (None, None) => 0..0,
        }
    }

    /// The sends whose bytes recv `index` took, as a range of indices; of a
    /// datagram just one, empty or not.
    pub fn sends_of_recv(&self, index: usize) -> Range<usize> {
        match (self.recv_sends.get(index), self.recvs.get(index)) {
            (Some(&send), _) => send..send + 1,
            (None, Some(recv)) => self.sends_in(recv.range()),
            (None, None) => 0..0,
        }
    }

    /// What became of the datagram of send `index`; of a stream's send that is
    /// not one thing.
    pub fn fate(&self, index: usize) -> Fate {
        self.fates.get(index).copied().unwrap_or(Fate::Unknown)
    }

    /// Index of the message that has the byte at `offset`.
    pub fn message_at(&self, offset: Offset) -> Option<usize> {
        let index = self.messages.partition_point(|m| m.range().end <= offset);
        let message = self.messages.get(index)?;
        message.range().contains(&offset).then_some(index)
    }
}

fn overlapping(spans: &[Span], range: &Range<Offset>) -> Range<usize> {
    if range.start >= range.end {
        return 0..0;
    }
    let from = spans.partition_point(|span| span.end <= range.start);
    let to = spans.partition_point(|span| span.start < range.end);
    let empty = |span: &&Span| span.is_empty();
    let from = from + spans[from..to.max(from)].iter().take_while(empty).count();
    let to = to
        - spans[from.min(to)..to]
            .iter()
            .rev()
            .take_while(empty)
            .count();
    from..to.max(from)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lane(bytes: &[u8], sends: &[usize], recvs: &[usize]) -> Lane {
        let spans = |lengths: &[usize]| {
            let mut start = Offset(0);
            let spans = lengths.iter().enumerate().map(|(event, &length)| {
                let span = Span {
                    event,
                    start,
                    end: start + length,
                    cut: 0,
                };
                start += length;
                span
            });
            spans.collect()
        };
        let mut content = Content::default();
        content.push(bytes);
        Lane {
            sends: spans(sends),
            recvs: spans(recvs),
            bytes: content,
            ..Lane::new(ConnectionId(0), Direction::FromOpener)
        }
    }

    fn check(range: Range<u64>, expected: Range<usize>) {
        let lane = lane(b"helloabcok", &[5, 0, 3, 0, 2, 0], &[]);
        let range = Offset(range.start)..Offset(range.end);
        assert_eq!(lane.sends_in(range.clone()), expected, "{range:?}");
    }

    #[test]
    fn ranges_are_joined_by_intersection() {
        check(0..5, 0..1);
        check(4..6, 0..3);
        check(5..8, 2..3);
        check(0..10, 0..5);
        check(8..10, 4..5);
        check(9..99, 4..5);
        assert!(
            lane(b"", &[0], &[])
                .sends_in(Offset(0)..Offset(3))
                .is_empty()
        );
        check(3..3, 0..0);
    }
}
