//! One door for browsers: the page, WebSocket bridges to running servers, and
//! lab sessions. It moves bytes and runs experiments; it knows no lesson, no
//! explanation and no language.

mod bridge;
mod client;
mod connections;
mod ending;
mod metrics;
mod origin;
mod page;
mod pump;
mod relay;
mod session;
mod socket;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod websocket;

use std::io;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connections::Limits;
pub use metrics::Metrics;
use metrics::Reason;
pub use origin::{Origin, OriginError};
use relay::Relay;
pub use session::running_runs;
use session::{Queue, Share, Turns, Workers};
pub use target::{Bridge, BridgeError, Target};

use crate::net::Descriptors;
use crate::net::admission::{self, Admission};

/// Lab sessions at a time; one source has a quarter of them at most. A class
/// behind one address is one source.
pub const MAX_SESSIONS: usize = 256;
/// Runs that go on or wait in them; one source has half of them at most. Each has
/// up to five threads once it goes on.
pub const RUNS: usize = 64;
/// How long sessions may take to say goodbye after shutdown.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often a WebSocket's peer is asked whether it is still there, and how
/// long a peer may take nothing of what waits for it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What the gateway may reach.
#[derive(Clone, Debug)]
pub struct Config {
    /// The bridges under `/bridge/`; of two with one name the first counts.
    pub bridges: Vec<Bridge>,
    /// Where else its pages may come from, and what else it may be called.
    pub origins: Vec<Origin>,
    /// How long sessions may go on after shutdown was asked for.
    pub drain: Duration,
    /// How many connections are let in, WebSockets among them.
    pub limits: admission::Limits,
    /// Proxies in front: whom they name in `X-Forwarded-For` is the client.
    pub proxies: Vec<IpAddr>,
    /// What `/metrics` says; servers beside the gateway may count there too.
    pub metrics: Metrics,
    /// How long the head of a request may take.
    pub head: Duration,
    /// Lab sessions at a time; one source has a quarter of them at most.
    pub sessions: usize,
    /// Runs that go on or wait in these sessions; one source has half of them at
    /// most.
    pub runs: usize,
    /// Runs of these that go on at a time; one source has half of them at most.
    pub running: usize,
    /// What all listeners of the process share.
    pub descriptors: Descriptors,
    /// Connections that are kept for `/healthz`, `/readyz` and `/metrics` when
    /// all others are taken; one source has a quarter of them at most.
    pub operators: usize,
}

impl Default for Config {
    /// No bridge, no other origin, no drain; 10 s for a head.
    fn default() -> Self {
        Self {
            bridges: Vec::new(),
            origins: Vec::new(),
            drain: Duration::ZERO,
            limits: admission::Limits::CONNECTIONS,
            proxies: Vec::new(),
            metrics: Metrics::new(),
            head: Limits::default().head,
            sessions: MAX_SESSIONS,
            runs: RUNS,
            running: running_runs(),
            descriptors: Descriptors::default(),
            operators: 16,
        }
    }
}

/// So many at a time, of all sources and of one; begun as often as
/// connections may be, which `limits` says.
const fn lab(
    limits: admission::Limits,
    (connections, per_source): (usize, usize),
) -> admission::Limits {
    admission::Limits {
        connections,
        per_source,
        ..limits
    }
}

/// Serves the page, the bridges and the lab on `listener` until `shutdown`.
///
/// From then on nothing new is begun, and `/readyz` says so; sessions may go
/// on for as long as [`Config::drain`] says. Those that are open after it are
/// closed with 1001 (going away).
///
/// # Errors
/// The system has no threads left for the lab.
pub fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send> {
    let limits = Limits {
        admission: config.limits,
        head: config.head,
    };
    let state = State(Arc::new(Shared::new(config, shutdown)?));
    Ok(serve_state(listener, state, limits))
}

