//! Sequence numbers, connections, and how they end.

use record::{Close, End};

use super::build::{ACK, DOWN, FIN, PSH, RST, SYN, UP};
use super::build::{handshake, ipv4, raw, segment, tcp, udp};
use super::check;

#[test]
fn numbers_wrap_and_both_ways_are_counted() {
    let packets = [
        tcp(UP, (0xffff_fffd, 0), SYN, b""),
        tcp(DOWN, (9, 0xffff_fffe), SYN | ACK, b""),
        tcp(UP, (0xffff_fffe, 10), PSH | ACK, b"abcd"),
        tcp(UP, (2, 10), PSH | ACK, b"ef"),
        tcp(DOWN, (10, 4), PSH | ACK, b"r"),
        tcp(UP, (4, 11), FIN | ACK, b""),
        tcp(DOWN, (11, 5), FIN | ACK, b""),
        tcp(UP, (5, 12), ACK, b""),
    ];
    let lines = [
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 0+0 ack 0 SYN,ACK",
        "#0 opener 0+4 ack 0 PSH,ACK",
        "#0 opener 4+2 ack 0 PSH,ACK",
        "#0 acceptor 0+1 ack 6 PSH,ACK",
        "#0 opener 6+0 ack 1 FIN,ACK",
        "#0 acceptor 1+0 ack 7 FIN,ACK",
        "#0 opener 7+0 ack 2 ACK",
    ];
    let contents = check(&raw(&packets), &lines);
    let (connection, summary) = &contents.connections[0];
    assert_eq!(
        connection.opener.address.as_deref(),
        Some("127.0.0.1:40000")
    );
    assert_eq!(summary.bytes, [6, 1]);
    assert_eq!(summary.packets, [5, 3]);
    assert_eq!(summary.close(), Close::Closed);
    assert_eq!(contents.record.parties.len(), 1, "one host");
}

#[test]
fn streams_of_more_than_four_gibibytes_go_on() {
    const STEP: u32 = 1 << 29;
    let mut packets = handshake();
    let mut lines: Vec<String> = [
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 0+0 ack 0 SYN,ACK",
        "#0 opener 0+0 ack 0 ACK",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut number = 101_u32;
    for step in 0..20_u16 {
        let segment = segment(UP, (number, 501), ACK, b"x");
        packets.push(ipv4(6, 1 + step, &segment));
        lines.push(format!(
            "#0 opener {}+1 ack 0 ACK",
            u64::from(step) * u64::from(STEP)
        ));
        number = number.wrapping_add(STEP);
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    check(&raw(&packets), &lines);
}

#[test]
fn without_a_syn_offsets_count_from_the_first_byte_seen() {
    let packets = [
        tcp(DOWN, (700, 300), ACK, b""),
        tcp(UP, (300, 700), PSH | ACK, b"hello"),
        tcp(UP, (298, 700), ACK, b"::hel"),
        tcp(DOWN, (700, 305), FIN | ACK, b"ok"),
    ];
    let lines = [
        "#0 opener 0+0 ack 0 ACK",
        "#0 acceptor 0+5 ack 0 PSH,ACK",
        // Two bytes in front of the first are none of the stream.
        "#0 acceptor 0+3 ack 0 ACK",
        "#0 opener 0+2 ack 5 FIN,ACK",
    ];
    let contents = check(&raw(&packets), &lines);
    assert_eq!(contents.connections[0].1.close(), Close::Half(End::Opener));
}

#[test]
fn a_new_syn_is_a_new_connection() {
    let mut packets = handshake();
    packets.push(tcp(UP, (101, 501), ACK, b"one"));
    // The same SYN again is no other connection.
    packets.push(ipv4(6, 5, &segment(UP, (100, 0), SYN, b"")));
    packets.push(tcp(DOWN, (504, 0), RST, b""));
    packets.extend([
        tcp(UP, (9_000, 0), SYN, b""),
        tcp(DOWN, (4_000, 9_001), SYN | ACK, b""),
        tcp(DOWN, (4_001, 9_001), ACK, b"two"),
    ]);
    let lines = [
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 0+0 ack 0 SYN,ACK",
        "#0 opener 0+0 ack 0 ACK",
        "#0 opener 0+3 ack 0 ACK",
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 3+0 ack 0 RST",
        "#1 opener 0+0 ack 0 SYN",
        "#1 acceptor 0+0 ack 0 SYN,ACK",
        "#1 acceptor 0+3 ack 0 ACK",
    ];
    let contents = check(&raw(&packets), &lines);
    let close = |at: usize| contents.connections[at].1.close();
    assert_eq!(
        (close(0), close(1)),
        (Close::Reset(End::Acceptor), Close::Open)
    );
}

#[test]
fn an_answer_tells_who_opened() {
    let packets = [
        tcp(DOWN, (500, 101), SYN | ACK, b""),
        tcp(UP, (101, 501), ACK, b"hi"),
    ];
    let lines = ["#0 acceptor 0+0 ack 0 SYN,ACK", "#0 opener 0+2 ack 0 ACK"];
    check(&raw(&packets), &lines);
}

#[test]
fn a_refused_connection() {
    let packets = [
        tcp(UP, (100, 0), SYN, b""),
        tcp(DOWN, (0, 101), RST | ACK, b""),
    ];
    let lines = ["#0 opener 0+0 ack 0 SYN", "#0 acceptor 0+0 ack 0 RST,ACK"];
    let contents = check(&raw(&packets), &lines);
    assert_eq!(contents.connections[0].1.close(), Close::Refused);
}

#[test]
fn a_number_far_off_moves_nothing() {
    let mut packets = handshake();
    packets.push(tcp(UP, (101, 501), ACK, b"a"));
    packets.push(tcp(UP, (101 + (1 << 30) + 1_000, 501), ACK, b"!"));
    packets.push(tcp(UP, (102, 501), ACK, b"b"));
    let lines = [
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 0+0 ack 0 SYN,ACK",
        "#0 opener 0+0 ack 0 ACK",
        "#0 opener 0+1 ack 0 ACK",
        "#0 opener 1073742824+1 ack 0 ACK",
        "#0 opener 1+1 ack 0 ACK",
    ];
    check(&raw(&packets), &lines);
}

#[test]
fn two_addresses_are_a_connection_of_datagrams() {
    let packets = [
        udp(UP, b"ping"),
        udp(DOWN, b"pong"),
        udp((40_001, 8_000), b""),
        udp(UP, b"again"),
    ];
    let lines = [
        "#0 opener 0+4",
        "#0 acceptor 0+4",
        "#1 opener 0+0",
        "#0 opener 4+5",
    ];
    let contents = check(&raw(&packets), &lines);
    assert_eq!(contents.connections[0].1.bytes, [9, 4]);
}
