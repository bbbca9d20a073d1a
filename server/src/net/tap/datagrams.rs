//! A tapped datagram socket.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use protocol::Offset;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use trace::{Call, Origin, Socket};

use super::{Outcome, Recorder, Timing, same_error};
use crate::net::{Datagrams, observe};

/// A server's datagram socket whose calls are recorded. Its own end is in no
/// client's record.
#[derive(Debug)]
pub struct TappedDatagrams {
    inner: UdpSocket,
    recorder: Recorder,
    /// Bytes (received, sent) so far, on each connection.
    passed: Mutex<HashMap<Origin, (Offset, Offset)>>,
}

impl TappedDatagrams {
    pub(super) fn new(inner: UdpSocket, recorder: Recorder) -> Self {
        // Where there is no such option, nothing is told.
        let _ = kernel::count_drops(&inner);
        Self {
            inner,
            recorder,
            passed: Mutex::default(),
        }
    }

    fn record(
        &self,
        origin: Origin,
        call: Call,
        timing: &Timing,
        asked: usize,
        result: io::Result<&[u8]>,
        socket: Socket,
    ) {
        let offset = {
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            let (received, sent) = passed.entry(origin).or_default();
            let next = if call == Call::Recv { received } else { sent };
            let offset = *next;
            *next += result.as_ref().map_or(0, |bytes| bytes.len());
            offset
        };
        let outcome = Outcome {
            offset,
            asked,
            result,
            socket,
        };
        self.recorder.source(origin).record(call, timing, outcome);
    }
}

impl Datagrams for TappedDatagrams {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let since = Instant::now();
        let asked = buffer.len();
        let receive = || observe::receive(&self.inner, buffer);
        // A server's error is about none of its clients in particular.
        let (count, peer, told) = self.inner.async_io(Interest::READABLE, receive).await?;
        let timing = Timing::taking(since);
        if let Some(origin) = self.recorder.origin_of(peer) {
            let bytes = Ok(&buffer[..count]);
            self.record(origin, Call::Recv, &timing, asked, bytes, told);
        }
        Ok((count, peer))
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let mut sending = pin!(self.inner.send_to(bytes, to));
        let (attempt, result) = poll_fn(|context| {
            let attempt = Instant::now();
            let polled = sending.as_mut().poll(context);
            polled.map(|result| (attempt, result))
        })
        .await;
        if let Some(origin) = self.recorder.origin_of(to) {
            let timing = Timing::handing(attempt);
            let sent = match &result {
                Ok(count) => Ok(&bytes[..*count]),
                Err(error) => Err(same_error(error)),
            };
            let told = Socket::default();
            self.record(origin, Call::Send, &timing, bytes.len(), sent, told);
        }
        result
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}
