//! What happened on a connection, in a few numbers: a line of a list.

use std::collections::BTreeMap;

use protocol::Nanos;

use crate::{Call, ConnectionId, End, Event, Flags, Record};

/// What was observed of a connection, counted. Of the opener first, then of the
/// acceptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Bytes that each end sent: as far as the offsets of calls and packets reach.
    pub bytes: [u64; 2],
    /// Calls at each end.
    pub calls: [usize; 2],
    /// Packets that each end sent.
    pub packets: [usize; 2],
    /// Time of the first event; none without any.
    pub first: Option<Nanos>,
    /// Time of the last one.
    pub last: Nanos,
    /// Whether each end asked for the connection, or granted it (SYN, connect, accept).
    opened: [bool; 2],
    /// Whether each end said that it sends no more (FIN, shutdown, close), or the other one
    /// found the end of its stream.
    ended: [bool; 2],
    /// Who reset it (RST, or ECONNRESET at the other end) first.
    reset: Option<End>,
    /// Whether a connect failed because nobody listened (ECONNREFUSED).
    refused: bool,
    /// Whether each end closed it, and whether its close was to be a reset: SO_LINGER of 0
    /// (socket(7)).
    closed: [bool; 2],
    discards: [bool; 2],
}

/// How a connection ended, as far as it was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// It was not seen to end.
    Open,
    /// This end sends no more; the other was not seen to end.
    Half(End),
    /// Both ends said that they send no more.
    Closed,
    /// This end reset it.
    Reset(End),
    /// It was asked for and never granted: nobody listened, and the answer was a reset.
    Refused,
}

impl Summary {
    /// Counts an event of its connection. Events may come in any order, but of two
    /// resets the one that comes first counts.
    pub fn see(&mut self, event: &Event) {
        let end = usize::from(event.end == End::Acceptor);
        if event.call.is_packet() {
            self.packets[end] += 1;
        } else if event.call.is_call() {
            self.calls[end] += 1;
        }
        let first = self.first.get_or_insert(event.at);
        *first = event.at.min(*first);
        self.last = self.last.max(event.at);
        if let Some(error) = &event.error {
            // What strerror(3) says of ECONNRESET: it came from the other end.
            if error.contains("reset by peer") {
                self.reset.get_or_insert(event.end.other());
            }
            self.refused |= event.call == Call::Connect && error.contains("refused");
            return;
        }
        if let (Some(sender), false) = (event.sender(), event.is_empty()) {
            let sent = &mut self.bytes[usize::from(sender == End::Acceptor)];
            let cut = event.header.as_ref().and_then(|header| header.length);
            let reached = event.offset + event.len().max(cut.unwrap_or(0) as usize);
            *sent = reached.0.max(*sent);
        }
        if let Some(linger) = event.socket.options.and_then(|options| options.linger) {
            self.discards[end] = linger == 0;
        }
        self.closed[end] |= event.call == Call::Close;
        let flags = event.flags();
        self.opened[end] |=
            flags.has(Flags::SYN) || matches!(event.call, Call::Connect | Call::Accept);
        self.ended[end] |=
            flags.has(Flags::FIN) || matches!(event.call, Call::Shutdown | Call::Close);
        // The end of the stream, which the other end may not have been watched to send. A
        // datagram may be empty.
        if event.is_eof() && event.socket.length.is_none() {
            self.ended[1 - end] = true;
        }
        if flags.has(Flags::RST) {
            self.reset.get_or_insert(event.end);
        }
    }

    /// How it ended.
    pub fn close(&self) -> Close {
        let discarded = End::ALL.into_iter().find(|end| {
            let end = usize::from(*end == End::Acceptor);
            self.closed[end] && self.discards[end]
        });
        match (self.reset.or(discarded), self.ended) {
            _ if self.refused => Close::Refused,
            (Some(End::Acceptor), _) if self.opened == [true, false] && self.bytes == [0, 0] => {
                Close::Refused
            }
            (Some(end), _) => Close::Reset(end),
            (None, [true, true]) => Close::Closed,
            (None, [true, false]) => Close::Half(End::Opener),
            (None, [false, true]) => Close::Half(End::Acceptor),
            (None, [false, false]) => Close::Open,
        }
    }
}

