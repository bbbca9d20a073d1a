//! The clients through a WebSocket bridge, with and without TLS.

use std::net::SocketAddr;

use tests::tls::Tls;
use tests::{Finished, Listener, Program, SYSTEMS, Serve, nobody_tcp, nobody_udp, run, stickylab};

use super::check_failed;

/// Runs `stickylab client` with `--connect url`.
fn through(system: &str, url: &str, arguments: &[&str], input: &[u8]) -> Finished {
    let mut command = stickylab(&["client", system, "--connect", url]);
    command.args(arguments);
    run(command, input)
}

/// Every system answers over the bridge as it does directly.
fn check_all(url: &str, arguments: &[&str]) {
    for system in SYSTEMS {
        let finished = through(system, url, arguments, "hello\n粘包\n".as_bytes());
        assert_eq!(finished.code, Some(0), "{system} at {url}: {finished:?}");
        let expected: &[&str] = match system {
            "ready-ack" | "length-prefix" => &[],
            _ => &["HELLO", "粘包"],
        };
        assert_eq!(finished.out, expected, "{system} at {url}");
        assert!(finished.err.is_empty(), "{finished:?}");
    }
}

/// A message of `system` was received.
fn received(serve: &Serve, system: &str) {
    let start = format!("message {system} ");
    let said = |line: &str| line.starts_with(&start) && line.ends_with(" hello");
    serve.program.out.wait_for(&start, said);
}

#[test]
fn every_system_is_reached_through_its_bridge() {
    let serve = Serve::start(&[]);
    check_all(&format!("ws://{}", serve.page), &[]);
    received(&serve, "ready-ack");
    received(&serve, "length-prefix");
    // The same with the path written out.
    let url = format!("ws://{}/bridge/auth?text", serve.page);
    assert_eq!(through("auth", &url, &[], b"a\n").out, ["A"]);
}

#[test]
fn every_system_is_reached_through_tls() {
    let serve = Serve::start(&[]);
    let tls = Tls::before(serve.page);
    let authority = tls.authority.path().to_str().expect("a plain path");
    check_all(&format!("wss://{}", tls.address), &["--ca", authority]);
}

#[test]
fn both_schemes_of_auth_work_and_a_wrong_key_is_refused() {
    let serve = Serve::start(&["--auth-scheme", "mutual-sha256"]);
    let url = format!("ws://{}", serve.page);
    let scheme = ["--scheme", "mutual-sha256"];
    let finished = through("auth", &url, &scheme, b"hello\n");
    assert_eq!(
        (finished.code, &finished.out[..]),
        (Some(0), &["HELLO".to_owned()][..])
    );
    check_failed(&through("auth", &url, &[], b"hello\n"), "refused");
}

#[test]
fn much_and_more_than_a_message_holds_comes_back() {
    let serve = Serve::start(&[]);
    let url = format!("ws://{}", serve.page);
    let line = "a".repeat(900_000);
    let finished = through("tcp-echo", &url, &[], format!("{line}\nb\n").as_bytes());
    assert_eq!(finished.code, Some(0), "{:?}", finished.err);
    assert!(
        finished.out[0] == line.to_uppercase(),
        "{} bytes",
        finished.out[0].len()
    );
    assert_eq!(finished.out[1..], ["B"]);
}

#[test]
fn a_line_is_answered_before_the_next_one_is_typed() {
    let serve = Serve::start(&[]);
    for system in ["udp-echo", "tcp-echo"] {
        let url = format!("ws://{}", serve.page);
        let mut command = stickylab(&["client", system, "--connect", &url]);
        let mut client = Program::start(&mut command);
        for (line, reply) in [("one\n", "ONE"), ("two\n", "TWO")] {
            client.type_in(line.as_bytes());
            client.out.wait_for(reply, |line| line == reply);
        }
        assert_eq!(client.finish().code, Some(0));
    }
}

