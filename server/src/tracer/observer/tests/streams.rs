//! Streams: TCP and Unix sockets.

use super::*;

const EAGAIN: i64 = -11;
const EINTR: i64 = -4;
const EPIPE: i64 = -32;
const ECONNREFUSED: i64 = -111;
const EINPROGRESS: i64 = -115;
const RESTART: i64 = -512;

#[test]
fn both_ends_of_a_connection_are_one() {
    let mut stage = Stage::new();
    stage.connect();
    stage.send(CLIENT, 3, b"hello", 5);
    stage.recv(SERVER, 4, b"hello", 0);
    let record = stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 send @0 hello/5",
        "server c1 recv @0 hello/100",
        "client c1 close",
        "server c1 close",
    ]);
    let connection = &record.connections[0];
    let ends = [&connection.opener, &connection.acceptor];
    let addresses = ends.map(|end| end.address.as_deref().unwrap());
    assert_eq!(addresses, ["127.0.0.1:999", "127.0.0.1:80"]);
    assert!(
        ends.iter()
            .all(|end| end.observed.calls && end.party.is_some())
    );
    // Handing over has the time before the call, taking the time after it.
    let times = record
        .events()
        .iter()
        .map(|event| (event.at.0, event.took.0));
    let times: Vec<_> = times.collect();
    assert_eq!(times[..4], [(10, 10), (40, 10), (50, 10), (80, 10)]);
}

#[test]
fn an_accept_may_be_seen_before_the_connect_returns() {
    let mut stage = Stage::new();
    stage.open(SERVER, 3, listening("127.0.0.1:80"));
    stage.open(CLIENT, 3, tcp(1, Some("0.0.0.0:0"), None));
    stage.write(NAME, &sockaddr("127.0.0.1:80"));
    stage.enter(CLIENT, Syscall::Connect, &[3, NAME, 16]);
    stage.accept(4, 2);
    stage.open(
        CLIENT,
        3,
        tcp(1, Some("127.0.0.1:999"), Some("127.0.0.1:80")),
    );
    stage.leave(CLIENT, 0);
    stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 close",
        "server c1 close",
    ]);
}

#[test]
fn the_same_addresses_again_are_another_connection() {
    let mut stage = Stage::new();
    stage.connect();
    for thread in [CLIENT, SERVER] {
        let fd = if thread == CLIENT { 3 } else { 4 };
        stage.call(thread, Syscall::Close, &[fd], 0);
    }
    stage.connect();
    let record = stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 close",
        "server c1 close",
        "client c2 connect",
        "server c2 accept",
        "client c2 close",
        "server c2 close",
    ]);
    assert_eq!(record.connections.len(), 2);
}

#[test]
fn a_client_that_closed_before_accept_is_matched_still() {
    let mut stage = Stage::new();
    stage.open(SERVER, 3, listening("127.0.0.1:80"));
    stage.open(
        CLIENT,
        3,
        tcp(1, Some("127.0.0.1:999"), Some("127.0.0.1:80")),
    );
    stage.write(NAME, &sockaddr("127.0.0.1:80"));
    stage.call(CLIENT, Syscall::Connect, &[3, NAME, 16], 0);
    stage.call(CLIENT, Syscall::Close, &[3], 0);
    stage.accept(4, 2);
    stage.check(&[
        "client c1 connect",
        "client c1 close",
        "server c1 accept",
        "server c1 close",
    ]);
}

#[test]
fn partial_and_failed_sends_count_what_was_taken() {
    let mut stage = Stage::new();
    stage.connect();
    stage.send(CLIENT, 3, b"hello", 3);
    stage.send(CLIENT, 3, b"lo", EAGAIN);
    stage.send(CLIENT, 3, b"lo", RESTART);
    stage.send(CLIENT, 3, b"lo", 2);
    stage.send(CLIENT, 3, b"x", EPIPE);
    stage.send(CLIENT, 3, b"", 0);
    stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 send @0 hel/5",
        "client c1 send @3 lo/2",
        "client c1 send @5 /1 ! Broken pipe (os error 32)",
        "client c1 send @5 /0",
        "client c1 close",
        "server c1 close",
    ]);
}

