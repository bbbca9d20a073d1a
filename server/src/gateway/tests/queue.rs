//! More runs than may be running: who waits, for how long, and what it is told.

use protocol::{Nanos, System};
use trace::link::{Ended, Ending, Line, Request, Run, Send};
use trace::{Call, ClientId, Experiment};

use super::operation::metric;
use super::sessions::{ask, line, request};
use super::*;
use crate::gateway::session::{Queue, Share};

/// A gateway where only one run is running at a time.
async fn busy() -> Gateway {
    let config = Config {
        sessions: 16,
        ..Config::default()
    };
    let one = Share { all: 1, source: 1 };
    Gateway::serve_changed(config, Allowance::default(), |state| {
        state.queue = Queue::new(one, state.metrics.clone());
    })
    .await
}

async fn page(gateway: &Gateway) -> Web {
    let mut web = gateway.open("/lab").await;
    assert!(matches!(line(&mut web).await, Line::Hello { .. }));
    web
}

async fn run(web: &mut Web, run: u32) {
    let experiment = Experiment::new(System::TcpEcho, &["not sent along"]);
    ask(web, &request(run, experiment)).await;
}

/// The next line that is no fact.
async fn told(web: &mut Web) -> Line {
    loop {
        match line(web).await {
            Line::Event(_) | Line::Party(_) | Line::Connection(_) => {}
            line => return line,
        }
    }
}

const STOPPED: Line = Line::Ended(Ended {
    events: 0,
    why: Ending::Stopped,
    missed: None,
    dropped: None,
});

#[tokio::test]
async fn whoever_waits_is_told_its_place_and_starts_in_turn() {
    let gateway = busy().await;
    let mut first = page(&gateway).await;
    run(&mut first, 1).await;
    assert!(matches!(
        told(&mut first).await,
        Line::Run(Run { run: 1, .. })
    ));
    let mut pages = Vec::new();
    for number in 2..=4 {
        let mut web = page(&gateway).await;
        run(&mut web, number).await;
        let (run, place) = (number, number - 1);
        assert_eq!(told(&mut web).await, Line::Queued { run, place });
        pages.push(web);
    }
    let gauge = |name: &str| format!("stickylab_lab_runs_{name}");
    assert_eq!(metric(&gateway, &gauge("running")).await, Some(1.0));
    assert_eq!(metric(&gateway, &gauge("queued")).await, Some(3.0));
    // One gives up its place, one leaves without a word.
    let [second, third, fourth] = &mut pages[..] else {
        unreachable!("three wait");
    };
    ask(second, &Request::Stop).await;
    assert_eq!(told(second).await, STOPPED);
    assert_eq!(told(third).await, Line::Queued { run: 3, place: 1 });
    assert_eq!(told(fourth).await, Line::Queued { run: 4, place: 2 });
    drop(third.close(None).await);
    assert_eq!(told(fourth).await, Line::Queued { run: 4, place: 1 });
    // Another run of the same page takes its place at the end.
    run(fourth, 5).await;
    assert_eq!(told(fourth).await, STOPPED);
    assert_eq!(told(fourth).await, Line::Queued { run: 5, place: 1 });
    // The one that goes on ends: the next starts, and is a whole run.
    ask(&mut first, &Request::Stop).await;
    assert!(matches!(told(fourth).await, Line::Run(Run { run: 5, .. })));
    let client = ClientId::FIRST;
    let after = Nanos(0);
    ask(fourth, &Request::Close { client, after }).await;
    let Line::Ended(Ended { why, .. }) = told(fourth).await else {
        panic!("the run ends");
    };
    assert_eq!(why, Ending::Finished);
}

