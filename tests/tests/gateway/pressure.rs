//! Backpressure and bounds, where the client has to be in full control.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tests::{Listener, PATIENCE, Serve};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::url;

const PIECE: usize = 64 * 1024;
/// More than all kernel buffers on the way hold together, many times over.
const MUCH: usize = 512 * 1024 * 1024;
/// Without progress for so long, a sender is held back.
const STALL: Duration = Duration::from_secs(1);

fn bridged() -> (Listener, Serve, String) {
    let target = Listener::new();
    let serve = Serve::start(&["--bridge", &format!("mine=tcp:{}", target.address())]);
    let url = url(&serve, "/bridge/mine");
    (target, serve, url)
}

#[tokio::test]
async fn a_server_that_does_not_read_holds_the_websocket_back_and_loses_nothing() {
    let (target, _serve, url) = bridged();
    let (mut web, _) = connect_async(&url).await.expect("an upgrade");
    let mut stream = target.accept();
    let mut sent = 0;
    while sent < MUCH {
        let piece = Message::binary(vec![7; PIECE]);
        // A message that is begun is finished later.
        web.feed(piece).await.expect("an open socket");
        sent += PIECE;
        if timeout(STALL, web.flush()).await.is_err() {
            break;
        }
    }
    assert!(sent < MUCH, "{sent} bytes went nowhere");
    let reader = tokio::task::spawn_blocking(move || stream.rest());
    timeout(PATIENCE, web.close(None))
        .await
        .expect("in time")
        .expect("open");
    while let Some(Ok(_)) = web.next().await {}
    let received = timeout(PATIENCE, reader)
        .await
        .expect("in time")
        .expect("read");
    assert_eq!(received.len(), sent);
    assert!(received.iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn a_websocket_that_does_not_read_holds_the_server_back_and_loses_nothing() {
    let (target, _serve, url) = bridged();
    let (mut web, _) = connect_async(&url).await.expect("an upgrade");
    let mut stream = target.accept().into_tokio();
    let piece = vec![9; PIECE];
    let mut sent = 0;
    while sent < MUCH {
        match timeout(STALL, stream.write(&piece)).await {
            Ok(taken) => sent += taken.expect("an open socket"),
            Err(_) => break,
        }
    }
    assert!(sent < MUCH, "{sent} bytes went nowhere");
    stream.shutdown().await.expect("an open socket");
    let mut received = 0;
    let code = loop {
        let message = timeout(PATIENCE, web.next()).await.expect("in time");
        match message.expect("a close first").expect("whole") {
            Message::Binary(bytes) => {
                assert!(bytes.iter().all(|byte| *byte == 9));
                received += bytes.len();
            }
            Message::Close(frame) => break frame.expect("a code").code,
            _ => {}
        }
    };
    assert_eq!(received, sent);
    assert_eq!(code, CloseCode::Normal);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_with_a_reason() {
    let (target, _serve, url) = bridged();
    let (mut web, _) = connect_async(&url).await.expect("an upgrade");
    let mut stream = target.accept();
    web.send(Message::binary(b"before".to_vec()))
        .await
        .expect("an open socket");
    let large = vec![0; 1024 * 1024 + 1];
    web.send(Message::binary(large))
        .await
        .expect("an open socket");
    let frame = loop {
        let message = timeout(PATIENCE, web.next()).await.expect("in time");
        if let Message::Close(frame) = message.expect("a close first").expect("whole") {
            break frame.expect("a code");
        }
    };
    assert_eq!(frame.code, CloseCode::Size);
    assert!(frame.reason.contains("1048577"), "{}", frame.reason);
    drop(web);
    assert_eq!(stream.rest(), b"before");
}

#[tokio::test]
async fn the_largest_message_arrives_whole() {
    let (target, _serve, url) = bridged();
    let (mut web, _) = connect_async(&url).await.expect("an upgrade");
    let mut stream = target.accept();
    let reader = tokio::task::spawn_blocking(move || stream.take(1024 * 1024));
    let large = vec![5; 1024 * 1024];
    web.send(Message::binary(large.clone()))
        .await
        .expect("an open socket");
    let received = timeout(PATIENCE, reader).await.expect("in time");
    assert!(received.expect("read") == large);
}
