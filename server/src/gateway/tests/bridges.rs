use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Gateway, listener, pattern, soon, to_the_end};
use crate::gateway::pump::MAX_MESSAGE;

#[tokio::test]
async fn a_message_is_a_send_and_a_recv_is_a_message() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    let mut room = [0; 64];
    for message in [Message::binary(&b"bin"[..]), Message::text("粘")] {
        web.send(message.clone()).await.unwrap();
        let count = soon(peer.read(&mut room)).await.unwrap();
        assert_eq!(room[..count], message.into_data());
    }
    web.send(Message::binary(&b""[..])).await.unwrap();
    peer.write_all(b"back").await.unwrap();
    let back = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(back, Message::binary(&b"back"[..]));
}

#[tokio::test]
async fn what_was_sent_arrives_before_the_end_of_the_stream() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    let sent = pattern(8 * MAX_MESSAGE);
    // Unread bytes on the gateway's side must not turn its close into a reset.
    peer.write_all(b"nobody will read this").await.unwrap();
    let server = async {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        drop(peer);
        received
    };
    let client = async {
        for message in sent.chunks(MAX_MESSAGE) {
            web.send(Message::binary(message.to_vec())).await.unwrap();
        }
        web.close(None).await.unwrap();
        while let Some(Ok(_)) = web.next().await {}
    };
    let (received, ()) = soon(async { tokio::join!(server, client) }).await;
    assert!(received == sent, "{} of {}", received.len(), sent.len());
}

#[tokio::test]
async fn what_was_received_arrives_before_the_close() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    let sent = pattern(8 * MAX_MESSAGE);
    let server = async {
        peer.write_all(&sent).await.unwrap();
        drop(peer);
    };
    let ((), (received, frame)) = soon(async { tokio::join!(server, to_the_end(&mut web)) }).await;
    assert!(received == sent, "{} of {}", received.len(), sent.len());
    assert_eq!(u16::from(frame.unwrap().code), 1000);
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_sender() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let _web = gateway.open("/bridge/it").await;
    let (peer, _) = soon(listener.accept()).await.unwrap();
    // Nobody reads the WebSocket: after what kernels and buffers hold, the
    // server's sends must block.
    let chunk = vec![0; MAX_MESSAGE];
    let mut written = 0;
    let blocked = async {
        loop {
            peer.writable().await.unwrap();
            written += peer.try_write(&chunk).unwrap_or(0);
            assert!(written < 256 * MAX_MESSAGE, "{written} bytes are queued");
        }
    };
    let quiet = tokio::time::timeout(Duration::from_secs(1), blocked).await;
    assert!(quiet.is_err());
}

#[tokio::test]
async fn a_vanished_peer_ends_the_stream() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let web = gateway.open("/bridge/it").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    drop(web);
    assert_eq!(soon(peer.read(&mut [0; 8])).await.unwrap(), 0);
}

#[tokio::test]
async fn datagrams_stay_datagrams() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let bridge = format!("it=udp:{}", peer.local_addr().unwrap());
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let mut room = vec![0; 70_000];
    for sent in [&b"one"[..], b"", &pattern(60_000)] {
        web.send(Message::binary(sent.to_vec())).await.unwrap();
        let (count, from) = soon(peer.recv_from(&mut room)).await.unwrap();
        assert_eq!(&room[..count], sent);
        peer.send_to(sent, from).await.unwrap();
        let back = soon(web.next()).await.unwrap().unwrap();
        assert_eq!(back, Message::binary(sent.to_vec()));
    }
    web.send(Message::binary(vec![0; 65_508])).await.unwrap();
    let (_, frame) = soon(to_the_end(&mut web)).await;
    let frame = frame.unwrap();
    assert_eq!(u16::from(frame.code), 1009);
    assert_eq!(
        frame.reason.as_str(),
        "65508 bytes do not fit into a datagram"
    );
}

#[tokio::test]
async fn an_absent_datagram_server_is_said_to_be_absent_and_counted() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    // It talks to itself only: what others send is refused.
    socket.connect(address).await.unwrap();
    let gateway = Gateway::start(&[format!("it=udp:{address}")]).await;
    let mut web = gateway.open("/bridge/it").await;
    web.send(Message::binary(&b"lost"[..])).await.unwrap();
    let (bytes, frame) = soon(to_the_end(&mut web)).await;
    let frame = frame.unwrap();
    assert_eq!((bytes.len(), u16::from(frame.code)), (0, 1013));
    assert_eq!(
        frame.reason.as_str(),
        format!("it: connection refused at {address}: is the server running?")
    );
    let (_, metrics) = gateway.get("/metrics", "").await;
    let metrics = String::from_utf8(metrics).unwrap();
    let line = "stickylab_refusals_total{reason=\"Unreachable\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_datagram_server_that_goes_is_told_behind_its_last_replies() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let bridge = format!("it=udp:{}", peer.local_addr().unwrap());
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    web.send(Message::binary(&b"one"[..])).await.unwrap();
    let (_, from) = soon(peer.recv_from(&mut [0; 8])).await.unwrap();
    for _ in 0..20 {
        peer.send_to(b"reply", from).await.unwrap();
    }
    drop(peer);
    // The kernel tells of it with the reply to a datagram.
    web.send(Message::binary(&b"two"[..])).await.unwrap();
    let (bytes, frame) = soon(to_the_end(&mut web)).await;
    assert_eq!(bytes, b"reply".repeat(20));
    assert_eq!(u16::from(frame.unwrap().code), 1013);
}