impl Record {
    /// A summary of each connection, by number.
    pub fn summaries(&self) -> BTreeMap<ConnectionId, Summary> {
        let known = self.connections.iter();
        let known = known.map(|connection| (connection.connection, Summary::default()));
        let mut summaries: BTreeMap<_, _> = known.collect();
        for event in self.events() {
            summaries.entry(event.connection).or_default().see(event);
        }
        summaries
    }
}

#[cfg(test)]
mod tests {
    use protocol::Offset;

    use super::*;
    use crate::{Header, Origin, PartyId};

    fn event(at: u64, end: End, call: Call, flags: Flags, bytes: &[u8]) -> Event {
        let origin = Origin {
            party: PartyId(0),
            connection: ConnectionId(0),
            end,
        };
        Event {
            bytes: bytes.to_vec(),
            header: call.is_packet().then(|| Header {
                flags,
                ..Header::default()
            }),
            ..Event::new(Nanos(at), origin, call)
        }
    }

    fn check(events: &[Event], close: Close) -> Summary {
        let mut summary = Summary::default();
        for event in events {
            summary.see(event);
        }
        assert_eq!(summary.close(), close);
        let mut backwards = Summary::default();
        for event in events.iter().rev() {
            backwards.see(event);
        }
        assert_eq!(backwards, summary, "events come in any order");
        summary
    }

    #[test]
    fn the_end_is_what_flags_and_calls_say() {
        use End::{Acceptor, Opener};
        let segment = |end, flags| event(5, end, Call::Segment, flags, b"");
        let call = |end, call| event(7, end, call, Flags(0), b"");
        let syn = || segment(Opener, Flags::SYN);
        let fin = |end| segment(end, Flags(Flags::FIN.0 | Flags::ACK.0));
        check(&[], Close::Open);
        check(&[syn()], Close::Open);
        check(&[syn(), fin(Acceptor)], Close::Half(Acceptor));
        check(&[syn(), fin(Opener), fin(Acceptor)], Close::Closed);
        check(&[syn(), segment(Acceptor, Flags::RST)], Close::Refused);
        let granted = segment(Acceptor, Flags(Flags::SYN.0 | Flags::ACK.0));
        let reset = segment(Acceptor, Flags::RST);
        check(&[syn(), granted, reset], Close::Reset(Acceptor));
        let closes = [call(Opener, Call::Shutdown), call(Acceptor, Call::Close)];
        check(&closes, Close::Closed);
        let failed = |call: Event, error: &str| Event {
            error: Some(error.to_owned()),
            ..call
        };
        let bad = failed(call(Opener, Call::Close), "Bad file descriptor");
        check(&[bad], Close::Open);
        // Of an end that nobody watches, the other one tells.
        let end_of_stream = || call(Acceptor, Call::Recv);
        check(&[end_of_stream()], Close::Half(Opener));
        check(
            &[end_of_stream(), call(Acceptor, Call::Close)],
            Close::Closed,
        );
        let refused = failed(
            call(Opener, Call::Connect),
            "Connection refused (os error 111)",
        );
        check(&[refused], Close::Refused);
        let mut discarding = call(Acceptor, Call::Close);
        discarding.socket.options = Some(crate::Options {
            linger: Some(0),
            ..crate::Options::default()
        });
        check(
            &[call(Acceptor, Call::Accept), discarding],
            Close::Reset(Acceptor),
        );
        let mut empty = end_of_stream();
        empty.socket.length = Some(0);
        check(&[empty], Close::Open);
        let reset = failed(end_of_stream(), "Connection reset by peer (os error 104)");
        check(&[reset], Close::Reset(Opener));
    }

    #[test]
    fn bytes_are_counted_to_where_offsets_reach() {
        let sent = event(3, End::Opener, Call::Send, Flags(0), b"hello");
        let read = Event {
            offset: Offset(4),
            ..event(9, End::Opener, Call::Recv, Flags(0), b"ok")
        };
        let mut cut = event(6, End::Acceptor, Call::Segment, Flags::ACK, b"ok");
        cut.header.get_or_insert_default().length = Some(40);
        let summary = check(&[sent, read, cut], Close::Open);
        assert_eq!(summary.bytes, [5, 40]);
        assert_eq!((summary.calls, summary.packets), ([2, 0], [0, 1]));
        assert_eq!((summary.first, summary.last), (Some(Nanos(3)), Nanos(9)));
    }
}
