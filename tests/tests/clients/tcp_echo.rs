//! `tcp-echo`'s client: a line out, as many bytes back.

use super::{check, check_fails};
use tests::Stream;

#[test]
fn each_line_is_sent_without_its_ending_and_awaits_its_reply() {
    let serve = |server: &mut Stream| {
        assert_eq!(server.receive(), b"hello");
        assert!(server.is_silent());
        server.send(b"HELLO");
        assert_eq!(server.receive(), b"\xe7\xb2\x98 a\\b");
        assert!(server.is_silent());
        server.send(b"\xe7\xb2\x98 A\\B");
        assert_eq!(server.receive(), b"last");
        server.send(b"LAST");
    };
    let input = "hello\n粘 a\\b\r\nlast".as_bytes();
    check("tcp-echo", input, serve, &["HELLO", "粘 A\\B", "LAST"]);
}

#[test]
fn empty_lines_are_skipped() {
    let serve = |server: &mut Stream| {
        assert_eq!(server.receive(), b"one");
        server.send(b"ONE");
        assert_eq!(server.receive(), b" ");
        server.send(b" ");
    };
    check("tcp-echo", b"\n\none\n\r\n \n\n", serve, &["ONE", " "]);
    check("tcp-echo", b"\n\n", |_| {}, &[]);
    check("tcp-echo", b"", |_| {}, &[]);
}

#[test]
fn a_reply_split_at_every_byte_is_one_reply() {
    let reply = "HELLO 粘包".as_bytes();
    for cut in 1..reply.len() {
        let serve = |server: &mut Stream| {
            server.expect("hello 粘包".as_bytes());
            server.send(&reply[..cut]);
            server.send(&reply[cut..]);
            server.expect(b"x");
            server.send(b"X");
        };
        check(
            "tcp-echo",
            "hello 粘包\nx\n".as_bytes(),
            serve,
            &["HELLO 粘包", "X"],
        );
    }
}

#[test]
fn bytes_that_are_no_text_go_out_as_they_are_and_come_back_escaped() {
    let serve = |server: &mut Stream| {
        assert_eq!(server.receive(), b"\xff\x00z");
        server.send(b"\xff\x00Z");
    };
    check("tcp-echo", b"\xff\x00z\n", serve, &[r"\xFF\x00Z"]);
}

#[test]
fn a_long_line_is_echoed_while_it_is_sent() {
    const LENGTH: usize = 3_000_000;
    let input = vec![b'a'; LENGTH];
    let serve = |server: &mut Stream| {
        let mut echoed = 0;
        while echoed < LENGTH {
            let chunk = server.receive();
            assert!(!chunk.is_empty());
            echoed += chunk.len();
            server.send(&chunk.to_ascii_uppercase());
        }
    };
    check("tcp-echo", &input, serve, &[&"A".repeat(LENGTH)]);
}

#[test]
fn a_server_that_leaves_in_the_middle_of_a_reply_is_an_error() {
    let serve = |server: &mut Stream| {
        server.expect(b"hello");
        server.send(b"HEL");
    };
    check_fails("tcp-echo", b"hello\n", serve, "1 message unfinished");
}

#[test]
fn a_server_that_leaves_with_lines_to_come_is_an_error() {
    let serve = |server: &mut Stream| {
        server.expect(b"one");
        server.send(b"ONE");
        server.finish();
        // The next line may be on its way already; the client notices in the end.
        server.rest();
    };
    let finished = super::converse("tcp-echo", &[], b"one\ntwo\n", serve);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.out, ["ONE"]);
}

#[test]
fn a_reply_that_is_too_long_is_an_error() {
    let serve = |server: &mut Stream| {
        server.expect(b"hi");
        server.send(b"HI!");
        server.rest();
    };
    let reason = "replies that were not as long as their messages: 1";
    check_fails("tcp-echo", b"hi\n", serve, reason);
}
