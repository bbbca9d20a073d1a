//! `tcp-echo`: each chunk back, ASCII-uppercased, one client at a time.

use super::{Conversation, converse};
use tests::Server;

fn check(arguments: &[&str], pieces: &[&[u8]], replies: &[u8]) {
    let server = Server::start("tcp-echo", arguments);
    converse(&server, pieces, replies);
    server.stop();
}

#[test]
fn every_byte_comes_back_uppercased_and_in_order() {
    check(&[], &[b"hello"], b"HELLO");
    check(&[], &[b"one", b"two", b"three"], b"ONETWOTHREE");
    check(&["--buffer", "1"], &[b"hello, world"], b"HELLO, WORLD");
    check(&["--buffer", "5"], &[&[b'x'; 1024]], &[b'X'; 1024]);
    let much = vec![b'm'; 1 << 16];
    let upper = vec![b'M'; 1 << 16];
    // Less than both kernel buffers hold: nobody reads while this is sent.
    check(&["--buffer", "64KiB"], &[&much], &upper);
}

#[test]
fn a_chunk_is_answered_before_the_next_is_sent() {
    let server = Server::start("tcp-echo", &[]);
    let mut client = server.connect();
    for (sent, back) in [(b"abc", b"ABC"), (b"\0\xff!", b"\0\xff!"), (b"xyz", b"XYZ")] {
        client.send(sent);
        client.expect(back);
    }
    client.finish();
    assert_eq!(client.rest(), b"");
    server.stop();
}

#[test]
fn invalid_utf8_is_printed_escaped_and_echoed() {
    let server = Server::start("tcp-echo", &[]);
    let peer = converse(&server, &[b"ab\xe7\xb2\x1b[31m\n"], b"AB\xe7\xb2\x1b[31M\n");
    let conversation = Conversation {
        peer,
        server: server.stop(),
    };
    let messages = conversation.messages("tcp-echo");
    assert_eq!(messages, [r"ab\xE7\xB2\x1B[31m\n"]);
}

#[test]
fn the_second_client_waits_until_the_first_leaves_and_loses_nothing() {
    let server = Server::start("tcp-echo", &[]);
    let mut first = server.connect();
    first.send(b"first");
    first.expect(b"FIRST");
    let mut second = server.connect();
    second.send(b"second");
    // Each answer to the first shows that the server had the time to answer
    // the second as well.
    for _ in 0..20 {
        first.send(b"again");
        first.expect(b"AGAIN");
        assert!(second.is_silent());
    }
    second.send(b", and more");
    first.finish();
    assert_eq!(first.rest(), b"");
    second.expect(b"SECOND, AND MORE");
    second.finish();
    assert_eq!(second.rest(), b"");
    server.stop();
}

#[test]
fn five_clients_wait_their_turn_in_the_order_they_came() {
    let server = Server::start("tcp-echo", &[]);
    let mut clients: Vec<_> = (0..6)
        .map(|index| {
            let mut client = server.connect();
            client.send(&[b'a' + index]);
            client
        })
        .collect();
    for index in 0..6 {
        clients[0].expect(&[b'A' + index]);
        assert!(clients[1..].iter_mut().all(tests::Stream::is_silent));
        clients.remove(0);
    }
    server.stop();
}

#[test]
fn a_client_that_breaks_off_makes_room_for_the_next() {
    let server = Server::start("tcp-echo", &[]);
    let mut rude = server.connect();
    rude.send(&vec![b'x'; 100_000]);
    // Unread bytes: the close is a reset.
    rude.expect(b"X");
    drop(rude);
    converse(&server, &[b"next"], b"NEXT");
    server.stop();
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    check(&[], &[], b"");
}

#[test]
fn json_gives_the_bytes_in_hex() {
    let server = Server::start("tcp-echo", &["--json"]);
    let peer = converse(&server, &[b"a\xff"], b"A\xff");
    let out = server.stop().out;
    let line: serde_json::Value = serde_json::from_str(&out[1]).expect("JSON");
    let expected = serde_json::json!({
        "type": "message", "system": "tcp-echo", "peer": peer.to_string(), "bytes": "61ff",
    });
    assert_eq!(line, expected);
}

#[test]
fn a_quiet_server_says_where_it_listens_and_nothing_else() {
    let server = Server::start("tcp-echo", &["--quiet"]);
    converse(&server, &[b"hello"], b"HELLO");
    let out = server.stop().out;
    assert_eq!(out.len(), 1, "{out:?}");
    assert!(out[0].starts_with("listening tcp-echo tcp "), "{out:?}");
}
