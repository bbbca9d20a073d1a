//! `ready-ack` and `length-prefix`: framed messages in, nothing but `ready` out.

use std::time::{Duration, Instant};

use super::{Conversation, converse};
use tests::{Server, Stream};

/// How long ready-ack waits for more digits; two pieces of a length that come
/// further apart are two lengths.
const SETTLE: Duration = Duration::from_millis(50);

/// A conversation that goes well: the server prints exactly `messages`.
fn check(system: &str, arguments: &[&str], talk: impl FnOnce(&mut Stream), messages: &[&str]) {
    let server = Server::start(system, arguments);
    let mut client = server.connect();
    talk(&mut client);
    client.finish();
    assert_eq!(client.rest(), b"", "nothing else comes back");
    let conversation = Conversation {
        peer: client.address(),
        server: server.stop(),
    };
    assert_eq!(conversation.messages(system), messages);
    let refused = conversation
        .server
        .err
        .iter()
        .any(|l| l.contains("refused"));
    assert!(!refused, "{:?}", conversation.server.err);
}

/// A conversation that the server ends; it says why, and serves others.
fn check_refused(
    system: &str,
    talk: impl FnOnce(&mut Stream),
    messages: &[&str],
    offset: u64,
    reason: &str,
) {
    let server = Server::start(system, &["--max-frame", "1000"]);
    let mut client = server.connect();
    talk(&mut client);
    assert_eq!(client.rest(), b"", "closed without a word");
    let mut other = server.connect();
    match system {
        "ready-ack" => ask(&mut other, b"2", b"ok"),
        _ => other.send(b"\x02\0\0\0ok"),
    }
    other.finish();
    assert_eq!(other.rest(), b"");
    let mut conversation = Conversation {
        peer: other.address(),
        server: server.stop(),
    };
    assert_eq!(conversation.messages(system), ["ok"]);
    conversation.peer = client.address();
    assert_eq!(conversation.messages(system), messages);
    conversation.check_refused(offset, reason);
}

/// The length, `ready`, the body.
fn ask(client: &mut Stream, length: &[u8], body: &[u8]) {
    client.send(length);
    client.expect(b"ready");
    client.send(body);
}

#[test]
fn ready_ack_takes_a_length_answers_and_takes_the_body() {
    check(
        "ready-ack",
        &[],
        |client| ask(client, b"5", b"hello"),
        &["hello"],
    );
}

#[test]
fn ready_ack_takes_several_in_a_row() {
    let talk = |client: &mut Stream| {
        ask(client, b"5", b"hello");
        ask(client, b"6", "粘包".as_bytes());
        ask(client, b"12", b"hello, world");
        ask(client, b"007", b"leading");
    };
    check(
        "ready-ack",
        &[],
        talk,
        &["hello", "粘包", "hello, world", "leading"],
    );
}

#[test]
fn ready_ack_takes_an_empty_message_and_the_end_after_it() {
    let talk = |client: &mut Stream| {
        ask(client, b"0", b"");
        ask(client, b"1", b"x");
    };
    check("ready-ack", &[], talk, &["", "x"]);
}

#[test]
fn ready_ack_takes_a_length_that_recv_cuts_between_its_digits() {
    // Room for one byte: the server gets "1", then "2".
    let talk = |client: &mut Stream| ask(client, b"12", b"hello, world");
    check("ready-ack", &["--buffer", "1"], talk, &["hello, world"]);
}

#[test]
fn ready_ack_takes_a_length_sent_in_two_pieces() {
    let server = Server::start("ready-ack", &[]);
    // Where this very test is kept waiting between the pieces they are two
    // lengths: then it is not the server that failed, and it is tried again.
    for _ in 0..100 {
        let mut client = server.connect();
        let begun = Instant::now();
        client.send(b"1");
        // Long enough for the server to have taken the first digit alone.
        std::thread::sleep(SETTLE / 5);
        client.send(b"2");
        if begun.elapsed() >= SETTLE / 2 {
            continue;
        }
        client.expect(b"ready");
        client.send(b"hello, world");
        client.finish();
        assert_eq!(client.rest(), b"");
        let conversation = Conversation {
            peer: client.address(),
            server: server.stop(),
        };
        assert_eq!(conversation.messages("ready-ack"), ["hello, world"]);
        return;
    }
    panic!("this machine is too busy to send two bytes within {SETTLE:?}");
}

