//! A tapped datagram socket.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use protocol::Offset;
use trace::{Actor, Call, ClientId};

use super::{Outcome, Recorder, Timing, same_error};
use crate::net::Datagrams;

/// A datagram socket whose calls are recorded.
#[derive(Debug)]
pub struct TappedDatagrams<D> {
    inner: D,
    recorder: Recorder,
    /// The client that owns the socket; none: the server does.
    owner: Option<ClientId>,
    /// Bytes (received, sent) so far, a client.
    passed: Mutex<HashMap<ClientId, (Offset, Offset)>>,
}

impl<D> TappedDatagrams<D> {
    pub(super) fn new(inner: D, recorder: Recorder, owner: Option<ClientId>) -> Self {
        Self {
            inner,
            recorder,
            owner,
            passed: Mutex::default(),
        }
    }

    /// The socket itself, for its options. Calls made on it leave no trace.
    pub fn inner(&self) -> &D {
        &self.inner
    }

    /// Which client a datagram from or to `peer` is about.
    fn client(&self, peer: SocketAddr) -> Option<ClientId> {
        self.owner.or_else(|| self.recorder.client_at(peer))
    }

    fn record(
        &self,
        client: ClientId,
        call: Call,
        timing: &Timing,
        asked: usize,
        result: io::Result<&[u8]>,
    ) {
        let offset = {
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            let (received, sent) = passed.entry(client).or_default();
            let next = if call == Call::Recv { received } else { sent };
            let offset = *next;
            *next += result.as_ref().map_or(0, |bytes| bytes.len());
            offset
        };
        let actor = self.owner.map_or(Actor::Server, ClientId::actor);
        let outcome = Outcome {
            offset,
            asked,
            result,
        };
        self.recorder
            .source(actor, client)
            .record(call, timing, outcome);
    }
}

impl<D: Datagrams> Datagrams for TappedDatagrams<D> {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let since = Instant::now();
        let asked = buffer.len();
        let result = self.inner.recv_from(buffer).await;
        let timing = Timing::taking(since);
        match &result {
            Ok((count, peer)) => {
                if let Some(client) = self.client(*peer) {
                    self.record(client, Call::Recv, &timing, asked, Ok(&buffer[..*count]));
                }
            }
            // A server's error is about none of its clients in particular.
            Err(error) => {
                if let Some(client) = self.owner {
                    let error = Err(same_error(error));
                    self.record(client, Call::Recv, &timing, asked, error);
                }
            }
        }
        result
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let since = Instant::now();
        let mut sending = pin!(self.inner.send_to(bytes, to));
        let (attempt, result) = poll_fn(|context| {
            let attempt = Instant::now();
            let polled = sending.as_mut().poll(context);
            polled.map(|result| (attempt, result))
        })
        .await;
        if let Some(client) = self.client(to) {
            let timing = Timing::handing(since, attempt);
            let sent = match &result {
                Ok(count) => Ok(&bytes[..*count]),
                Err(error) => Err(same_error(error)),
            };
            self.record(client, Call::Send, &timing, bytes.len(), sent);
        }
        result
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl<D> Drop for TappedDatagrams<D> {
    /// A client's socket is closed just after this. A server's belongs to no
    /// client, so its end is in no client's record.
    fn drop(&mut self) {
        if let Some(client) = self.owner {
            let now = Instant::now();
            self.recorder.source(client.actor(), client).record(
                Call::Close,
                &Timing::handing(now, now),
                Outcome::bare(Ok(())),
            );
        }
    }
}
