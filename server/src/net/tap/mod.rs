//! The tap: records every call a program makes on a socket, from outside.
//!
//! Nothing is recorded but what the kernel answered: a call that would block
//! is no call yet. Calls that hand something over are stamped just before the
//! attempt that succeeded, calls that take something just after (see
//! [`trace::Event::at`]). Beside the calls the kernel is asked about the
//! socket. Calls about peers that were not registered are not recorded, and the
//! kernel is not asked about them.

mod datagrams;
mod end;
mod meter;
mod sink;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use protocol::System;
use tokio::net::UdpSocket;
use trace::link::Line;
use trace::{Call, Event, Origin};

use crate::net::{Auditor, Decision};

pub use datagrams::TappedDatagrams;
pub use end::{EndRecorder, Moment};
pub use meter::{Backlog, Held, Meter};
pub use sink::Sink;
pub use stream::{Tapped, TappedListener};

/// Takes down what is observed: calls of whoever makes them, packets, decisions.
/// Clones share one record.
#[derive(Clone, Debug)]
pub struct Recorder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    sink: Sink,
    snap: Option<u32>,
    /// What the server's calls about a peer at this address are recorded as.
    peers: Mutex<HashMap<SocketAddr, Origin>>,
}

impl Recorder {
    /// Times count from `started`; events go to `sink`, which may be gone.
    pub fn new(started: Instant, sink: impl Into<Sink>) -> Self {
        Self::keeping(None, started, sink)
    }

    /// The same, which keeps the first `snap` bytes of each call; none: all.
    pub fn keeping(snap: Option<u32>, started: Instant, sink: impl Into<Sink>) -> Self {
        Self {
            inner: Arc::new(Inner {
                started,
                sink: sink.into(),
                snap,
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

    /// Records the calls at one end of a connection, from its first on.
    pub fn end(&self, origin: Origin) -> EndRecorder {
        EndRecorder::new(self.clone(), origin)
    }

    /// When times begin to count.
    pub fn started(&self) -> Instant {
        self.inner.started
    }

    /// Records what was observed elsewhere, such as a packet.
    pub fn record(&self, event: Event) {
        if tracing::enabled!(target: "tap", tracing::Level::TRACE) {
            let line = Line::Event(event.clone()).to_json();
            tracing::trace!(target: "tap", "{line}");
        }
        self.inner.sink.give(event);
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
        self.record(Event {
            offset: decision.offset(),
            reason: Some(reason),
            ..Event::new(at, origin, Call::Refuse)
        });
    }
}
