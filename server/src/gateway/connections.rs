//! The gateway's accept loop: HTTP/1.1 connections with a deadline for each
//! request's head and a bound on how many there are. axum's own loop has
//! neither.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::Client;
use super::metrics::Metrics;
use super::{State, page};
use crate::net::Decision;
use crate::net::admission::{self, Admission, Place, Refusal};

/// Most bytes of a request that are held while its head is incomplete.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after a failed accept: without descriptors left it fails at once again.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);
/// How often failing accepts are logged at most.
const LOG: Duration = Duration::from_secs(1);

/// How long the head of the one request may take on a connection that is kept
/// for the operator: others wait for it.
const BRIEF: Duration = Duration::from_secs(2);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections, WebSockets among them.
    pub(super) admission: admission::Limits,
    /// How long a request's head may take, counted from the connection or
    /// from the reply before.
    pub(super) head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            admission: admission::Limits::CONNECTIONS,
            head: Duration::from_secs(10),
        }
    }
}

/// Serves every connection until the sessions are to end; the connections'
/// tasks are `tracker`'s.
pub(super) async fn serve(
    listener: TcpListener,
    state: State,
    limits: Limits,
    tracker: &TaskTracker,
) {
    // Accepted connections inherit it: a reply must not wait for the
    // acknowledgement of the one before.
    if let Err(error) = SockRef::from(&listener).set_tcp_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY on the page's listener");
    }
    let (metrics, shutdown) = (&state.metrics, &state.shutdown);
    let router = super::router(state.clone());
    let reserve_router = super::reserve(state.clone());
    let admission = Admission::within(limits.admission, state.descriptors.clone());
    // These descriptors are kept out of the others.
    let reserve = Admission::new(admission::Limits {
        connections: state.operators,
        per_source: state.operators.div_ceil(4),
        ..limits.admission
    });
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
                        metrics.turned_away("page", reason);
                    }
                    admission.log("page", peer, refusal);
                    match (refusal, reserve.admit(peer, false)) {
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
                    tracing::warn!("page: accept: {error}; going on");
                }
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let (http, router) = if is_full {
            (&brief, &reserve_router)
        } else {
            (&http, &router)
        };
        let open = Open::new(place, metrics);
        let service = service(router.clone(), peer, open, state.clone());
        let connection = connection(http, stream, service, shutdown.clone());
        tracker.spawn(connection);
    }
}

/// A connection that is open, and its place; counted until this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    _place: Place,
    open: Gauge,
}

impl Open {
    fn new(place: Place, metrics: &Metrics) -> Self {
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

/// A place for a connection. A proxy in front has those of all its clients:
/// of it only the total counts.
fn admit(
    admission: &Arc<Admission>,
    peer: SocketAddr,
    proxies: &[IpAddr],
) -> Result<Place, Refusal> {
    if proxies.contains(&peer.ip().to_canonical()) {
        admission.admit_many(peer)
    } else {
        admission.admit(peer, false)
    }
}

/// What answers the requests of one connection. Each carries who made it, and
/// the connection's place: a WebSocket keeps that when HTTP is over. What holds
/// for every request is done here and not in layers of the router, which
/// allocate for each request.
fn service(
    router: Router,
    peer: SocketAddr,
    open: Open,
    state: State,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    let router = TowerToHyperService::new(router);
    let open = Arc::new(open);
    service_fn(move |mut request: Request<Incoming>| {
        let client = Client::of(peer, request.headers(), &state.proxies);
        let refusal = super::foreign_host(&state, request.headers());
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(Arc::clone(&open));
        let answering = match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(router.call(request)),
        };
        async move {
            let response = match answering {
                Ok(response) => response.await?,
                Err(refusal) => refusal,
            };
            Ok(page::headers(response))
        }
    })
}

/// One connection, until it or the gateway ends. A WebSocket on it goes on in
/// a task of its own.
fn connection<S>(
    http: &http1::Builder,
    stream: TcpStream,
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
