//! Datagrams: those of each sender go to the server out of a socket of its own, and what
//! comes back on that socket goes to that sender.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use record::Transport;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use trace::Call;

use super::place::Place;
use super::recording::Recording;
use crate::filter::Address;
use crate::net::{EndRecorder, Moment, observe};

/// Room for each datagram: any of UDP fits.
const ROOM: usize = 64 * 1024;
/// How long a sender's socket stays when nothing passes either way.
const IDLE: Duration = Duration::from_mins(1);
/// Pause after an error of the socket that all senders share.
const AFTER_ERROR: Duration = Duration::from_millis(50);

/// Refusals that come so long after the last one are told again.
const OUTAGE: Duration = Duration::from_mins(1);

/// An end whose datagrams are recorded, if they are to be.
type Recorded = Option<Mutex<EndRecorder>>;

/// Passes on datagrams of at most `most` senders at a time until `shutdown`. Returns
/// whether some had a socket then, and how many datagrams were dropped because others
/// had all places.
pub(super) async fn serve(
    socket: UdpSocket,
    to: Place,
    most: usize,
    recording: &Arc<Recording>,
    shutdown: CancellationToken,
) -> (bool, u64) {
    // Where there is no such option, nothing is told.
    let _ = kernel::count_drops(&socket);
    // Until then tokio takes it to be busy.
    let _ = socket.writable().await;
    let socket = Arc::new(socket);
    let server = Arc::new(Server::new(to));
    let mut senders: HashMap<SocketAddr, Arc<Sender>> = HashMap::new();
    let mut replies = JoinSet::new();
    let mut room = vec![0; ROOM];
    let mut refused = 0;
    loop {
        let since = Instant::now();
        let received = tokio::select! {
            // First, so that whoever ends because of it still counts as open.
            biased;
            () = shutdown.cancelled() => break,
            Some(ended) = replies.join_next() => {
                if let Ok(address) = ended {
                    senders.remove(&address);
                }
                continue;
            }
            received = socket.async_io(Interest::READABLE, || observe::receive(&socket, &mut room)) => received,
        };
        let (count, from, told) = match received {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "recvmsg");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        let moment = Moment::taking(since);
        let sender = match senders.get(&from) {
            Some(sender) => Arc::clone(sender),
            None if senders.len() >= most => {
                refused += 1;
                continue;
            }
            None => {
                let sender = match Sender::new(from, &socket, &server, recording).await {
                    Ok(sender) => Arc::new(sender),
                    Err(error) => {
                        tracing::warn!(
                            "{from}: {}: {error}; its datagram is dropped",
                            server.place
                        );
                        continue;
                    }
                };
                senders.insert(from, Arc::clone(&sender));
                let (answering, shutdown) = (Arc::clone(&sender), shutdown.clone());
                replies.spawn(async move {
                    shutdown.run_until_cancelled(answering.answer()).await;
                    from
                });
                sender
            }
        };
        let bytes = &room[..count];
        record(&sender.near, |end| end.recv(moment, ROOM, Ok(bytes), told));
        sender.pass_on(bytes);
    }
    let was_open = !senders.is_empty();
    while replies.join_next().await.is_some() {}
    (was_open, refused)
}

