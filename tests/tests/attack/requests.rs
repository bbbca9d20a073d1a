//! HTTP requests of other pages, for other hosts, and such that two programs
//! could understand in two ways.

use std::io::Write as _;
use std::net::SocketAddr;

use tests::websocket;

use super::bystander::Bystander;
use super::client::{dial, to_the_end};
use super::victim::Victim;
use super::{ATTACKER, sized};

/// Sends `bytes`; the statuses of all answers that came until the end.
fn statuses(server: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = dial(ATTACKER, server).expect("it listens");
    // It may answer and close before it has read all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let said = to_the_end(&mut stream).expect("it ends");
    let said = String::from_utf8_lossy(&said).into_owned();
    let answers = said.split("HTTP/1.1 ").skip(1);
    answers
        .map(|answer| answer[..3].parse().expect("a status"))
        .collect()
}

/// A request and the statuses that refuse it. None may bring any other.
fn refused(host: &str) -> Vec<(&'static str, String, &'static [u16])> {
    let get = |headers: &str| format!("GET / HTTP/1.1\r\n{headers}\r\n");
    let named = |name: &str| get(&format!("Host: {name}\r\n"));
    let upgrade =
        |path: &str, origin: &str| websocket::upgrade(host, path, &[&format!("Origin: {origin}")]);
    let own = format!("http://{host}");
    let post = |headers: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n{body}")
    };
    vec![
        ("no Host", get(""), &[400]),
        ("an empty Host", named(""), &[400, 421]),
        ("another Host", named("evil.example"), &[421]),
        (
            "a Host that ends like ours",
            named("evil.localhost.example"),
            &[421],
        ),
        (
            "a Host with a name in front",
            named(&format!("evil@{host}")),
            &[400, 421],
        ),
        (
            "two Hosts",
            get(&format!("Host: {host}\r\nHost: evil.example\r\n")),
            &[400],
        ),
        (
            "two Hosts, ours last",
            get(&format!("Host: evil.example\r\nHost: {host}\r\n")),
            &[400],
        ),
        (
            "another host in the target",
            format!("GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            &[421],
        ),
        (
            "an upgrade for another Host",
            websocket::upgrade("evil.example", "/lab", &["Origin: http://evil.example"]),
            &[421],
        ),
        (
            "another page at the lab",
            upgrade("/lab", "http://evil.example"),
            &[403],
        ),
        (
            "another page at a bridge",
            upgrade("/bridge/auth", "http://evil.example"),
            &[403],
        ),
        ("a page from a file", upgrade("/lab", "null"), &[403]),
        (
            "a page of another port",
            upgrade("/lab", "http://127.0.0.1:1"),
            &[403],
        ),
        (
            "our page over TLS elsewhere",
            upgrade("/lab", "https://127.0.0.1"),
            &[403],
        ),
        (
            "two Origins",
            websocket::upgrade(
                host,
                "/lab",
                &[&format!("Origin: {own}"), "Origin: http://evil.example"],
            ),
            &[403],
        ),
        (
            "two lengths",
            post("Content-Length: 3\r\nContent-Length: 5\r\n", "abcde"),
            &[400],
        ),
        (
            "two lengths in one",
            post("Content-Length: 3, 5\r\n", "abcde"),
            &[400],
        ),
        (
            "a negative length",
            post("Content-Length: -1\r\n", ""),
            &[400],
        ),
        (
            "a length with a sign",
            post("Content-Length: +3\r\n", "abc"),
            &[400],
        ),
        (
            "a length that is too long",
            post("Content-Length: 99999999999999999999\r\n", ""),
            &[400],
        ),
        (
            "a coding behind chunked",
            post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
            &[400],
        ),
        (
            "a folded header",
            get(&format!("Host: {host}\r\nX-A: b\r\n c\r\n")),
            &[400],
        ),
        (
            "a space before the colon",
            get(&format!("Host: {host}\r\nX-A : b\r\n")),
            &[400],
        ),
        (
            "a NUL in a header",
            get(&format!("Host: {host}\r\nX-A: b\0c\r\n")),
            &[400],
        ),
        (
            "a header without a name",
            get(&format!("Host: {host}\r\n: b\r\n")),
            &[400],
        ),
        (
            "no version",
            format!("GET /\r\nHost: {host}\r\n\r\n"),
            &[400],
        ),
        (
            "HTTP/9.9",
            format!("GET / HTTP/9.9\r\nHost: {host}\r\n\r\n"),
            &[400, 505],
        ),
        (
            "HTTP/2 without asking",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            &[400, 505],
        ),
        (
            "a head that is too large",
            get(&format!(
                "Host: {host}\r\nX-A: {}\r\n",
                "a".repeat(64 * 1024)
            )),
            &[400, 431],
        ),
        (
            "too many headers",
            get(&format!("Host: {host}\r\n{}", "X-A: b\r\n".repeat(1_000))),
            &[400, 431],
        ),
        (
            "a target that is too long",
            format!(
                "GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n",
                "a".repeat(64 * 1024)
            ),
            &[400, 414, 431],
        ),
        (
            "a head without an end",
            get(&format!("Host: {host}\r\nX-A: b"))[..30].to_owned(),
            &[400],
        ),
    ]
}

/// Bodies that hold a request, for those who see no body there.
fn smuggled(host: &str) -> Vec<(&'static str, String)> {
    let inner = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let length = inner.len();
    let post = |headers: &str, body: &str| {
        format!("POST /healthz HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n{body}")
    };
    vec![
        (
            "a length",
            post(&format!("Content-Length: {length}\r\n"), &inner),
        ),
        (
            "chunks",
            post(
                "Transfer-Encoding: chunked\r\n",
                &format!("{length:x}\r\n{inner}\r\n0\r\n\r\n"),
            ),
        ),
        (
            "chunks and a length that leaves the rest over",
            post(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                &format!("{length:x}\r\n{inner}\r\n0\r\n\r\n"),
            ),
        ),
        (
            "a length and a coding that is none",
            post(
                &format!("Content-Length: {length}\r\nTransfer-Encoding: xchunked\r\n"),
                &inner,
            ),
        ),
        (
            "an upgrade with a body",
            format!(
                "GET /lab HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\
                 Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n{inner}"
            ),
        ),
    ]
}

fn ask(victim: &Victim, times: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let server = victim.door.address;
    let host = server.to_string();
    let (refused, smuggled) = (refused(&host), smuggled(&host));
    for _ in 0..times {
        for (what, request, expected) in &refused {
            let statuses = statuses(server, request.as_bytes());
            // Nothing is an answer as well, but nothing else.
            let other = statuses.iter().find(|status| !expected.contains(status));
            assert_eq!(other, None, "{what}: {statuses:?}");
        }
        for (what, request) in &smuggled {
            let statuses = statuses(server, request.as_bytes());
            assert!(statuses.len() <= 1, "{what}: {statuses:?}");
            assert!(!statuses.contains(&200), "{what}: {statuses:?}");
        }
    }
    let trips = bystander.leave().0.len();
    format!(
        "{} requests, each refused; {} with a request in their body, which none was taken for; \
         the other source made {trips} round trips",
        times * refused.len(),
        times * smuggled.len()
    )
}

#[test]
fn requests_of_others_and_in_two_meanings_are_refused() {
    let victim = Victim::start("page", &[]);
    victim.withstands("foreign and malformed requests", 1, sized(2, 100), ask);
}
