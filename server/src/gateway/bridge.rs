//! `/bridge/{name}`: any WebSocket client, one of the named servers.

use std::future::poll_fn;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::Transport;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::client::Client;
use super::connections::Open;
use super::metrics::{Kind, Reason};
use super::pump::{End, MAX_DATAGRAM, MAX_MESSAGE, Pump};
use super::websocket::{Limits, MAX_FRAMES, Upgrade, WebSocket, code, upgrade};
use super::{Bridge, State, ending, origin};

/// Upgrades the request and bridges it, if it may be.
pub(super) async fn open(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Extension(client): Extension<Client>,
    mut request: Request,
) -> Response {
    let Some(index) = state.bridges.iter().position(|bridge| bridge.name == name) else {
        let known: Vec<_> = state.bridges.iter().map(|b| b.name.as_str()).collect();
        let name: String = name.chars().take(64).collect();
        let text = format!(
            "no bridge is called {name:?}: there are {}\n",
            known.join(", ")
        );
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let upgrade = match accept(&mut request, &state) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let most = match state.bridges[index].transport {
        Transport::Tcp => MAX_MESSAGE,
        Transport::Udp => MAX_DATAGRAM,
    };
    let limits = Limits {
        message: most as u64,
        frames: MAX_FRAMES,
    };
    let place = place(&request);
    let (response, opened) = upgrade.accept(limits);
    let tracker = state.tracker.clone();
    tracker.spawn(async move {
        let Some(web) = opened.await else { return };
        session(web, &state.bridges[index], client, &state).await;
        drop(place);
    });
    response
}

/// The connection's place: it is taken for as long as the WebSocket is there.
pub(super) fn place(request: &Request) -> Option<Arc<Open>> {
    request.extensions().get().cloned()
}

/// The upgrade, unless a foreign page asks for it or it is none.
pub(super) fn accept(request: &mut Request, state: &State) -> Result<Upgrade, Box<Response>> {
    if state.draining.is_cancelled() {
        state.metrics.refused(Reason::Draining);
        let text = "the gateway is shutting down: try again later\n";
        return Err(Box::new(
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response(),
        ));
    }
    origin::check_origin(request.headers(), &state.origins).map_err(|foreign| {
        state.metrics.refused(Reason::Origin);
        Box::new(foreign.into_response())
    })?;
    upgrade(request)
}

async fn session(web: WebSocket, bridge: &Bridge, client: Client, state: &State) {
    let _place = match state.bridging.admit(client.0, false) {
        Ok(place) => place,
        Err(refusal) => {
            state.metrics.refused(Reason::Sessions);
            state.bridging.log("bridge", client.0, refusal);
            let reason = format!("{refusal}: try again later");
            return web.close(code::AGAIN, &reason).await;
        }
    };
    let _open = state.metrics.session(Kind::Bridge);
    let since = Instant::now();
    match state.relay.connect(bridge, client).await {
        Ok(socket) => {
            state.metrics.connected(since.elapsed());
            let mut pump = Pump::new(web, socket, &state.metrics);
            let end = run(&mut pump, state).await;
            // Boxed: a session is long, its ending short.
            Box::pin(ending::end(pump, end, state.keep_alive, &state.metrics)).await;
        }
        Err(error) => {
            state.metrics.refused(Reason::Unreachable);
            let reason = format!(
                "{}: {} at {}: is the server running?",
                bridge.name,
                error.to_string().to_lowercase(),
                bridge.address
            );
            web.close(code::AGAIN, &reason).await;
        }
    }
}

async fn run(pump: &mut Pump, state: &State) -> End {
    let mut keep_alive = interval_at(Instant::now() + state.keep_alive, state.keep_alive);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            end = poll_fn(|cx| pump.poll(cx)) => return end,
            () = state.shutdown.cancelled() => {
                return End::Broken(code::AWAY, "the gateway is shutting down".to_owned());
            }
            _ = keep_alive.tick() => if let Some(end) = pump.tick() { return end },
        }
    }
}
