//! Datagrams.

use super::*;

fn udp(inode: u64, local: &str, peer: Option<&str>) -> SocketState {
    socket(SocketKind::Udp, inode, Some(local), peer)
}

/// A server at port 53 of all addresses, and a client whose socket is not bound yet.
fn begin() -> Stage {
    let mut stage = Stage::new();
    stage.open(SERVER, 3, udp(1, "0.0.0.0:53", None));
    stage.open(CLIENT, 3, udp(2, "0.0.0.0:0", None));
    stage
}

fn send_to(stage: &mut Stage, thread: Thread, bytes: &[u8], to: &str) {
    stage.write(BUFFER, bytes);
    stage.write(NAME, &sockaddr(to));
    let length = bytes.len() as u64;
    let arguments = [3, BUFFER, length, 0, NAME, 16];
    assert!(stage.enter(thread, Syscall::Sendto, &arguments));
    if thread == CLIENT {
        stage.open(CLIENT, 3, udp(2, "0.0.0.0:999", None));
    }
    stage.leave(thread, i64::try_from(length).unwrap());
}

/// recvfrom(2) with room for 4 bytes.
fn receive_from(stage: &mut Stage, thread: Thread, bytes: &[u8], from: &str, flags: u64) {
    stage.write(BUFFER, &bytes[..bytes.len().min(4)]);
    stage.write(NAME, &sockaddr(from));
    stage.write(LENGTH, &16_u32.to_ne_bytes());
    let result = if flags == 0 {
        bytes.len().min(4)
    } else {
        bytes.len()
    };
    let arguments = [3, BUFFER, 4, flags, NAME, LENGTH];
    let result = i64::try_from(result).unwrap();
    stage.call(thread, Syscall::Recvfrom, &arguments, result);
}

#[test]
fn a_datagram_is_of_the_connection_with_its_peer() {
    let mut stage = begin();
    send_to(&mut stage, CLIENT, b"ab", "127.0.0.1:53");
    receive_from(&mut stage, SERVER, b"ab", "127.0.0.1:999", 0);
    send_to(&mut stage, SERVER, b"", "127.0.0.1:999");
    receive_from(&mut stage, CLIENT, b"", "127.0.0.1:53", 0);
    send_to(&mut stage, CLIENT, b"x", "127.0.0.1:54");
    let record = stage.check(&[
        "client c1 send @0 ab/2",
        "server c1 recv @0 ab/4",
        "server c1 send",
        "client c1 recv @0 /4",
        "client c2 send @0 x/1",
        "client c1 close",
        "client c2 close",
        "server c1 close",
    ]);
    let connection = &record.connections[0];
    // Its own address, which is that of all its connections.
    assert_eq!(connection.acceptor.address.as_deref(), Some("0.0.0.0:53"));
    assert_eq!(record.events()[1].socket.length, Some(2));
}

#[test]
fn the_real_length_of_a_cut_datagram_is_told_where_it_is_known() {
    const TRUNC: u64 = 0x20;
    let mut stage = begin();
    receive_from(&mut stage, SERVER, b"abcdef", "127.0.0.1:999", TRUNC);
    receive_from(&mut stage, SERVER, b"abcdef", "127.0.0.1:999", 0);
    let record = stage.check(&[
        "server c1 recv @0 abcd/4",
        "server c1 recv @4 abcd/4",
        "server c1 close",
    ]);
    let lengths = record.events().iter().map(|event| event.socket.length);
    assert_eq!(lengths.collect::<Vec<_>>(), [Some(6), None, None]);
}

#[test]
fn a_connected_socket_names_no_peer_and_one_that_does_not_ask_is_told() {
    let mut stage = begin();
    stage.enter(CLIENT, Syscall::Connect, &[3, NAME, 16]);
    stage.open(CLIENT, 3, udp(2, "127.0.0.1:999", Some("127.0.0.1:53")));
    stage.leave(CLIENT, 0);
    stage.send(CLIENT, 3, b"a", 1);
    stage.send(CLIENT, 3, b"b", -111);
    stage.recv(SERVER, 3, b"a", 0);
    let seen = [
        "client c1 send @0 a/1",
        "client c1 send @1 /1 ! Connection refused (os error 111)",
        "client c1 close",
    ];
    stage.check_noticing(&seen, &[Notice::Anonymous]);
}
