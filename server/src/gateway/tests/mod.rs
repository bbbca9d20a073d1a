//! Through real sockets, with another program's WebSocket implementation.

mod bridges;
mod files;
mod operation;
mod page;
mod patience;
mod queue;
mod replies;
mod sessions;
mod subprotocols;
mod visitors;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use super::{Allowance, Bridge, Config, KEEP_ALIVE, Shared, State, serve_state};
use crate::net::admission;

type Web = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Lab sessions at a time in these tests; one source has one.
const SESSIONS: usize = 2;

/// A gateway that ends with its test.
struct Gateway {
    address: String,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
}

impl Gateway {
    async fn start(bridges: &[String]) -> Self {
        Self::start_within(bridges, Allowance::default()).await
    }

    async fn start_within(bridges: &[String], limits: Allowance) -> Self {
        let bridges = bridges.iter().map(|b| b.parse::<Bridge>().unwrap());
        let config = Config {
            bridges: bridges.collect(),
            sessions: SESSIONS,
            ..Config::default()
        };
        Self::serve(config, limits).await
    }

    async fn serve(config: Config, limits: Allowance) -> Self {
        Self::serve_every(KEEP_ALIVE, config, limits).await
    }

    /// With another pace of the keep-alive.
    async fn serve_every(keep_alive: Duration, config: Config, limits: Allowance) -> Self {
        Self::serve_changed(config, limits, |state| state.keep_alive = keep_alive).await
    }

    /// With what else is to be otherwise.
    async fn serve_changed(
        config: Config,
        limits: Allowance,
        change: impl FnOnce(&mut Shared),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shutdown = CancellationToken::new();
        let mut shared = Shared::new(config, shutdown.clone()).unwrap();
        change(&mut shared);
        let state = State(Arc::new(shared));
        let served = tokio::spawn(serve_state(listener.into(), state, limits));
        Self {
            address,
            shutdown,
            served,
        }
    }

    async fn open(&self, path: &str) -> Web {
        let url = format!("ws://{}{path}", self.address);
        Box::pin(connect_async(url)).await.unwrap().0
    }

    /// The status of a refused upgrade, and its text.
    async fn refused(&self, path: &str, origin: Option<&str>) -> (u16, String) {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            let origin = HeaderValue::from_str(origin).unwrap();
            request.headers_mut().insert("origin", origin);
        }
        match connect_async(request).await {
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                (response.status().as_u16(), String::from_utf8(body).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    /// Head (in lower case) and body of the answer to a GET.
    async fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap().to_lowercase(), body)
    }
}

/// Fails a test that hangs.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this takes no 20 s")
}

/// Everything up to the close frame, joined, and that frame.
async fn to_the_end(web: &mut Web) -> (Vec<u8>, Option<CloseFrame>) {
    let mut bytes = Vec::new();
    while let Some(message) = web.next().await {
        match message.unwrap() {
            Message::Binary(part) => bytes.extend_from_slice(&part),
            Message::Close(frame) => return (bytes, frame),
            other => panic!("{other:?}"),
        }
    }
    panic!("no close frame");
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bridge = format!("it=tcp:{}", listener.local_addr().unwrap());
    (listener, bridge)
}

/// `len` bytes that are not all the same.
fn pattern(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}
