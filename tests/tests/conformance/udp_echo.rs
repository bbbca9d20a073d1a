//! `udp-echo`: each datagram back, ASCII-uppercased.

use tests::{Datagrams, Server};

/// Sends each datagram and expects its answer before the next.
fn check(arguments: &[&str], conversation: &[(&[u8], &[u8])]) {
    let server = Server::start("udp-echo", arguments);
    let client = Datagrams::to(server.address);
    for (sent, expected) in conversation {
        client.send(sent);
        assert_eq!(client.receive(), *expected, "to {sent:?}");
    }
    server.stop();
}

#[test]
fn only_ascii_letters_change() {
    check(
        &[],
        &[
            (b"hello", b"HELLO"),
            (b"Hello, World 123 [{|}]~@`", b"HELLO, WORLD 123 [{|}]~@`"),
            (b"az{`", b"AZ{`"),
        ],
    );
    let all: Vec<u8> = (0..=255).collect();
    let mut upper = all.clone();
    for letter in b'a'..=b'z' {
        upper[usize::from(letter)] = letter - 32;
    }
    check(&[], &[(&all, &upper)]);
}

#[test]
fn bytes_from_0x80_on_come_back_untouched() {
    check(
        &[],
        &[
            // 粘包 and é: Unicode's uppercase of é would be É.
            (
                b"\xe7\xb2\x98\xe5\x8c\x85\xc3\xa9",
                b"\xe7\xb2\x98\xe5\x8c\x85\xc3\xa9",
            ),
            (b"\xff\xfe\x80a", b"\xff\xfe\x80A"),
        ],
    );
}

#[test]
fn an_empty_datagram_is_answered_by_an_empty_one() {
    check(&[], &[(b"", b""), (b"x", b"X"), (b"", b""), (b"", b"")]);
}

#[test]
fn what_exceeds_the_buffer_is_gone() {
    check(
        &[],
        &[
            (&[b'a'; 1024], &[b'A'; 1024]),
            (&[b'b'; 1025], &[b'B'; 1024]),
            (&[b'c'; 1500], &[b'C'; 1024]),
            (b"next", b"NEXT"),
        ],
    );
    check(
        &["--buffer", "8"],
        &[
            (b"12345678", b"12345678"),
            (b"123456789", b"12345678"),
            (b"ab", b"AB"),
        ],
    );
    check(
        &["--buffer", "64KiB"],
        &[(&vec![b'x'; 60_000], &vec![b'X'; 60_000])],
    );
}

#[test]
fn each_client_gets_its_own_answers() {
    let server = Server::start("udp-echo", &[]);
    let clients: Vec<_> = (0..20).map(|_| Datagrams::to(server.address)).collect();
    for (index, client) in clients.iter().enumerate() {
        client.send(format!("client {index}").as_bytes());
    }
    for (index, client) in clients.iter().enumerate() {
        assert_eq!(client.receive(), format!("CLIENT {index}").as_bytes());
    }
    server.stop();
}

#[test]
fn a_client_that_has_gone_does_not_stop_it() {
    let server = Server::start("udp-echo", &[]);
    for _ in 0..10 {
        // Nobody is there any more when the answer comes: ECONNREFUSED.
        Datagrams::to(server.address).send(b"bye");
    }
    let client = Datagrams::to(server.address);
    client.send(b"still there?");
    assert_eq!(client.receive(), b"STILL THERE?");
    server.stop();
}

#[test]
fn each_datagram_is_printed_escaped_on_one_line() {
    let server = Server::start("udp-echo", &[]);
    let client = Datagrams::to(server.address);
    for sent in [&b"a\nb"[..], b"\xe7\xb2", "粘".as_bytes()] {
        client.send(sent);
        client.receive();
    }
    let address = client.address();
    let lines = server.stop().out;
    let expected =
        [r"a\nb", r"\xE7\xB2", "粘"].map(|text| format!("message udp-echo {address} {text}"));
    assert_eq!(lines[1..], expected);
}
