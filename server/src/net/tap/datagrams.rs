//! A tapped datagram socket.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::io::Interest;
use tokio::net::UdpSocket;
use trace::{Origin, Socket};

use super::{EndRecorder, Moment, Recorder};
use crate::net::{Datagrams, observe};

/// A server's datagram socket whose calls are recorded. Its own end is in no
/// client's record.
#[derive(Debug)]
pub struct TappedDatagrams {
    inner: UdpSocket,
    recorder: Recorder,
    /// What was recorded of each connection so far.
    ends: Mutex<HashMap<Origin, EndRecorder>>,
}

impl TappedDatagrams {
    pub(super) fn new(inner: UdpSocket, recorder: Recorder) -> Self {
        // Where there is no such option, nothing is told.
        let _ = kernel::count_drops(&inner);
        Self {
            inner,
            recorder,
            ends: Mutex::default(),
        }
    }

    /// Records a call about the peer at `address`, if somebody registered it.
    fn record(&self, address: SocketAddr, call: impl FnOnce(&mut EndRecorder)) {
        if let Some(origin) = self.recorder.origin_of(address) {
            let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
            call(
                ends.entry(origin)
                    .or_insert_with(|| self.recorder.end(origin)),
            );
        }
    }
}

impl Datagrams for TappedDatagrams {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let since = Instant::now();
        let asked = buffer.len();
        let receive = || observe::receive(&self.inner, buffer);
        // A server's error is about none of its clients in particular.
        let (count, peer, told) = self.inner.async_io(Interest::READABLE, receive).await?;
        let moment = Moment::taking(since);
        let bytes = Ok(&buffer[..count]);
        self.record(peer, |end| end.recv(moment, asked, bytes, told));
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
        let moment = Moment::handing(attempt);
        let sent = result.as_ref().copied();
        self.record(to, |end| end.send(moment, bytes, sent, Socket::default()));
        result
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}
