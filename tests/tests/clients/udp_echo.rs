//! `udp-echo`'s client: a line a datagram.

use super::{check_failed, client};
use tests::Datagrams;

/// Answers each datagram, which must be the expected one.
fn check(input: &[u8], conversation: &[(&[u8], &[u8])], printed: &[&str]) {
    let server = Datagrams::new();
    let program = client("udp-echo", server.address(), &[], input);
    for (expected, reply) in conversation {
        let (datagram, peer) = server.receive_from();
        assert_eq!(datagram, *expected);
        server.send_to(reply, peer);
    }
    let finished = program.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.out, printed);
}

#[test]
fn each_line_is_a_datagram_without_its_ending() {
    check(
        "hello\n粘\r\nlast".as_bytes(),
        &[
            (b"hello", b"HELLO"),
            (b"\xe7\xb2\x98", b"\xe7\xb2\x98"),
            (b"last", b"LAST"),
        ],
        &["HELLO", "粘", "LAST"],
    );
}

#[test]
fn empty_lines_are_empty_datagrams() {
    check(
        b"\na\n\n",
        &[(b"", b""), (b"a", b"A"), (b"", b"")],
        &["", "A", ""],
    );
}

#[test]
fn a_reply_is_whatever_datagram_comes_back() {
    check(
        b"a\nb\n",
        &[(b"a", b"something longer"), (b"b", b"\xff")],
        &["something longer", r"\xFF"],
    );
    check(b"x\n", &[(b"x", &[b'y'; 5000])], &[&"y".repeat(5000)]);
}

#[test]
fn strangers_are_not_listened_to() {
    let server = Datagrams::new();
    let program = client("udp-echo", server.address(), &[], b"hello\n");
    let (_, peer) = server.receive_from();
    Datagrams::new().send_to(b"FORGED", peer);
    server.send_to(b"HELLO", peer);
    let finished = program.finish();
    assert_eq!(finished.out, ["HELLO"]);
}

#[test]
fn a_lost_reply_is_told_and_the_next_line_is_sent_all_the_same() {
    let server = Datagrams::new();
    let program = client("udp-echo", server.address(), &[], b"lost\nfound\n");
    assert_eq!(server.receive(), b"lost");
    let (datagram, peer) = server.receive_from();
    assert_eq!(datagram, b"found");
    server.send_to(b"FOUND", peer);
    let mut finished = program.finish();
    assert_eq!(finished.out, ["FOUND"]);
    let told = finished.err.remove(0);
    assert!(told.contains("no reply"), "{told}");
    check_failed(&finished, "did not get through: 1");
}