#[test]
fn a_look_takes_nothing_and_the_end_of_the_stream_is_told() {
    let mut stage = Stage::new();
    stage.connect();
    stage.recv(SERVER, 4, b"ab", 2);
    stage.recv(SERVER, 4, b"ab", 0);
    stage.recv(SERVER, 4, b"", 0);
    // Room for nothing is no end.
    stage.call(SERVER, Syscall::Read, &[4, BUFFER, 0], 0);
    stage.call(SERVER, Syscall::Shutdown, &[4, 1], 0);
    stage.call(SERVER, Syscall::Shutdown, &[4, 0], 0);
    stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "server c1 recv @0 ab/100",
        "server c1 recv @2 /100",
        "server c1 shutdown",
        "client c1 close",
        "server c1 close",
    ]);
}

/// A `struct msghdr` with these parts, in front of other fields of zeros.
fn header(parts: u64) -> Vec<u8> {
    let mut header = vec![0; 64];
    header[16..24].copy_from_slice(&PARTS.to_ne_bytes());
    header[24..32].copy_from_slice(&parts.to_ne_bytes());
    header
}

fn parts(all: &[(u64, u64)]) -> Vec<u8> {
    let words = all.iter().flat_map(|(base, length)| [*base, *length]);
    words.flat_map(u64::to_ne_bytes).collect()
}

#[test]
fn parts_are_joined_as_far_as_they_were_taken() {
    let mut stage = Stage::new();
    stage.connect();
    stage.write(0x100, b"head");
    stage.write(0x200, b"body");
    stage.write(PARTS, &parts(&[(0x100, 4), (0x300, 0), (0x200, 4)]));
    stage.write(HEADER, &header(3));
    stage.call(CLIENT, Syscall::Writev, &[3, PARTS, 3], 6);
    stage.call(CLIENT, Syscall::Sendmsg, &[3, HEADER, 0], 8);
    let mut two = header(3);
    two[56..60].copy_from_slice(&8_u32.to_ne_bytes());
    let mut second = header(1);
    second[56..60].copy_from_slice(&2_u32.to_ne_bytes());
    two.extend(second);
    stage.write(HEADER, &two);
    stage.call(CLIENT, Syscall::Sendmmsg, &[3, HEADER, 2], 2);
    stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 send @0 headbo/8",
        "client c1 send @6 headbody/8",
        "client c1 send @14 headbody/8",
        "client c1 send @22 he/4",
        "client c1 close",
        "server c1 close",
    ]);
}

#[test]
fn a_connect_that_returns_early_is_told_by_what_comes_next() {
    // One that is interrupted goes on, too.
    for result in [EINPROGRESS, EINTR] {
        tell_by_what_comes_next(result);
    }
}

fn tell_by_what_comes_next(result: i64) {
    let begin = || {
        let mut stage = Stage::new();
        stage.open(CLIENT, 3, tcp(1, Some("127.0.0.1:999"), None));
        stage.write(NAME, &sockaddr("127.0.0.1:80"));
        stage.call(CLIENT, Syscall::Connect, &[3, NAME, 16], result);
        stage
    };
    let refused = "client c1 connect ! Connection refused (os error 111)";
    let mut stage = begin();
    stage.write(LENGTH, &111_i32.to_ne_bytes());
    stage.call(CLIENT, Syscall::Getsockopt, &[3, 1, 4, LENGTH], 0);
    stage.check(&[refused]);

    let mut stage = begin();
    stage.write(LENGTH, &0_i32.to_ne_bytes());
    stage.call(CLIENT, Syscall::Getsockopt, &[3, 1, 4, LENGTH], 0);
    let early = "client c1 connect ! Operation now in progress (os error 115)";
    stage.check(&[early, "client c1 close"]);

    let mut stage = begin();
    stage.send(CLIENT, 3, b"x", ECONNREFUSED);
    stage.check(&[refused]);

    let mut stage = begin();
    stage.send(CLIENT, 3, b"x", EAGAIN);
    stage.open(
        CLIENT,
        3,
        tcp(1, Some("127.0.0.1:999"), Some("127.0.0.1:80")),
    );
    stage.send(CLIENT, 3, b"x", 1);
    let record = stage.check(&[
        "client c1 connect",
        "client c1 send @0 x/1",
        "client c1 close",
    ]);
    let acceptor = &record.connections[0].acceptor;
    assert_eq!(acceptor.address.as_deref(), Some("127.0.0.1:80"));
    assert!(acceptor.party.is_none() && !acceptor.observed.calls);

    let mut stage = begin();
    stage.call(CLIENT, Syscall::Connect, &[3, NAME, 16], 0);
    stage.check(&["client c1 connect", "client c1 close"]);
}

