//! `/bridge/{name}`: any WebSocket client, one of the named servers.

use std::future::poll_fn;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State as Shared};
use axum::http::header::UPGRADE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::client::Client;
use super::metrics::{Kind, Reason};
use super::pump::{End, MAX_MESSAGE, Pump, Socket};
use super::{Bridge, State, origin};

/// How often an idle peer is asked whether it is still there.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a WebSocket's peer may take to answer a close.
const GOODBYE: Duration = Duration::from_secs(5);
/// How long a server may go on after its client has left.
const LINGER: Duration = Duration::from_secs(30);
/// Most bytes read from a WebSocket's connection at once.
const READ_BUFFER: usize = 32 * 1024;
/// Bytes a WebSocket gathers before it writes without being told to.
const WRITE_BUFFER: usize = 64 * 1024;
/// Longest reason a close frame can carry, in bytes (RFC 6455, section 5.5).
const MAX_REASON: usize = 123;

/// Upgrades the request and bridges it, if it may be.
pub(super) async fn open(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Some(bridge) = state.bridges.iter().find(|bridge| bridge.name == name) else {
        let known: Vec<_> = state.bridges.iter().map(|b| b.name.as_str()).collect();
        let name: String = name.chars().take(64).collect();
        let text = format!(
            "no bridge is called {name:?}: there are {}\n",
            known.join(", ")
        );
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let upgrade = match accept(&headers, &state, upgrade) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let bridge = bridge.clone();
    sized(upgrade, MAX_MESSAGE).on_upgrade(move |web| {
        let tracker = state.tracker.clone();
        tracker.track_future(async move {
            session(web, &bridge, client, &state).await;
        })
    })
}

/// The upgrade, unless a foreign page asks for it or it is none.
pub(super) fn accept(
    headers: &HeaderMap,
    state: &State,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, Box<Response>> {
    if state.draining.is_cancelled() {
        state.metrics.refused(Reason::Draining);
        let text = "the gateway is shutting down: try again later\n";
        return Err(Box::new(
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response(),
        ));
    }
    origin::check_origin(headers, &state.origins).map_err(|foreign| {
        state.metrics.refused(Reason::Origin);
        Box::new(foreign.into_response())
    })?;
    upgrade.map_err(|rejection| {
        let text = format!("a WebSocket client can connect here (ws://): {rejection}\n");
        let header = [(UPGRADE, "websocket")];
        Box::new((StatusCode::UPGRADE_REQUIRED, header, text).into_response())
    })
}

/// Bounds what a WebSocket may hold in memory. Twice `message` is still read,
/// so that whoever sends a little too much gets a reason instead of a reset.
pub(super) fn sized(upgrade: WebSocketUpgrade, message: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(4 * WRITE_BUFFER + message)
        .max_message_size(2 * message)
        .max_frame_size(2 * message)
}

async fn session(web: WebSocket, bridge: &Bridge, client: Client, state: &State) {
    let _place = match state.bridging.admit(client.0, false) {
        Ok(place) => place,
        Err(refusal) => {
            state.metrics.refused(Reason::Sessions);
            state.bridging.log("bridge", client.0, refusal);
            return close(
                web,
                close_code::AGAIN,
                &format!("{refusal}: try again later"),
            )
            .await;
        }
    };
    let _open = state.metrics.session(Kind::Bridge);
    let since = Instant::now();
    match state.relay.connect(bridge, client).await {
        Ok(socket) => {
            state.metrics.connected(since.elapsed());
            run(Pump::new(web, socket, &state.metrics), state).await;
        }
        Err(error) => {
            state.metrics.refused(Reason::Unreachable);
            let reason = format!(
                "{}: {} at {}: is the server running?",
                bridge.name,
                error.to_string().to_lowercase(),
                bridge.address
            );
            close(web, close_code::AGAIN, &reason).await;
        }
    }
}

async fn run(mut pump: Pump, state: &State) {
    let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            biased;
            end = poll_fn(|cx| pump.poll(cx)) => break end,
            () = state.shutdown.cancelled() => {
                break End::Broken(close_code::AWAY, "the gateway is shutting down".to_owned());
            }
            _ = keep_alive.tick() => if !pump.tick() { break End::PeerDone },
        }
    };
    tracing::debug!(?end, "bridge session");
    match end {
        End::PeerDone => peer_done(pump).await,
        End::SocketDone => socket_done(pump, close_code::NORMAL, "").await,
        End::Broken(code, reason) => {
            if code == close_code::SIZE {
                state.metrics.refused(Reason::TooBig);
            }
            socket_done(pump, code, &reason).await;
        }
    }
}

/// The server gets all that was sent, then the end of the stream. What it
/// still answers has nobody to go to, but must be read: closing a socket with
/// unread bytes resets the connection, and the server might lose what it has
/// not read yet.
async fn peer_done(mut pump: Pump) {
    let Socket::Tcp(stream) = &mut pump.socket else {
        let _ = timeout(GOODBYE, pump.web.close()).await;
        return;
    };
    if let Some(rest) = pump.up.take() {
        let _ = timeout(LINGER, stream.write_all(&rest)).await;
    }
    let _ = stream.shutdown().await;
    // The answer to the peer's close goes out only now: whoever has it knows
    // that the server has everything.
    let _ = timeout(GOODBYE, pump.web.close()).await;
    drop(pump.web);
    let mut sink = [0; 4096];
    let drained = async { while matches!(stream.read(&mut sink).await, Ok(1..)) {} };
    let _ = timeout(LINGER, drained).await;
}

/// The peer has or gets everything the server sent, then the close. What it
/// sent before it answers that still goes to the server.
async fn socket_done(mut pump: Pump, code: u16, reason: &str) {
    let farewell = async {
        pump.web.send(goodbye(code, reason)).await?;
        let Socket::Tcp(stream) = &mut pump.socket else {
            while let Some(Ok(_)) = pump.web.recv().await {}
            return Ok(());
        };
        let mut taken = true;
        if let Some(rest) = pump.up.take() {
            taken = stream.write_all(&rest).await.is_ok();
        }
        while let Some(Ok(message)) = pump.web.recv().await {
            if let (true, Message::Binary(_) | Message::Text(_)) = (taken, &message) {
                taken = stream.write_all(&message.into_data()).await.is_ok();
            }
        }
        let _ = stream.shutdown().await;
        Ok::<_, axum::Error>(())
    };
    let _ = timeout(GOODBYE, farewell).await;
}

/// Closes with a code and a reason and waits for the answer.
pub(super) async fn close(mut web: WebSocket, code: u16, reason: &str) {
    let farewell = async {
        if web.send(goodbye(code, reason)).await.is_ok() {
            while let Some(Ok(_)) = web.recv().await {}
        }
    };
    let _ = timeout(GOODBYE, farewell).await;
}

fn goodbye(code: u16, reason: &str) -> Message {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    Message::Close(Some(CloseFrame {
        code,
        reason: Utf8Bytes::from(&reason[..end]),
    }))
}
