//! What a run holds for others: commands for its clients, events for its reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;

use super::*;
use crate::lab::COMMAND;
use crate::lab::room::ROOM;
use crate::net::Backlog;

#[test]
fn parts_and_the_send_behind_them_are_one_call() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.buffer = 64 * 1024;
    let lab = Lab::start(experiment, 0).unwrap();
    for part in [&b"one "[..], b"", b"call"] {
        lab.part(ClientId::FIRST, part.to_vec(), None);
    }
    lab.send(ClientId::FIRST, sends(&[b"!", b"next"], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos::from_millis(100));
    let run = Run::of(lab);
    let calls: Vec<_> = run
        .calls(ClientId::FIRST.party(), Call::Send)
        .map(|event| event.bytes.clone())
        .collect();
    assert_eq!(calls, [&b"one call!"[..], b"next"]);
}

#[test]
fn a_send_in_parts_has_a_longest_length() {
    let lab = Lab::start(Experiment::new(System::TcpEcho, &[]), 0).unwrap();
    let part = vec![0; trace::experiment::MAX_FRAMED];
    lab.part(ClientId::FIRST, part, None);
    lab.part(ClientId::FIRST, vec![0], None);
    lab.send(ClientId::FIRST, sends(&[b"x"], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos::from_millis(100));
    let run = Run::of(lab);
    assert_eq!(run.errors.len(), 1, "{:?}", run.errors);
    assert!(run.errors[0].contains("at most 2097152 bytes"));
    let sent = run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST);
    assert_eq!(sent, b"x");
}

/// A sender of commands waits while a client has too many of them.
#[test]
fn commands_wait_for_room() {
    let lab = Lab::start(Experiment::new(System::TcpEcho, &[]), 0).unwrap();
    let room = |calls, bytes| lab.room(calls, bytes).now_or_never();
    let first = room(1, ROOM / 2).expect("there is room").expect("it runs");
    assert!(room(0, ROOM / 2).is_none(), "half is taken, and headers");
    lab.send_with(
        ClientId::FIRST,
        // Long enough for the look behind it, on a busy machine, too.
        sends(&[b"x"], Duration::from_secs(1)),
        Some(first),
    );
    assert!(room(0, ROOM / 2).is_none(), "it is not followed yet");
    let deadline = Instant::now() + Duration::from_secs(20);
    while room(0, ROOM - COMMAND).is_none() {
        assert!(Instant::now() < deadline, "the room is not given back");
        std::thread::sleep(Duration::from_millis(1));
    }
    // More than there is takes all there is.
    assert!(room(usize::MAX, usize::MAX).is_some());
    let waiting = lab.room(1, ROOM);
    let all = room(0, ROOM);
    lab.stop();
    drop(Run::of(lab));
    assert!(
        matches!(waiting.now_or_never(), Some(None)),
        "the run is over"
    );
    drop(all);
}

/// A reader that takes nothing ends the run, with a reason in the trace.
#[test]
fn what_nobody_takes_ends_the_run() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let backlog = Backlog::new(200_000, 1_000);
    let over = Arc::new(AtomicBool::new(false));
    let conditions = Conditions {
        backlog: Some(Arc::clone(&backlog)),
        held: Some(Box::new(Held(Arc::clone(&over)))),
        ..Conditions::default()
    };
    let experiment = Experiment::new(System::TcpEcho, &[]);
    let lab = Lab::start_under(conditions, experiment, 0).unwrap();
    lab.send(
        ClientId::FIRST,
        sends(&[&[b'x'; 1_000][..]; 1_000], Duration::ZERO),
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while !over.load(Ordering::Relaxed) {
        assert!(Instant::now() < deadline, "the run goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let waiting = backlog.waiting();
    assert!((150_000..210_000).contains(&waiting), "{waiting}");
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Limit);
    assert_eq!(run.cuts(), [(run.events.len() - 1, Reason::Unread)]);
    assert_eq!(backlog.waiting(), 0);
}
