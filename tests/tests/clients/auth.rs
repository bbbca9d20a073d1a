//! `auth`'s client: answers a challenge, then sends frames.

use std::io::Write as _;

use super::{check, check_fails, converse};
use tests::Stream;
use tests::hmac::hmac_md5;

const CHALLENGE: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
/// HMAC-MD5(`wan yifei`, [`CHALLENGE`]) as Python's hmac has it.
const ANSWER: &[u8; 16] = b"\x81\xe5\x85\x47\x9a\xaf\x3d\x9f\xbb\x37\x06\x37\xfc\x78\x01\x15";

#[test]
fn the_answer_is_16_bytes_and_frames_follow_in_turn() {
    let serve = |server: &mut Stream| {
        assert!(server.is_silent(), "nothing before the challenge");
        server.send(CHALLENGE);
        server.expect(ANSWER);
        server.expect(b"\x05\0\0\0hello");
        assert!(server.is_silent(), "the reply is awaited");
        server.send(b"HELLO");
        // An empty message has no reply.
        server.expect(b"\0\0\0\0");
        server.expect(b"\x03\0\0\0\xe7\xb2\x98");
        server.send(b"\xe7\xb2\x98");
    };
    check("auth", "hello\n\n粘\n".as_bytes(), serve, &["HELLO", "粘"]);
}

#[test]
fn a_challenge_split_at_every_byte_is_answered_once_it_is_whole() {
    for cut in 1..CHALLENGE.len() {
        let serve = |server: &mut Stream| {
            server.send(&CHALLENGE[..cut]);
            assert!(server.is_silent(), "{cut} bytes are no challenge");
            server.send(&CHALLENGE[cut..]);
            server.expect(ANSWER);
            server.expect(b"\x01\0\0\0a");
            server.send(b"A");
        };
        check("auth", b"a\n", serve, &["A"]);
    }
}

#[test]
fn a_reply_split_at_every_byte_is_one_reply() {
    for cut in 1..5 {
        let serve = |server: &mut Stream| {
            server.send(CHALLENGE);
            server.expect(ANSWER);
            server.expect(b"\x05\0\0\0hello");
            server.send(&b"HELLO"[..cut]);
            server.send(&b"HELLO"[cut..]);
        };
        check("auth", b"hello\n", serve, &["HELLO"]);
    }
}

#[test]
fn a_server_that_closes_after_the_answer_has_refused() {
    for input in [&b"hello\n"[..], b""] {
        let serve = |server: &mut Stream| {
            server.send(CHALLENGE);
            server.expect(ANSWER);
            server.finish();
            server.rest();
        };
        check_fails("auth", input, serve, "refused: ");
    }
}

#[test]
fn a_secret_file_is_the_key() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"another key\n").expect("room for it");
    let path = file.path().to_str().expect("a plain path");
    let finished = converse("auth", &["--secret-file", path], b"a\n", |server| {
        server.send(CHALLENGE);
        server.expect(&hmac_md5(b"another key", CHALLENGE));
        server.expect(b"\x01\0\0\0a");
        server.send(b"A");
        assert_eq!(server.rest(), b"");
    });
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.out, ["A"]);
}

#[test]
fn a_missing_secret_file_is_named() {
    let mut command = tests::stickylab(&["client", "auth", "--secret-file", "/no/such/file"]);
    command.args(["--connect", "127.0.0.1:1"]);
    super::check_failed(&tests::run(command, b"a\n"), "/no/such/file");
}
