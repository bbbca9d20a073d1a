//! What the kernel told beside a call, in words.

use super::Facts;
use crate::cause::{Cause, Hold, held};
use crate::lane::{Lane, Span};
use crate::text::Sentence;
use crate::{Call, End, Event};

impl Facts<'_> {
    /// The receive queue just before a recv, and how its bytes had come. What
    /// a cause says is not said twice.
    pub(super) fn queued(&self, lane: &Lane, span: &Span) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        let told = |boundary: &crate::cause::Boundary| match boundary.cause {
            Cause::ReaderLate { .. } => true,
            Cause::BufferSmall { asked, waiting } => waiting.is_none_or(|n| n > asked),
            _ => false,
        };
        if self.changed(lane).any(told) {
            return sentences;
        }
        if let Some(waiting) = self.event.socket.waiting {
            let since = self.event.came_since();
            let key = match since {
                0 => "explain.recv.waiting",
                _ => "explain.recv.waiting-since",
            };
            let told = Sentence::new(key).with("n", u64::from(waiting));
            sentences.push(told.with("since", u64::from(since)));
        }
        let packets = lane.packets_in(&span.range());
        if packets > 0 {
            sentences.push(Sentence::new("explain.recv.segments").with("n", packets));
        }
        sentences
    }

    /// Bytes that the kernel took and has not sent, and what it waits for.
    pub(super) fn held_back(&self, span: &Span) -> Option<Sentence> {
        let (unsent, hold) = held(self.trace, self.index)?;
        let sent = span.end.0.saturating_sub(u64::from(unsent));
        let (key, room) = match hold {
            Hold::Nagle => ("explain.send.nagle", 0),
            Hold::Window { room } => ("explain.send.window", room),
            Hold::Unknown { .. } => ("explain.send.unsent", 0),
        };
        Some(
            Sentence::new(key)
                .with("n", u64::from(unsent))
                .with("room", room)
                .with("offset", sent),
        )
    }

    /// How often the same call failed with EAGAIN before.
    pub(super) fn tried(&self) -> Option<Sentence> {
        let times = u64::from(self.event.would_block);
        (times > 0).then(|| Sentence::new("explain.would-block").with("n", times))
    }

    /// The socket's options, where they were told. Nagle's algorithm is on by itself: it
    /// is said only if it was off before.
    pub(super) fn options(&self) -> Option<Sentence> {
        let options = self.event.socket.options?;
        let mut before = self.trace.events()[..self.index].iter().rev();
        let before = before.find_map(|event| {
            let is_here = (event.connection, event.end) == (self.event.connection, self.event.end);
            event.socket.options.filter(|_| is_here)
        });
        let was_off = before.is_some_and(|before| before.nodelay == Some(true));
        let is_news = |name, value| name != "TCP_NODELAY" || value != 0 || was_off;
        let named = options
            .named()
            .filter(|&(name, value)| is_news(name, value))
            .map(|(name, value)| [name, "=", &value.to_string()].concat());
        let list = named.collect::<Vec<_>>().join(", ");
        (!list.is_empty()).then(|| Sentence::new("explain.options").with("list", list))
    }

    /// How many connections wait to be accepted.
    pub(super) fn accept_queue(&self) -> Option<Sentence> {
        let waiting = self.event.socket.accept_queue?;
        let key = match self.event.call {
            Call::Connect => "explain.connect.queue",
            _ => "explain.accept.queue",
        };
        Some(Sentence::new(key).with("n", u64::from(waiting)))
    }

    /// Datagrams lost between the one before and this one.
    pub(super) fn drops(&self) -> Option<Sentence> {
        let dropped = self.event.socket.dropped?;
        let before = self.trace.events()[..self.index].iter().rev();
        let mut before = before.filter(|event| self.same_socket(event));
        let before = before.find_map(|event| event.socket.dropped).unwrap_or(0);
        let fresh = dropped.saturating_sub(before);
        (fresh > 0).then(|| Sentence::new("explain.recv.dropped").with("n", u64::from(fresh)))
    }

    fn same_socket(&self, event: &Event) -> bool {
        let same = match event.end {
            End::Opener => event.connection == self.event.connection,
            // An acceptor of datagrams has one socket for all its peers.
            End::Acceptor => event.party == self.event.party,
        };
        event.call == Call::Recv && event.end == self.event.end && same
    }

    /// TCP_INFO's counts stand in for the wire where it was not captured.
    pub(super) fn counts(&self) -> Vec<Sentence> {
        let counts = match self.event.socket.counts {
            Some(counts) if !self.trace.is_captured(self.event.connection) => counts,
            _ => return Vec::new(),
        };
        let mut sentences = vec![
            self.say("explain.close.counts")
                .with("out", u64::from(counts.segments_out))
                .with("data-out", u64::from(counts.data_out))
                .with("in", u64::from(counts.segments_in))
                .with("data-in", u64::from(counts.data_in)),
        ];
        if counts.retransmitted > 0 {
            let again = u64::from(counts.retransmitted);
            sentences.push(Sentence::new("explain.close.retransmitted").with("n", again));
        }
        sentences
    }
}
