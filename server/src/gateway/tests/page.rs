use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Allowance, Gateway, soon};
use crate::net::admission;

#[tokio::test]
async fn the_page_has_its_headers_and_is_asked_for_again() {
    let gateway = Gateway::start(&[]).await;
    let (head, body) = gateway.get("/", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-cache",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "frame-ancestors 'none'",
        "script-src 'self' 'wasm-unsafe-eval';",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    assert!(body.starts_with(b"<!doctype html>") || body.starts_with(b"<!DOCTYPE html>"));

    let etag = head.lines().find_map(|l| l.strip_prefix("etag: ")).unwrap();
    let (head, body) = gateway
        .get("/", &format!("If-None-Match: {etag}\r\n"))
        .await;
    assert!(head.starts_with("http/1.1 304"), "{head}");
    assert!(body.is_empty());

    let (head, packed) = gateway.get("/", "Accept-Encoding: gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("vary: accept-encoding"), "{head}");
    assert!(packed.starts_with(&[0x1f, 0x8b]));

    let (head, _) = gateway.get("/../Cargo.toml", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    assert!(head.contains("nosniff"), "{head}");
}

#[tokio::test]
async fn the_wasm_is_wasm() {
    let gateway = Gateway::start(&[]).await;
    let (head, body) = gateway.get("/stickylab_bg.wasm", "").await;
    if head.starts_with("http/1.1 404") {
        // Built without the page; with it, tests come here again.
        let (_, page) = gateway.get("/", "").await;
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("cargo xtask web"), "{page}");
        return;
    }
    assert!(head.contains("content-type: application/wasm"), "{head}");
    assert!(body.starts_with(b"\0asm"));
    let gzip = "Accept-Encoding: gzip\r\n";
    let (head, packed) = gateway.get("/stickylab_bg.wasm", gzip).await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(packed.len() < body.len());
}

/// The whole answer to bytes sent as they are, up to the connection's end.
async fn answer(gateway: &Gateway, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_name_that_was_rebound_to_this_machine_gets_nothing() {
    let gateway = Gateway::start(&[]).await;
    for host in [
        "evil.example",
        "evil.example:7878",
        "localhost.evil.example",
    ] {
        for path in ["/", "/lab"] {
            // What a browser sends for a page of that name: both agree.
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\r\n"
            );
            let answer = answer(&gateway, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 421 "), "{host}: {answer}");
            assert!(answer.contains("--allow-origin"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_request_has_one_host_unless_it_is_a_health_check() {
    let gateway = Gateway::start(&[]).await;
    let host = "Host: localhost\r\n";
    for (version, hosts, status) in [
        ("1.1", "", 400),
        ("1.0", "", 400),
        ("1.1", &*host.repeat(2), 400),
        ("1.1", "Host: localhost\r\nHost: evil.example\r\n", 400),
        ("1.1", host, 200),
        ("1.0", host, 200),
    ] {
        let ask = async |method: &str, path: &str| {
            let request =
                format!("{method} {path} HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
            answer(&gateway, request.as_bytes()).await
        };
        let got = ask("GET", "/").await;
        assert!(got.contains(&format!(" {status} ")), "{hosts}: {got}");
        assert!(status == 200 || got.contains("one Host header"), "{got}");
        for path in ["/healthz", "/readyz"] {
            for method in ["GET", "HEAD", "OPTIONS"] {
                let got = ask(method, path).await;
                assert!(got.contains(" 200 OK"), "{method} {path} {hosts}: {got}");
            }
        }
    }
    let foreign = b"GET /readyz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let got = answer(&gateway, foreign).await;
    assert!(got.ends_with("\r\n\r\nready\n"), "{got}");
}

/// The value of a header in a head, which is in lower case.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn each_encoding_of_an_asset_has_a_tag_of_its_own() {
    let gateway = Gateway::start(&[]).await;
    let ask = async |accepted: &str, known: &str| {
        let headers = format!("Accept-Encoding: {accepted}\r\nIf-None-Match: {known}\r\n");
        gateway.get("/", &headers).await
    };
    let mut tags = Vec::new();
    for accepted in ["identity", "gzip"] {
        let (head, body) = ask(accepted, "\"other\"").await;
        let tag = header(&head, "etag").unwrap().to_owned();
        assert!(head.starts_with("http/1.1 200") && !body.is_empty());
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(!tags.contains(&tag), "{tag}");
        let lists = [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"a\", {tag},\"b\""),
            "*".to_owned(),
        ];
        for known in lists {
            let (head, body) = ask(accepted, &known).await;
            assert!(head.starts_with("http/1.1 304"), "{accepted} {known}");
            assert!(body.is_empty());
            assert_eq!(header(&head, "etag"), Some(&*tag));
            assert_eq!(header(&head, "vary"), Some("accept-encoding"));
            assert_eq!(header(&head, "cache-control"), Some("no-cache"));
            assert_eq!(header(&head, "content-encoding"), None);
        }
        // A copy in another encoding is another representation.
        for other in &tags {
            let (head, _) = ask(accepted, other).await;
            assert!(head.starts_with("http/1.1 200"), "{accepted}: {other}");
        }
        tags.push(tag);
    }
}

#[tokio::test]
async fn what_is_not_there_gets_a_sentence() {
    let gateway = Gateway::start(&[]).await;
    let (head, body) = gateway.get("/no/where", "").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
    let text = String::from_utf8(body).unwrap();
    assert!(
        text.contains("\"/no/where\"") && text.contains("/lab"),
        "{text}"
    );
    let request = b"DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let got = answer(&gateway, request).await;
    assert!(got.starts_with("HTTP/1.1 405"), "{got}");
    assert!(
        got.to_lowercase().contains("\r\nallow: get,head\r\n"),
        "{got}"
    );
    assert!(got.contains("no \"DELETE\""), "{got}");
}

#[tokio::test]
async fn a_connection_ends_after_a_thousand_requests() {
    let gateway = Gateway::start(&[]).await;
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let (mut reader, mut writer) = stream.split();
    let reading = async {
        let mut got = Vec::new();
        // All of it, and no reset: what came too late was read and discarded.
        reader.read_to_end(&mut got).await.unwrap();
        String::from_utf8(got).unwrap()
    };
    let writing = async { while writer.write_all(&request.repeat(100)).await.is_ok() {} };
    let got = soon(async {
        tokio::select! {
            got = reading => got,
            () = writing => panic!("the gateway ends it with FIN"),
        }
    })
    .await;
    assert_eq!(got.matches("HTTP/1.1 200 OK").count(), 1_000);
    let last = got.rfind("HTTP/1.1").unwrap();
    assert_eq!(
        got.to_lowercase()
            .find("connection: close")
            .map(|at| at > last),
        Some(true)
    );
}

#[tokio::test]
async fn a_request_that_never_comes_to_its_end_is_cut_off() {
    let limits = Allowance {
        head: Duration::from_millis(50),
        ..Allowance::default()
    };
    let gateway = Gateway::start_within(&[], limits).await;
    for begun in [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "] {
        // It ends, whatever hyper says before.
        answer(&gateway, begun).await;
    }
    let endless = [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 64 * 1024]].concat();
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    // The gateway may have had enough before all is written.
    let _ = stream.write_all(&endless).await;
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_the_others_go_on() {
    let limits = Allowance {
        admission: admission::Capacity {
            per_source: 2,
            ..admission::Capacity::CONNECTIONS
        },
        ..Allowance::default()
    };
    let gateway = Gateway::start_within(&[], limits).await;
    let request = format!(
        "GET /icon.svg HTTP/1.1\r\nHost: {}\r\n\r\n",
        gateway.address
    );
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
        // Answered: so it has its place.
        stream.write_all(request.as_bytes()).await.unwrap();
        soon(stream.read_u8()).await.unwrap();
        held.push(stream);
    }
    let mut third = TcpStream::connect(&gateway.address).await.unwrap();
    let refused = soon(third.read_u8()).await;
    assert!(refused.is_err(), "{refused:?}");
    held.pop();
    // Its place is free once the gateway has seen it go.
    soon(async {
        loop {
            let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
            let _ = stream.write_all(request.as_bytes()).await;
            if stream.read_u8().await.is_ok() {
                break;
            }
        }
    })
    .await;
}
