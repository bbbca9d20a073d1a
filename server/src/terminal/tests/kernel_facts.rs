//! What stands below the lanes.

use super::*;

#[test]
fn what_the_kernel_told_and_the_answer_stand_below() {
    let experiment = Experiment::new(System::TcpEcho, &["hi"]);
    let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
    let mut put = |at, actor, call, took, socket| {
        let bytes = match call {
            Call::Send | Call::Recv => b"hi".to_vec(),
            _ => Vec::new(),
        };
        trace.insert(Event {
            took: Nanos::from_micros(took),
            asked: 8,
            bytes,
            socket,
            ..Event::new(Nanos::from_millis(at), actor, call)
        });
    };
    let queued = |accept_queue| Socket {
        accept_queue: Some(accept_queue),
        ..Socket::default()
    };
    let sent = |unacked, unsent| Socket {
        unacked: Some(unacked),
        unsent: Some(unsent),
        ..Socket::default()
    };
    let waiting = |waiting| Socket {
        waiting: Some(waiting),
        ..Socket::default()
    };
    let none = Socket::default();
    put(0, ClientId::FIRST.opener(), Call::Connect, 50, queued(1));
    put(1, ClientId::FIRST.opener(), Call::Send, 5, sent(2, 0));
    put(2, ClientId::FIRST.opener(), Call::Send, 5, sent(4, 2));
    put(9, ClientId::FIRST.acceptor(), Call::Accept, 0, queued(1));
    put(10, ClientId::FIRST.acceptor(), Call::Recv, 0, waiting(4));
    put(11, ClientId::FIRST.acceptor(), Call::Recv, 0, waiting(2));
    for (at, took) in [(12, 10_000), (13, 1_000), (56, 43_000)] {
        put(at - 1, ClientId::FIRST.acceptor(), Call::Send, 5, none);
        put(at, ClientId::FIRST.opener(), Call::Recv, took, none);
    }
    let analysis = Analysis::new(&trace);
    check_text(
        &crate::terminal::kernel_facts::tables(&trace, &analysis, screen(200)),
        "
client 1 in the kernel
connect    connect() took 50.0 µs; the accept queue then held 1 connection; accept() had it 9.00 ms after connect() began, and the queue held 1 connection just before
send queue up to 4 B after a send(), up to 2 B not even sent
recv queue up to 4 B before the server's recv()
replies    2 of 3 recv() calls waited longer than 1 ms: #1 10.0 ms, #3 43.0 ms",
    );
    trace.lesson = Some(trace::lesson::Reference {
        id: "nagle-for-real".to_owned(),
        predict: None,
        duel: None,
        words: None,
    });
    let text = draw(&trace, &analysis, screen(80));
    let plain = anstream::adapter::strip_str(&text).to_string();
    let answer = "\nreplies that took longer than 20 ms: 1\n";
    assert!(plain.contains(answer), "{plain}");
    trace.lesson = None;
    let text = draw(&trace, &analysis, screen(80));
    assert!(!text.contains("replies that took"), "{text}");
}