#[test]
fn a_bridge_whose_server_is_not_there_says_so() {
    let ((_tcp, stream), (_udp, datagrams)) = (nobody_tcp(), nobody_udp());
    let serve = Serve::start(&[
        "--bridge",
        &format!("stream=tcp:{stream}"),
        "--bridge",
        &format!("datagrams=udp:{datagrams}"),
    ]);
    for (system, bridge, address) in [
        ("tcp-echo", "stream", stream),
        ("auth", "stream", stream),
        ("udp-echo", "datagrams", datagrams),
    ] {
        let url = format!("ws://{}/bridge/{bridge}", serve.page);
        let finished = through(system, &url, &[], b"hello\n");
        check_failed(&finished, "the bridge closed the connection with 1013");
        let said = format!("{bridge}: connection refused at {address}");
        check_failed(&finished, &said);
    }
}

/// The client is told `part` about an answer to its upgrade.
fn check_answer(answer: &str, part: &str) {
    let listener = Listener::new();
    let url = format!("ws://{}", listener.address());
    let mut command = stickylab(&["client", "auth", "--connect", &url]);
    let client = Program::start(&mut command);
    let mut stream = listener.accept();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(stream.take(1));
    }
    stream.send(answer.as_bytes());
    drop(stream);
    check_failed(&client.finish(), part);
}

#[test]
fn refusals_are_told_in_the_words_of_the_server() {
    let serve = Serve::start(&[]);
    let url = format!("ws://{}/bridge/nobody", serve.page);
    let finished = through("auth", &url, &[], b"");
    check_failed(
        &finished,
        "refused with 404 Not Found: no bridge is called \"nobody\"",
    );
    let answer = |status: &str, kind: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let text = "text/plain; charset=utf-8";
    check_answer(
        &answer(
            "421 Misdirected Request",
            text,
            "this server is not \"a\"\n",
        ),
        "refused with 421 Misdirected Request: this server is not \"a\"",
    );
    check_answer(
        &answer("403 Forbidden", text, "no\x1b[2J\n"),
        "refused with 403 Forbidden: no\\x1B[2J",
    );
    check_answer(
        &answer("502 Bad Gateway", "text/html", "<html>"),
        "refused with 502 Bad Gateway",
    );
    check_answer("SSH-2.0-OpenSSH_9.2\r\n", "is no WebSocket server");
    check_answer("", "ended before the upgrade was answered");
}

#[test]
fn tls_that_fails_says_why() {
    let serve = Serve::start(&[]);
    let tls = Tls::before(serve.page);
    let check = |scheme: &str, address: SocketAddr, arguments: &[&str], part: &str| {
        let url = format!("{scheme}://{address}");
        check_failed(&through("auth", &url, arguments, b""), part);
    };
    check("wss", tls.address, &[], "the certificate is not trusted");
    check("wss", tls.address, &[], "--ca");
    let other = Tls::before(serve.page);
    let authority = other.authority.path().to_str().expect("a plain path");
    let other = ["--ca", authority];
    check("wss", tls.address, &other, "the certificate is not trusted");
    check("wss", serve.page, &other, "does it want ws://?");
    let (_socket, nobody) = nobody_tcp();
    check("wss", nobody, &other, "nobody listens there");
    check("ws", nobody, &[], "nobody listens there");
}

#[test]
fn a_wrong_url_or_authority_is_named() {
    for (arguments, part) in [
        (
            &["--connect", "http://127.0.0.1:1"][..],
            "neither ws:// nor wss://",
        ),
        (&["--connect", "ws://127.0.0.1:0"], "at port 0"),
    ] {
        let mut command = stickylab(&["client", "auth"]);
        let finished = run(
            {
                command.args(arguments);
                command
            },
            b"",
        );
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err[0].contains(part), "{finished:?}");
    }
    let wss = ["--connect", "wss://127.0.0.1:1", "--ca"];
    for (arguments, part) in [
        ([&wss[..], &["/no/such/file"]].concat(), "/no/such/file"),
        ([&wss[..], &["/dev/null"]].concat(), "no certificate"),
        (
            vec!["--connect", "ws://127.0.0.1:1", "--ca", "/dev/null"],
            "--ca is for a bridge with TLS",
        ),
    ] {
        let mut command = stickylab(&["client", "auth"]);
        command.args(arguments);
        check_failed(&run(command, b""), part);
    }
}
