use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use protocol::{Nanos, System};
use tokio_tungstenite::tungstenite::Message;
use trace::link::{Ended, Ending, Line, MAX_REQUEST, Request, Send, VERSION};
use trace::{Call, ClientId, Experiment, Reason, SERVER};

use super::operation::metric;
use super::{Gateway, Web, listener, soon, to_the_end};

pub(super) async fn line(web: &mut Web) -> Line {
    loop {
        match soon(web.next()).await.unwrap().unwrap() {
            Message::Text(text) => return Line::parse(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

pub(super) async fn ask(web: &mut Web, request: &Request) {
    for part in request.clone().parts() {
        let json = serde_json::to_string(&part).unwrap();
        web.send(Message::text(json)).await.unwrap();
    }
}

/// A request to run an experiment.
pub(super) fn request(run: u32, experiment: Experiment) -> Request {
    Request::Run {
        run,
        experiment: experiment.into(),
    }
}

async fn error(web: &mut Web) -> String {
    match line(web).await {
        Line::Error { message } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_runs_five_sends() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    assert!(matches!(
        line(&mut web).await,
        Line::Hello {
            version: VERSION,
            ..
        }
    ));
    // Twice: a session goes on after a run.
    for run in [7, 8] {
        let mut experiment = Experiment::new(System::TcpEcho, &[]);
        experiment.read_delay_ms = 50;
        ask(&mut web, &request(run, experiment)).await;
        let send = |byte: &u8| Send {
            more: false,
            gap: Nanos(0),
            bytes: vec![*byte],
        };
        let sends = b"abcde".iter().map(send).collect();
        let client = ClientId::FIRST;
        ask(&mut web, &Request::Send { client, sends }).await;
        let after = Nanos(0);
        ask(&mut web, &Request::Close { client, after }).await;
        let first = line(&mut web).await;
        assert!(matches!(first, Line::Run(begun) if begun.run == run));
        let mut events = Vec::new();
        loop {
            match line(&mut web).await {
                Line::Event(event) => events.push(event),
                Line::Ended(Ended { why, .. }) => {
                    assert_eq!(why, Ending::Finished);
                    break;
                }
                Line::Party(_) | Line::Connection(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let sends = events
            .iter()
            .filter(|e| (e.party, e.call) == (ClientId::FIRST.party(), Call::Send));
        assert_eq!(sends.count(), 5);
        let mut recvs = events
            .iter()
            .filter(|e| (e.party, e.call) == (SERVER, Call::Recv));
        assert_eq!(recvs.next().unwrap().bytes, b"abcde");
    }
}

/// What is more than a run may be is no line; the metrics say how much.
#[tokio::test]
async fn a_run_over_its_cap_ends_with_an_event_and_is_counted() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    let experiment = Experiment::new(System::TcpEcho, &[]);
    ask(&mut web, &request(1, experiment)).await;
    let empty = Send {
        more: false,
        gap: Nanos(0),
        bytes: Vec::new(),
    };
    let sends = vec![empty; 30_000];
    let client = ClientId::FIRST;
    ask(&mut web, &Request::Send { client, sends }).await;
    let mut last = None;
    loop {
        match line(&mut web).await {
            Line::Run(_) | Line::Party(_) | Line::Connection(_) => {}
            Line::Event(event) => last = Some((event.call, event.reason)),
            Line::Ended(Ended { why, .. }) => break assert_eq!(why, Ending::Limit),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(last, Some((Call::Cut, Some(Reason::Calls))));
    let cuts = metric(&gateway, "stickylab_lab_cuts_total{reason=\"calls\"}").await;
    assert_eq!(cuts, Some(1.0));
    let dropped = "stickylab_lab_events_dropped_total{kind=\"calls\"}";
    assert!(metric(&gateway, dropped).await > Some(0.0));
}

#[tokio::test]
async fn a_session_survives_what_it_can_not_follow() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    web.send(Message::text("{")).await.unwrap();
    assert!(error(&mut web).await.starts_with("not a request: EOF"));
    web.send(Message::text(r#"{"type":"connect"}"#))
        .await
        .unwrap();
    assert!(error(&mut web).await.contains("unknown variant `connect`"));
    web.send(Message::binary(&b"{}"[..])).await.unwrap();
    assert!(error(&mut web).await.contains("text frame"));
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.buffer = 0;
    ask(&mut web, &request(3, experiment)).await;
    assert!(error(&mut web).await.contains("run 3: buffer is 0"));

    // A new run ends the one that is going on.
    for (run, why) in [(4, None), (5, Some(Ending::Stopped))] {
        let experiment = Experiment::new(System::TcpEcho, &[]);
        ask(&mut web, &request(run, experiment)).await;
        let mut ended = None;
        loop {
            match line(&mut web).await {
                Line::Run(begun) if begun.run == run => break,
                Line::Ended(Ended { why, .. }) => ended = Some(why),
                Line::Event(_) | Line::Party(_) | Line::Connection(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(ended, why);
    }
}

#[tokio::test]
async fn a_vanished_session_takes_its_run_along() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    let experiment = Experiment::new(System::TcpEcho, &[]);
    ask(&mut web, &request(1, experiment)).await;
    assert!(matches!(line(&mut web).await, Line::Run(_)));
    // There is room for one: the next is refused while this one is open.
    let mut second = gateway.open("/lab").await;
    let (_, frame) = soon(to_the_end(&mut second)).await;
    assert_eq!(u16::from(frame.unwrap().code), 1013);
    drop(web);
    soon(async {
        loop {
            let mut next = gateway.open("/lab").await;
            if let Some(Ok(Message::Text(_))) = next.next().await {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn shutdown_says_goodbye() {
    let (listener, bridge) = listener().await;
    let gateway = Gateway::start(&[bridge]).await;
    let mut bridge = gateway.open("/bridge/it").await;
    let _peer = soon(listener.accept()).await.unwrap();
    let mut lab = gateway.open("/lab").await;
    assert!(matches!(line(&mut lab).await, Line::Hello { .. }));
    gateway.shutdown.cancel();
    for web in [&mut bridge, &mut lab] {
        let (_, frame) = soon(to_the_end(web)).await;
        assert_eq!(u16::from(frame.unwrap().code), 1001);
        // The answer to the close.
        while let Some(Ok(_)) = web.next().await {}
    }
    soon(gateway.served).await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_too_large_is_closed_with_a_reason() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    let text = |length: usize| Message::text("x".repeat(length));
    web.send(text(MAX_REQUEST)).await.unwrap();
    assert!(error(&mut web).await.starts_with("not a request"));
    let _ = web.send(text(MAX_REQUEST + 1)).await;
    let (_, frame) = soon(to_the_end(&mut web)).await;
    assert_eq!(frame.map(|frame| u16::from(frame.code)), Some(1009));
}

#[tokio::test]
async fn a_session_that_is_watched_says_that_it_is_alive_and_others_say_nothing() {
    let gateway = Gateway::start(&[]).await;
    let mut web = gateway.open("/lab").await;
    line(&mut web).await;
    let silent = tokio::time::timeout(Duration::from_millis(2_500), web.next()).await;
    assert!(silent.is_err(), "{silent:?}");
    // Asked twice it is no more often.
    ask(&mut web, &Request::Watch).await;
    ask(&mut web, &Request::Watch).await;
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(line(&mut web).await, Line::Alive);
    }
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(2_500), "{took:?}");
    // A run whose client has more to do than there is room for takes no more requests.
    let experiment = Experiment::new(System::TcpEcho, &[]);
    ask(&mut web, &request(1, experiment)).await;
    let client = ClientId::FIRST;
    let late = Send {
        more: false,
        gap: Nanos(60_000_000_000),
        bytes: vec![0; 60_000],
    };
    let sends = vec![late; 75];
    ask(&mut web, &Request::Send { client, sends }).await;
    let mut alive = 0;
    while alive < 3 {
        match line(&mut web).await {
            Line::Alive => alive += 1,
            Line::Run(_) | Line::Party(_) | Line::Connection(_) | Line::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
