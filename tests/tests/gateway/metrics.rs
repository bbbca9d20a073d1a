//! What the servers beside the gateway decide is in `/metrics`, which may have a
//! listener of its own.

use std::time::Instant;

use tests::hmac::{KEY, hmac_md5};
use tests::{PATIENCE, Serve, Stream, http};

/// Waits until a scrape has this line.
fn expect(serve: &Serve, line: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = http::get(serve.page, "/metrics", &[]).text();
        if text.lines().any(|found| found == line) {
            return;
        }
        assert!(Instant::now() < deadline, "{line} in:\n{text}");
    }
}

#[test]
fn handshakes_are_counted_by_outcome_and_refusals_by_listener_and_reason() {
    let serve = Serve::start(&[]);
    let connect = |system| Stream::connect(serve.system(system));

    let mut right = connect("auth");
    let challenge = right.take(32);
    right.send(&hmac_md5(KEY, &challenge));
    expect(
        &serve,
        "stickylab_handshakes_total{outcome=\"authenticated\"} 1",
    );

    let mut wrong = connect("auth");
    wrong.take(32);
    wrong.send(&[0; 16]);
    expect(
        &serve,
        "stickylab_handshakes_total{outcome=\"wrong-answer\"} 1",
    );
    expect(
        &serve,
        "stickylab_listener_refusals_total{listener=\"auth\",reason=\"wrong-answer\"} 1",
    );

    let mut broken = connect("length-prefix");
    broken.send(&[0xff; 4]);
    expect(
        &serve,
        "stickylab_listener_refusals_total{listener=\"length-prefix\",reason=\"bad-frame\"} 1",
    );
}

#[test]
fn on_a_listener_of_its_own_they_are_not_at_the_page() {
    let serve = Serve::start(&["--metrics=127.0.0.1:0"]);
    let metrics = serve.announced("metrics");
    assert_eq!(http::get(serve.page, "/metrics", &[]).status, 404);
    // A scraper may call it by any name.
    let scrape = http::get_from(metrics, "lab.example:9464", "/metrics");
    assert_eq!(scrape.status, 200);
    assert!(scrape.text().ends_with("# EOF\n"));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(http::get(metrics, path, &[]).status, 200, "{path}");
        assert_eq!(http::get(serve.page, path, &[]).status, 200, "{path}");
    }
    let nothing = http::get(metrics, "/", &[]);
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("/metrics"), "{}", nothing.text());
}
