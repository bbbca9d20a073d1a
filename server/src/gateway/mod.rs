//! One door for browsers: the page, WebSocket bridges to running servers, and
//! lab sessions. It moves bytes and runs experiments; it knows no lesson, no
//! explanation and no language.

mod bridge;
mod origin;
mod page;
mod pump;
mod session;
mod target;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
}

/// Serves the page, the bridges and the lab on `listener` until `shutdown`.
///
/// Open WebSockets are closed with 1001 (going away) then.
///
/// # Errors
/// What the listener's own calls return; a connection's errors end only it.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: CancellationToken,
) -> io::Result<()> {
    serve_state(listener, State::new(config, MAX_SESSIONS, shutdown)).await
}

async fn serve_state(listener: TcpListener, state: State) -> io::Result<()> {
    let State {
        tracker, shutdown, ..
    } = state.clone();
    // A reply must not wait for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY on a page connection");
        }
    });
    let served = axum::serve(listener, router(state))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .into_future();
    tokio::pin!(served);
    let result = served.await;
    tracker.close();
    if tokio::time::timeout(FAREWELL, tracker.wait())
        .await
        .is_err()
    {
        tracing::debug!("sessions were cut off at shutdown");
    }
    result
}

/// What every session shares.
#[derive(Clone)]
struct State {
    bridges: Arc<[Bridge]>,
    sessions: Arc<Semaphore>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl State {
    fn new(config: Config, sessions: usize, shutdown: CancellationToken) -> Self {
        Self {
            bridges: config.bridges.into(),
            sessions: Arc::new(Semaphore::new(sessions)),
            tracker: TaskTracker::new(),
            shutdown,
        }
    }
}

fn router(state: State) -> Router {
    Router::new()
        .route("/bridge/{name}", get(bridge::open))
        .route("/lab", get(session::open))
        .with_state(state)
        .merge(page::router())
        .layer(axum::middleware::map_response(page::headers))
}
