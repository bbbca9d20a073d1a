//! The gateway's accept loop: HTTP/1.1 connections with a deadline for each
//! request's head and a bound on how many there are. axum's own loop has
//! neither.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::State;
use super::metrics::Reason;
use crate::net::admission::{self, Admission};

/// Most bytes of a request that are held while its head is incomplete.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after a failed accept: without descriptors left it fails at once again.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);
/// How often failing accepts are logged at most.
const LOG: Duration = Duration::from_secs(1);

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
    let State {
        metrics, shutdown, ..
    } = state.clone();
    let router = super::router(state);
    let admission = Admission::new(limits.admission);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES);
    let mut logged = None;
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, place) = match accepted {
            Ok((stream, peer)) => match admission.admit(peer, false) {
                Ok(place) => (stream, place),
                Err(refusal) => {
                    metrics.refused(Reason::Connections);
                    admission.log("page", peer, refusal);
                    continue;
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
        let connection = connection(&http, stream, router.clone(), shutdown.clone());
        let metrics = metrics.clone();
        metrics.connections.inc();
        metrics.connections_open.inc();
        tracker.spawn(async move {
            connection.await;
            metrics.connections_open.dec();
            drop(place);
        });
    }
}

/// One connection, until it or the gateway ends. A WebSocket on it goes on in
/// a task of its own.
fn connection(
    http: &http1::Builder,
    stream: TcpStream,
    router: Router,
    shutdown: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    // A reply must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY on a page connection");
    }
    let service = TowerToHyperService::new(router);
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