#[test]
fn a_failed_connect_and_the_next_are_two_connections() {
    let mut stage = Stage::new();
    stage.open(CLIENT, 3, tcp(1, Some("127.0.0.1:999"), None));
    stage.write(NAME, &sockaddr("127.0.0.1:80"));
    stage.call(CLIENT, Syscall::Connect, &[3, NAME, 16], ECONNREFUSED);
    stage.call(CLIENT, Syscall::Connect, &[3, NAME, 16], 0);
    stage.check(&[
        "client c1 connect ! Connection refused (os error 111)",
        "client c2 connect",
        "client c2 close",
    ]);
}

#[test]
fn a_file_that_is_sent_is_read_where_it_was_sent_from() {
    let mut stage = Stage::new();
    stage.connect();
    stage.world.file = Some(b"0123456789".to_vec());
    stage.write(LENGTH, &6_u64.to_ne_bytes());
    stage.call(CLIENT, Syscall::Sendfile, &[3, 9, LENGTH, 10], 4);
    stage.call(CLIENT, Syscall::Sendfile, &[3, 9, LENGTH, 10], 0);
    stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "client c1 send @0 2345/10",
        "client c1 close",
        "server c1 close",
    ]);
}

#[test]
fn from_bytes_on_that_nobody_saw_a_direction_is_left_out() {
    let mut stage = Stage::new();
    stage.connect();
    stage.send(CLIENT, 3, b"ab", 2);
    stage
        .world
        .descriptors
        .insert((CLIENT, 5), Descriptor::NoSocket);
    stage.call(CLIENT, Syscall::Splice, &[5, 0, 3, 0, 100], 10);
    stage.send(CLIENT, 3, b"cd", 2);
    stage.recv(SERVER, 4, b"a", 0);
    stage.recv(SERVER, 4, b"b123", 0);
    stage.send(SERVER, 4, b"back", 4);
    let seen = [
        "client c1 connect",
        "server c1 accept",
        "client c1 send @0 ab/2",
        "server c1 recv @0 a/100",
        "server c1 send @0 back/4",
        "client c1 close",
        "server c1 close",
    ];
    stage.check_noticing(&seen, &[Notice::Unseen]);
}

#[test]
fn urgent_bytes_end_what_is_told_of_their_direction() {
    let mut stage = Stage::new();
    stage.connect();
    stage.write(BUFFER, b"!");
    stage.call(CLIENT, Syscall::Sendto, &[3, BUFFER, 1, 1], 1);
    stage.send(CLIENT, 3, b"cd", 2);
    let seen = [
        "client c1 connect",
        "server c1 accept",
        "client c1 close",
        "server c1 close",
    ];
    stage.check_noticing(&seen, &[Notice::OutOfBand]);
}