async fn serve_state(listener: TcpListener, state: State, limits: Limits) {
    let connections = TaskTracker::new();
    let serving = connections::serve(listener, state.clone(), limits, &connections);
    tokio::join!(serving, drained(&state));
    connections.close();
    let all = async {
        connections.wait().await;
        state.tracker.wait().await;
    };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        tracing::debug!("sessions were cut off at shutdown");
    }
}

/// Until the gateway was asked to end and the last session has ended or been
/// given its time; then tells the sessions to end.
async fn drained(state: &State) {
    state.draining.cancelled().await;
    state.tracker.close();
    if !state.drain.is_zero() {
        tracing::info!("draining for at most {:?}", state.drain);
        let _ = tokio::time::timeout(state.drain, state.tracker.wait()).await;
    }
    state.shutdown.cancel();
}

/// What every session shares; a clone is one more reference.
#[derive(Clone)]
struct State(Arc<Shared>);

struct Shared {
    bridges: Arc<[Bridge]>,
    origins: Arc<[Origin]>,
    proxies: Arc<[IpAddr]>,
    /// Places for lab sessions, for their runs, and for bridges.
    sessions: Arc<Admission>,
    runs: Arc<Admission>,
    queue: Arc<Queue>,
    turns: Arc<Turns>,
    /// Where lab sessions are worked for.
    workers: Arc<Workers>,
    bridging: Arc<Admission>,
    descriptors: Descriptors,
    operators: usize,
    relay: Relay,
    metrics: Metrics,
    /// The sessions' tasks.
    tracker: TaskTracker,
    drain: Duration,
    keep_alive: Duration,
    /// For each message of a lab session.
    message_deadline: Duration,
    /// Nothing new is begun any more.
    draining: CancellationToken,
    /// Sessions have to end.
    shutdown: CancellationToken,
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    fn new(config: Config, draining: CancellationToken) -> io::Result<Self> {
        let sessions = (config.sessions, config.sessions.div_ceil(4));
        let runs = (config.runs, config.runs.div_ceil(2));
        Ok(Self {
            bridges: config.bridges.into(),
            origins: config.origins.into(),
            proxies: config.proxies.into(),
            sessions: Admission::new(lab(config.limits, sessions)),
            runs: Admission::new(lab(config.limits, runs)),
            queue: Queue::new(Share::of(config.running), config.metrics.clone()),
            turns: Arc::default(),
            workers: Arc::new(Workers::start()?),
            bridging: Admission::within(config.limits, config.descriptors.clone()),
            descriptors: config.descriptors,
            operators: config.operators,
            relay: Relay::default(),
            metrics: config.metrics,
            tracker: TaskTracker::new(),
            drain: config.drain,
            keep_alive: KEEP_ALIVE,
            message_deadline: session::DEADLINE,
            draining,
            shutdown: CancellationToken::new(),
        })
    }
}

fn router(state: State) -> Router {
    Router::new()
        .route("/bridge", get(bridge::unnamed))
        .route("/bridge/", get(bridge::unnamed))
        .route("/bridge/{*name}", get(bridge::open))
        .route("/lab", get(session::open))
        .with_state(state.clone())
        .merge(operation(state))
        .merge(page::router())
}

/// What is answered when all connections are taken; nothing else is.
fn reserve(state: State) -> Router {
    operation(state).fallback(full)
}

async fn full() -> Response {
    let text = "all connections are taken: try again later\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// For whoever operates the program.
fn operation(state: State) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// The refusal of a request that is meant for another host.
fn foreign_host(state: &State, headers: &HeaderMap) -> Option<Response> {
    let foreign = origin::check_host(headers, &state.origins).err()?;
    state.metrics.refused(Reason::Host);
    Some(foreign.into_response())
}

/// Whether new sessions are taken: 200, or 503 once the gateway drains.
async fn ready(extract::State(state): extract::State<State>) -> Response {
    if state.draining.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    "ready\n".into_response()
}

async fn metrics(extract::State(state): extract::State<State>) -> Response {
    state.metrics.response()
}
