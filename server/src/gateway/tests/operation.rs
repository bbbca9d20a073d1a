//! What an operator sees: health, readiness, metrics, and the end.

use std::time::Duration;

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::gateway::Metrics;
use crate::net::{Audit, admission};
use crate::servers::{Bound, Options};
use protocol::System;

/// The value of a metric with its labels, as Prometheus would read it.
pub(super) async fn metric(gateway: &Gateway, name: &str) -> Option<f64> {
    let (head, body) = gateway.get("/metrics", "").await;
    assert!(head.contains("openmetrics-text"), "{head}");
    let text = String::from_utf8(body).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn what_goes_through_a_bridge_is_counted() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut web = gateway.open("/bridge/it").await;
    let (mut server, _) = listener.accept().await.unwrap();
    web.send(Message::binary(pattern(300))).await.unwrap();
    let mut received = vec![0; 300];
    soon(server.read_exact(&mut received)).await.unwrap();
    server.write_all(b"answer").await.unwrap();
    let answer = soon(web.next()).await.unwrap().unwrap();
    assert_eq!(answer.into_data().as_ref(), b"answer");
    for (name, expected) in [
        ("stickylab_bridge_bytes_total{way=\"Up\"}", 300.0),
        ("stickylab_bridge_bytes_total{way=\"Down\"}", 6.0),
        ("stickylab_bridge_messages_total{way=\"Up\"}", 1.0),
        ("stickylab_sessions_open{kind=\"Bridge\"}", 1.0),
        ("stickylab_sessions_total{kind=\"Bridge\"}", 1.0),
        ("stickylab_bridge_connect_time_seconds_count", 1.0),
    ] {
        assert_eq!(metric(&gateway, name).await, Some(expected), "{name}");
    }
    web.close(None).await.unwrap();
    drop(server);
    soon(async {
        while metric(&gateway, "stickylab_sessions_open{kind=\"Bridge\"}").await != Some(0.0) {}
    })
    .await;
    gateway
        .refused("/bridge/it", Some("http://evil.example"))
        .await;
    let refused = metric(&gateway, "stickylab_refusals_total{reason=\"Origin\"}").await;
    assert_eq!(refused, Some(1.0));
}

#[tokio::test]
async fn decisions_of_the_servers_beside_it_are_counted() {
    let metrics = Metrics::new();
    let options = Options {
        audit: Audit::to(metrics.clone()),
        limits: admission::Capacity {
            per_source: 1,
            ..admission::Capacity::CONNECTIONS
        },
        ..Options::default()
    };
    let bound = Bound::bind(System::LengthPrefix, "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = bound.local_addr().unwrap();
    let config = Config {
        metrics,
        ..Config::default()
    };
    let gateway = Gateway::serve(config, Allowance::default()).await;
    let ended = gateway.shutdown.clone();
    let serving = tokio::spawn(async move { bound.serve(&options, ended).await });
    let counted = async |reason: &str| {
        let name = format!(
            "stickylab_listener_refusals_total{{listener=\"length-prefix\",reason=\"{reason}\"}}"
        );
        soon(async { while metric(&gateway, &name).await != Some(1.0) {} }).await;
    };

    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    soon(second.read_to_end(&mut Vec::new())).await.unwrap();
    counted("source-full").await;
    first.write_all(&[0xff; 4]).await.unwrap();
    counted("bad-frame").await;
    gateway.shutdown.cancel();
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn a_draining_gateway_lets_sessions_finish_and_begins_none() {
    let (listener, bridge) = listener().await;
    let config = Config {
        bridges: vec![bridge.parse().unwrap()],
        drain: Duration::from_mins(1),
        ..Config::default()
    };
    let gateway = Gateway::serve(config, Allowance::default()).await;
    let (head, body) = gateway.get("/readyz", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, b"ready\n");
    let mut web = gateway.open("/bridge/it").await;
    let (mut server, _) = listener.accept().await.unwrap();

    gateway.shutdown.cancel();
    let (head, _) = gateway.get("/readyz", "").await;
    assert!(head.starts_with("http/1.1 503"), "{head}");
    let (head, _) = gateway.get("/healthz", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for path in ["/bridge/it", "/lab"] {
        let (status, text) = gateway.refused(path, None).await;
        assert_eq!(status, 503, "{path}: {text}");
    }
    // The one that is open goes on.
    web.send(Message::binary(pattern(5))).await.unwrap();
    let mut received = [0; 5];
    soon(server.read_exact(&mut received)).await.unwrap();
    assert!(!gateway.served.is_finished());
    // It was the last: nothing is waited for any more.
    web.close(None).await.unwrap();
    drop(server);
    soon(gateway.served).await.unwrap();
}

#[tokio::test]
async fn a_session_that_outlasts_the_drain_is_told_so() {
    let (listener, bridge) = listener().await;
    let config = Config {
        bridges: vec![bridge.parse().unwrap()],
        drain: Duration::from_millis(50),
        ..Config::default()
    };
    let gateway = Gateway::serve(config, Allowance::default()).await;
    let mut web = gateway.open("/bridge/it").await;
    let _server = listener.accept().await.unwrap();
    gateway.shutdown.cancel();
    let (_, close) = soon(to_the_end(&mut web)).await;
    assert_eq!(close.map(|frame| u16::from(frame.code)), Some(1001));
    drop(web);
    soon(gateway.served).await.unwrap();
}
