//! Streams: each connection of a client is passed on over one to the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use record::{End, Transport};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use trace::Call;

use super::passing::{Next, Outcome, Passing};
use super::place::{Listener, Place};
use super::recording::{Pair, Recording};
use super::side::{Side, Socket};
use crate::filter::Address;
use crate::net::Moment;

/// Room for each recv, in bytes. All that a direction holds at a time.
const ROOM: usize = 64 * 1024;
/// Pause after a failed accept: without descriptors left it fails at once again.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// Passes on at most `most` connections at a time until `shutdown`. Returns whether some
/// were open then, and how many were turned away.
pub(super) async fn serve(
    listener: Listener,
    to: Place,
    most: usize,
    recording: &Arc<Recording>,
    shutdown: CancellationToken,
) -> (bool, u64) {
    let places = Arc::new(Semaphore::new(most));
    let mut tasks = JoinSet::new();
    let own = listener.address().ok();
    let (mut refused, mut since) = (0, Instant::now());
    let mut was_open = false;
    let reached = Arc::new(AtomicBool::new(true));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(was_cut_off) = tasks.join_next() => {
                was_open |= was_cut_off.unwrap_or(false);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (socket, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("accept: {error}; going on");
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let moment = Moment::taking(since);
        since = Instant::now();
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refused += 1;
            socket.discard_at_close();
            continue;
        };
        let one = One {
            to: to.clone(),
            reached: Arc::clone(&reached),
            recording: Arc::clone(recording),
            pair: begin(recording, listener.transport(), client, &to),
        };
        let record = one.pair.map(|pair| {
            let ends = [client.map(|client| client.to_string()), own.clone()];
            recording.accepted(pair, listener.transport(), ends)
        });
        if let Some(record) = &record {
            record.bare(Call::Accept, moment, Ok(()), trace::Socket::default());
        }
        let client = Side::new(socket, record);
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            let passed = shutdown.run_until_cancelled(one.pass_on(&client)).await;
            drop(client);
            drop(place);
            passed.is_none()
        });
    }
    while let Some(was_cut_off) = tasks.join_next().await {
        was_open |= was_cut_off.unwrap_or(false);
    }
    (was_open, refused)
}

fn begin(
    recording: &Recording,
    transport: Transport,
    client: Option<SocketAddr>,
    to: &Place,
) -> Option<Pair> {
    let address = to.address();
    let server = match to {
        Place::Tcp(_) | Place::Udp(_) => address.parse().ok().map(Address::Internet),
        #[cfg(unix)]
        Place::Unix(_) => Some(Address::Unix(address.as_bytes())),
    };
    let client = client.map(Address::Internet);
    recording.begin(&[(transport, client), (to.transport(), server)])
}

/// A connection of a client.
struct One {
    to: Place,
    /// Whether the server was there when it was tried last.
    reached: Arc<AtomicBool>,
    recording: Arc<Recording>,
    pair: Option<Pair>,
}

impl One {
    /// Connects to the server and passes on what comes from either side.
    async fn pass_on(&self, client: &Side) {
        let Some(server) = self.connect().await else {
            // What a client would see that connects to nobody.
            client.discard_at_close();
            return;
        };
        let mut passing = Passing::default();
        let from_client = pump(client, &server);
        let from_server = pump(&server, client);
        tokio::pin!(from_client, from_server);
        let (mut client_over, mut server_over) = (false, false);
        let is_reset = loop {
            let next = tokio::select! {
                outcome = &mut from_client, if !client_over => {
                    client_over = true;
                    passing.handle(End::Opener, outcome)
                }
                outcome = &mut from_server, if !server_over => {
                    server_over = true;
                    passing.handle(End::Acceptor, outcome)
                }
            };
            match next {
                Next::GoOn => {}
                Next::Close => break false,
                Next::Reset => break true,
            }
        };
        if is_reset {
            client.discard_at_close();
            server.discard_at_close();
        }
    }

    /// A connection to the server; none if nobody is there, which is in the record. It is
    /// logged when that begins, and when it is over.
    async fn connect(&self) -> Option<Side> {
        let attempt = Instant::now();
        let connected = connect(&self.to).await;
        let moment = Moment::handing(attempt);
        let ends = match &connected {
            Ok((_, ends)) => ends.clone(),
            Err(_) => [None, Some(self.to.address())],
        };
        let record = self
            .pair
            .map(|pair| self.recording.opened(pair, self.to.transport(), ends));
        if let Some(record) = &record {
            let outcome = connected.as_ref().map(|_| ());
            record.bare(Call::Connect, moment, outcome, trace::Socket::default());
        }
        let was_reached = self.reached.swap(connected.is_ok(), Ordering::Relaxed);
        match &connected {
            Err(error) if was_reached => {
                tracing::warn!(
                    "cannot connect to {}: {error}; clients are turned away",
                    self.to
                );
            }
            Ok(_) if !was_reached => tracing::warn!("{} can be reached again", self.to),
            _ => {}
        }
        let (socket, _) = connected.ok()?;
        Some(Side::new(socket, record))
    }
}

/// Connects, and gives the addresses of both ends.
async fn connect(to: &Place) -> io::Result<(Socket, [Option<String>; 2])> {
    match to {
        #[cfg(unix)]
        Place::Unix(path) => {
            let stream = tokio::net::UnixStream::connect(path).await?;
            Ok((Socket::Unix(stream), [None, Some(to.address())]))
        }
        Place::Tcp(address) | Place::Udp(address) => {
            let mut failed = None;
            for address in address.to_connect().await? {
                match TcpStream::connect(address).await {
                    Ok(stream) => {
                        // The proxy adds no wait of its own (Nagle's algorithm).
                        stream.set_nodelay(true)?;
                        let own = stream.local_addr().ok().map(|own| own.to_string());
                        return Ok((Socket::Tcp(stream), [own, Some(address.to_string())]));
                    }
                    Err(error) => failed = Some(error),
                }
            }
            Err(failed.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
        }
    }
}

/// Passes on what `source` sends until that is over. One chunk at a time: while `target`
/// takes nothing, nothing is read.
async fn pump(source: &Side, target: &Side) -> Outcome {
    let mut room = Vec::new();
    loop {
        // An idle connection takes no room.
        if room.is_empty() && source.readable().await.is_ok() {
            room = vec![0; ROOM];
        }
        let count = match source.recv(&mut room).await {
            Ok(0) => {
                target.end();
                return Outcome::Ended;
            }
            Ok(count) => count,
            Err(_) => return Outcome::SourceGone,
        };
        if target.send_all(&room[..count]).await.is_err() {
            return Outcome::TargetGone;
        }
    }
}
