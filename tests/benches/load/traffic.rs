//! The load itself: a stream of messages, round trips, clients side by side,
//! connections one after the other. The same code for every target.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::target::Target;

/// Bytes asked of the kernel at once.
const ROOM: usize = 256 * 1024;
/// Bytes that a stream hands to the kernel at once.
const SEND: usize = 64 * 1024;
/// A stream or a round trip without progress for this long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A runtime on the thread that asks for it.
pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime starts")
}

/// A connection whose calls block.
pub(crate) fn connect(target: &Target) -> io::Result<TcpStream> {
    let stream = runtime().block_on(target.connect())?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends messages of `size` bytes for `time` without waiting for the replies,
/// and reads these until the last. Bytes of replies a second.
pub(crate) fn stream(target: &Target, size: usize, time: Duration) -> f64 {
    let mut reading = connect(target).expect("the target answers");
    let mut writing = reading.try_clone().expect("a descriptor");
    let message = target.message(&vec![b'X'; size]);
    let at_once = (SEND / size).max(1);
    let several = message.repeat(at_once);
    let mut replies = target.replies();
    // How many bytes of replies are owed, once that is known.
    let owed = AtomicUsize::new(usize::MAX);
    let start = Instant::now();
    let received = thread::scope(|scope| {
        scope.spawn(|| {
            let mut sent = 0;
            while start.elapsed() < time {
                writing.write_all(&several).expect("the target reads");
                sent += at_once * size;
            }
            // Known before the last reply comes, so that the reader wakes up.
            owed.store(sent + size, Ordering::SeqCst);
            writing.write_all(&message).expect("the target reads");
        });
        let mut room = vec![0; ROOM];
        let mut received = 0;
        while received != owed.load(Ordering::SeqCst) {
            let count = reading.read(&mut room).expect("the target replies");
            assert!(count > 0, "the target closed a stream");
            received += replies.count(&room[..count]);
        }
        received
    });
    rate(received, start)
}

/// One message at a time for `time`. How long each took.
pub(crate) fn trips(target: &Target, size: usize, time: Duration) -> Vec<Duration> {
    let mut stream = connect(target).expect("the target answers");
    let body: Vec<u8> = (b'A'..=b'Z').cycle().take(size).collect();
    let message = target.message(&body);
    let mut replies = target.replies();
    let mut room = vec![0; 64 * 1024];
    let mut taken = Vec::with_capacity(100_000);
    let start = Instant::now();
    let mut sent = start;
    let mut reply = Vec::with_capacity(size);
    while sent.duration_since(start) < time {
        stream.write_all(&message).expect("the target reads");
        reply.clear();
        while reply.len() < size {
            let count = stream.read(&mut room).expect("the target replies");
            assert!(count > 0, "the target closed a conversation");
            replies.take(&room[..count], |bytes| reply.extend_from_slice(bytes));
        }
        let back = Instant::now();
        assert_eq!(reply, body, "what came back is what was sent");
        taken.push(back - sent);
        sent = back;
    }
    taken
}

/// `clients` at a time, each with one message under way. Round trips a second.
pub(crate) fn clients(target: Target, clients: usize, size: usize, time: Duration) -> f64 {
    let message = target.message(&vec![b'X'; size]);
    side_by_side(clients, move || {
        let message = message.clone();
        async move {
            let mut stream = target.connect().await.expect("the target answers");
            let mut replies = target.replies();
            let mut room = vec![0; 4096];
            let (start, mut trips) = (Instant::now(), 0);
            while start.elapsed() < time {
                stream.write_all(&message).await.expect("the target reads");
                let mut missing = size;
                while missing > 0 {
                    let count = stream.read(&mut room).await.expect("the target replies");
                    assert!(count > 0, "the target closed a conversation");
                    missing -= replies.count(&room[..count]);
                }
                trips += 1;
            }
            trips
        }
    })
}

/// `clients` at a time on one thread, each connecting, sending one message,
/// waiting for the reply and closing, again and again. Connections a second.
pub(crate) fn connections(target: Target, clients: usize, time: Duration) -> f64 {
    let message = target.message(b"HELLO");
    side_by_side(clients, move || {
        let message = message.clone();
        async move {
            let (start, mut done) = (Instant::now(), 0);
            while start.elapsed() < time {
                let talk = tokio::time::timeout(PATIENCE, converse(target, &message));
                talk.await.expect("in time").expect("a whole conversation");
                done += 1;
            }
            done
        }
    })
}

/// How a client ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// A WebSocket close, and its answer; over plain TCP a FIN, and the end.
    Close,
    /// close(2) alone: a WebSocket's peer gets a FIN without a close frame.
    Leave,
}

/// The same with a thread for each client, whose calls block, and with either
/// end. Connections a second.
pub(crate) fn threads(target: Target, clients: usize, goodbye: Goodbye, time: Duration) -> f64 {
    let start = Instant::now();
    let done = thread::scope(|scope| {
        let client = || {
            let mut done = 0;
            while start.elapsed() < time {
                talk(&target, goodbye).expect("a whole conversation");
                done += 1;
            }
            done
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        let done = clients.into_iter().map(ScopedJoinHandle::join);
        done.map(|done| done.expect("it is served")).sum()
    });
    rate(done, start)
}

/// One connection from its beginning to its end, with calls that block.
fn talk(target: &Target, goodbye: Goodbye) -> io::Result<()> {
    let mut stream = target.connect_blocking()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&target.message(b"HELLO"))?;
    let mut replies = target.replies();
    let mut room = [0; 512];
    let mut missing = 5;
    while missing > 0 {
        match stream.read(&mut room)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => missing -= replies.count(&room[..count]),
        }
    }
    if goodbye == Goodbye::Leave {
        return Ok(());
    }
    stream.write_all(&target.farewell())?;
    stream.shutdown(Shutdown::Write)?;
    while !replies.closed {
        match stream.read(&mut room) {
            Ok(0) => break,
            Ok(count) => drop(replies.count(&room[..count])),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One connection from its beginning to its end.
async fn converse(target: Target, message: &[u8]) -> io::Result<()> {
    let mut stream = target.connect().await?;
    stream.write_all(message).await?;
    let mut replies = target.replies();
    let mut room = [0; 512];
    let mut missing = 5;
    while missing > 0 {
        match stream.read(&mut room).await? {
            0 => return Err(io::Error::other("closed before the reply")),
            count => missing -= replies.count(&room[..count]),
        }
    }
    stream.write_all(&target.farewell()).await?;
    // Over plain TCP the end is a FIN; a WebSocket's peer says that it closes.
    stream.shutdown().await?;
    while !replies.closed {
        match stream.read(&mut room).await {
            Ok(count @ 1..) => drop(replies.count(&room[..count])),
            Ok(0) => break,
            // Whoever has both closes may leave with a reset.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Runs `count` clients on one thread; what they did together a second.
pub(crate) fn side_by_side<F>(count: usize, client: impl Fn() -> F) -> f64
where
    F: Future<Output = usize> + Send + 'static,
{
    runtime().block_on(async {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            tasks.spawn(client());
        }
        let done = tasks.join_all().await;
        rate(done.into_iter().sum(), start)
    })
}

#[expect(clippy::cast_precision_loss, reason = "a rate has few digits")]
fn rate(count: usize, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

/// The time that `share` of all are below of, in microseconds.
pub(crate) fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below the length"
    )]
    let index = ((times.len() - 1) as f64 * share) as usize;
    times[index].as_secs_f64() * 1e6
}
