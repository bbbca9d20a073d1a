//! What the servers beside the gateway decide is in `/metrics`.

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
