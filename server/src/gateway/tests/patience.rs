//! Peers that take nothing, say nothing, or break the rules of WebSocket.

use std::io::ErrorKind;

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::*;
use crate::gateway::pump::MAX_MESSAGE;
use crate::net::admission;

/// The keep-alive of these tests: far longer than a loaded machine keeps a test
/// from answering a ping.
const OFTEN: Duration = Duration::from_secs(1);
/// A pong without payload, masked.
const PONG: &[u8] = b"\x8a\x80\0\0\0\0";

async fn impatient(bridge: &str) -> Gateway {
    let config = Config {
        bridges: vec![bridge.parse().unwrap()],
        ..Config::default()
    };
    Gateway::serve_every(OFTEN, config, Allowance::default()).await
}

/// A WebSocket whose bytes are the test's own.
async fn raw(gateway: &Gateway, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        gateway.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

/// Writes to the gateway from `server` until that connection fails. As long as
/// the gateway takes it, `web` sends pongs: a ping that comes before the buffers
/// are full is not left unanswered.
async fn flood(server: &mut TcpStream, web: &mut TcpStream) -> ErrorKind {
    let bytes = vec![0; 64 * 1024];
    loop {
        if let Err(error) = server.write_all(&bytes).await {
            return error.kind();
        }
        web.write_all(PONG).await.unwrap();
    }
}

#[tokio::test]
async fn a_websocket_that_takes_nothing_is_cut_off() {
    let (listener, bridge) = listener().await;
    let gateway = impatient(&bridge).await;
    let mut web = raw(&gateway, "/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    // Nobody reads `web`: the server is held back, then freed.
    let failed = soon(flood(&mut server, &mut web)).await;
    assert!(
        matches!(failed, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{failed}"
    );
    let mut rest = Vec::new();
    let error = soon(web.read_to_end(&mut rest)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_cut_off_and_its_client_told() {
    let (listener, bridge) = listener().await;
    let gateway = impatient(&bridge).await;
    let web = gateway.open("/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    let (mut sender, mut receiver) = web.split();
    let sending = async {
        let message = Message::binary(vec![0; 64 * 1024]);
        while sender.send(message.clone()).await.is_ok() {}
    };
    let receiving = async {
        loop {
            match receiver.next().await.unwrap().unwrap() {
                Message::Close(frame) => return frame.unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (frame, ()) = soon(async { tokio::join!(receiving, sending) }).await;
    assert_eq!(u16::from(frame.code), 1013);
    let reason = format!("the server took nothing for {OFTEN:?}");
    assert!(frame.reason.contains(&reason), "{frame}");
    let mut rest = Vec::new();
    let error = soon(server.read_to_end(&mut rest)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_silent_websocket_is_pinged_and_then_left() {
    let (listener, bridge) = listener().await;
    let gateway = impatient(&bridge).await;
    let mut web = raw(&gateway, "/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    // It never answers: one ping, then the end, for the server too.
    let mut said = Vec::new();
    soon(web.read_to_end(&mut said)).await.unwrap();
    assert_eq!(said, b"\x89\x00");
    assert_eq!(soon(server.read(&mut [0; 8])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_websocket_that_answers_pings_stays() {
    let (listener, bridge) = listener().await;
    let gateway = impatient(&bridge).await;
    let mut web = raw(&gateway, "/bridge/it").await;
    let _server = soon(listener.accept()).await.unwrap();
    let mut ping = [0; 2];
    for _ in 0..4 {
        soon(web.read_exact(&mut ping)).await.unwrap();
        assert_eq!(&ping, b"\x89\x00");
        web.write_all(PONG).await.unwrap();
    }
}

/// Pongs say that a page is there, and nothing about its message.
#[tokio::test]
async fn an_unfinished_lab_message_has_a_deadline() {
    for begun in [
        &b"\x01\x81\0\0\0\0{"[..],
        b"\x01\x80\0\0\0\0",
        b"\x81\x82\0\0\0\0{",
    ] {
        let gateway = Gateway::serve_changed(Config::default(), Allowance::default(), |state| {
            state.message_deadline = Duration::from_millis(300);
        })
        .await;
        let web = raw(&gateway, "/lab").await;
        let (mut reading, mut writing) = web.into_split();
        writing.write_all(begun).await.unwrap();
        let whole = begun.starts_with(b"\x81");
        let pongs = async {
            // No control frame comes inside of a frame.
            while !whole && writing.write_all(PONG).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut said = Vec::new();
        let reading = reading.read_to_end(&mut said);
        let (read, ()) = soon(async { tokio::join!(reading, pongs) }).await;
        drop(read);
        let close = b"\x88\x22\x03\xf0a message took longer than 300ms";
        assert!(said.ends_with(close), "{}", said.escape_ascii());
    }
}

/// What is `begun` and not finished ends the session, although `beside` follows
/// every ping.
async fn check_unfinished(begun: &[u8], beside: &[u8]) {
    let (listener, bridge) = listener().await;
    let gateway = impatient(&bridge).await;
    let mut web = raw(&gateway, "/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    web.write_all(b"\x82\x82\0\0\0\0ok").await.unwrap();
    web.write_all(begun).await.unwrap();
    let (mut reading, mut writing) = web.split();
    let trickling = async {
        let mut pings = [0; 2];
        loop {
            reading.read_exact(&mut pings).await.unwrap();
            if pings != *b"\x89\x00" {
                return pings;
            }
            writing.write_all(beside).await.unwrap();
        }
    };
    let first = soon(trickling).await;
    let mut said = first.to_vec();
    soon(reading.read_to_end(&mut said)).await.unwrap();
    let reason = format!("a message was not finished within {OFTEN:?}");
    let length = u8::try_from(2 + reason.len()).unwrap();
    let close = [&[0x88, length, 0x03, 0xf0][..], reason.as_bytes()].concat();
    assert_eq!(
        said.escape_ascii().to_string(),
        close.escape_ascii().to_string()
    );
    let mut received = Vec::new();
    soon(server.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received, b"ok");
}

#[tokio::test]
async fn a_message_that_is_not_finished_ends_the_session_whatever_comes_beside_it() {
    // Frames that are never whole, a header, and a message whose last frame does
    // not come; with what keeps the connection alive.
    tokio::join!(
        check_unfinished(b"\x82\xfd\0\0\0\0hell", b"o"),
        check_unfinished(b"\x89\xfd\0\0\0\0", b"x"),
        check_unfinished(b"\x82", b"\xff"),
        check_unfinished(b"\x02\x81\0\0\0\0x", PONG),
    );
}

/// The server takes a little now and then, so that the message takes many ticks.
/// Over a Unix socket, where the sender is told of each byte that is taken.
#[cfg(unix)]
#[tokio::test]
async fn a_message_that_waits_for_the_server_is_not_overdue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let gateway = impatient(&format!("it=unix:{}", path.display())).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    let sent = 2 * MAX_MESSAGE;
    let sending = async {
        for _ in 0..sent / MAX_MESSAGE {
            let message = Message::binary(vec![7; MAX_MESSAGE]);
            web.send(message).await.unwrap();
        }
        web.close(None).await.unwrap();
        while let Some(Ok(_)) = web.next().await {}
    };
    let slow = async {
        let mut room = vec![0; 32 * 1024];
        let (mut received, mut pause) = (0, tokio::time::interval(OFTEN / 50));
        loop {
            pause.tick().await;
            match server.read(&mut room).await.unwrap() {
                0 => return received,
                count => received += count,
            }
        }
    };
    let ((), received) = soon(async { tokio::join!(sending, slow) }).await;
    assert_eq!(received, sent);
}

/// What is sent behind `before` closes the WebSocket with `code`; the server
/// sees what came before, then the end.
async fn check(sent: &[u8], code: u16, reason: &str, before: &[u8]) {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    for path in ["/bridge/it", "/lab"] {
        let mut web = raw(&gateway, path).await;
        let server = match path {
            "/lab" => None,
            _ => Some(soon(listener.accept()).await.unwrap().0),
        };
        web.write_all(sent).await.unwrap();
        let mut said = Vec::new();
        soon(web.read_to_end(&mut said)).await.unwrap();
        let mut close = vec![0x88, u8::try_from(2 + reason.len()).unwrap()];
        close.extend(code.to_be_bytes());
        close.extend(reason.as_bytes());
        assert!(said.ends_with(&close), "{}", said.escape_ascii());
        if let Some(mut server) = server {
            let mut received = Vec::new();
            soon(server.read_to_end(&mut received)).await.unwrap();
            assert_eq!(
                received.escape_ascii().to_string(),
                before.escape_ascii().to_string()
            );
        }
    }
}

#[tokio::test]
async fn who_breaks_the_rules_is_told_which() {
    let hello = b"\x82\x85\0\0\0\0hello";
    let behind_hello = |sent: &[u8]| [hello, sent].concat();
    let unmasked = "a frame without a mask: a client has to mask";
    check(&behind_hello(b"\x82\x01x"), 1002, unmasked, b"hello").await;
    let reserved = "a frame with a reserved bit: no extension was agreed upon";
    check(&behind_hello(b"\xc2\x80"), 1002, reserved, b"hello").await;
    let opcode = "a frame with opcode 3, which has no meaning";
    check(&behind_hello(b"\x83\x80"), 1002, opcode, b"hello").await;
    check(b"\x81\x81\0\0\0\0\xff", 1007, "text that is not UTF-8", b"").await;
    // A giant length is refused before a byte of it has come.
    let giant = b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0";
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = raw(&gateway, "/bridge/it").await;
    let _server = soon(listener.accept()).await.unwrap();
    web.write_all(giant).await.unwrap();
    let mut said = [0; 4];
    soon(web.read_exact(&mut said)).await.unwrap();
    assert_eq!((said[0], &said[2..]), (0x88, &[0x03, 0xf1][..]));
}

#[tokio::test]
async fn a_message_has_at_most_so_many_frames() {
    let part = b"\x00\x81\0\0\0\0x";
    let endless = [&b"\x02\x81\0\0\0\0x"[..], &part.repeat(1024)].concat();
    let reason = "a message in more than 1024 frames";
    check(&endless, 1008, reason, b"").await;
}

#[tokio::test]
async fn continuations_become_one_send() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    let part = |opcode, payload: &'static [u8], last| {
        Message::Frame(Frame::message(payload, OpCode::Data(opcode), last))
    };
    web.send(part(Data::Binary, b"one ", false)).await.unwrap();
    for _ in 0..63 {
        web.send(part(Data::Continue, b"more ", false))
            .await
            .unwrap();
    }
    web.send(Message::Ping("?".into())).await.unwrap();
    let pong = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("?".into()));
    // Nothing of it is sent before its end has come.
    let mut room = [0; 512];
    let error = server.try_read(&mut room).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    web.send(part(Data::Continue, b"last", true)).await.unwrap();
    let count = soon(server.read(&mut room)).await.unwrap();
    assert_eq!(count, 4 + 63 * 5 + 4);
}

#[tokio::test]
async fn a_websocket_takes_a_place_until_it_ends() {
    let (listener, bridge) = listener().await;
    let limits = Allowance {
        admission: admission::Capacity {
            connections: 1,
            ..admission::Capacity::CONNECTIONS
        },
        ..Allowance::default()
    };
    let gateway = Gateway::start_within(&[bridge], limits).await;
    for path in ["/bridge/it", "/lab"] {
        let web = soon(async {
            loop {
                // The one before may not have left yet.
                let url = format!("ws://{}{path}", gateway.address);
                if let Ok((web, _)) = Box::pin(connect_async(url)).await {
                    return web;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        let server = match path {
            "/lab" => None,
            _ => Some(soon(listener.accept()).await.unwrap()),
        };
        let mut second = TcpStream::connect(&gateway.address).await.unwrap();
        let ended = soon(second.read(&mut [0; 8])).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{path}: {ended:?}");
        drop((web, server));
    }
}
