//! What the kernel tells beside the calls, and calls that would have had to wait.

use record::{Call, Counts, Event};

use super::*;

const EAGAIN: i64 = -11;
const TCP: u64 = 6;
const SOL_SOCKET: u64 = 1;

fn events(stage: Stage) -> Vec<Event> {
    stage.end().0.events().to_vec()
}

fn find(events: &[Event], call: Call) -> &Event {
    let mut found = events.iter().filter(|event| event.call == call);
    found.next().expect("such a call")
}

#[test]
fn the_kernel_is_asked_before_what_takes_and_after_what_hands_over() {
    let mut stage = Stage::new();
    stage.world.told = record::Socket {
        waiting: Some(9),
        unsent: Some(3),
        accept_queue: Some(2),
        counts: Some(Counts {
            segments_out: 7,
            ..Counts::default()
        }),
        ..record::Socket::default()
    };
    stage.connect();
    stage.send(CLIENT, 3, b"hello", 5);
    stage.recv(SERVER, 4, b"hello", 0);
    stage.call(CLIENT, Syscall::Close, &[3], 0);
    let record = stage.end().0;
    let events = record.events();
    assert_eq!(find(events, Call::Accept).socket.accept_queue, Some(2));
    assert_eq!(find(events, Call::Send).socket.unsent, Some(3));
    assert_eq!(find(events, Call::Recv).socket.waiting, Some(9));
    let counts = find(events, Call::Close).socket.counts;
    assert_eq!(counts.map(|counts| counts.segments_out), Some(7));
    let observed = record.connections[0].opener.observed;
    assert!(observed.queues && record.connections[0].acceptor.observed.queues);
}

#[test]
fn a_recv_that_had_to_wait_tells_nothing_of_the_queue() {
    const WAITALL: u64 = 0x100;
    let check = |waiting, flags, bytes: &[u8], expected: Option<u32>| {
        let mut stage = Stage::new();
        stage.world.told.waiting = Some(waiting);
        stage.connect();
        stage.recv(SERVER, 4, bytes, flags);
        let events = events(stage);
        let recv = find(&events, Call::Recv);
        assert_eq!(recv.socket.waiting, expected, "{waiting} {flags} {bytes:?}");
    };
    check(0, 0, b"hello", None);
    check(3, 0, b"hello", Some(3));
    check(0, 0, b"", Some(0));
    check(3, WAITALL, b"hello", None);
    check(5, WAITALL, b"hello", Some(5));
}

#[test]
fn calls_in_vain_count_with_the_next_one_of_their_kind() {
    let mut stage = Stage::new();
    stage.open(SERVER, 3, listening("127.0.0.1:80"));
    stage.call(SERVER, Syscall::Accept4, &[3], EAGAIN);
    stage.connect();
    for _ in 0..3 {
        stage.call(SERVER, Syscall::Recvfrom, &[4, BUFFER, 100, 0], EAGAIN);
    }
    stage.send(SERVER, 4, b"yes", 3);
    stage.recv(SERVER, 4, b"", 2);
    stage.recv(SERVER, 4, b"hello", 0);
    stage.recv(SERVER, 4, b"again", 0);
    stage.send(CLIENT, 3, b"hello", EAGAIN);
    stage.send(CLIENT, 3, b"hello", 5);
    let counted = events(stage);
    let counted = counted.iter().filter(|event| event.call != Call::Close);
    let counted: Vec<_> = counted.map(|e| (e.call, e.would_block)).collect();
    let expected = [
        (Call::Connect, 0),
        (Call::Accept, 1),
        (Call::Send, 0),
        (Call::Recv, 3),
        (Call::Recv, 0),
        (Call::Send, 1),
    ];
    assert_eq!(counted, expected);
}

#[test]
fn ports_are_watched_before_the_first_packet_leaves() {
    let mut stage = Stage::new();
    stage.open(SERVER, 3, tcp(900, Some("127.0.0.1:80"), None));
    stage.call(SERVER, Syscall::Bind, &[3, NAME, 16], 0);
    assert_eq!(stage.world.watched, [80]);
    stage.open(CLIENT, 3, tcp(1, None, None));
    stage.write(NAME, &sockaddr("127.0.0.1:81"));
    stage.enter(CLIENT, Syscall::Connect, &[3, NAME, 16]);
    assert_eq!(stage.world.watched, [80, 81], "the call has not begun");
    stage.open(CLIENT, 4, socket(SocketKind::Udp, 2, None, None));
    stage.write(NAME, &sockaddr("127.0.0.1:82"));
    stage.enter(CLIENT, Syscall::Sendto, &[4, BUFFER, 1, 0, NAME, 16]);
    assert_eq!(stage.world.watched, [80, 81, 82]);
    stage.enter(CLIENT, Syscall::Sendto, &[4, BUFFER, 1, 0, 0, 0]);
    assert_eq!(stage.world.watched.len(), 3);
}

#[test]
fn options_are_told_with_the_first_call_and_when_they_are_set() {
    let mut stage = Stage::new();
    stage.world.options = Some(Options {
        nodelay: Some(false),
        cork: Some(false),
        send_buffer: Some(16_384),
        linger: Some(0),
        ..Options::default()
    });
    stage.open(SERVER, 3, listening("127.0.0.1:80"));
    // SO_SNDBUF of the listening socket, which those that are accepted inherit.
    stage.call(SERVER, Syscall::Setsockopt, &[3, SOL_SOCKET, 7], 0);
    stage.connect();
    stage.send(CLIENT, 3, b"a", 1);
    // An option of IPv6 with the number of TCP_NODELAY; then one that was refused.
    stage.call(CLIENT, Syscall::Setsockopt, &[3, 41, 1], 0);
    stage.call(CLIENT, Syscall::Setsockopt, &[3, TCP, 3], -22);
    stage.send(CLIENT, 3, b"b", 1);
    stage.call(CLIENT, Syscall::Setsockopt, &[3, TCP, 3], 0);
    stage.send(CLIENT, 3, b"c", 1);
    stage.call(CLIENT, Syscall::Setsockopt, &[3, SOL_SOCKET, 13], 0);
    stage.call(CLIENT, Syscall::Close, &[3], 0);
    let told = events(stage);
    let told = told.iter().map(|event| {
        let options = event.socket.options;
        let named = options.map(|options| options.named().map(|(name, _)| name).collect());
        (event.call, named.unwrap_or_default())
    });
    let told: Vec<(Call, Vec<_>)> = told.collect();
    let expected = [
        (Call::Connect, vec!["TCP_NODELAY"]),
        (Call::Accept, vec!["TCP_NODELAY", "SO_SNDBUF"]),
        (Call::Send, vec![]),
        (Call::Send, vec![]),
        (Call::Send, vec!["TCP_NODELAY", "TCP_CORK"]),
        (Call::Close, vec!["TCP_NODELAY", "TCP_CORK", "SO_LINGER"]),
        (Call::Close, vec![]),
    ];
    assert_eq!(told, expected);
}
