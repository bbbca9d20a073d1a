//! How runs end: as they were asked to, and at their limits.

use super::*;

#[test]
fn a_further_close_replaces_the_wait() {
    let lab = Lab::start(Experiment::new(System::TcpEcho, &[]), 0).unwrap();
    lab.close(ClientId::FIRST, Nanos::from_millis(60_000));
    lab.send(ClientId::FIRST, sends(&[b"still"], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.stream(SERVER, Call::Recv, ClientId::FIRST), b"still");
}

#[test]
fn stop_ends_a_run_and_frees_its_port() {
    for system in System::ALL {
        let lab = Lab::start(Experiment::new(system, &[]), 0).unwrap();
        let server = lab.server();
        lab.stop();
        let run = Run::of(lab);
        assert_eq!(run.why, Ending::Stopped);
        freed(system.transport(), server);
    }
}

#[test]
fn a_dropped_run_frees_its_port() {
    for system in System::ALL {
        let lab = Lab::start(Experiment::new(system, &[]), 0).unwrap();
        let server = lab.server();
        drop(lab);
        freed(system.transport(), server);
    }
}

#[test]
fn what_never_ends_times_out() {
    let limits = Limits {
        time: Duration::from_millis(60),
        ..Limits::default()
    };
    let lab = started(Experiment::new(System::TcpEcho, &[]), limits).unwrap();
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::TimedOut);
    assert_eq!(run.calls(ClientId::FIRST.party(), Call::Close).count(), 1);
    assert_eq!(run.cuts(), [(run.events.len() - 1, Reason::Time)]);
}

#[test]
fn what_is_too_much_is_cut_off() {
    fn check(limits: Limits, message: &[u8]) -> Run {
        let lab = started(Experiment::new(System::TcpEcho, &[]), limits).unwrap();
        lab.send(ClientId::FIRST, sends(&[message; 20], Duration::ZERO));
        let run = Run::of(lab);
        assert_eq!(run.why, Ending::Limit);
        run
    }
    let last = |run: &Run| run.events.len() - 1;
    let limits = Limits {
        events: 20,
        ..Limits::default()
    };
    let events = check(limits, b"1234567890");
    assert_eq!(events.count(), 20);
    assert_eq!(events.cuts(), [(last(&events), Reason::Calls)]);
    let limits = Limits {
        bytes: 30_000,
        ..Limits::default()
    };
    // 20,000 bytes are sent, and received, and sent back.
    let bytes = check(limits, &[b'x'; 1_000]);
    assert_eq!(bytes.cuts(), [(last(&bytes), Reason::Bytes)]);
    let calls = bytes.events.iter().filter(|event| !event.call.is_packet());
    assert!(calls.map(Event::len).sum::<usize>() <= 30_000);
}
