//! The connection below HTTP: it sees what is written and whether the peer
//! takes it. A peer that does not read its replies is reset (see `unread.rs`);
//! one that is merely slow gets them to the end, also when HTTP is over.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::task::TaskTracker;

use super::metrics::{Metrics, Reason};
use super::stream::{GOODBYE, Stream};
use super::unread::{Share, Watch};
use crate::net::admission::Place;

/// So many bytes may be written before the send queue is looked at: it costs a
/// system call.
const LOOK: usize = 16 * 1024;
/// Between two looks while the peer reads; else each pause is twice the one
/// before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Most bytes that are read and discarded behind the last reply.
const MOST_DISCARDED: usize = 4 * 1024 * 1024;
/// Room to read them into.
const DISCARDED_AT_ONCE: usize = 16 * 1024;

/// A connection that is open, and its place; counted until this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    _place: Place,
    open: Gauge,
}

impl Open {
    pub(super) fn new(place: Place, metrics: &Metrics) -> Self {
        metrics.connections.inc();
        let open = metrics.connections_open.clone();
        open.inc();
        Self {
            _place: place,
            open,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// What a connection shares with the service that answers its requests.
#[derive(Clone, Debug)]
pub(super) struct Common {
    /// What its peer has left unread.
    pub(super) share: Arc<Share>,
    /// Its place.
    pub(super) open: Arc<Open>,
    pub(super) metrics: Metrics,
    /// Runs what is left to do when HTTP is over.
    pub(super) tracker: TaskTracker,
    /// When the connection ends, whatever its peer has not read by then; none:
    /// the bounds of the share are all there is.
    pub(super) until: Option<Instant>,
}

impl Common {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A connection that carries replies.
#[derive(Debug)]
pub(super) struct Replies {
    /// None once it was taken.
    stream: Option<Stream>,
    common: Common,
    /// Bytes written since the last look.
    written: usize,
    /// While the peer has something to read.
    watched: Option<Watched>,
    /// A write waits.
    blocked: bool,
    /// The peer was given up.
    failed: bool,
}

#[derive(Debug)]
struct Watched {
    watch: Watch,
    pause: Duration,
    next: Pin<Box<Sleep>>,
}

impl Replies {
    pub(super) fn new(stream: Stream, common: Common) -> Self {
        Self {
            stream: Some(stream),
            common,
            written: 0,
            watched: None,
            blocked: false,
            failed: false,
        }
    }

    /// The connection itself: it carries something else from now on.
    pub(super) fn into_stream(mut self) -> Option<Stream> {
        self.common.share.charge(0);
        self.stream.take()
    }

    fn stream(&mut self) -> io::Result<Pin<&mut Stream>> {
        let stream = self.stream.as_mut();
        stream
            .map(Pin::new)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Looks at what the peer has not read.
    fn look(&mut self) -> io::Result<()> {
        let queue = self.stream.as_ref().map_or(0, Stream::send_queue);
        let share = &self.common.share;
        share.charge(queue);
        let written = std::mem::take(&mut self.written);
        if queue == 0 && !self.blocked {
            self.watched = None;
            return Ok(());
        }
        let now = Instant::now();
        let Some(watched) = &mut self.watched else {
            self.watched = Some(Watched {
                watch: Watch::new(now, queue),
                pause: FIRST_PAUSE,
                next: Box::pin(sleep(FIRST_PAUSE)),
            });
            return Ok(());
        };
        let hurried = share.is_hurried();
        if watched
            .watch
            .look(now, written, queue, hurried, share.bounds())
        {
            self.failed = true;
            self.common.metrics.refused(Reason::Unread);
            let error = "the peer does not read its replies";
            return Err(io::Error::new(io::ErrorKind::TimedOut, error));
        }
        Ok(())
    }

    /// Looks whenever it is time; wakes the task for the next time.
    fn poll_looks(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(watched) = &mut self.watched {
            if watched.next.as_mut().poll(cx).is_pending() {
                break;
            }
            let before = watched.watch.moved();
            self.look()?;
            let Some(watched) = &mut self.watched else {
                break;
            };
            watched.pause = if watched.watch.moved() > before {
                FIRST_PAUSE
            } else {
                (watched.pause * 2).min(LONGEST_PAUSE)
            };
            let next = Instant::now() + watched.pause;
            watched.next.as_mut().reset(next);
        }
        Ok(())
    }

    /// Writes up to `length` bytes by `write`, unless the source has left too
    /// much unread.
    fn poll_give(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        write: impl FnOnce(Pin<&mut Stream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.poll_looks(cx)?;
        let large = self.watched.is_some() || self.written + length >= LOOK;
        let given = if large && self.common.share.is_full() {
            Poll::Pending
        } else {
            write(self.stream()?, cx)
        };
        self.blocked = given.is_pending();
        if let Poll::Ready(Ok(count)) = given {
            self.written += count;
        }
        let is_new = self.blocked && self.watched.is_none();
        if is_new || self.written >= LOOK {
            self.look()?;
            self.poll_looks(cx)?;
        }
        given
    }
}

impl AsyncRead for Replies {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_looks(cx)?;
        self.stream()?.poll_read(cx, room)
    }
}

impl AsyncWrite for Replies {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_give(cx, bytes.len(), |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        self.poll_give(cx, length, |stream, cx| {
            stream.poll_write_vectored(cx, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_looks(cx)?;
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}

impl Drop for Replies {
    /// What the peer has not read yet stays in the kernel, where nothing bounds
    /// it after close(2), and a close with unread requests is a reset that
    /// destroys replies on their way. So the connection outlives HTTP until
    /// both are done.
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else {
            return;
        };
        if self.failed {
            stream.discard_at_close();
            return;
        }
        if stream.send_queue() == 0 && stream.receive_queue() == 0 {
            return;
        }
        if self.common.is_over(Instant::now()) {
            self.common.metrics.refused(Reason::Unread);
            stream.discard_at_close();
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let common = self.common.clone();
            let tracker = common.tracker.clone();
            tracker.spawn_on(linger(stream, common), &runtime);
        }
    }
}

/// Ends the stream and stays until the peer has everything and has ended its
/// own side, or has been given up.
async fn linger(mut stream: Stream, common: Common) {
    let share = &common.share;
    let begun = Instant::now();
    let mut watch = Watch::new(begun, stream.send_queue());
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut room = vec![0; DISCARDED_AT_ONCE];
    let mut discarded = 0;
    let mut ended = false;
    let mut pause = FIRST_PAUSE;
    let next = sleep(pause);
    tokio::pin!(next);
    loop {
        tokio::select! {
            read = stream.read(&mut room), if !ended => match read {
                Ok(0) => ended = true,
                Ok(count) => {
                    discarded += count;
                    ended = discarded >= MOST_DISCARDED;
                    continue;
                }
                Err(_) => return,
            },
            () = next.as_mut() => {}
        }
        let queue = stream.send_queue();
        share.charge(queue);
        let now = Instant::now();
        // The FIN counts as a byte until it is acknowledged.
        let is_over = common.is_over(now);
        if queue <= 1 && (ended || is_over || now - begun >= GOODBYE) {
            return;
        }
        if is_over || queue > 1 && watch.look(now, 0, queue, share.is_hurried(), share.bounds()) {
            common.metrics.refused(Reason::Unread);
            stream.discard_at_close();
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        let then = now + pause;
        next.as_mut()
            .reset(common.until.map_or(then, |until| until.min(then)));
    }
}
