//! Serving connections: accept, and carry bytes between each one and its
//! [`protocol::peer::Server`]. Knows no system by name.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use protocol::framing::Clue;
use protocol::peer::{Deadlines, Refusal, Rules, Server, ServerOutput};
use protocol::{Framing, Nanos, System};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::conduct::{Conduct, Unsent};
use super::{Options, Report};
use crate::net::admission::{Admission, Place};
use crate::net::{Audit, Cork, Decision, Listener, TimeSlice, bulk};

/// How long and how far a refused client is still read, so that closing with
/// unread bytes does not reset the connection under a reply in flight
/// (RFC 9293, 3.6.1: close with data pending is a reset).
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 1 << 20;

/// Pause after a failed accept: without descriptors left it fails at once again.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);
/// How often failing accepts are logged at most.
const ACCEPT_ERROR_LOG: Duration = Duration::from_secs(1);

/// How long a client may read nothing of a reply before it is disconnected.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a stream server behaves.
#[derive(Clone, Debug)]
pub struct StreamConfig {
    /// Whose name is in log lines and messages.
    pub system: System,
    /// What it and its clients agree on.
    pub rules: Rules,
    /// Room for each recv, in bytes; at least 1.
    pub buffer: usize,
    /// Sleep before each recv.
    pub read_delay: Duration,
    /// What it does otherwise than a server that means well.
    pub conduct: Conduct,
    /// Whether it finishes with one client before it accepts the next.
    pub serial: bool,
    /// Where messages go.
    pub report: Report,
    /// How long a client may take.
    pub deadlines: Deadlines,
    /// How long a client may read nothing of a reply.
    pub patience: Option<Duration>,
    /// Admission control.
    pub admission: Arc<Admission>,
    /// Receives the decisions.
    pub audit: Audit,
    /// Whether it is an experiment's own server: what it decides about clients
    /// is no news about the listeners, and is logged for debugging alone.
    pub private: bool,
}

impl StreamConfig {
    /// A system as it is without an experiment.
    pub fn of(system: System, options: &Options) -> Self {
        Self {
            system,
            rules: Rules::new(system, options.max_frame, options.key.clone())
                .with_scheme(options.scheme),
            buffer: options.buffer,
            read_delay: options.read_delay,
            conduct: Conduct::default(),
            serial: system.is_serial(),
            report: options.report.clone(),
            deadlines: if options.read_delay.is_zero() {
                options.deadlines
            } else {
                Deadlines::NONE
            },
            patience: Some(PATIENCE),
            admission: Admission::within(options.limits, options.descriptors.clone()),
            audit: options.audit.clone(),
            private: false,
        }
    }

    /// Who speaks in a log line.
    fn name(&self) -> String {
        let of = if self.private { "private " } else { "" };
        format!("{of}{}", self.system)
    }
}

/// Serves until `shutdown`; then its connections end at once.
pub async fn serve_stream<L: Listener>(
    listener: L,
    config: StreamConfig,
    shutdown: CancellationToken,
) {
    let mut clients = JoinSet::new();
    let config = Arc::new(config);
    shutdown
        .run_until_cancelled(accept_clients(&listener, &config, &mut clients))
        .await;
    drop(listener);
    clients.shutdown().await;
}

