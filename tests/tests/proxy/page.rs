//! `--page`: the record of one program, for whoever knows its address and nobody else.

use std::fs;
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;
use tests::http::{get, get_from, send};
use tests::record_page::{Session, announced};
use tests::websocket::upgrade;
use tests::{Listener, Program, stickylab};

use super::{Proxy, pair};

#[test]
fn a_record_grows_on_its_page_and_stays_when_the_proxy_has_ended() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--page", "--framing", "delimiter"]);
    let (address, path) = announced(&proxy.program);
    assert!(address.ip().is_loopback());
    assert!(get(address, &path, &[]).text().contains("<html"));
    let mut session = Session::open(address, &path);
    let hello = session.line();
    assert_eq!(
        (&hello["type"], &hello["record"]),
        (&"hello".into(), &true.into())
    );
    let run = session.line();
    assert_eq!(run["setup"]["opener-framing"]["kind"], "delimiter");
    assert_eq!(session.line()["proxy"], true);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"hello\n");
    peer.expect(b"hello\n");
    let sent = |line: &Value| line["call"] == "send" && line["bytes"] == "68656c6c6f0a";
    let lines = session.until(sent);
    assert!(lines.iter().any(|line| line["type"] == "connection"));
    // A connection stands in front of its events.
    let first = |kind: &str| lines.iter().position(|line| line["type"] == kind);
    assert!(first("connection") < first("event"));
    // Nothing can be run there, and it says that it is alive.
    session.say(r#"{"type":"run","run":1,"experiment":{"system":"tcp-echo","clients":[{}]}}"#);
    session.say(r#"{"type":"watch"}"#);
    let lines = session.until(|line| line["type"] == "alive");
    assert_eq!(lines[0]["type"], "error");
    drop((client, peer));
    proxy.program.signal(Signal::INT);
    let stays = |line: &str| line.contains("until Ctrl-C");
    proxy.program.err.wait_for("the page stays", stays);
    session.until(|line| line["type"] == "ended");
    // Who comes later has all of it, as the file has.
    let mut late = Session::open(address, &path);
    let lines = late.until(|line| line["type"] == "ended");
    let file = fs::read_to_string(proxy.file()).expect("it is written when the proxy ends");
    assert_eq!(
        lines.len() - 1,
        file.lines().count(),
        "all lines and a hello"
    );
    proxy.program.stop(Signal::INT);
}

#[test]
fn sigterm_ends_the_proxy_and_its_page() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--page=127.0.0.1:0"]);
    let (address, path) = announced(&proxy.program);
    let _session = Session::open(address, &path);
    proxy.stop(Signal::TERM);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn who_does_not_know_the_address_finds_nothing() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--page"]);
    let (address, path) = announced(&proxy.program);
    let mut wrong = path.clone();
    wrong.replace_range(1..2, if path.starts_with("/0") { "1" } else { "0" });
    for path in [
        "/",
        "/lab",
        "/style.css",
        "/metrics",
        "/healthz",
        &wrong,
        &path[..path.len() - 1],
    ] {
        let answer = get(address, path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("html"), "{path}");
    }
    assert_eq!(get(address, &format!("{path}style.css"), &[]).status, 200);
    // A name of somebody else's that leads here, and another page.
    assert_eq!(get_from(address, "evil.example", &path).status, 421);
    let own = address.to_string();
    let origin = ["Origin: http://evil.example"];
    let request = upgrade(&own, &format!("{path}lab"), &origin);
    let headers: Vec<_> = request
        .lines()
        .skip(2)
        .filter(|line| !line.is_empty())
        .collect();
    let answer = send(address, "GET", &format!("{path}lab"), &headers).expect("an answer");
    assert!(
        answer.starts_with(b"HTTP/1.1 403"),
        "{}",
        answer.escape_ascii()
    );
    let log = proxy.program.err.all().join("\n");
    assert_eq!(
        log.matches(&path).count(),
        1,
        "the address is printed once: {log}"
    );
    let finished = {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x");
        let file = file.to_str().expect("UTF-8");
        let to = server.address().to_string();
        let arguments = ["proxy", "--listen", ":0", "--to", &to, "--json", file];
        let any = "--page=0.0.0.0:0";
        tests::run(stickylab(&[&arguments[..], &[any]].concat()), b"")
    };
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err.join("\n").contains("other machines"),
        "{finished:?}"
    );
}

#[test]
fn show_serves_what_a_file_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("three.jsonl");
    let text = include_str!("../../traces/three-parties.jsonl");
    fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let program = Program::start(&mut stickylab(&["show", file, "--page"]));
    let (address, path) = announced(&program);
    let mut session = Session::open(address, &path);
    let lines = session.until(|line| line["type"] == "ended");
    assert_eq!(lines.len() - 1, text.lines().count());
    program.stop(Signal::INT);
}
