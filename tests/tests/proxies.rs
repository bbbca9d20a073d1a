//! nginx and HAProxy in front of the program, as docs/operating.md has them:
//! the page by TLS, WebSockets, clients told apart, health checks, drain, a path.

#[path = "proxies/balanced.rs"]
mod balanced;
#[path = "proxies/local.rs"]
mod local;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use tests::proxy::{NAME, Plain, Proxy};
use tests::websocket::{self, LAST, opcode};
use tests::{PATIENCE, eventually, http};

/// Two clients of a proxy.
const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// What the program is told so that the examples' page may connect.
const ORIGIN: &str = "--allow-origin=https://lab.example";

/// A WebSocket that the page of https://lab.example opens.
fn open(plain: &Plain, path: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(plain.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // What a client writes there itself makes it nobody else.
    let headers = ["Origin: https://lab.example", "X-Forwarded-For: 192.0.2.1"];
    stream.write_all(websocket::upgrade(NAME, path, &headers).as_bytes())?;
    let head = websocket::read_head(&mut stream)?;
    if head.starts_with("HTTP/1.1 101 ") {
        return Ok(stream);
    }
    Err(io::Error::other(head))
}

/// A round trip over a bridge to udp-echo.
fn echo(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&websocket::frame(LAST | opcode::BINARY, b"hello"))?;
    let (kind, payload) = websocket::read_frame(stream)?;
    if (kind, &*payload) == (opcode::BINARY, b"HELLO") {
        return Ok(());
    }
    Err(io::Error::other(format!("{kind} {payload:?}")))
}

/// Opens a lab session; whether there was a place for it.
fn has_place(plain: &Plain, prefix: &str) -> (bool, TcpStream) {
    let mut stream = open(plain, &format!("{prefix}/lab")).expect("an upgrade");
    let (kind, payload) = websocket::read_frame(&mut stream).expect("a frame");
    match kind {
        opcode::TEXT => assert!(payload.starts_with(b"{\"type\":\"hello\"")),
        _ => assert_eq!((kind, &payload[..2]), (opcode::CLOSE, &[0x03, 0xf5][..])),
    }
    (kind == opcode::TEXT, stream)
}

/// The page by TLS, a WebSocket, and two clients who are not each other's. The
/// program has `--max-sessions 4`: one source has one.
fn serves(proxy: &Proxy, prefix: &str) {
    let (one, other) = (proxy.plain(ONE), proxy.plain(OTHER));
    let get = |path: &str| http::get_from(one.address, NAME, path);
    let page = eventually("the proxy has a server", || {
        Some(get(&format!("{prefix}/"))).filter(|page| page.status == 200)
    });
    assert!(page.text().contains("<canvas"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("'self'"));
    let wasm = get(&format!("{prefix}/stickylab_bg.wasm"));
    assert!(wasm.body.starts_with(b"\0asm"));
    assert_eq!(get(&format!("{prefix}/readyz")).text(), "ready\n");
    assert_eq!(get(&format!("{prefix}/metrics")).status, 404);

    let mut bridge = open(&one, &format!("{prefix}/bridge/udp-echo")).expect("an upgrade");
    echo(&mut bridge).expect("a round trip");

    let (first, _held) = has_place(&one, prefix);
    let (second, _) = has_place(&one, prefix);
    let (others, _also_held) = has_place(&other, prefix);
    assert_eq!((first, second, others), (true, false, true));
}

/// The path without its slash leads to the page.
fn redirects(proxy: &Proxy) {
    let plain = proxy.plain(ONE);
    let answer = http::get_from(plain.address, NAME, "/lab");
    assert_eq!(answer.status, 301, "{}", answer.text());
    assert!(answer.header("location").ends_with("/lab/"));
}
