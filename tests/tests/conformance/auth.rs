//! `auth`: a challenge, its answer by an HMAC of the test's own, then frames.

use std::collections::HashSet;
use std::io::Write as _;

use super::Conversation;
use tests::hmac::{KEY, hmac_md5};
use tests::{Server, Stream};

/// A connection, and the stream of a client that knows `key`: its answer and
/// what follows it.
fn challenged(server: &Server, key: &[u8], follows: &[u8]) -> (Stream, Vec<u8>) {
    let mut client = server.connect();
    let challenge = client.take(32);
    let mut stream = hmac_md5(key, &challenge).to_vec();
    stream.extend_from_slice(follows);
    (client, stream)
}

/// The right answer and `frames`, cut at `cut`, bring exactly `replies`.
fn check(server: &Server, frames: &[u8], cut: usize, replies: &[u8]) {
    let (mut client, stream) = challenged(server, KEY, frames);
    client.send(&stream[..cut]);
    client.send(&stream[cut..]);
    client.finish();
    assert_eq!(client.rest(), replies, "cut at {cut}");
}

/// An answer that is not taken: closed without a word, and one line says why.
fn check_refused(
    answer: impl FnOnce(&mut Stream, [u8; 16]),
    messages: &[&str],
    offset: u64,
    reason: &str,
) {
    let server = Server::start("auth", &[]);
    let mut client = server.connect();
    let challenge = client.take(32);
    answer(&mut client, hmac_md5(KEY, &challenge));
    assert_eq!(client.rest(), b"", "closed without a word");
    check(&server, b"\x02\0\0\0ok", 16, b"OK");
    let conversation = Conversation {
        peer: client.address(),
        server: server.stop(),
    };
    assert_eq!(conversation.messages("auth"), messages);
    conversation.check_refused(offset, reason);
}

#[test]
fn the_right_answer_opens_and_each_frame_comes_back_uppercased_and_unframed() {
    let server = Server::start("auth", &[]);
    check(&server, b"\x05\0\0\0hello", 16, b"HELLO");
    check(
        &server,
        b"\x05\0\0\0hello\x03\0\0\0you\0\0\0\0\x06\0\0\0\xe7\xb2\x98\xe5\x8c\x85\x01\0\0\0z",
        16,
        b"HELLOYOU\xe7\xb2\x98\xe5\x8c\x85Z",
    );
    check(&server, b"", 16, b"");
    let finished = server.stop();
    let accepted = finished.err.iter().filter(|line| line.contains("accepted"));
    assert_eq!(accepted.count(), 3, "{:?}", finished.err);
}

#[test]
fn answer_and_frames_split_at_every_byte_are_the_same() {
    let server = Server::start("auth", &[]);
    let frames = b"\x05\0\0\0hello\x01\0\0\0x";
    for cut in 0..=16 + frames.len() {
        check(&server, frames, cut, b"HELLOX");
    }
    server.stop();
}

#[test]
fn answer_and_frames_one_byte_a_recv_are_the_same() {
    let server = Server::start("auth", &["--buffer", "1"]);
    check(&server, b"\x05\0\0\0hello\x01\0\0\0x", 16, b"HELLOX");
    server.stop();
}

#[test]
fn no_frame_is_answered_before_the_answer_is_whole() {
    let server = Server::start("auth", &[]);
    let (mut client, stream) = challenged(&server, KEY, b"\x05\0\0\0hello");
    let (mut other, complete) = challenged(&server, KEY, b"\x01\0\0\0a");
    client.send(&stream[..15]);
    other.send(&complete);
    other.expect(b"A");
    assert!(client.is_silent());
    client.send(&stream[15..]);
    client.expect(b"HELLO");
    server.stop();
}

#[test]
fn a_wrong_answer_is_closed_without_a_word() {
    let wrong_key = |client: &mut Stream, _| {
        client.send(&[0; 16]);
    };
    check_refused(wrong_key, &[], 0, "wrong answer");
    for bit in [0, 127] {
        let one_bit_off = |client: &mut Stream, mut answer: [u8; 16]| {
            answer[bit / 8] ^= 1 << (bit % 8);
            client.send(&answer);
        };
        check_refused(one_bit_off, &[], 0, "wrong answer");
    }
}

#[test]
fn a_frame_behind_a_wrong_answer_is_not_a_message() {
    let talk = |client: &mut Stream, _| {
        client.send(&[7; 16]);
        client.try_send(b"\x05\0\0\0hello");
        client.finish();
    };
    check_refused(talk, &[], 0, "wrong answer");
}

#[test]
fn a_missing_or_short_answer_is_closed() {
    let missing = |client: &mut Stream, _| client.finish();
    check_refused(missing, &[], 0, "0 of 16 bytes");
    let short = |client: &mut Stream, answer: [u8; 16]| {
        client.send(&answer[..15]);
        client.finish();
    };
    check_refused(short, &[], 15, "15 of 16 bytes");
}

#[test]
fn a_bad_frame_is_counted_from_the_first_byte_of_the_connection() {
    let negative = |client: &mut Stream, answer: [u8; 16]| {
        client.send(&answer);
        client.send(b"\xff\xff\xff\xff");
    };
    check_refused(negative, &[], 16, "negative length -1");
    let truncated = |client: &mut Stream, answer: [u8; 16]| {
        client.send(&answer);
        client.send(b"\x02\0\0\0ok\x05\0\0\0he");
        client.expect(b"OK");
        client.finish();
    };
    check_refused(truncated, &["ok"], 26, "2 of 5 bytes");
}

#[test]
fn an_answer_to_another_challenge_is_wrong() {
    let server = Server::start("auth", &[]);
    let (mut first, stream) = challenged(&server, KEY, b"\x01\0\0\0a");
    let (mut second, _) = challenged(&server, KEY, b"");
    second.send(&stream);
    assert_eq!(second.rest(), b"");
    first.send(&stream);
    first.expect(b"A");
    server.stop();
}

#[test]
fn many_clients_at_once_each_have_a_challenge_of_their_own() {
    let server = Server::start("auth", &[]);
    let mut clients: Vec<_> = (0..50_u8)
        .map(|index| {
            let mut client = server.connect();
            let challenge = client.take(32);
            (client, challenge, index)
        })
        .collect();
    let challenges: HashSet<_> = clients.iter().map(|(_, challenge, _)| challenge).collect();
    assert_eq!(challenges.len(), 50, "no challenge is used twice");
    // All are connected before the first answers, and the last answers first.
    for (client, challenge, index) in clients.iter_mut().rev() {
        client.send(&hmac_md5(KEY, challenge));
        client.send(&[2, 0, 0, 0, b'c', b'0' + *index]);
    }
    for (client, _, index) in &mut clients {
        let expected = [b'c', b'0' + *index].map(|byte| byte.to_ascii_uppercase());
        client.expect(&expected);
    }
    server.stop();
}

#[test]
fn a_secret_file_changes_the_key() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"another key\n").expect("room for it");
    let path = file.path().to_str().expect("a plain path");
    let server = Server::start("auth", &["--secret-file", path]);
    let (mut client, stream) = challenged(&server, b"another key", b"\x01\0\0\0a");
    client.send(&stream);
    client.expect(b"A");
    let (mut client, stream) = challenged(&server, KEY, b"\x01\0\0\0a");
    client.send(&stream);
    assert_eq!(client.rest(), b"");
    server.stop();
}