/// Whoever runs an experiment again and again asks for the next run when one is over.
#[tokio::test]
async fn many_runs_of_one_page_let_others_in_between() {
    async fn finish(web: &mut Web) {
        let (client, after) = (ClientId::FIRST, Nanos(0));
        ask(web, &Request::Close { client, after }).await;
        loop {
            match told(web).await {
                Line::Ended(Ended { why, .. }) => break assert_eq!(why, Ending::Finished),
                Line::Queued { .. } | Line::Run(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    let gateway = busy().await;
    let mut many = page(&gateway).await;
    let mut other = page(&gateway).await;
    for number in 1..=10 {
        run(&mut many, number).await;
        if number > 1 {
            // It waits for no more than the one run that goes on.
            let waits = Line::Queued {
                run: number,
                place: 1,
            };
            assert_eq!(told(&mut many).await, waits);
            finish(&mut other).await;
        }
        assert!(matches!(told(&mut many).await, Line::Run(_)));
        run(&mut other, number).await;
        let waits = Line::Queued {
            run: number,
            place: 1,
        };
        assert_eq!(told(&mut other).await, waits);
        let (client, after) = (ClientId::FIRST, Nanos(0));
        ask(&mut many, &Request::Close { client, after }).await;
        assert!(matches!(told(&mut many).await, Line::Ended(_)));
        assert!(matches!(told(&mut other).await, Line::Run(_)));
    }
}

/// A client need not wait for its run's first line.
#[tokio::test]
async fn commands_for_a_run_that_waits_are_kept() {
    let gateway = busy().await;
    let mut first = page(&gateway).await;
    run(&mut first, 1).await;
    assert!(matches!(told(&mut first).await, Line::Run(_)));
    let mut second = page(&gateway).await;
    run(&mut second, 2).await;
    let (client, gap) = (ClientId::FIRST, Nanos(0));
    for bytes in [&b"a"[..], b"b"] {
        let bytes = bytes.to_vec();
        let sends = vec![Send {
            gap,
            bytes,
            more: false,
        }];
        ask(&mut second, &Request::Send { client, sends }).await;
    }
    let after = Nanos(0);
    ask(&mut second, &Request::Close { client, after }).await;
    assert_eq!(told(&mut second).await, Line::Queued { run: 2, place: 1 });
    ask(&mut first, &Request::Stop).await;
    let mut sent = Vec::new();
    loop {
        match line(&mut second).await {
            Line::Event(event)
                if (event.party, event.call) == (ClientId::FIRST.party(), Call::Send) =>
            {
                sent.extend(event.bytes);
            }
            Line::Ended(Ended { why, .. }) => break assert_eq!(why, Ending::Finished),
            _ => {}
        }
    }
    assert_eq!(sent, b"ab");
}

/// A page that takes nothing does not keep others from starting.
#[tokio::test]
async fn a_run_is_over_when_it_is_over_and_not_when_its_page_says_so() {
    let gateway = busy().await;
    let mut first = page(&gateway).await;
    run(&mut first, 1).await;
    ask(&mut first, &Request::Stop).await;
    // Nothing of the first is read.
    let mut second = page(&gateway).await;
    run(&mut second, 2).await;
    loop {
        match told(&mut second).await {
            Line::Queued { place: 1, .. } => {}
            Line::Run(Run { run: 2, .. }) => break,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_send_longer_than_a_request_is_one_call() {
    let gateway = busy().await;
    let mut web = page(&gateway).await;
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.echo = Some(false);
    experiment.buffer = 1024 * 1024;
    ask(&mut web, &request(1, experiment)).await;
    assert!(matches!(line(&mut web).await, Line::Run(_)));
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(600_000).collect();
    let client = ClientId::FIRST;
    let sends = vec![Send {
        more: false,
        gap: Nanos(0),
        bytes: bytes.clone(),
    }];
    ask(&mut web, &Request::Send { client, sends }).await;
    let after = Nanos(0);
    ask(&mut web, &Request::Close { client, after }).await;
    let (mut asked, mut sent) = (None, Vec::new());
    loop {
        match line(&mut web).await {
            Line::Event(event)
                if (event.party, event.call) == (ClientId::FIRST.party(), Call::Send) =>
            {
                asked.get_or_insert(event.asked);
                sent.extend(event.bytes);
            }
            Line::Event(_) | Line::Party(_) | Line::Connection(_) => {}
            Line::Ended(Ended { why, .. }) => break assert_eq!(why, Ending::Finished),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(asked, Some(600_000), "one send() was given all of it");
    assert!(sent == bytes);
}