#[test]
fn ready_ack_takes_a_body_split_at_every_byte() {
    let body = "sticky 粘包".as_bytes();
    for cut in 1..body.len() {
        let talk = |client: &mut Stream| {
            ask(client, b"13", &body[..cut]);
            client.send(&body[cut..]);
        };
        check("ready-ack", &[], talk, &["sticky 粘包"]);
    }
}

#[test]
fn ready_ack_takes_a_body_larger_than_the_buffer() {
    let text = "x".repeat(5000);
    let talk = |client: &mut Stream| ask(client, b"5000", text.as_bytes());
    check("ready-ack", &[], talk, &[&text]);
}

#[test]
fn ready_ack_refuses_what_is_no_length() {
    let send = |bytes: &'static [u8]| move |client: &mut Stream| client.send(bytes);
    check_refused("ready-ack", send(b"hello"), &[], 0, "0x68");
    check_refused("ready-ack", send(b"-5"), &[], 0, "negative length -5");
    check_refused("ready-ack", send(b"1001"), &[], 0, "length 1001");
    check_refused(
        "ready-ack",
        send(b"4294967296"),
        &[],
        0,
        "length 4294967296",
    );
    check_refused(
        "ready-ack",
        send(&[b'9'; 400]),
        &[],
        0,
        "more than the maximum",
    );
    check_refused("ready-ack", send(b"+5"), &[], 0, "0x2b");
    check_refused("ready-ack", send(b"\xe7\xb2\x98"), &[], 0, "0xe7");
}

#[test]
fn ready_ack_refuses_a_body_that_did_not_wait() {
    let talk = |client: &mut Stream| client.send(b"5hello");
    check_refused("ready-ack", talk, &[], 1, "5 bytes left over");
}

#[test]
fn ready_ack_refuses_what_is_wrong_behind_a_good_message() {
    let talk = |client: &mut Stream| {
        ask(client, b"5", b"hello");
        client.send(b"x");
    };
    check_refused("ready-ack", talk, &["hello"], 6, "0x78");
}

#[test]
fn ready_ack_names_a_truncated_body() {
    let talk = |client: &mut Stream| {
        ask(client, b"5", b"he");
        client.finish();
    };
    check_refused("ready-ack", talk, &[], 1, "2 of 5 bytes");
}

#[test]
fn length_prefix_takes_header_and_body_stuck_together() {
    let talk = |client: &mut Stream| client.send(b"\x05\0\0\0hello\x03\0\0\0you");
    check("length-prefix", &[], talk, &["hello", "you"]);
}

#[test]
fn length_prefix_takes_header_and_body_apart() {
    let talk = |client: &mut Stream| {
        for piece in [
            &b"\x05\0\0\0"[..],
            b"hello",
            b"\x06\0\0\0",
            "粘包".as_bytes(),
        ] {
            client.send(piece);
        }
    };
    check("length-prefix", &[], talk, &["hello", "粘包"]);
}

#[test]
fn length_prefix_takes_frames_split_at_every_byte() {
    let stream = b"\x05\0\0\0hello\x01\x00\x00\x00!";
    for cut in 1..stream.len() {
        let talk = |client: &mut Stream| {
            client.send(&stream[..cut]);
            client.send(&stream[cut..]);
        };
        check("length-prefix", &[], talk, &["hello", "!"]);
    }
}

#[test]
fn length_prefix_takes_frames_one_byte_a_recv() {
    let talk = |client: &mut Stream| client.send(b"\x05\0\0\0hello\0\0\0\0\x02\0\0\0ok");
    check(
        "length-prefix",
        &["--buffer", "1"],
        talk,
        &["hello", "", "ok"],
    );
}

#[test]
fn length_prefix_takes_a_zero_length_as_an_empty_message() {
    let talk = |client: &mut Stream| client.send(b"\0\0\0\0\x01\0\0\0x\0\0\0\0");
    check("length-prefix", &[], talk, &["", "x", ""]);
}

