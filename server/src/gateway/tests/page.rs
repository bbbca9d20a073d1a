use super::Gateway;

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
