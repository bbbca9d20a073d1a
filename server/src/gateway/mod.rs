//! One door for browsers: the page, WebSocket bridges to running servers, and
//! lab sessions. It moves bytes and runs experiments; it knows no lesson, no
//! explanation and no language.

mod bridge;
mod connections;
mod origin;
mod page;
mod pump;
mod session;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connections::Limits;
pub use origin::{Origin, OriginError};
pub use target::{Bridge, BridgeError};

/// Lab sessions at a time; each run of one has up to four threads.
const MAX_SESSIONS: usize = 64;
/// How long sessions may take to say goodbye after shutdown.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the gateway may reach.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The bridges under `/bridge/`; of two with one name the first counts.
    pub bridges: Vec<Bridge>,
    /// Where else its pages may come from, and what else it may be called.
    pub origins: Vec<Origin>,
}

/// Serves the page, the bridges and the lab on `listener` until `shutdown`.
///
/// Open WebSockets are closed with 1001 (going away) then.
pub async fn serve(listener: TcpListener, config: Config, shutdown: CancellationToken) {
    let state = State::new(config, MAX_SESSIONS, shutdown);
    serve_state(listener, state, Limits::default()).await;
}

async fn serve_state(listener: TcpListener, state: State, limits: Limits) {
    let State {
        tracker, shutdown, ..
    } = state.clone();
    connections::serve(listener, router(state), limits, &tracker, &shutdown).await;
    tracker.close();
    if tokio::time::timeout(FAREWELL, tracker.wait())
        .await
        .is_err()
    {
        tracing::debug!("sessions were cut off at shutdown");
    }
}

/// What every session shares.
#[derive(Clone)]
struct State {
    bridges: Arc<[Bridge]>,
    origins: Arc<[Origin]>,
    sessions: Arc<Semaphore>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl State {
    fn new(config: Config, sessions: usize, shutdown: CancellationToken) -> Self {
        Self {
            bridges: config.bridges.into(),
            origins: config.origins.into(),
            sessions: Arc::new(Semaphore::new(sessions)),
            tracker: TaskTracker::new(),
            shutdown,
        }
    }
}

fn router(state: State) -> Router {
    let origins = Arc::clone(&state.origins);
    let own = move |request: Request, next: Next| own_host(Arc::clone(&origins), request, next);
    Router::new()
        .route("/bridge/{name}", get(bridge::open))
        .route("/lab", get(session::open))
        .with_state(state)
        .merge(page::router())
        .layer(middleware::from_fn(own))
        .layer(middleware::map_response(page::headers))
}

/// Refuses what is meant for another host.
async fn own_host(origins: Arc<[Origin]>, request: Request, next: Next) -> Response {
    match origin::check_host(request.headers(), &origins) {
        Ok(()) => next.run(request).await,
        Err(foreign) => foreign.into_response(),
    }
}
