//! One door for browsers: the page, WebSocket bridges to running servers, and
//! lab sessions. It moves bytes and runs experiments; it knows no lesson, no
//! explanation and no language.

mod bridge;
mod client;
mod connections;
mod ending;
mod listener;
mod metrics;
mod origin;
mod page;
mod proxy;
mod pump;
mod relay;
mod reply;
mod session;
mod socket;
mod stream;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod unread;
mod watching;
mod websocket;

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use client::Scheme;
use connections::{Allowance, Door};
pub use listener::Listener;
pub use metrics::Metrics;
use metrics::Reason;
pub use origin::{Origin, OriginError};
pub use proxy::{Network, NetworkError};
use relay::Relay;
pub use session::{Files, running_runs};
use session::{Queue, Share, Turns, Workers};
pub use target::{Bridge, BridgeError, Target};
use unread::Bounds;
pub use watching::{Secret, serve_record};

use crate::net::Descriptors;
use crate::net::admission::{self, Admission};
use crate::worker::Runner;

/// Lab sessions at a time; one source has a quarter of them at most. A class
/// behind one address is one source.
pub const MAX_SESSIONS: usize = 256;
/// Runs that go on or wait in them; one source has half of them at most. Each is a process of
/// up to twelve threads once it goes on, and up to eight more that keep processors busy.
pub const RUNS: usize = 64;
/// How long sessions may take to say goodbye after shutdown, unless it is said.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// How often a WebSocket's peer is asked whether it is still there, and how
/// long a peer may take nothing of what waits for it.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Where the gateway listens.
#[derive(Debug)]
pub struct Listeners {
    /// For browsers and WebSocket clients.
    pub page: Listener,
    /// For `/metrics`, which the page's listener then does not have, beside
    /// `/healthz` and `/readyz`. Its connections have places of their own.
    pub metrics: Option<Listener>,
}

impl<L: Into<Listener>> From<L> for Listeners {
    /// One for everything.
    fn from(page: L) -> Self {
        Self {
            page: page.into(),
            metrics: None,
        }
    }
}

/// What the gateway may reach.
#[derive(Clone, Debug)]
pub struct Config {
    /// The bridges under `/bridge/`; of two with one name the first counts.
    pub bridges: Vec<Bridge>,
    /// Where else its pages may come from, and what else it may be called.
    pub origins: Vec<Origin>,
    /// How long sessions may go on after shutdown was asked for.
    pub drain: Duration,
    /// How long sessions may take to say goodbye after shutdown.
    pub farewell: Duration,
    /// How many connections are let in, WebSockets among them.
    pub limits: admission::Capacity,
    /// Proxies in front: whom they name in `X-Forwarded-For` is the client.
    pub proxies: Vec<Network>,
    /// What `/metrics` says; servers beside the gateway may count there too.
    pub metrics: Metrics,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long a client may take nothing of its replies.
    pub reply: Duration,
    /// Lab sessions at a time; one source has a quarter of them at most.
    pub sessions: usize,
    /// Runs that go on or wait in these sessions; one source has half of them at
    /// most.
    pub runs: usize,
    /// Runs of these that go on at a time; one source has half of them at most.
    pub running: usize,
    /// Where runs go on.
    pub runner: Runner,
    /// Files that are read for pages, if any are.
    pub files: Option<Files>,
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
            farewell: FAREWELL,
            limits: admission::Capacity::CONNECTIONS,
            proxies: Vec::new(),
            metrics: Metrics::new(),
            head: Allowance::default().head,
            reply: Bounds::default().stall,
            sessions: MAX_SESSIONS,
            runs: RUNS,
            running: running_runs(),
            runner: Runner::here(),
            files: None,
            descriptors: Descriptors::default(),
            operators: 16,
        }
    }
}

