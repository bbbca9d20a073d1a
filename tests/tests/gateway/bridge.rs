//! `/bridge/*` through Python's `websockets`.

use rustix::process::Signal;
use tests::{Datagrams, Listener, Program, SYSTEMS, Serve, nobody_tcp, python};

use super::url;

#[test]
fn python_talks_to_each_system_through_its_bridge() {
    let serve = Serve::start(&[]);
    let place = serve.page.to_string();
    for system in SYSTEMS {
        python::check("bridge.py", &["talk", &place, system], b"");
    }
    // What has no reply was received all the same.
    for system in ["ready-ack", "length-prefix"] {
        for text in ["hello", "hello, world"] {
            let (start, end) = (format!("message {system} "), format!(" {text}"));
            let said = |line: &str| line.starts_with(&start) && line.ends_with(&end);
            serve.program.out.wait_for(text, said);
        }
    }
}

/// The handshake is refused with `status`, and the answer names `part`.
fn check_refused(serve: &Serve, path: &str, origin: &[&str], status: &str, part: &str) {
    let url = url(serve, path);
    let mut arguments = vec!["refused", &url];
    arguments.extend(origin);
    let answer = python::check("bridge.py", &arguments, b"");
    assert_eq!(answer[0], status, "{answer:?}");
    assert!(answer[1].contains(part), "{part}: {answer:?}");
}

#[test]
fn only_named_bridges_can_be_reached() {
    let other = Listener::new();
    let serve = Serve::start(&["--bridge", "mine=tcp:127.0.0.1:1"]);
    check_refused(&serve, "/bridge/nobody", &[], "404", "nobody");
    check_refused(&serve, "/bridge/nobody", &[], "404", "mine");
    for path in [
        format!("/bridge/{}", other.address()),
        format!("/bridge/tcp:{}", other.address()),
        format!("/bridge/x=tcp:{}", other.address()),
        "/bridge/TCP-ECHO".to_owned(),
        "/bridge/tcp-echo%00".to_owned(),
    ] {
        check_refused(&serve, &path, &[], "404", "no bridge is called");
    }
}

#[test]
fn a_foreign_page_is_refused_and_the_own_one_is_not() {
    let serve = Serve::start(&[]);
    let own = format!("http://{}", serve.page);
    for path in ["/bridge/tcp-echo", "/lab"] {
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1",
            "http://localhost:1",
        ] {
            check_refused(&serve, path, &[origin], "403", "may not connect");
        }
        let open = python::check("bridge.py", &["refused", &url(&serve, path), &own], b"");
        assert_eq!(open, ["open"]);
    }
}

#[test]
fn python_gets_the_subprotocol_that_it_offers() {
    let serve = Serve::start(&[]);
    for (path, offered, selected, reply) in [
        ("/bridge/tcp-echo", "binary", "binary", "b'HELLO'"),
        ("/bridge/tcp-echo", "text", "text", "'HELLO'"),
        ("/bridge/udp-echo?text", "binary", "binary", "'HELLO'"),
        ("/bridge/udp-echo", "mqtt", "None", "b'HELLO'"),
    ] {
        let arguments = ["offer", &url(&serve, path), offered, "hello"];
        let said = python::check("bridge.py", &arguments, b"");
        assert_eq!(said, [selected, reply], "{path} {offered}");
    }
}

#[test]
fn messages_in_flight_reach_the_server_before_the_close() {
    let target = Listener::new();
    let bridge = format!("mine=tcp:{}", target.address());
    let serve = Serve::start(&["--bridge", &bridge]);
    let url = url(&serve, "/bridge/mine");
    let mut arguments = python::script("bridge.py", &["up", &url, "100", "1000"]);
    let sender = Program::start(&mut arguments);
    let mut stream = target.accept();
    // Nothing is read before the sender has closed and is gone.
    let sender = sender.finish();
    assert_eq!(sender.code, Some(0), "{sender:?}");
    let expected: Vec<u8> = (0..100).flat_map(|number| [number; 1000]).collect();
    assert!(stream.rest() == expected);
}

#[test]
fn messages_in_flight_reach_the_websocket_before_the_close() {
    let target = Listener::new();
    let bridge = format!("mine=tcp:{}", target.address());
    let serve = Serve::start(&["--bridge", &bridge]);
    let url = url(&serve, "/bridge/mine");
    let receiver = Program::start(&mut python::script("bridge.py", &["down", &url]));
    let mut stream = target.accept();
    for number in 0..100 {
        stream.send(&[number; 1000]);
    }
    drop(stream);
    let mut finished = receiver.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let close = finished.out.pop().expect("a close code");
    assert_eq!(close.trim(), "1000");
    let bytes = tests::events::unhex(&finished.out.concat());
    let expected: Vec<u8> = (0..100).flat_map(|number| [number; 1000]).collect();
    assert!(bytes == expected);
}

#[test]
fn a_message_is_a_datagram_and_a_datagram_a_message() {
    let target = Datagrams::new();
    let bridge = format!("mine=udp:{}", target.address());
    let serve = Serve::start(&["--bridge", &bridge]);
    let url = url(&serve, "/bridge/mine");
    let arguments = ["datagrams", &url, "hello", "", "粘包"];
    let client = Program::start(&mut python::script("bridge.py", &arguments));
    for (expected, reply) in [("hello", "first"), ("", ""), ("粘包", "third")] {
        let (datagram, peer) = target.receive_from();
        assert_eq!(datagram, expected.as_bytes());
        target.send_to(reply.as_bytes(), peer);
    }
    assert_eq!(client.finish().out, ["first", "", "third"]);
}

#[test]
fn a_target_that_is_not_there_is_named_in_the_close() {
    let (_socket, address) = nobody_tcp();
    let serve = Serve::start(&["--bridge", &format!("mine=tcp:{address}")]);
    let said = python::check("bridge.py", &["down", &url(&serve, "/bridge/mine")], b"");
    assert!(said[0].starts_with("1013 "), "{said:?}");
    assert!(said[0].contains("refused"), "{said:?}");
    assert!(said[0].contains(&address.to_string()), "{said:?}");
}

#[test]
fn a_gateway_that_ends_says_so_to_bridges_and_sessions() {
    let target = Listener::new();
    let bridge = format!("mine=tcp:{}", target.address());
    for path in ["/bridge/mine", "/lab"] {
        let serve = Serve::start(&["--bridge", &bridge]);
        let url = url(&serve, path);
        let receiver = Program::start(&mut python::script("bridge.py", &["closing", &url]));
        let stream = path.starts_with("/bridge").then(|| {
            let mut stream = target.accept();
            stream.send(b"hello");
            stream
        });
        receiver.out.wait_for("its first message", |_| true);
        serve.program.stop(Signal::TERM);
        let said = receiver.finish();
        let close = said.out.last().expect("a close code");
        assert!(close.starts_with("1001 "), "{path}: {said:?}");
        drop(stream);
    }
}