fn record(end: &Recorded, call: impl FnOnce(&mut EndRecorder)) {
    if let Some(end) = end {
        call(&mut end.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Where datagrams are sent on to.
struct Server {
    place: Place,
    /// When a datagram was refused last, if none was answered since.
    refused: Mutex<Option<Instant>>,
}

impl Server {
    const fn new(place: Place) -> Self {
        Self {
            place,
            refused: Mutex::new(None),
        }
    }

    /// A call told that a datagram did not reach it, or another error. It is logged when that
    /// begins.
    fn failed(&self, error: &io::Error) {
        let is_outage = matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
        );
        if !is_outage {
            return;
        }
        let now = Instant::now();
        let before = self.refused().replace(now);
        if before.is_none_or(|before| now - before >= OUTAGE) {
            tracing::warn!("cannot reach {}: {error}; datagrams are lost", self.place);
        }
    }

    /// It answered.
    fn answered(&self) {
        if self.refused().take().is_some() {
            tracing::warn!("{} can be reached again", self.place);
        }
    }

    fn refused(&self) -> MutexGuard<'_, Option<Instant>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever sends datagrams to the proxy.
struct Sender {
    address: SocketAddr,
    server: Arc<Server>,
    /// The socket that all senders share.
    shared: Arc<UdpSocket>,
    /// Its own, connected with the server.
    own: UdpSocket,
    near: Recorded,
    far: Recorded,
    /// When it last sent.
    active: Mutex<Instant>,
}

impl Sender {
    async fn new(
        address: SocketAddr,
        shared: &Arc<UdpSocket>,
        server: &Arc<Server>,
        recording: &Recording,
    ) -> io::Result<Self> {
        let (Place::Udp(place) | Place::Tcp(place)) = &server.place else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let addresses = place.to_connect().await?;
        let to = *addresses.first().ok_or(io::ErrorKind::NotFound)?;
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let own = UdpSocket::bind(any).await?;
        own.connect(to).await?;
        own.writable().await?;
        let _ = kernel::count_drops(&own);
        let ends = [address, to].map(|end| (Transport::Udp, Some(Address::Internet(end))));
        let (near, far) = recording.begin(&ends).map_or((None, None), |pair| {
            let text = |address: io::Result<SocketAddr>| address.ok().map(|a| a.to_string());
            let near = [Some(address.to_string()), text(shared.local_addr())];
            let far = [text(own.local_addr()), Some(to.to_string())];
            let near = recording.accepted(pair, Transport::Udp, near);
            let far = recording.opened(pair, Transport::Udp, far);
            (Some(Mutex::new(near)), Some(Mutex::new(far)))
        });
        Ok(Self {
            address,
            server: Arc::clone(server),
            shared: Arc::clone(shared),
            own,
            near,
            far,
            active: Mutex::new(Instant::now()),
        })
    }

    /// Sends a datagram on to the server, in one call: what does not fit into the
    /// socket's buffer is lost, as on the way, and no other sender waits for it.
    fn pass_on(&self, bytes: &[u8]) {
        *self.active() = Instant::now();
        let attempt = Instant::now();
        let result = self.own.try_send(bytes);
        let moment = Moment::handing(attempt);
        if let Err(error) = &result {
            self.server.failed(error);
        }
        let sent = result.as_ref().copied();
        let told = trace::Socket::default();
        record(&self.far, |end| end.send(moment, bytes, sent, told));
    }

    fn active(&self) -> MutexGuard<'_, Instant> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends on what the server answers, until nothing has passed for a while.
    async fn answer(&self) {
        let mut room = Vec::new();
        let mut heard = Instant::now();
        loop {
            let since = Instant::now();
            let idle = heard.max(*self.active()) + IDLE;
            tokio::select! {
                ready = self.own.readable() => if ready.is_err() { break },
                () = tokio::time::sleep_until(idle.into()) => {
                    if Instant::now() >= *self.active() + IDLE {
                        break;
                    }
                    continue;
                }
            }
            room.resize(ROOM, 0);
            let receive = || observe::receive(&self.own, &mut room);
            let (count, told) = match self.own.try_io(Interest::READABLE, receive) {
                Ok((count, _, told)) => (count, told),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => {
                    // Nobody listens there (ICMP): the sender is told nothing, as with
                    // any datagram that is lost.
                    let moment = Moment::taking(since);
                    self.server.failed(&error);
                    let told = trace::Socket::default();
                    record(&self.far, |end| end.recv(moment, ROOM, Err(&error), told));
                    continue;
                }
            };
            let moment = Moment::taking(since);
            heard = Instant::now();
            self.server.answered();
            let bytes = &room[..count];
            record(&self.far, |end| end.recv(moment, ROOM, Ok(bytes), told));
            let attempt = Instant::now();
            let result = self.shared.try_send_to(bytes, self.address);
            let moment = Moment::handing(attempt);
            let sent = result.as_ref().copied();
            let told = trace::Socket::default();
            record(&self.near, |end| end.send(moment, bytes, sent, told));
        }
    }
}

impl Drop for Sender {
    /// The socket is closed just after this.
    fn drop(&mut self) {
        let told = trace::Socket::default();
        record(&self.far, |end| {
            end.bare(Call::Close, Moment::now(), Ok(()), told);
        });
    }
}
