//! One of the two connections of a pair, as the proxy calls it: each call that returned
//! is recorded.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use socket2::SockRef;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use trace::{Call, Options};

use crate::net::{EndRecorder, Moment, observe};

/// A stream.
#[derive(Debug)]
pub(super) enum Socket {
    /// tcp(7).
    Tcp(TcpStream),
    /// unix(7).
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Makes the same call on whichever stream it is.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            #[cfg(unix)]
            Socket::Unix($stream) => $call,
        }
    };
}

impl Socket {
    async fn readable(&self) -> io::Result<()> {
        either!(self, stream => stream.readable().await)
    }

    async fn writable(&self) -> io::Result<()> {
        either!(self, stream => stream.writable().await)
    }

    /// Lets its close be a reset that discards what the peer has not taken (SO_LINGER of
    /// zero, socket(7)). A Unix socket has no such state.
    pub(super) fn discard_at_close(&self) {
        if let Self::Tcp(stream) = self
            && let Err(error) = stream.set_zero_linger()
        {
            tracing::debug!(%error, "SO_LINGER");
        }
    }
}

/// A connection whose calls are recorded, if it is to be recorded. Dropping it closes
/// it.
#[derive(Debug)]
pub(super) struct Side {
    socket: Socket,
    record: Option<Mutex<EndRecorder>>,
    /// Whether its close is a reset.
    discards: AtomicBool,
}

impl Side {
    pub(super) fn new(socket: Socket, record: Option<EndRecorder>) -> Self {
        Self {
            socket,
            record: record.map(Mutex::new),
            discards: AtomicBool::new(false),
        }
    }

    fn record(&self, call: impl FnOnce(&mut EndRecorder)) {
        if let Some(record) = &self.record {
            call(&mut record.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Until there is something to read.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// One recv(2): waits for bytes, for the end of the stream, or for an error.
    pub(super) async fn recv(&self, room: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        loop {
            self.socket.readable().await?;
            let told = either!(&self.socket, stream => observe::before_recv(stream));
            let result = either!(&self.socket, stream => stream.try_read(room));
            if is_early(&result) {
                continue;
            }
            let moment = Moment::taking(since);
            let bytes = result.as_ref().map(|&count| &room[..count]);
            self.record(|end| end.recv(moment, room.len(), bytes, told));
            return result;
        }
    }

    /// Calls send(2) until all of `bytes` are taken.
    pub(super) async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.socket.writable().await?;
            let attempt = Instant::now();
            let result = either!(&self.socket, stream => stream.try_write(rest));
            if is_early(&result) {
                continue;
            }
            let moment = Moment::handing(attempt);
            let told = match &self.socket {
                Socket::Tcp(stream) => observe::after_send(stream),
                // What the kernel counts there is memory, not bytes of the stream.
                #[cfg(unix)]
                Socket::Unix(_) => trace::Socket::default(),
            };
            self.record(|end| end.send(moment, rest, result.as_ref().copied(), told));
            rest = &rest[result?..];
        }
        Ok(())
    }

    /// Says that nothing more is sent (shutdown(2)).
    pub(super) fn end(&self) {
        let attempt = Instant::now();
        let result =
            either!(&self.socket, stream => SockRef::from(stream).shutdown(Shutdown::Write));
        let moment = Moment::handing(attempt);
        // An error is that of a connection that is gone: the next recv tells.
        let outcome = result.as_ref().copied();
        self.record(|end| end.bare(Call::Shutdown, moment, outcome, trace::Socket::default()));
    }

    /// Lets its close be a reset.
    pub(super) fn discard_at_close(&self) {
        self.socket.discard_at_close();
        self.discards.store(true, Ordering::Relaxed);
    }
}

impl Drop for Side {
    /// The socket is closed just after this.
    fn drop(&mut self) {
        let told = either!(&self.socket, stream => observe::before_close(stream));
        let is_tcp = matches!(self.socket, Socket::Tcp(_));
        let options = Options {
            linger: Some(0),
            ..Options::default()
        };
        let told = trace::Socket {
            options: (is_tcp && self.discards.load(Ordering::Relaxed)).then_some(options),
            ..told
        };
        self.record(|end| end.bare(Call::Close, Moment::now(), Ok(()), told));
    }
}

/// Whether a call has to be made again: no call yet, as nothing has happened.
fn is_early<T>(result: &io::Result<T>) -> bool {
    let error = result.as_ref().err().map(io::Error::kind);
    matches!(
        error,
        Some(io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
    )
}