async fn accept_clients<L: Listener>(
    listener: &L,
    config: &Arc<StreamConfig>,
    clients: &mut JoinSet<()>,
) {
    let mut logged: Option<Instant> = None;
    loop {
        if config.serial
            && let Some(ended) = clients.join_next().await
        {
            log_panic(config, ended);
            continue;
        }
        let accepted = tokio::select! {
            Some(ended) = clients.join_next() => {
                log_panic(config, ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match config.admission.admit(peer, config.rules.key.is_some()) {
                Ok(place) => {
                    let serving = serve_client(stream, peer, place, Arc::clone(config));
                    // A run's server has a thread of its own, and stays on it.
                    if config.private {
                        clients.spawn(serving);
                    } else {
                        clients.spawn(bulk::apart(serving));
                    }
                }
                // Closed at once.
                Err(refusal) => {
                    let decision = Decision::TurnedAway(refusal);
                    config.audit.decided(config.system, peer, decision);
                    if !config.private {
                        config.admission.log(config.system.name(), peer, refusal);
                    }
                }
            },
            Err(error) => {
                if logged.is_none_or(|at| at.elapsed() >= ACCEPT_ERROR_LOG) {
                    logged = Some(Instant::now());
                    warn!("{}: accept: {error}; going on", config.name());
                }
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
            }
        }
    }
}

/// One client's end never is another's.
fn log_panic(config: &StreamConfig, ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!("{}: a connection ended badly: {error}", config.name());
    }
}

async fn serve_client<S>(
    mut stream: S,
    peer: SocketAddr,
    mut place: Place,
    config: Arc<StreamConfig>,
) where
    S: AsyncRead + AsyncWrite + Cork + Unpin,
{
    let system = config.system;
    debug!("{system}: {peer} connected");
    match converse(&mut stream, peer, &mut place, &config).await {
        Ok(()) => debug!("{system}: {peer} left"),
        Err(End::Broken(error, Loss::None)) => debug!("{system}: {peer}: {error}"),
        Err(End::Broken(error, loss)) => {
            let line = format!("{}: {peer} broke off: {error}; {loss}", config.name());
            if config.private {
                debug!("{line}");
            } else {
                warn!("{line}");
            }
        }
        Err(End::Refused(refusal)) => {
            let offset = refusal.offset();
            let decision = Decision::Refused(&refusal);
            let clue = clue(&config.rules.framing, &refusal);
            config.audit.decided(system, peer, decision);
            if config.private {
                debug!(
                    "{}: {peer} refused at offset {offset}: {refusal}",
                    config.name()
                );
            } else {
                warn!("{system}: {peer} refused at offset {offset}: {refusal}{clue}");
            }
            if refusal.is_no_answer() {
                place.fail();
            }
            linger(&mut stream).await;
        }
    }
}

/// Why a conversation ended before the client had finished it.
enum End {
    /// The socket failed, or the client read nothing for too long: what that cut off.
    Broken(io::Error, Loss),
    /// The machine will have no more of it.
    Refused(Refusal),
}

/// What the end of a connection cut off.
enum Loss {
    /// Nothing: it was between two messages.
    None,
    /// What the client was sending.
    Unfinished(Refusal),
    /// The rest of a reply, in bytes: not given to the kernel.
    Unsent(usize),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing was cut off"),
            Self::Unfinished(refusal) => refusal.fmt(f),
            Self::Unsent(bytes) => write!(f, "{bytes} bytes of a reply were not sent"),
        }
    }
}

impl Loss {
    /// What `machine` was in the middle of when its socket failed.
    fn of(machine: &mut Server) -> Self {
        machine.handle_eof();
        let mut outputs = std::iter::from_fn(|| machine.poll_output());
        let refusal = outputs.find_map(|output| match output {
            ServerOutput::Refuse(refusal) => Some(refusal),
            _ => None,
        });
        refusal.map_or(Self::None, Self::Unfinished)
    }
}