#[tokio::test]
async fn an_absent_stream_server_is_said_to_be_absent() {
    let (listener, bridge) = listener().await;
    drop(listener);
    let gateway = Gateway::start(std::slice::from_ref(&bridge)).await;
    let mut web = gateway.open("/bridge/it").await;
    let (_, frame) = soon(to_the_end(&mut web)).await;
    let frame = frame.unwrap();
    assert_eq!(u16::from(frame.code), 1013);
    let address = bridge.strip_prefix("it=tcp:").unwrap();
    assert_eq!(
        frame.reason.as_str(),
        format!("it: connection refused at {address}: is the server running?")
    );
}

#[tokio::test]
async fn too_large_a_message_is_refused_with_a_reason() {
    let (_listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    web.send(Message::binary(vec![0; MAX_MESSAGE + 1]))
        .await
        .unwrap();
    let (_, frame) = soon(to_the_end(&mut web)).await;
    assert_eq!(u16::from(frame.unwrap().code), 1009);
}

#[tokio::test]
async fn only_named_bridges_and_own_pages() {
    let bridges = ["a=tcp:127.0.0.1:9", "b=udp:127.0.0.1:9"].map(str::to_owned);
    let gateway = Gateway::start(&bridges).await;
    let (status, text) = gateway.refused("/bridge/127.0.0.1:22", None).await;
    assert_eq!(status, 404);
    assert!(text.contains("connect to /bridge/a, /bridge/b"), "{text}");
    for path in ["/bridge/b", "/lab"] {
        let (status, text) = gateway.refused(path, Some("http://evil.example")).await;
        assert_eq!(status, 403);
        assert!(text.contains("http://evil.example may not"), "{text}");
        let (head, _) = gateway.get(path, "").await;
        assert!(head.starts_with("http/1.1 426"), "{head}");
    }
    let url = format!("ws://{}/bridge/b", gateway.address);
    let mut own = url.into_client_request().unwrap();
    let origin = format!("http://{}", gateway.address);
    own.headers_mut().insert("origin", origin.parse().unwrap());
    connect_async(own).await.unwrap();
}

/// A request for a bridge that there is not is refused with a sentence, as a
/// WebSocket and as plain HTTP.
#[tokio::test]
async fn what_is_no_bridge_is_refused_with_a_sentence() {
    let bridges = ["a=tcp:127.0.0.1:9", "b=udp:127.0.0.1:9"].map(str::to_owned);
    let gateway = Gateway::start(&bridges).await;
    let all = "connect to /bridge/a, /bridge/b";
    for (path, part) in [
        ("/bridge", all),
        ("/bridge/", all),
        ("/bridge/c", all),
        ("/bridge/c/", all),
        ("/bridge/a/b", all),
        ("/bridge/%ff", all),
        ("/bridge/a/", "connect to /bridge/a\n"),
        ("/bridge/a//?text", "connect to /bridge/a\n"),
    ] {
        let (status, upgrade) = gateway.refused(path, None).await;
        let (head, plain) = gateway.get(path, "").await;
        let plain = String::from_utf8(plain).unwrap();
        assert_eq!(status, 404, "{path}");
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
        assert!(upgrade.contains(part), "{path}: {upgrade}");
        assert_eq!(plain, upgrade, "{path}");
    }
    let none = Gateway::start(&[]).await;
    let (status, text) = none.refused("/bridge/a", None).await;
    assert_eq!(status, 404);
    assert!(text.contains("there is no bridge"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_behind_a_unix_socket_is_bridged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let bridge = format!("it=unix:{}", path.display());
    let gateway = Gateway::start(std::slice::from_ref(&bridge)).await;
    // Before it is there.
    let mut web = gateway.open("/bridge/it").await;
    let (_, frame) = soon(to_the_end(&mut web)).await;
    let frame = frame.unwrap();
    assert_eq!(u16::from(frame.code), 1013);
    let path = path.display();
    assert_eq!(
        frame.reason.as_str(),
        format!("it: no socket at {path}: is the server running?")
    );
    let listener = tokio::net::UnixListener::bind(folder.path().join("app.sock")).unwrap();
    let mut web = gateway.open("/bridge/it").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    let sent = pattern(3 * MAX_MESSAGE);
    let sending = async {
        for message in sent.chunks(MAX_MESSAGE) {
            web.send(Message::binary(message.to_vec())).await.unwrap();
        }
        web.close(None).await.unwrap();
        to_the_end(&mut web).await
    };
    let serving = async {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        assert!(received == sent, "{} bytes", received.len());
        peer.write_all(&sent).await.unwrap();
        drop(peer);
    };
    let ((received, _), ()) = soon(async { tokio::join!(sending, serving) }).await;
    assert!(received == sent, "{} bytes", received.len());
}
