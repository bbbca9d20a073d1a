//! What a client offers, and text instead of bytes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Allowance, Config, Gateway, Web, listener, soon};

const OFFER: &str = "sec-websocket-protocol";

/// Opens `path`, offering `offered`; the WebSocket and what was selected.
async fn open(gateway: &Gateway, path: &str, offered: &str) -> (Web, Option<String>) {
    let url = format!("ws://{}{path}", gateway.address);
    let mut request = url.into_client_request().unwrap();
    if !offered.is_empty() {
        let offered = offered.parse().unwrap();
        request.headers_mut().insert(OFFER, offered);
    }
    let (web, response) = connect_async(request).await.unwrap();
    let selected = response.headers().get(OFFER);
    let selected = selected.map(|name| name.to_str().unwrap().to_owned());
    (web, selected)
}

#[tokio::test]
async fn an_offered_subprotocol_is_selected_and_says_what_messages_are() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    for (path, offered, selected, is_text) in [
        ("/bridge/it", "", None, false),
        ("/bridge/it", "binary", Some("binary"), false),
        ("/bridge/it", "base64, binary", Some("binary"), false),
        ("/bridge/it", "text", Some("text"), true),
        ("/bridge/it?text", "", None, true),
        ("/bridge/it?text", "binary", Some("binary"), true),
    ] {
        let (mut web, answer) = open(&gateway, path, offered).await;
        assert_eq!(answer.as_deref(), selected, "{path} {offered}");
        let (mut peer, _) = soon(listener.accept()).await.unwrap();
        peer.write_all("粘".as_bytes()).await.unwrap();
        let message = soon(web.next()).await.unwrap().unwrap();
        let expected = if is_text {
            Message::text("粘")
        } else {
            Message::binary("粘".as_bytes())
        };
        assert_eq!(message, expected, "{path} {offered}");
    }
}

#[tokio::test]
async fn what_a_bridge_does_not_speak_is_not_selected() {
    let (_listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    for path in ["/bridge/it", "/lab"] {
        let url = format!("ws://{}{path}", gateway.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(OFFER, "mqtt".parse().unwrap());
        // The client is right to refuse a server that answers its offer with nothing.
        let error = connect_async(request).await.unwrap_err().to_string();
        assert!(error.contains("SubProtocol"), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_character_cut_by_a_recv_is_sent_whole() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let (mut web, _) = open(&gateway, "/bridge/it?text", "").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    peer.set_nodelay(true).unwrap();
    peer.write_all(b"a\xe7\xb2").await.unwrap();
    assert_eq!(soon(web.next()).await.unwrap().unwrap(), Message::text("a"));
    peer.write_all(b"\x98b").await.unwrap();
    let message = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(message, Message::text("粘b"));
    // What is not UTF-8 is binary, and so is a character without its end.
    peer.write_all(b"a\xff\xf0").await.unwrap();
    let message = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(message, Message::binary(&b"a\xff\xf0"[..]));
    peer.write_all(b"\xf0\x9f").await.unwrap();
    drop(peer);
    let message = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(message, Message::binary(&b"\xf0\x9f"[..]));
    let close = soon(web.next()).await.unwrap().unwrap();
    assert!(close.is_close(), "{close:?}");
}

#[tokio::test]
async fn a_character_without_its_end_is_not_held_back_for_ever() {
    let (listener, bridge) = listener().await;
    let config = Config {
        bridges: vec![bridge.parse().unwrap()],
        ..Config::default()
    };
    let often = Duration::from_millis(100);
    let gateway = Gateway::serve_every(often, config, Allowance::default()).await;
    let (mut web, _) = open(&gateway, "/bridge/it?text", "").await;
    let (mut peer, _) = soon(listener.accept()).await.unwrap();
    peer.write_all(b"\xe7\xb2").await.unwrap();
    let message = async {
        loop {
            match web.next().await.unwrap().unwrap() {
                Message::Ping(_) => {}
                message => return message,
            }
        }
    };
    assert_eq!(soon(message).await, Message::binary(&b"\xe7\xb2"[..]));
}

#[tokio::test]
async fn a_datagram_is_text_as_a_whole_or_binary() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let bridge = format!("it=udp:{}", peer.local_addr().unwrap());
    let gateway = Gateway::start(&[bridge]).await;
    let (mut web, _) = open(&gateway, "/bridge/it?text", "").await;
    web.send(Message::text("hello")).await.unwrap();
    let (_, from) = soon(peer.recv_from(&mut [0; 16])).await.unwrap();
    for (sent, expected) in [
        ("粘".as_bytes(), Message::text("粘")),
        (b"", Message::text("")),
        (b"a\xe7\xb2", Message::binary(&b"a\xe7\xb2"[..])),
        (b"\x98", Message::binary(&b"\x98"[..])),
    ] {
        peer.send_to(sent, from).await.unwrap();
        assert_eq!(soon(web.next()).await.unwrap().unwrap(), expected);
    }
}