async fn converse<S>(
    stream: &mut S,
    peer: SocketAddr,
    place: &mut Place,
    config: &StreamConfig,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Cork + Unpin,
{
    let started = Instant::now();
    let now = || Nanos::from(started.elapsed());
    let mut machine = Server::new(&config.rules, rand::random()).within(config.deadlines);
    let conduct = &config.conduct;
    let mut buffer = vec![0; conduct.room(config.buffer)];
    // Replies that go together.
    let mut replies = Vec::new();
    let mut recvs = 0_u32;
    let mut skipped = 0_u64;
    let mut messages = config.report.of_connection();
    // Set anew only when it is due or would ring too late: bytes put a
    // deadline off with each recv.
    let mut alarm = pin!(sleep_until(started));
    let mut rings: Option<Nanos> = None;
    let mut slice = TimeSlice::default();
    loop {
        // A client that always has more to read never makes the task wait.
        slice.pause_if_over().await;
        while let Some(output) = machine.poll_output() {
            slice.pause_if_over().await;
            match output {
                ServerOutput::Send(bytes) if conduct.replies_together => {
                    replies.extend_from_slice(&bytes);
                }
                ServerOutput::Send(bytes) => reply(stream, &bytes, config).await?,
                ServerOutput::Answered => {
                    if place.attempt(|| machine.verify(now())).is_err() {
                        machine.decline();
                    }
                }
                ServerOutput::Authenticated => {
                    let decision = Decision::Authenticated;
                    config.audit.decided(config.system, peer, decision);
                    if !config.private {
                        info!("{}: {peer} accepted", config.system);
                    }
                }
                ServerOutput::Message(body) => messages.message(config.system, peer, &body).await,
                ServerOutput::Skipped(error) if config.private => {
                    debug!("{}: {peer}: {error}; going on behind it", config.name());
                }
                ServerOutput::Skipped(error) => {
                    skipped += 1;
                    // The first, the second, the fourth…: a client that sends nothing else
                    // does not fill the log.
                    if skipped.is_power_of_two() {
                        let name = config.name();
                        warn!("{name}: {peer}: {error}; going on behind it ({skipped} so far)");
                    }
                }
                ServerOutput::Refuse(refusal) => {
                    reply(stream, &replies, config).await?;
                    return Err(End::Refused(refusal));
                }
            }
        }
        if !replies.is_empty() {
            reply(stream, &std::mem::take(&mut replies), config).await?;
        }
        if machine.is_closed() || conduct.close_after.is_some_and(|most| recvs >= most) {
            return Ok(());
        }
        if !config.read_delay.is_zero() {
            tokio::time::sleep(config.read_delay).await;
        }
        let own = conduct.recv_sizes.get(recvs as usize);
        let room = own.copied().unwrap_or(config.buffer).max(1);
        let receive = stream.read(&mut buffer[..room]);
        let received = match machine.poll_timeout() {
            None => slice.wait(receive).await,
            Some(due) => {
                if rings.is_none_or(|rings| rings > due) {
                    alarm.as_mut().reset(started + Duration::from(due));
                    rings = Some(due);
                }
                tokio::select! {
                    // Bytes that are there already win over a deadline that has passed.
                    biased;
                    received = slice.wait(receive) => received,
                    () = alarm.as_mut() => {
                        rings = None;
                        machine.handle_timeout(now());
                        continue;
                    }
                }
            }
        };
        recvs = recvs.saturating_add(1);
        match received {
            Ok(0) => machine.handle_eof(),
            Ok(count) => machine.handle_chunk(&buffer[..count], now()),
            Err(error) => return Err(End::Broken(error, Loss::of(&mut machine))),
        }
    }
}

/// Sends a reply, as the server does it.
async fn reply<S>(stream: &mut S, bytes: &[u8], config: &StreamConfig) -> Result<(), End>
where
    S: AsyncWrite + Cork + Unpin,
{
    if bytes.is_empty() {
        return Ok(());
    }
    let sent = config.conduct.reply(stream, bytes, config.patience).await;
    sent.map_err(|Unsent { error, bytes }| End::Broken(error, Loss::Unsent(bytes)))
}

/// Sends FIN and discards what the client still sends, so that close() does
/// not send RST.
async fn linger<S>(stream: &mut S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let drained = async {
        stream.shutdown().await?;
        // Not on the task: every connection would have the room for it.
        let mut buffer = vec![0; 4096];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => left = left.saturating_sub(count),
            }
        }
        io::Result::Ok(())
    };
    // However it ends, the connection is closed next.
    let _ = tokio::time::timeout(LINGER, drained).await;
}

/// What a length that was refused may really have been, to be said behind the refusal.
fn clue(framing: &Framing, refusal: &Refusal) -> String {
    let clue = match refusal {
        Refusal::Frame(error) => Clue::of_error(framing, error),
        _ => None,
    };
    clue.map_or_else(String::new, |clue| format!(" ({clue})"))
}
