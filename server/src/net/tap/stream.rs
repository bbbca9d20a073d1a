//! Tapped connections and the listener they come from.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use trace::{Call, Options, Socket};

use super::{EndRecorder, Moment, Recorder};
use crate::net::{Cork, Listener, Observable, observe};

/// A stream whose calls are recorded.
#[derive(Debug)]
pub struct Tapped<S: Observable> {
    inner: S,
    /// None for a peer nobody registered.
    record: Option<EndRecorder>,
    /// A recv that waits, and the task it waits for.
    receiving: Option<(Instant, Waker)>,
    /// Whether the next call tells that small segments are held back, or no longer.
    corked: Option<bool>,
}

impl<S: Observable> Tapped<S> {
    pub(super) fn new(inner: S, record: Option<EndRecorder>) -> Self {
        Self {
            inner,
            record,
            receiving: None,
            corked: None,
        }
    }

    /// Options that were changed since the last call, to be told with the next one.
    fn changed(&mut self, told: Socket) -> Socket {
        let set = Options {
            nodelay: Some(true),
            cork: self.corked.take(),
            ..Options::default()
        };
        let options = set.cork.and_then(|_| observe::options(&self.inner, &set));
        Socket { options, ..told }
    }
}

impl<S: Observable + Cork> Cork for Tapped<S> {
    fn cork(&mut self, on: bool) {
        self.inner.cork(on);
        self.corked = Some(on);
    }
}

impl<S: AsyncRead + Observable + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.record.is_none() {
            return Pin::new(&mut this.inner).poll_read(context, buffer);
        }
        let asked = buffer.remaining();
        let filled = buffer.filled().len();
        let since = match &this.receiving {
            Some((since, _)) => *since,
            None => Instant::now(),
        };
        let socket = observe::before_recv(&this.inner);
        let polled = Pin::new(&mut this.inner).poll_read(context, buffer);
        let Poll::Ready(result) = polled else {
            this.receiving = Some((since, context.waker().clone()));
            return Poll::Pending;
        };
        let moment = Moment::taking(since);
        this.receiving = None;
        let socket = this.changed(socket);
        let bytes = &buffer.filled()[filled..];
        if let Some(record) = &mut this.record {
            record.recv(moment, asked, result.as_ref().map(|()| bytes), socket);
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Observable + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.record.is_none() {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        }
        // A task that sends has given up the recv it was waiting in.
        let gave_up = |(_, waker): &mut (_, Waker)| waker.will_wake(context.waker());
        this.receiving.take_if(gave_up);
        let attempt = Instant::now();
        let result = ready!(Pin::new(&mut this.inner).poll_write(context, bytes));
        let moment = Moment::handing(attempt);
        let socket = observe::after_send(&this.inner);
        let socket = this.changed(socket);
        if let Some(record) = &mut this.record {
            record.send(moment, bytes, result.as_ref().copied(), socket);
        }
        Poll::Ready(result)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let attempt = Instant::now();
        let result = ready!(Pin::new(&mut this.inner).poll_shutdown(context));
        if let Some(record) = &this.record {
            let moment = Moment::handing(attempt);
            let outcome = result.as_ref().copied();
            record.bare(Call::Shutdown, moment, outcome, Socket::default());
        }
        Poll::Ready(result)
    }
}

impl<S: Observable> Drop for Tapped<S> {
    /// The fields are dropped, and the socket closed, just after this.
    fn drop(&mut self) {
        if let Some(record) = &self.record {
            let socket = observe::before_close(&self.inner);
            record.bare(Call::Close, Moment::now(), Ok(()), socket);
        }
    }
}

/// A listener whose accepts are recorded, and all that comes of them.
#[derive(Debug)]
pub struct TappedListener<L> {
    inner: L,
    recorder: Recorder,
    /// Since when the server waits in accept.
    accepting: Mutex<Option<Instant>>,
}

impl<L> TappedListener<L> {
    pub(super) fn new(inner: L, recorder: Recorder) -> Self {
        Self {
            inner,
            recorder,
            accepting: Mutex::default(),
        }
    }

    fn accepting(&self) -> MutexGuard<'_, Option<Instant>> {
        let accepting = self.accepting.lock();
        accepting.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> Listener for TappedListener<L>
where
    L: Listener<Stream: Observable + Cork> + Observable,
{
    type Stream = Tapped<L::Stream>;

    async fn accept(&self) -> io::Result<(Self::Stream, SocketAddr)> {
        let since = *self.accepting().get_or_insert_with(Instant::now);
        let mut accepting = pin!(self.inner.accept());
        let (socket, accepted) = poll_fn(|context| {
            let socket = observe::accept_queue(self.inner.socket());
            let polled = accepting.as_mut().poll(context);
            polled.map(|accepted| (socket, accepted))
        })
        .await;
        // An error of accept is about no client: the server itself logs it.
        let (stream, peer) = accepted?;
        let moment = Moment::taking(since);
        *self.accepting() = None;
        let origin = self.recorder.origin_of(peer);
        let record = origin.map(|origin| self.recorder.end(origin));
        if let Some(record) = &record {
            record.bare(Call::Accept, moment, Ok(()), socket);
        }
        Ok((Tapped::new(stream, record), peer))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}
