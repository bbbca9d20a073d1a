//! Whose places are whose, with and without a proxy in front.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use super::*;

/// A gateway that takes 127.0.0.1 for a proxy, in front of `bridge`.
async fn behind_a_proxy(bridge: String, limits: admission::Capacity) -> Gateway {
    let config = Config {
        bridges: vec![bridge.parse().unwrap()],
        proxies: vec![IpAddr::from(Ipv4Addr::LOCALHOST).into()],
        limits,
        sessions: SESSIONS,
        ..Config::default()
    };
    let limits = Allowance {
        admission: limits,
        ..Allowance::default()
    };
    Gateway::serve(config, limits).await
}

impl Gateway {
    /// A WebSocket that the proxy opened for `client`.
    async fn open_for(&self, path: &str, client: &str) -> Web {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        let client = HeaderValue::from_str(client).unwrap();
        request.headers_mut().insert("x-forwarded-for", client);
        connect_async(request).await.unwrap().0
    }
}

/// The code that closed it; none if it was open.
async fn code(mut web: Web) -> Option<u16> {
    match soon(web.next()).await.unwrap().unwrap() {
        Message::Close(frame) => Some(frame.unwrap().code.into()),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_on_this_machine_sees_visitors_apart() {
    let (listener, bridge) = listener().await;
    let gateway = behind_a_proxy(bridge, admission::Capacity::CONNECTIONS).await;
    let mut seen = Vec::new();
    let mut held = Vec::new();
    for client in ["203.0.113.1", "203.0.113.2", "203.0.113.1", "127.0.0.1"] {
        held.push(gateway.open_for("/bridge/it", client).await);
        let (_, peer) = soon(listener.accept()).await.unwrap();
        seen.push(peer.ip());
    }
    assert_eq!(seen[0], seen[2]);
    assert_ne!(seen[0], seen[1]);
    assert_eq!(seen[3], IpAddr::from(Ipv4Addr::LOCALHOST));
    for visitor in &seen[..3] {
        assert!(visitor.to_string().starts_with("127."), "{visitor}");
        assert_ne!(*visitor, seen[3]);
    }
}

#[tokio::test]
async fn one_visitor_does_not_take_the_lab_from_others() {
    let (_listener, bridge) = listener().await;
    let gateway = behind_a_proxy(bridge, admission::Capacity::CONNECTIONS).await;
    let _held = gateway.open_for("/lab", "203.0.113.1").await;
    let greedy = gateway.open_for("/lab", "203.0.113.1").await;
    assert_eq!(code(greedy).await, Some(1013));
    // What it writes in front of what the proxy appends makes it nobody else.
    let disguised = gateway.open_for("/lab", "203.0.113.2, 203.0.113.1").await;
    assert_eq!(code(disguised).await, Some(1013));
    let other = gateway.open_for("/lab", "203.0.113.2").await;
    assert_eq!(code(other).await, None);
}

#[tokio::test]
async fn one_visitor_does_not_take_the_bridges_from_others() {
    let (listener, bridge) = listener().await;
    let limits = admission::Capacity {
        per_source: 1,
        rate: NonZeroU32::new(1_000).unwrap(),
        ..admission::Capacity::CONNECTIONS
    };
    let gateway = behind_a_proxy(bridge, limits).await;
    let _held = gateway.open_for("/bridge/it", "203.0.113.1").await;
    soon(listener.accept()).await.unwrap();
    let greedy = gateway.open_for("/bridge/it", "203.0.113.1").await;
    assert_eq!(code(greedy).await, Some(1013));
    let _other = gateway.open_for("/bridge/it", "203.0.113.2").await;
    soon(listener.accept()).await.unwrap();
}

#[tokio::test]
async fn lab_sessions_are_begun_as_often_as_connections_may_be() {
    let once = NonZeroU32::new(1).unwrap();
    let config = Config {
        proxies: vec![IpAddr::from(Ipv4Addr::LOCALHOST).into()],
        limits: admission::Capacity {
            rate: once,
            burst: once,
            ..admission::Capacity::CONNECTIONS
        },
        ..Config::default()
    };
    // Of a proxy's connections only the sessions have a rate.
    let gateway = Gateway::serve(config, Allowance::default()).await;
    let first = gateway.open_for("/lab", "203.0.113.1").await;
    assert_eq!(code(first).await, None);
    // Another place is free every second: one of those that follow each other
    // faster than that is refused.
    let refused = async {
        loop {
            let mut web = gateway.open_for("/lab", "203.0.113.1").await;
            match web.next().await.unwrap().unwrap() {
                Message::Close(Some(frame)) if frame.reason.contains("comes too often") => {
                    return frame;
                }
                // Begun, or refused because the one before has not ended yet.
                _ => {}
            }
        }
    };
    assert_eq!(u16::from(soon(Box::pin(refused)).await.code), 1013);
}
