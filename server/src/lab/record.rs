//! Takes down the calls of a client. Servers are watched through the tap; a
//! client makes its calls itself, so it can say exactly which it made.

use std::io;
use std::time::{Duration, Instant};

use protocol::Offset;
use trace::{Call, ClientId, Event, Origin, Socket};

use crate::net::Sink;

/// What one client did so far.
pub(super) struct Record {
    started: Instant,
    client: ClientId,
    origin: Origin,
    sink: Sink,
    sent: Offset,
    received: Offset,
    /// Since when the client waits for something to read.
    waiting: Instant,
}

impl Record {
    pub(super) fn new(started: Instant, client: ClientId, sink: Sink) -> Self {
        Self {
            started,
            client,
            origin: client.opener(),
            sink,
            sent: Offset(0),
            received: Offset(0),
            waiting: started,
        }
    }

    /// The record of one of the client's further connections, from 1.
    pub(super) fn of_connection(&self, connection: u16) -> Self {
        Self {
            origin: Origin {
                connection: self.client.connection(connection),
                ..self.client.opener()
            },
            ..Self::new(self.started, self.client, self.sink.clone())
        }
    }

    pub(super) fn client(&self) -> ClientId {
        self.client
    }

    /// A call that transfers nothing, begun at `at`, in which the client was
    /// for `took`; `socket` is what the kernel told beside it.
    pub(super) fn bare(
        &mut self,
        call: Call,
        at: Instant,
        took: Duration,
        error: Option<&io::Error>,
        socket: Socket,
    ) {
        let event = self.event(call, at);
        self.give(Event {
            took: took.into(),
            error: error.map(ToString::to_string),
            socket,
            ..event
        });
    }

    /// A send of `offered`, begun at `at`, in which the client was for `took`.
    pub(super) fn send(
        &mut self,
        at: Instant,
        took: Duration,
        offered: &[u8],
        result: Result<usize, &io::Error>,
        socket: Socket,
    ) {
        let event = self.event(Call::Send, at);
        let taken = result.unwrap_or(0);
        self.give(Event {
            took: took.into(),
            offset: self.sent,
            asked: length(offered),
            bytes: offered[..taken].to_vec(),
            error: result.err().map(ToString::to_string),
            socket,
            ..event
        });
        self.sent += taken;
    }

    /// A recv into `room` that has just returned.
    pub(super) fn recv(&mut self, room: &[u8], result: Result<usize, &io::Error>, socket: Socket) {
        let at = Instant::now();
        let event = self.event(Call::Recv, at);
        let given = result.unwrap_or(0);
        self.give(Event {
            took: at.saturating_duration_since(self.waiting).into(),
            offset: self.received,
            asked: length(room),
            bytes: room[..given].to_vec(),
            error: result.err().map(ToString::to_string),
            socket,
            ..event
        });
        self.received += given;
    }

    fn event(&self, call: Call, at: Instant) -> Event {
        let at = at.saturating_duration_since(self.started).into();
        Event::new(at, self.origin, call)
    }

    fn give(&mut self, event: Event) {
        self.sink.give(event);
        self.waiting = Instant::now();
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
