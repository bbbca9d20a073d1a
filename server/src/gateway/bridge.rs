//! `/bridge/{name}`: any WebSocket client, one of the named servers.

use std::future::poll_fn;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::client::Client;
use super::metrics::{Reason, Service};
use super::pump::{End, MAX_DATAGRAM, MAX_MESSAGE, Pump};
use super::reply::Open;
use super::text::{Encoding, Held};
use super::websocket::{MAX_FRAMES, MessageLimits, Upgrade, WebSocket, code, upgrade};
use super::{Bridge, State, ending, origin};
use crate::net::bulk;

/// Subprotocols (RFC 6455, section 1.9) that a bridge takes: bytes as they are,
/// and text where they are UTF-8. The names are those that websockify's clients
/// offer.
const SUBPROTOCOLS: [&str; 2] = ["binary", TEXT];
/// The subprotocol, and the parameter of the URL, that asks for text.
const TEXT: &str = "text";

/// `/bridge` and `/bridge/`: 404 with what there is.
pub(super) async fn unnamed(Shared(state): Shared<State>) -> Response {
    let text = format!("a bridge has a name: connect to {}\n", paths(&state));
    (StatusCode::NOT_FOUND, text).into_response()
}

/// Upgrades the request and bridges it, if it may be.
pub(super) async fn open(
    Shared(state): Shared<State>,
    name: Result<Path<String>, PathRejection>,
    Extension(client): Extension<Client>,
    mut request: Request,
) -> Response {
    let name = name.map_or_else(|_| request.uri().path().to_owned(), |Path(name)| name);
    let find = |name: &str| state.bridges.iter().position(|bridge| bridge.name == name);
    let Some(index) = find(&name) else {
        let bare = name.trim_end_matches('/');
        let text = if find(bare).is_some() {
            format!("nothing stands behind a bridge's name: connect to /bridge/{bare}\n")
        } else {
            let name: String = name.chars().take(64).collect();
            let paths = paths(&state);
            format!("no bridge is called {name:?}: connect to {paths}\n")
        };
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let upgrade = match accept(&mut request, &state) {
        Ok(upgrade) => upgrade,
        Err(refusal) => return *refusal,
    };
    let wants_text = wants_text(request.uri().query());
    let subprotocol = select(&upgrade.offered(), wants_text);
    let encoding = if wants_text || subprotocol == Some(TEXT) {
        Encoding::Text(Held::default())
    } else {
        Encoding::Binary
    };
    let most = if state.bridges[index].target.takes_datagrams() {
        MAX_DATAGRAM
    } else {
        MAX_MESSAGE
    };
    let limits = MessageLimits {
        message: most as u64,
        frames: MAX_FRAMES,
    };
    let place = place(&request);
    let (response, opened) = upgrade.accept(limits, subprotocol);
    let tracker = state.tracker.clone();
    tracker.spawn(bulk::apart(async move {
        let Some(web) = opened.await else { return };
        session(web, encoding, &state.bridges[index], client, &state).await;
        drop(place);
    }));
    response
}

/// What can be connected to, as a list.
fn paths(state: &State) -> String {
    let paths = state.bridges.iter().map(|b| format!("/bridge/{}", b.name));
    match paths.collect::<Vec<_>>() {
        none if none.is_empty() => "none, for there is no bridge".to_owned(),
        paths => paths.join(", "),
    }
}

/// Whether a URL has the parameter `text`, which has no value.
fn wants_text(query: Option<&str>) -> bool {
    let mut parameters = query.unwrap_or_default().split('&');
    parameters.any(|parameter| parameter.strip_suffix('=').unwrap_or(parameter) == TEXT)
}

/// The first of the `offered` subprotocols that a bridge takes. A URL that asks
/// for text has `text` preferred; a client that offers `binary` only is given
/// that, and text all the same: its URL says more than its library.
fn select(offered: &[&str], wants_text: bool) -> Option<&'static str> {
    if wants_text && offered.contains(&TEXT) {
        return Some(TEXT);
    }
    let taken = |offer| SUBPROTOCOLS.into_iter().find(|taken| *taken == offer);
    offered.iter().find_map(|offer| taken(*offer))
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
    origin::check_origin(request, &state.origins).map_err(|foreign| {
        state.metrics.refused(Reason::Origin);
        Box::new(foreign.into_response())
    })?;
    upgrade(request)
}

async fn session(
    web: WebSocket,
    encoding: Encoding,
    bridge: &Bridge,
    client: Client,
    state: &State,
) {
    let _place = match state.bridging.admit(client.0, false) {
        Ok(place) => place,
        Err(refusal) => {
            state.metrics.refused(Reason::Sessions);
            state.bridging.log("bridge", client.0, refusal);
            let reason = format!("{refusal}: try again later");
            return web.close(code::AGAIN, &reason).await;
        }
    };
    let _open = state.metrics.session(Service::Bridge);
    let since = Instant::now();
    match state.relay.connect(bridge, client).await {
        Ok(socket) => {
            state.metrics.connected(since.elapsed());
            let mut pump = Pump::new(web, socket, encoding, &state.metrics);
            let end = run(&mut pump, state).await;
            // Boxed: a session is long, its ending short.
            let ending = ending::end(pump, end, bridge, state.keep_alive, &state.metrics);
            Box::pin(ending).await;
        }
        Err(error) => {
            state.metrics.refused(Reason::Unreachable);
            let reason = bridge.absent(&error.to_string().to_lowercase());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offer_that_a_bridge_takes_is_selected() {
        fn check(offered: &[&str], text: bool, expected: Option<&str>) {
            let selected = select(offered, text);
            assert_eq!(selected, expected, "{offered:?} {text}");
        }
        check(&[], false, None);
        check(&[], true, None);
        check(&["binary"], false, Some("binary"));
        check(&["base64", "binary"], false, Some("binary"));
        check(&["text", "binary"], false, Some("text"));
        check(&["binary", "text"], false, Some("binary"));
        check(&["binary", "text"], true, Some("text"));
        check(&["binary"], true, Some("binary"));
        check(&["Binary", "mqtt", ""], false, None);
    }

    #[test]
    fn a_url_asks_for_text_with_a_parameter() {
        for (query, expected) in [
            (None, false),
            (Some(""), false),
            (Some("text"), true),
            (Some("text="), true),
            (Some("a=b&text"), true),
            (Some("text=0"), false),
            (Some("context"), false),
            (Some("a=text"), false),
        ] {
            assert_eq!(wants_text(query), expected, "{query:?}");
        }
    }
}
