//! The page and its assets: types, encodings, caching, and nothing else.

use std::io::Read as _;

use flate2::read::GzDecoder;
use tests::Serve;
use tests::http::{get, request};

/// Everything the page is made of.
const ASSETS: [(&str, &str); 6] = [
    ("/", "text/html; charset=utf-8"),
    ("/boot.js", "text/javascript; charset=utf-8"),
    ("/stickylab.js", "text/javascript; charset=utf-8"),
    ("/stickylab_bg.wasm", "application/wasm"),
    ("/style.css", "text/css; charset=utf-8"),
    ("/icon.svg", "image/svg+xml"),
];

fn serve() -> Serve {
    let serve = Serve::start(&[]);
    let page = get(serve.page, "/", &[]).text();
    assert!(
        page.contains("<canvas"),
        "the binary has no page: run `cargo xtask web` and build it again"
    );
    serve
}

#[test]
fn every_asset_has_its_type() {
    let serve = serve();
    for (path, expected) in ASSETS {
        let response = get(serve.page, path, &[]);
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), expected, "{path}");
        let length = response.body.len().to_string();
        assert_eq!(response.header("content-length"), length, "{path}");
        assert!(!response.body.is_empty(), "{path}");
    }
    let wasm = get(serve.page, "/stickylab_bg.wasm", &[]).body;
    assert!(wasm.starts_with(b"\0asm"));
}

#[test]
fn what_is_shown_before_the_program_runs_is_in_every_language() {
    let page = get(serve().page, "/", &[]).text();
    for (tag, loading) in [("en", "Loading…"), ("zh", "正在加载…")] {
        let shown = format!("<span lang=\"{tag}\">{loading}</span>");
        assert!(page.contains(&shown), "{shown}");
    }
    let needed = ["WebAssembly.</span>", "WebAssembly。</span>"];
    for text in needed {
        // With a program that fails, and without scripts.
        assert_eq!(page.matches(text).count(), 2, "{text}");
    }
    assert!(!page.contains("data-every-language"));
}

#[test]
fn text_and_wasm_travel_compressed_to_who_takes_that() {
    let serve = serve();
    for (path, _) in ASSETS {
        let plain = get(serve.page, path, &[]);
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let packed = get(serve.page, path, &["Accept-Encoding: gzip"]);
        assert_eq!(
            packed.header("vary").to_lowercase(),
            "accept-encoding",
            "{path}"
        );
        if path == "/icon.svg" && packed.header("content-encoding").is_empty() {
            // Too small to be worth it.
            continue;
        }
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.body.len() < plain.body.len(), "{path}");
        let mut unpacked = Vec::new();
        let read = GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked);
        read.expect("gzip");
        assert!(unpacked == plain.body, "{path} differs when unpacked");
    }
}

#[test]
fn a_copy_that_is_still_good_is_not_sent_again() {
    let serve = serve();
    for (path, _) in ASSETS {
        let first = get(serve.page, path, &[]);
        let tag = first.header("etag");
        assert!(
            tag.starts_with('"') || tag.starts_with("W/\""),
            "{path}: {tag}"
        );
        let again = get(serve.page, path, &[&format!("If-None-Match: {tag}")]);
        assert_eq!(again.status, 304, "{path}");
        assert!(again.body.is_empty(), "{path}");
        let other = get(serve.page, path, &["If-None-Match: \"other\""]);
        assert_eq!(other.status, 200, "{path}");
        // Its name has no hash: the browser has to ask each time.
        assert!(first.header("cache-control").contains("no-cache"), "{path}");
    }
    let tags: std::collections::HashSet<_> = ASSETS
        .iter()
        .map(|(path, _)| get(serve.page, path, &[]).header("etag").to_owned())
        .collect();
    assert_eq!(
        tags.len(),
        ASSETS.len(),
        "each content has a tag of its own"
    );
}

#[test]
fn every_answer_carries_the_security_headers() {
    let serve = serve();
    for path in ["/", "/stickylab_bg.wasm", "/bridge/nobody", "/nothing"] {
        let response = get(serve.page, path, &[]);
        assert_eq!(
            response.header("x-content-type-options"),
            "nosniff",
            "{path}"
        );
        let policy = response.header("content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert!(!policy.contains("'unsafe-eval'"), "{path}: {policy}");
        assert!(
            !policy.contains("http:") && !policy.contains('*'),
            "{policy}"
        );
    }
}

#[test]
fn nothing_else_is_there() {
    let serve = serve();
    for path in [
        "/nothing",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/static/index.html",
        "/lessons/five-sends.toml",
        "/bridge",
        "/bridge/",
        "/lab/",
    ] {
        let response = get(serve.page, path, &[]);
        assert_eq!(response.status, 404, "{path}: {}", response.text());
    }
    assert_eq!(request(serve.page, "POST", "/", &[]).status, 405);
    assert_eq!(request(serve.page, "HEAD", "/", &[]).status, 200);
}

#[test]
fn a_websocket_is_asked_for_where_there_is_one() {
    let serve = serve();
    for path in ["/lab", "/bridge/tcp-echo"] {
        let response = get(serve.page, path, &[]);
        assert_eq!(response.status, 426, "{path}: {}", response.text());
    }
}
