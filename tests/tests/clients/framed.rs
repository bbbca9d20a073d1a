//! The clients of `ready-ack` and `length-prefix`: framed messages out.

use tests::{Listener, Stream};

use super::{WAITS, check, check_fails, client};

#[test]
fn ready_ack_sends_the_length_in_bytes_alone_and_waits() {
    let serve = |server: &mut Stream| {
        for (length, body) in [
            (&b"5"[..], &b"hello"[..]),
            (b"0", b""),
            (b"6", b"\xe7\xb2\x98\xe5\x8c\x85"),
        ] {
            assert_eq!(server.receive(), length);
            assert!(server.is_silent(), "no body before ready");
            server.send(b"ready");
            server.expect(body);
        }
    };
    check("ready-ack", "hello\n\n粘包\n".as_bytes(), serve, &[]);
}

#[test]
fn a_client_says_what_it_waits_for() {
    let check = |system: &str, arguments: &[&str], sent: &[u8], missing: &str| {
        let listener = Listener::new();
        let program = client(system, listener.address(), arguments, b"hello\n");
        let mut server = listener.accept();
        server.expect(sent);
        // It takes the length for a larger one, for example, and says nothing.
        let note = program
            .err
            .wait_for("what it waits for", |line| line.contains(WAITS));
        assert!(note.contains(missing), "{note}");
        // It waits on: a late reply is one.
        if system == "framed" {
            server.send(b"\0\x05HELLO");
            program.out.wait_for("the reply", |line| line == "HELLO");
        }
    };
    let big = ["--framing", "length-prefix,width=2,endian=big"];
    check("framed", &big, b"\0\x05hello", "(length-prefix)");
    check("tcp-echo", &[], b"hello", "its reply");
    check("ready-ack", &[], b"5", "ready");
    check("auth", &[], b"", "handshake");
}

#[test]
fn ready_ack_takes_ready_split_at_every_byte() {
    for cut in 1..5 {
        let serve = |server: &mut Stream| {
            server.expect(b"12");
            server.send(&b"ready"[..cut]);
            assert!(server.is_silent(), "{cut} bytes are not ready");
            server.send(&b"ready"[cut..]);
            server.expect(b"hello, world");
        };
        check("ready-ack", b"hello, world\n", serve, &[]);
    }
}

#[test]
fn ready_ack_refuses_another_answer() {
    for answer in [&b"READY"[..], b"rejected", b"no"] {
        let serve = |server: &mut Stream| {
            server.expect(b"5");
            server.send(answer);
            assert_eq!(server.rest(), b"", "no body");
        };
        check_fails("ready-ack", b"hello\n", serve, "not \"ready\"");
    }
}

#[test]
fn ready_ack_takes_a_server_that_leaves_after_its_message() {
    // As the article's own does.
    let serve = |server: &mut Stream| {
        server.expect(b"5");
        server.send(b"ready");
        server.expect(b"hello");
        server.finish();
    };
    check("ready-ack", b"hello\n", serve, &[]);
}

#[test]
fn ready_ack_names_a_server_that_leaves_instead_of_ready() {
    let serve = |server: &mut Stream| server.expect(b"5");
    check_fails("ready-ack", b"hello\n", serve, "1 message unfinished");
}

#[test]
fn length_prefix_sends_four_bytes_of_length_least_first() {
    let serve = |server: &mut Stream| {
        server.expect(b"\x05\0\0\0hello");
        server.expect(b"\0\0\0\0");
        server.expect(b"\x06\0\0\0\xe7\xb2\x98\xe5\x8c\x85");
        server.expect(b"\x01\0\0\0\xff");
        server.expect(b"\x2c\x01\0\0");
        server.expect(&[b'x'; 300]);
    };
    let mut input = "hello\n\n粘包\r\n".as_bytes().to_vec();
    input.extend_from_slice(b"\xff\n");
    input.extend_from_slice(&[b'x'; 300]);
    check("length-prefix", &input, serve, &[]);
}

#[test]
fn length_prefix_sends_an_empty_message_for_each_empty_line() {
    let serve = |server: &mut Stream| server.expect(&[0; 12]);
    check("length-prefix", b"\n\n\r\n", serve, &[]);
}

#[test]
fn length_prefix_names_a_server_that_closes_first() {
    let serve = |server: &mut Stream| {
        server.expect(b"\x05\0\0\0hello");
        server.finish();
        server.rest();
    };
    check_fails(
        "length-prefix",
        b"hello\n",
        serve,
        "closed the connection first",
    );
}

#[test]
fn a_reply_where_there_is_none_is_an_error() {
    let serve = |server: &mut Stream| {
        server.expect(b"\x05\0\0\0hello");
        server.send(b"HELLO");
        server.rest();
    };
    check_fails(
        "length-prefix",
        b"hello\n",
        serve,
        "5 bytes that answer nothing",
    );
}
