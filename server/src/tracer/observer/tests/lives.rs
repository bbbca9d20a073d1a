//! Descriptors and processes that come and go, and the record's bounds.

use super::*;
use crate::filter::Pattern;
use crate::tracer::tables::{CLONE_FILES, CLONE_THREAD};
use record::{Call, Ending, Reason};

const CHILD: Thread = Thread(30);

fn connected() -> Stage {
    let mut stage = Stage::new();
    stage.connect();
    stage
}

const BEGIN: [&str; 2] = ["client c1 connect", "server c1 accept"];

fn check(stage: Stage, expected: &[&str]) -> Record {
    stage.check(&[&BEGIN[..], expected].concat())
}

#[test]
fn a_connection_closes_with_its_last_descriptor() {
    let mut stage = connected();
    stage.call(SERVER, Syscall::Dup, &[4], 5);
    stage.call(SERVER, Syscall::Fcntl, &[4, 0], 6);
    stage.call(SERVER, Syscall::Close, &[4], 0);
    stage.call(SERVER, Syscall::Close, &[5], 0);
    stage.send(SERVER, 6, b"x", 1);
    stage.call(SERVER, Syscall::Dup2, &[9, 6], 6);
    stage.send(CLIENT, 3, b"y", 1);
    let expected = [
        "server c1 send @0 x/1",
        "server c1 close",
        "client c1 send @0 y/1",
        "client c1 close",
    ];
    check(stage, &expected);
}

#[test]
fn a_child_has_the_descriptors_and_a_thread_shares_them() {
    let mut stage = connected();
    stage.observer.make(SERVER, CHILD);
    stage.call(SERVER, Syscall::Close, &[4], 0);
    stage.send(CHILD, 4, b"x", 1);
    stage.enter(CHILD, Syscall::Clone, &[CLONE_FILES | CLONE_THREAD]);
    stage.observer.make(CHILD, Thread(31));
    stage.send(Thread(31), 4, b"y", 1);
    stage.call(
        Thread(31),
        Syscall::CloseRange,
        &[3, u64::from(u32::MAX)],
        0,
    );
    let expected = [
        "worker c1 send @0 x/1",
        "worker c1 send @1 y/1",
        "worker c1 close",
        "client c1 close",
    ];
    let record = check(stage, &expected);
    assert_eq!(record.parties.len(), 3, "a thread is of its process");
}

#[test]
fn a_new_program_is_a_party_of_its_own_without_what_is_closed() {
    let mut stage = connected();
    stage.call(SERVER, Syscall::Dup, &[4], 5);
    stage.observer.make(SERVER, CHILD);
    stage.call(SERVER, Syscall::Close, &[4], 0);
    stage.call(SERVER, Syscall::Close, &[5], 0);
    stage.send(CHILD, 4, b"x", 1);
    // Descriptor 4 is open in the new program, 5 is not.
    stage.open(
        CHILD,
        4,
        tcp(2, Some("127.0.0.1:80"), Some("127.0.0.1:999")),
    );
    let at = stage.tick();
    stage.observer.execute(CHILD, CHILD, at, &mut stage.world);
    stage.send(CHILD, 4, b"y", 1);
    stage.call(CHILD, Syscall::Close, &[4], 0);
    let expected = [
        "worker c1 send @0 x/1",
        "worker (30) c1 send @1 y/1",
        "worker (30) c1 close",
        "client c1 close",
    ];
    check(stage, &expected);
}

#[test]
fn a_descriptor_on_its_way_keeps_its_connection_open() {
    let mut stage = connected();
    let unix = |inode| state(inode, SocketKind::UnixOther);
    stage.open(SERVER, 7, unix(50));
    stage.open(CLIENT, 7, unix(51));
    let mut header = vec![0; 56];
    header[32..40].copy_from_slice(&LENGTH.to_ne_bytes());
    header[40..48].copy_from_slice(&24_u64.to_ne_bytes());
    stage.write(HEADER, &header);
    let control = |fd: i32| {
        let mut control = 20_u64.to_ne_bytes().to_vec();
        control.extend([1, 1, fd, 0].map(i32::to_ne_bytes).concat());
        control
    };
    stage.write(LENGTH, &control(4));
    stage.call(SERVER, Syscall::Sendmsg, &[7, HEADER], 1);
    stage.call(SERVER, Syscall::Close, &[4], 0);
    stage.write(LENGTH, &control(8));
    stage.open(
        CLIENT,
        8,
        tcp(2, Some("127.0.0.1:80"), Some("127.0.0.1:999")),
    );
    stage.call(CLIENT, Syscall::Recvmsg, &[7, HEADER], 1);
    stage.send(CLIENT, 8, b"x", 1);
    let expected = [
        &BEGIN[..],
        &[
            "client c1 send @0 x/1",
            "client c1 close",
            "client c1 close",
        ],
    ];
    let record = stage.check_noticing(&expected.concat(), &[Notice::UnixDatagrams]);
    assert_eq!(record.events()[2].end, record::End::Acceptor);
}

