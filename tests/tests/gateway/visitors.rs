//! Visitors who come through one bridge are not each other's.

use futures_util::{SinkExt as _, StreamExt as _};
use tests::{PATIENCE, Serve};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::url;

type Web = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// `auth` through the bridge, as a proxy opens it for `visitor`.
async fn open(serve: &Serve, visitor: &str) -> Web {
    let url = url(serve, "/bridge/auth");
    let mut request = url.into_client_request().expect("a valid URL");
    let visitor = visitor.parse().expect("a valid header");
    request.headers_mut().insert("x-forwarded-for", visitor);
    connect_async(request).await.expect("the bridge answers").0
}

/// The next bytes; none when it was closed.
async fn next(web: &mut Web) -> Option<usize> {
    let message = tokio::time::timeout(PATIENCE, web.next()).await;
    match message.expect("an answer in time") {
        Some(Ok(Message::Binary(bytes))) => Some(bytes.len()),
        _ => None,
    }
}

#[tokio::test]
async fn wrong_keys_make_only_their_own_visitor_wait() {
    let serve = Serve::start(&["--trust-proxy", "127.0.0.1"]);
    let mut waits = false;
    // The first few are forgiven; then the server closes without a challenge.
    for _ in 0..20 {
        let mut guesser = open(&serve, "203.0.113.1").await;
        if next(&mut guesser).await != Some(32) {
            waits = true;
            break;
        }
        guesser.send(Message::binary(vec![0; 16])).await.unwrap();
        assert_eq!(next(&mut guesser).await, None, "a wrong answer is refused");
    }
    assert!(waits, "a source that keeps failing has to wait");
    let mut other = open(&serve, "203.0.113.2").await;
    assert_eq!(next(&mut other).await, Some(32));
}
