//! The gateway's accept loop: HTTP/1.1 connections with a deadline for each
//! request's head and a bound on how many there are. axum's own loop has
//! neither.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Config;
use super::client::{Client, Peer, Scheme};
use super::listener::Listener;
use super::proxy::Network;
use super::reply::{Common, Open, Replies};
use super::unread::{Bounds, Share, Unread};
use super::{State, page};
use crate::net::Decision;
use crate::net::admission::{self, Admission, Place, Refusal, Source};

/// Most bytes of a request that are held while its head is incomplete.
const HEAD_BYTES: usize = 16 * 1024;
/// Requests that one connection may make; the reply to the last one closes it.
/// Those it sends at once are answered one after the other.
const MAX_REQUESTS: usize = 1_000;
/// Pause after a failed accept: without descriptors left it fails at once again.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);
/// How often failing accepts are logged at most.
const LOG: Duration = Duration::from_secs(1);

/// How long a connection may take that is kept for the operator, from its accept
/// to the last byte of its one reply: others wait for its place.
const BRIEF: Duration = Duration::from_secs(2);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Connections, WebSockets among them.
    pub(super) admission: admission::Capacity,
    /// How long a request's head may take, counted from the connection or
    /// from the reply before.
    pub(super) head: Duration,
    /// How much of its replies a peer may leave unread.
    pub(super) unread: Bounds,
}

impl Allowance {
    /// What a configuration says.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            admission: config.limits,
            head: config.head,
            unread: Bounds::within(config.reply),
        }
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            admission: admission::Capacity::CONNECTIONS,
            head: Duration::from_secs(10),
            unread: Bounds::default(),
        }
    }
}

/// One of the gateway's listeners.
pub(super) struct Door {
    /// What it is called in logs and metrics.
    pub(super) name: &'static str,
    pub(super) listener: Listener,
    /// What answers its requests.
    pub(super) router: Router,
    /// The same when all connections are taken.
    pub(super) reserve: Router,
    /// Connections that are kept for that.
    pub(super) kept: usize,
    /// Whether requests for another host are refused.
    pub(super) checks_host: bool,
}

/// Serves every connection until the sessions are to end; the connections'
/// tasks are `tracker`'s.
pub(super) async fn serve(door: Door, state: State, limits: Allowance, tracker: &TaskTracker) {
    let Door {
        name,
        listener,
        router,
        reserve: reserve_router,
        kept,
        checks_host,
    } = door;
    let (metrics, shutdown) = (&state.metrics, &state.shutdown);
    let answers = Answers {
        router: TowerToHyperService::new(router),
        checks_host,
        state: state.clone(),
    };
    let reserve_answers = Answers {
        router: TowerToHyperService::new(reserve_router),
        ..answers.clone()
    };
    let admission = Admission::within(limits.admission, state.descriptors.clone());
    // These descriptors are kept out of the others.
    let reserve = Admission::new(admission::Capacity {
        connections: kept,
        per_source: kept.div_ceil(4),
        ..limits.admission
    });
    let unread = Unread::new(limits.unread);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES);
    let mut brief = http.clone();
    brief
        .keep_alive(false)
        .header_read_timeout(limits.head.min(BRIEF));
    let mut logged = None;
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, place, peer, is_full) = match accepted {
            Ok((stream, peer)) => match admit(&admission, peer, &state.proxies) {
                Ok(place) => (stream, place, peer, false),
                Err(refusal) => {
                    if let Some(reason) = Decision::TurnedAway(refusal).reason() {
                        metrics.turned_away(name, reason);
                    }
                    admission.log(name, peer.address(), refusal);
                    match (refusal, reserve.admit(peer.address(), false)) {
                        (Refusal::Full | Refusal::SourceFull, Ok(place)) => {
                            (stream, place, peer, true)
                        }
                        _ => continue,
                    }
                }
            },
            Err(error) => {
                if logged.is_none_or(|at: Instant| at.elapsed() >= LOG) {
                    logged = Some(Instant::now());
                    tracing::warn!("{name}: accept: {error}; going on");
                }
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let (http, answers) = if is_full {
            (&brief, &reserve_answers)
        } else {
            (&http, &answers)
        };
        let source = Source::of(peer.address());
        let common = Common {
            share: Arc::new(Share::new(Arc::clone(&unread), source)),
            open: Arc::new(Open::new(place, metrics)),
            metrics: metrics.clone(),
            tracker: tracker.clone(),
            until: is_full.then(|| Instant::now() + BRIEF),
        };
        let until = common.until;
        let service = service(answers.clone(), peer, &common);
        let stream = Replies::new(stream, common);
        let connection = connection(http, stream, service, shutdown.clone());
        match until {
            Some(until) => tracker.spawn(async move {
                // What is left of the reply then is discarded with the stream.
                let _ = timeout_at(until, connection).await;
            }),
            None => tracker.spawn(connection),
        };
    }
}

/// A place for a connection. A proxy in front has those of all its clients:
/// of it only the total counts.
fn admit(admission: &Arc<Admission>, peer: Peer, proxies: &[Network]) -> Result<Place, Refusal> {
    if peer.is_proxy(proxies) {
        admission.admit_many(peer.address())
    } else {
        admission.admit(peer.address(), false)
    }
}

/// What a listener's requests are answered by.
#[derive(Clone)]
struct Answers {
    router: TowerToHyperService<Router>,
    checks_host: bool,
    state: State,
}

/// What answers the requests of one connection. Each carries who made it, and
/// the connection's place: a WebSocket keeps that when HTTP is over. What holds
/// for every request is done here and not in layers of the router, which
/// allocate for each request.
fn service(
    answers: Answers,
    peer: Peer,
    common: &Common,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + use<>
{
    let Answers {
        router,
        checks_host,
        state,
    } = answers;
    let (open, share) = (Arc::clone(&common.open), Arc::clone(&common.share));
    let requests = AtomicUsize::new(0);
    service_fn(move |mut request: Request<Incoming>| {
        let client = Client::of(peer, request.headers(), &state.proxies);
        let scheme = Scheme::of(peer, request.headers(), &state.proxies);
        share.assign(Source::of(client.0));
        let refusal = checks_host
            .then(|| super::foreign_host(&state, &request, scheme))
            .flatten();
        let extensions = request.extensions_mut();
        extensions.insert(client);
        extensions.insert(Arc::clone(&open));
        let answering = match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(router.call(request)),
        };
        let last = requests.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_REQUESTS;
        async move {
            let response = match answering {
                Ok(response) => response.await?,
                Err(refusal) => refusal,
            };
            let mut response = page::headers(response);
            // An upgrade is the last request anyhow, and names its own `Connection`.
            if last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok(response)
        }
    })
}

/// One connection, until it or the gateway ends. A WebSocket on it goes on in
/// a task of its own.
fn connection<S>(
    http: &http1::Builder,
    stream: Replies,
    service: S,
    shutdown: CancellationToken,
) -> impl Future<Output = ()> + use<S>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>,
{
    let serving = http
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    async move {
        tokio::pin!(serving);
        let served = tokio::select! {
            served = serving.as_mut() => served,
            () = shutdown.cancelled() => {
                // The reply that is being made still goes out.
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "page connection");
        }
    }
}
