//! The first bytes of some connections, where all of them would be too many packets.

use capture::fronts;
use record::ConnectionId;

use super::build::{ACK, DOWN, FIN, UP, handshake, raw, tcp};
use super::line;

/// Connections from other ports, and back.
const OTHER: (u16, u16) = (40_001, 8_000);
const THIRD: (u16, u16) = (40_002, 8_000);

fn check(file: &[u8], connections: &[u32], (reach, most): (u64, usize), expected: &[&str]) {
    let connections: Vec<_> = connections.iter().copied().map(ConnectionId).collect();
    let record = fronts(file, &connections, reach, most).expect("a capture");
    let lines: Vec<_> = record.events().iter().map(line).collect();
    assert_eq!(lines, expected);
    let known = record
        .connections
        .iter()
        .map(|connection| connection.connection);
    let mut named = connections;
    named.sort();
    assert!(known.eq(named));
}

#[test]
fn of_what_is_behind_the_first_bytes_turns_are_kept() {
    let mut packets = handshake();
    packets.extend([
        tcp(UP, (101, 501), ACK, b"abcd"),
        tcp(UP, (105, 501), ACK, b"efgh"),
        tcp(UP, (109, 501), ACK, b"behind"),
        tcp(UP, (115, 501), ACK, b"more"),
        tcp(DOWN, (501, 119), ACK, b"ok"),
        tcp(UP, (119, 503), ACK, b"after that"),
        tcp(UP, (129, 503), ACK, b"and more"),
        // What was lost of the first bytes comes late.
        tcp(UP, (107, 503), ACK, b"gh"),
        tcp(UP, (137, 503), FIN | ACK, b""),
    ]);
    let file = raw(&packets);
    let lines = [
        "#0 opener 0+4 ack 0 ACK",
        "#0 opener 4+4 ack 0 ACK",
        "#0 opener 8+6 ack 0 ACK",
        "#0 acceptor 0+2 ack 18 ACK",
        "#0 opener 18+10 ack 2 ACK",
        "#0 opener 6+2 ack 2 ACK",
        "#0 opener 36+0 ack 2 FIN,ACK",
    ];
    check(&file, &[0], (8, 100), &lines);
    check(
        &file,
        &[0],
        (0, 100),
        &[lines[0], lines[3], lines[4], lines[6]],
    );
}

#[test]
fn the_connection_that_is_named_first_is_there_whatever_the_others_have() {
    let file = raw(&[
        tcp(UP, (1, 1), ACK, b"a"),
        tcp(OTHER, (1, 1), ACK, b"b"),
        tcp(UP, (2, 1), ACK, b"a"),
        tcp(OTHER, (2, 1), ACK, b"b"),
        tcp(THIRD, (1, 1), ACK, b"c"),
        tcp(THIRD, (2, 1), ACK, b"c"),
    ]);
    let of = |number: u32, at: u32| format!("#{number} opener {at}+1 ack 0 ACK");
    let all = [of(0, 0), of(1, 0), of(0, 1), of(1, 1), of(2, 0), of(2, 1)];
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    check(&file, &[2, 0, 1], (8, 100), &all);
    check(
        &file,
        &[2, 0, 1],
        (8, 3),
        &[all[0], all[1], all[2], all[4], all[5]],
    );
    check(&file, &[2, 1], (8, 100), &[all[1], all[3], all[4], all[5]]);
    check(&file, &[], (8, 100), &[]);
}
