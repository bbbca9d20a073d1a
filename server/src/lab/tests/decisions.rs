//! What the private server decides is in the trace.

use super::*;

/// The server's part in a run in which client 1 sends `bytes`.
fn check(system: System, bytes: &[u8], reason: Reason, offset: u64) {
    let run = run(
        Experiment::new(system, &[]),
        &[bytes],
        Duration::from_secs(5),
    );
    assert_eq!(run.why, Ending::Finished);
    let refusals: Vec<_> = run.calls(SERVER, Call::Refuse).collect();
    let [refusal] = refusals[..] else {
        panic!("{refusals:?}");
    };
    assert_eq!(refusal.reason, Some(reason));
    assert_eq!(refusal.offset.0, offset);
    let calls = run.events.iter().filter(|e| e.end == End::Acceptor);
    let calls: Vec<_> = calls.map(|e| e.call).filter(|c| !c.is_packet()).collect();
    let [first, .., before, decision, next, _, last] = calls[..] else {
        panic!("{calls:?}");
    };
    assert_eq!(
        (first, before, decision, next, last),
        (
            Call::Accept,
            Call::Recv,
            Call::Refuse,
            Call::Shutdown,
            Call::Close
        )
    );
}

#[test]
fn a_refusal_stands_between_what_it_is_about_and_the_close() {
    check(System::Auth, &[0; 16], Reason::WrongAnswer, 0);
    check(System::LengthPrefix, &[0xff; 4], Reason::BadFrame, 0);
    check(System::ReadyAck, b"7x", Reason::BadFrame, 1);
}

#[test]
fn a_run_that_nobody_refuses_has_no_decision() {
    let run = run(
        Experiment::new(System::TcpEcho, &[]),
        &[b"hello"],
        Duration::ZERO,
    );
    assert!(!run.events.iter().any(|event| event.call.is_decision()));
}