/// So many at a time, of all sources and of one; begun as often as
/// connections may be, which `limits` says.
const fn lab(
    limits: admission::Capacity,
    (connections, per_source): (usize, usize),
) -> admission::Capacity {
    admission::Capacity {
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
    listeners: Listeners,
    config: Config,
    shutdown: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send> {
    let limits = Allowance::of(&config);
    let state = State(Arc::new(Shared::new(config, shutdown)?));
    Ok(serve_state(listeners, state, limits))
}

async fn serve_state(listeners: Listeners, state: State, limits: Allowance) {
    let Listeners { page, metrics } = listeners;
    // Two listeners share what is kept, so that a flood of the page's takes none
    // of the other's.
    let kept = match metrics {
        Some(_) => (state.operators / 2).max(1),
        None => state.operators,
    };
    let page = Door {
        name: "page",
        listener: page,
        router: router(state.clone(), metrics.is_none()),
        reserve: reserve(state.clone(), metrics.is_none()),
        kept,
        checks_host: true,
    };
    let metrics = metrics.map(|listener| Door {
        name: "metrics",
        listener,
        router: operators(state.clone()),
        reserve: operators(state.clone()),
        kept,
        checks_host: false,
    });
    serve_doors(page, metrics, state, limits).await;
}

/// Serves these until the gateway was asked to end and its sessions have ended.
async fn serve_doors(page: Door, metrics: Option<Door>, state: State, limits: Allowance) {
    let connections = TaskTracker::new();
    let beside = async {
        if let Some(door) = metrics {
            connections::serve(door, state.clone(), limits, &connections).await;
        }
    };
    let serving = connections::serve(page, state.clone(), limits, &connections);
    tokio::join!(serving, beside, drained(&state));
    connections.close();
    let all = async {
        connections.wait().await;
        state.tracker.wait().await;
    };
    if tokio::time::timeout(state.farewell, all).await.is_err() {
        tracing::debug!("sessions were cut off at shutdown");
    }
}

/// Until the gateway was asked to end and the last session has ended or been
/// given its time; then cancels the sessions.
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
    proxies: Arc<[Network]>,
    /// Places for lab sessions, for their runs, and for bridges.
    sessions: Arc<Admission>,
    runs: Arc<Admission>,
    queue: Arc<Queue>,
    turns: Arc<Turns>,
    runner: Runner,
    files: Option<Files>,
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
    farewell: Duration,
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
            runner: config.runner,
            files: config.files,
            workers: Arc::new(Workers::start()?),
            bridging: Admission::within(config.limits, config.descriptors.clone()),
            descriptors: config.descriptors,
            operators: config.operators,
            relay: Relay::default(),
            metrics: config.metrics,
            tracker: TaskTracker::new(),
            drain: config.drain,
            farewell: config.farewell,
            keep_alive: KEEP_ALIVE,
            message_deadline: session::DEADLINE,
            draining,
            shutdown: CancellationToken::new(),
        })
    }
}

/// What the page's listener answers, `/metrics` among it or not.
fn router(state: State, with_metrics: bool) -> Router {
    Router::new()
        .route("/bridge", get(bridge::unnamed))
        .route("/bridge/", get(bridge::unnamed))
        .route("/bridge/{*name}", get(bridge::open))
        .route("/lab", get(session::open))
        .with_state(state.clone())
        .merge(operation(state, with_metrics))
        .merge(page::router())
        .fallback(page::nothing)
        .method_not_allowed_fallback(page::wrong_method)
}

/// What is answered when all connections are taken; nothing else is.
fn reserve(state: State, with_metrics: bool) -> Router {
    operation(state, with_metrics).fallback(full)
}

async fn full() -> Response {
    let text = "all connections are taken: try again later\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// What the metrics' own listener answers, for whatever host: the operator has
/// chosen who can reach it, and no name, address or byte of a client is in it.
fn operators(state: State) -> Router {
    let nothing = "the metrics are at /metrics, health checks at /healthz and /readyz\n";
    operation(state, true).fallback(move || async move { (StatusCode::NOT_FOUND, nothing) })
}

/// Whether the program lives, and whether it takes new sessions.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// Health checks and metrics for operators. Health checks are answered for whatever
/// host (see [`foreign_host`]); HAProxy asks with OPTIONS unless told otherwise.
fn operation(state: State, with_metrics: bool) -> Router {
    let alive = || async { "alive\n" };
    let mut router = Router::new()
        .route(HEALTH[0], get(alive).options(alive))
        .route(HEALTH[1], get(ready).options(ready));
    if with_metrics {
        router = router.route("/metrics", get(metrics));
    }
    router.with_state(state)
}

/// The refusal of a request that is meant for another host. Health checks are
/// answered whatever they name: those of load balancers are often HTTP/1.0 and
/// name none, and the answers tell nothing about anybody.
fn foreign_host<B>(state: &State, request: &Request<B>, scheme: Scheme) -> Option<Response> {
    if HEALTH.contains(&request.uri().path()) {
        return None;
    }
    let foreign = origin::check_host(request, scheme, &state.origins).err()?;
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
