//! Makes events of the calls at one end of a connection: counts where in each
//! direction's stream the next bytes stand.

use protocol::{Nanos, Offset};

use crate::{Call, Event, Origin, Socket};

/// When a call was made, as in [`Event::at`], and how long its caller was in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Since the start of the record.
    pub at: Nanos,
    /// In the call.
    pub took: Nanos,
}

/// The calls at one end of a connection.
#[derive(Clone, Debug)]
pub struct Calls {
    origin: Origin,
    sent: Offset,
    received: Offset,
    snap: Option<u32>,
}

impl Calls {
    /// Nothing was sent and nothing received yet. At most `snap` bytes of each call are
    /// kept; none: all are.
    pub const fn new(origin: Origin, snap: Option<u32>) -> Self {
        Self {
            origin,
            sent: Offset(0),
            received: Offset(0),
            snap,
        }
    }

    /// Whose calls they are, and where.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// A call that transfers nothing. `told` is what the kernel told beside it.
    pub fn bare(
        &self,
        call: Call,
        timing: Timing,
        result: Result<(), String>,
        told: Socket,
    ) -> Event {
        self.event(call, timing, result.err(), told)
    }

    /// A send of `offered`, of which the kernel took as many bytes as `result`
    /// says.
    pub fn send(
        &mut self,
        timing: Timing,
        offered: &[u8],
        result: Result<usize, String>,
        told: Socket,
    ) -> Event {
        let taken = result.as_ref().map_or(0, |&taken| taken.min(offered.len()));
        Event {
            asked: length(offered.len()),
            error: result.err(),
            ..self.moved(Call::Send, timing, taken, &offered[..taken], told)
        }
    }

    /// A recv with room for `room` bytes, which gave the bytes of `result`.
    pub fn recv(
        &mut self,
        timing: Timing,
        room: usize,
        result: Result<&[u8], String>,
        told: Socket,
    ) -> Event {
        let given = result.as_ref().map_or(&[][..], |bytes| bytes);
        Event {
            asked: length(room),
            error: result.err(),
            ..self.moved(Call::Recv, timing, given.len(), given, told)
        }
    }

    /// How many bytes are kept of a call that moves `moved`.
    pub fn kept(&self, moved: usize) -> usize {
        self.snap.map_or(moved, |snap| moved.min(snap as usize))
    }

    /// A send or recv that moved `moved` bytes, of which `first` are known: those that
    /// [`kept`](Self::kept) says, or more.
    pub fn moved(
        &mut self,
        call: Call,
        timing: Timing,
        moved: usize,
        first: &[u8],
        told: Socket,
    ) -> Event {
        let passed = match call {
            Call::Send => &mut self.sent,
            _ => &mut self.received,
        };
        let offset = *passed;
        *passed += moved;
        let kept = self.kept(moved).min(first.len());
        Event {
            offset,
            bytes: first[..kept].to_vec(),
            length: (kept < moved).then(|| length(moved)),
            ..self.event(call, timing, None, told)
        }
    }

    fn event(&self, call: Call, timing: Timing, error: Option<String>, told: Socket) -> Event {
        Event {
            took: timing.took,
            error,
            socket: told,
            ..Event::new(timing.at, self.origin, call)
        }
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectionId, End, PartyId};

    #[test]
    fn offsets_count_what_was_transferred_each_way() {
        let mut calls = Calls::new(
            Origin {
                party: PartyId(1),
                connection: ConnectionId(3),
                end: End::Opener,
            },
            None,
        );
        let timing = Timing {
            at: Nanos(5),
            took: Nanos(2),
        };
        let told = Socket {
            waiting: Some(9),
            ..Socket::default()
        };
        let broken = || "Broken pipe".to_owned();
        let events = [
            calls.bare(Call::Connect, timing, Ok(()), told),
            calls.send(timing, b"hello", Ok(3), Socket::default()),
            calls.recv(timing, 8, Ok(b"ab"), told),
            calls.send(timing, b"lo", Err(broken()), Socket::default()),
            calls.send(timing, b"lo", Ok(2), Socket::default()),
            calls.recv(timing, 8, Err(broken()), Socket::default()),
            calls.recv(timing, 8, Ok(b""), Socket::default()),
        ];
        let seen = events.map(|event| {
            assert_eq!((event.at, event.took), (Nanos(5), Nanos(2)));
            assert_eq!(event.origin(), calls.origin());
            let text = String::from_utf8(event.bytes).unwrap();
            (event.offset.0, event.asked, text, event.error.is_some())
        });
        let expected = [
            (0, 0, "", false),
            (0, 5, "hel", false),
            (0, 8, "ab", false),
            (3, 2, "", true),
            (3, 2, "lo", false),
            (2, 8, "", true),
            (2, 8, "", false),
        ];
        let expected =
            expected.map(|(at, asked, text, is_error)| (at, asked, text.to_owned(), is_error));
        assert_eq!(seen, expected);
    }

    #[test]
    fn of_each_call_the_first_bytes_are_kept_and_all_are_counted() {
        let origin = Origin {
            party: PartyId(1),
            connection: ConnectionId(3),
            end: End::Opener,
        };
        for (snap, kept, length) in [
            (None, "hello", None),
            (Some(9), "hello", None),
            (Some(5), "hello", None),
            (Some(2), "he", Some(5)),
            (Some(0), "", Some(5)),
        ] {
            let mut calls = Calls::new(origin, snap);
            let told = Socket::default();
            let timing = Timing::default();
            for offset in [0, 5] {
                let sent = calls.send(timing, b"hello you", Ok(5), told);
                let read = calls.recv(timing, 100, Ok(b"hello"), told);
                for event in [sent, read] {
                    assert_eq!(event.bytes, kept.as_bytes(), "{snap:?}");
                    assert_eq!((event.offset, event.length), (Offset(offset), length));
                    assert_eq!(event.len(), 5);
                    assert!(event.has_fitting_length(snap));
                }
            }
            let end = calls.recv(timing, 100, Ok(b""), told);
            assert!(end.is_eof() && end.length.is_none());
        }
    }
}