#[test]
fn length_prefix_takes_lengths_of_more_than_one_byte() {
    let text = "y".repeat(0x0301);
    let mut stream = b"\x01\x03\0\0".to_vec();
    stream.extend_from_slice(text.as_bytes());
    check(
        "length-prefix",
        &[],
        |client| client.send(&stream),
        &[&text],
    );
}

#[test]
fn length_prefix_refuses_impossible_lengths() {
    let send = |bytes: &'static [u8]| move |client: &mut Stream| client.send(bytes);
    let system = "length-prefix";
    check_refused(
        system,
        send(b"\xff\xff\xff\xff"),
        &[],
        0,
        "negative length -1",
    );
    check_refused(
        system,
        send(b"\0\0\0\x80"),
        &[],
        0,
        "negative length -2147483648",
    );
    check_refused(
        system,
        send(b"\xff\xff\xff\x7f"),
        &[],
        0,
        "length 2147483647",
    );
    check_refused(system, send(b"\xe9\x03\0\0"), &[], 0, "length 1001");
    // Text read as a length: the article's 4 bytes of an HTTP request.
    check_refused(
        system,
        send(b"GET / HTTP/1.1\r\n"),
        &[],
        0,
        "length 542393671",
    );
    // The length as text, as ready-ack has it.
    check_refused(system, send(b"5000"), &[], 0, "length 808464437");
}

#[test]
fn length_prefix_keeps_good_messages_before_a_bad_length() {
    let talk = |client: &mut Stream| client.send(b"\x02\0\0\0hi\xfe\xff\xff\xff\x02\0\0\0no");
    check_refused("length-prefix", talk, &["hi"], 6, "negative length -2");
}

#[test]
fn length_prefix_names_truncated_frames() {
    let cut = |bytes: &'static [u8]| {
        move |client: &mut Stream| {
            client.send(bytes);
            client.finish();
        }
    };
    let system = "length-prefix";
    check_refused(system, cut(b"\x05\0\0\0hel"), &[], 4, "3 of 5 bytes");
    check_refused(system, cut(b"\x05\0"), &[], 0, "2 of 4 bytes");
    check_refused(system, cut(b"\x01\0\0\0a\x05"), &["a"], 5, "1 of 4 bytes");
}

#[test]
fn length_prefix_serves_many_at_once() {
    let server = Server::start("length-prefix", &[]);
    // The first has not finished its frame when the others come and go.
    let mut slow = server.connect();
    slow.send(b"\x04\0\0\0sl");
    for _ in 0..10 {
        converse(&server, &[b"\x05\0\0\0quick"], b"");
    }
    slow.send(b"ow");
    slow.finish();
    assert_eq!(slow.rest(), b"");
    let conversation = Conversation {
        peer: slow.address(),
        server: server.stop(),
    };
    assert_eq!(conversation.messages("length-prefix"), ["slow"]);
}

/// Whether the client ends its stream inside a frame or resets the connection, one
/// line at the default level says what was cut off; between two frames there is none.
#[test]
fn what_the_end_of_a_connection_cuts_off_is_logged() {
    let check = |sent: &[u8], resets: bool, part: Option<&str>| {
        let server = Server::start("length-prefix", &[]);
        let mut client = server.connect();
        client.send(sent);
        server
            .program
            .out
            .wait_for("a message", |line| line.ends_with(" a"));
        if resets {
            client.reset();
        } else {
            client.finish();
            client.rest();
        }
        let logs = |part: &str| {
            server
                .program
                .err
                .wait_for(part, |line| line.contains(part))
        };
        if let Some(part) = part {
            logs(part);
        }
        let finished = server.stop();
        let warned = finished.err.iter().filter(|line| line.contains(" WARN "));
        assert_eq!(warned.count(), usize::from(part.is_some()), "{finished:?}");
    };
    let cut = b"\x01\0\0\0a\x05\0\0\0he";
    let inside = "stream ended inside the frame at offset 9: 2 of 5 bytes";
    check(cut, false, Some(inside));
    check(cut, true, Some(inside));
    check(b"\x01\0\0\0a", false, None);
    check(b"\x01\0\0\0a", true, None);
}