#[test]
fn what_is_inherited_is_asked_for_and_files_are_not_followed() {
    let mut stage = Stage::new();
    stage.open(SERVER, 0, tcp(1, Some("127.0.0.1:80"), Some("192.0.2.1:5")));
    stage
        .world
        .descriptors
        .insert((SERVER, 1), Descriptor::NoSocket);
    stage.recv(SERVER, 0, b"GET", 0);
    assert!(!stage.enter(SERVER, Syscall::Write, &[1, BUFFER, 3]));
    // It is another one by now.
    assert!(!stage.enter(SERVER, Syscall::Close, &[1]));
    stage.open(SERVER, 1, tcp(2, Some("127.0.0.1:80"), Some("192.0.2.1:6")));
    stage.send(SERVER, 1, b"x", 1);
    let record = stage.check(&[
        "server c1 recv @0 GET/100",
        "server c2 send @0 x/1",
        "server c1 close",
        "server c2 close",
    ]);
    assert_eq!(
        record.connections[0].opener.address.as_deref(),
        Some("192.0.2.1:5")
    );
}

#[test]
fn a_call_that_never_returned_is_no_event() {
    let mut stage = connected();
    stage.write(BUFFER, b"ab");
    assert!(stage.enter(CLIENT, Syscall::Write, &[3, BUFFER, 2]));
    check(stage, &["client c1 close", "server c1 close"]);
}

#[test]
fn io_uring_is_told() {
    let mut stage = Stage::new();
    stage.call(CLIENT, Syscall::IoUringSetup, &[8], 5);
    stage.call(SERVER, Syscall::IoUringSetup, &[8], -38);
    stage.check_noticing(&[], &[Notice::IoUring]);
}

fn check_limits(limits: Limits, expected: &[&str], reason: Reason) {
    let mut stage = Stage::within(limits, Filter::default());
    stage.connect();
    for _ in 0..3 {
        stage.send(CLIENT, 3, b"abc", 3);
    }
    let record = stage.check(&[&BEGIN[..], expected].concat());
    assert_eq!(record.ending(), Some(Ending::Limit));
    let last = record.events().last().unwrap();
    assert_eq!((last.call, last.reason), (Call::Cut, Some(reason)));
}

#[test]
fn the_record_ends_at_its_bounds_and_says_so() {
    let events = Limits { events: 4, ..ROOMY };
    check_limits(
        events,
        &["client c1 send @0 abc/3", "client c1 cut"],
        Reason::Calls,
    );
    let bytes = Limits { bytes: 5, ..ROOMY };
    check_limits(
        bytes,
        &["client c1 send @0 abc/3", "client c1 cut"],
        Reason::Bytes,
    );
    // Exactly as many as may be are no reason to end.
    let mut stage = Stage::within(Limits { bytes: 3, ..ROOMY }, Filter::default());
    stage.connect();
    stage.send(CLIENT, 3, b"abc", 3);
    assert_eq!(stage.end().0.ending(), Some(Ending::Finished));
}

#[test]
fn connections_that_are_not_asked_for_are_left_out() {
    let check = |port, events: usize| {
        let mut stage = Stage::within(ROOMY, Filter(vec![Pattern::Port(port)]));
        stage.connect();
        stage.send(CLIENT, 3, b"abc", 3);
        let (record, _) = stage.end();
        assert_eq!(record.events().len(), events, "{port}");
        assert_eq!(record.connections.len(), events.min(1));
        assert_eq!(record.parties.len(), events.min(2));
    };
    check(80, 5);
    check(81, 0);
}
