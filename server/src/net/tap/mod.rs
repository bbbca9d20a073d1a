//! The tap: records every call a program makes on a socket, from outside.
//!
//! Nothing is recorded but what the kernel answered: a call that would block
//! is no call yet. Calls that hand something over are stamped just before the
//! attempt that succeeded, calls that take something just after (see
//! [`trace::Event::at`]). Beside the calls the kernel is asked about the
//! socket. Calls about peers that were not registered are not recorded, and the
//! kernel is not asked about them.

mod datagrams;
mod meter;
mod sink;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use protocol::{Nanos, Offset, System};
use tokio::net::UdpSocket;
use trace::link::Line;
use trace::{Call, Event, Origin, Socket};

use crate::net::{Auditor, Decision};

pub use datagrams::TappedDatagrams;
pub use meter::{Backlog, Held, Meter};
pub use sink::Sink;
pub use stream::{Tapped, TappedListener};

/// Takes down what tapped sockets report. Clones share one record.
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    sink: Sink,
    /// What the server's calls about a peer at this address are recorded as.
    peers: Mutex<HashMap<SocketAddr, Origin>>,
}

/// What one call came to, before it is an event.
struct Outcome<'a> {
    offset: Offset,
    asked: usize,
    result: io::Result<&'a [u8]>,
    /// What the kernel told beside it.
    socket: Socket,
}

impl Outcome<'_> {
    /// A call that transfers nothing.
    fn bare(result: io::Result<()>, socket: Socket) -> Self {
        Outcome {
            offset: Offset(0),
            asked: 0,
            result: result.map(|()| &[][..]),
            socket,
        }
    }
}

/// When a call was made, and how long its caller was in it or waited for it.
struct Timing {
    at: Instant,
    took: std::time::Duration,
}

impl Timing {
    /// A call that took something: its moment is when it returned.
    fn taking(waiting_since: Instant) -> Self {
        let at = Instant::now();
        Self {
            at,
            took: at.saturating_duration_since(waiting_since),
        }
    }

    /// A call that handed something over: its moment is before the attempt
    /// that succeeded, and only that one took time: what passed before is the
    /// time since the call before, so that calls in a row never overlap.
    fn handing(attempt: Instant) -> Self {
        Self {
            at: attempt,
            took: attempt.elapsed(),
        }
    }
}

impl Recorder {
    /// Times count from `started`; events go to `sink`, which may be gone.
    pub fn new(started: Instant, sink: impl Into<Sink>) -> Self {
        Self {
            inner: Arc::new(Inner {
                started,
                sink: sink.into(),
                peers: Mutex::default(),
            }),
        }
    }

    /// Says what the server's calls about the peer at `address` are recorded
    /// as. To be called before that peer connects or sends, so that the server's
    /// first call about it is known for what it is.
    pub fn register(&self, address: SocketAddr, origin: Origin) {
        self.peers().insert(address, origin);
    }

    /// What was said of `address`.
    fn origin_of(&self, address: SocketAddr) -> Option<Origin> {
        self.peers().get(&address).copied()
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<SocketAddr, Origin>> {
        let peers = self.inner.peers.lock();
        peers.unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a server's accept(2) and the connections that come of it.
    pub fn tap_listener<L>(&self, listener: L) -> TappedListener<L> {
        TappedListener::new(listener, self.clone())
    }

    /// Records what a server does on its datagram socket.
    pub fn tap_datagrams(&self, socket: UdpSocket) -> TappedDatagrams {
        TappedDatagrams::new(socket, self.clone())
    }

    fn source(&self, origin: Origin) -> Source {
        Source {
            recorder: self.clone(),
            origin,
        }
    }
}

/// Whose calls these are, and about what.
#[derive(Debug)]
struct Source {
    recorder: Recorder,
    origin: Origin,
}

impl Source {
    fn record(&self, call: Call, timing: &Timing, outcome: Outcome<'_>) {
        let inner = &self.recorder.inner;
        let (bytes, error) = match outcome.result {
            Ok(bytes) => (bytes.to_vec(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let at = timing.at.saturating_duration_since(inner.started).into();
        let event = Event {
            took: Nanos::from(timing.took),
            offset: outcome.offset,
            asked: u32::try_from(outcome.asked).unwrap_or(u32::MAX),
            bytes,
            error,
            socket: outcome.socket,
            ..Event::new(at, self.origin, call)
        };
        self.recorder.give(event);
    }
}

/// Decisions about registered peers are events; a completed handshake is none,
/// because the calls show it.
impl Auditor for Recorder {
    fn decided(&self, _: System, peer: SocketAddr, decision: Decision<'_>) {
        let (Some(reason), Some(origin)) = (decision.reason(), self.origin_of(peer)) else {
            return;
        };
        let at = self.inner.started.elapsed().into();
        self.give(Event {
            offset: decision.offset(),
            reason: Some(reason),
            ..Event::new(at, origin, Call::Refuse)
        });
    }
}

impl Recorder {
    fn give(&self, event: Event) {
        if tracing::enabled!(target: "tap", tracing::Level::TRACE)
            && let Ok(line) = serde_json::to_string(&Line::Event(event.clone()))
        {
            tracing::trace!(target: "tap", "{line}");
        }
        self.inner.sink.give(event);
    }
}

/// An error can't be cloned; this one says the same.
fn same_error(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