#[test]
fn unix_sockets_are_matched_by_their_numbers() {
    let unix = |inode, peer_inode| SocketState {
        peer_inode,
        ..state(inode, SocketKind::UnixStream)
    };
    let at = |path: &str| Some(Address::Unix(path.as_bytes().to_vec()));
    let mut stage = Stage::new();
    let listening = SocketState {
        is_listening: true,
        local: at("/run/x"),
        ..unix(7, None)
    };
    stage.open(SERVER, 3, listening);
    stage.open(CLIENT, 3, unix(8, None));
    stage.write(NAME, &[&1_u16.to_ne_bytes()[..], b"/run/x\0"].concat());
    stage.enter(CLIENT, Syscall::Connect, &[3, NAME, 9]);
    stage.open(
        CLIENT,
        3,
        SocketState {
            peer: at("/run/x"),
            ..unix(8, None)
        },
    );
    stage.leave(CLIENT, 0);
    stage.enter(SERVER, Syscall::Accept, &[3]);
    stage.open(
        SERVER,
        4,
        SocketState {
            local: at("/run/x"),
            ..unix(9, Some(8))
        },
    );
    stage.leave(SERVER, 4);
    stage.send(SERVER, 4, b"hi", 2);
    stage.recv(CLIENT, 3, b"hi", 0);
    let record = stage.check(&[
        "client c1 connect",
        "server c1 accept",
        "server c1 send @0 hi/2",
        "client c1 recv @0 hi/100",
        "client c1 close",
        "server c1 close",
    ]);
    let connection = &record.connections[0];
    assert_eq!(connection.acceptor.address.as_deref(), Some("/run/x"));
    assert_eq!(connection.opener.address, None);
}

/// A Python program that looks up a user, where there is no name service cache.
fn looks_up(stage: &mut Stage, path: &str, error: i64) {
    stage.open(CLIENT, 3, state(8, SocketKind::UnixStream));
    let name = [&1_u16.to_ne_bytes()[..], path.as_bytes(), b"\0"].concat();
    stage.write(NAME, &name);
    let length = name.len() as u64;
    stage.call(CLIENT, Syscall::Connect, &[3, NAME, length], -error);
    stage.call(CLIENT, Syscall::Close, &[3], 0);
}

#[test]
fn a_search_for_the_name_service_cache_in_vain_is_no_connection() {
    let mut stage = Stage::new();
    looks_up(&mut stage, "/var/run/nscd/socket", 2);
    looks_up(&mut stage, "/run/nscd/socket", 111);
    // Permission denied is something else, and so is another socket that is not there.
    looks_up(&mut stage, "/run/nscd/socket", 13);
    looks_up(&mut stage, "/run/other", 2);
    let events = [
        "client c1 connect ! Permission denied (os error 13)",
        "client c2 connect ! No such file or directory (os error 2)",
    ];
    stage.check_noticing(&events, &[Notice::Lookups]);
    // One that was asked for is recorded.
    let filter = Filter(vec!["/run/nscd/socket".parse().unwrap()]);
    let mut stage = Stage::within(ROOMY, filter);
    looks_up(&mut stage, "/var/run/nscd/socket", 2);
    looks_up(&mut stage, "/run/nscd/socket", 2);
    stage.check(&["client c2 connect ! No such file or directory (os error 2)"]);
}

#[test]
fn the_two_sockets_of_a_pair_are_the_ends_of_one_connection() {
    let unix = |inode, peer| SocketState {
        peer_inode: Some(peer),
        ..state(inode, SocketKind::UnixStream)
    };
    let mut stage = Stage::new();
    stage.open(CLIENT, 5, unix(1, 2));
    stage.open(CLIENT, 6, unix(2, 1));
    stage.write(NAME, &[5_i32, 6].map(i32::to_ne_bytes).concat());
    stage.call(CLIENT, Syscall::Socketpair, &[1, 1, 0, NAME], 0);
    stage.send(CLIENT, 6, b"ab", 2);
    stage.recv(CLIENT, 5, b"ab", 0);
    let record = stage.check(&[
        "client c1 send @0 ab/2",
        "client c1 recv @0 ab/100",
        "client c1 close",
        "client c1 close",
    ]);
    assert_eq!(record.events()[0].end, record::End::Acceptor);
}
