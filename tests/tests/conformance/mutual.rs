//! `auth --scheme mutual-sha256`: both sides prove themselves by an HMAC of
//! the test's own, then frames.

use std::io::Write as _;

use super::Conversation;
use tests::hmac::{KEY, hmac_md5, proof};
use tests::{Serve, Server, Stream, stickylab};

const SCHEME: [&str; 2] = ["--scheme", "mutual-sha256"];
const NONCE: &[u8; 32] = b"fedcba9876543210fedcba9876543210";

/// A connection and its challenge.
fn challenged(server: &Server) -> (Stream, Vec<u8>) {
    let mut client = server.connect();
    let challenge = client.take(32);
    (client, challenge)
}

/// The 64 bytes of a client that knows `key`.
fn answer(key: &[u8], challenge: &[u8]) -> Vec<u8> {
    let proof = proof(key, "client", challenge, NONCE);
    [&NONCE[..], &proof].concat()
}

/// The right answer and `frames`, cut at `cut`, bring the server's proof and
/// `replies`.
fn check(server: &Server, frames: &[u8], cut: usize, replies: &[u8]) {
    let (mut client, challenge) = challenged(server);
    let mut stream = answer(KEY, &challenge);
    stream.extend_from_slice(frames);
    client.send(&stream[..cut]);
    client.send(&stream[cut..]);
    client.finish();
    client.expect(&proof(KEY, "server", &challenge, NONCE));
    assert_eq!(client.rest(), replies, "cut at {cut}");
}

/// An answer that is not taken: closed without a word, and one line says why.
fn check_refused(
    scheme: &[&str],
    talk: impl FnOnce(&mut Stream, &[u8]),
    offset: u64,
    reason: &str,
) {
    let server = Server::start("auth", scheme);
    let (mut client, challenge) = challenged(&server);
    talk(&mut client, &challenge);
    assert_eq!(client.rest(), b"", "closed without a word");
    let conversation = Conversation {
        peer: client.address(),
        server: server.stop(),
    };
    assert_eq!(conversation.messages("auth"), [""; 0]);
    conversation.check_refused(offset, reason);
}

#[test]
fn the_server_proves_itself_and_each_frame_comes_back_uppercased_and_unframed() {
    let server = Server::start("auth", &SCHEME);
    check(&server, b"", 64, b"");
    check(
        &server,
        b"\x05\0\0\0hello\0\0\0\0\x06\0\0\0\xe7\xb2\x98\xe5\x8c\x85",
        64,
        b"HELLO\xe7\xb2\x98\xe5\x8c\x85",
    );
    let finished = server.stop();
    let accepted = finished.err.iter().filter(|line| line.contains("accepted"));
    assert_eq!(accepted.count(), 2, "{:?}", finished.err);
}

#[test]
fn answer_and_frames_split_at_every_byte_are_the_same() {
    let server = Server::start("auth", &SCHEME);
    let frames = b"\x05\0\0\0hello\x01\0\0\0x";
    for cut in 0..=64 + frames.len() {
        check(&server, frames, cut, b"HELLOX");
    }
    server.stop();
    let server = Server::start("auth", &[&SCHEME[..], &["--buffer", "1"]].concat());
    check(&server, frames, 64, b"HELLOX");
    server.stop();
}

#[test]
fn the_server_says_nothing_before_the_client_has_proved_itself() {
    let server = Server::start("auth", &SCHEME);
    let (mut client, challenge) = challenged(&server);
    let stream = answer(KEY, &challenge);
    client.send(&stream[..63]);
    assert!(client.is_silent());
    client.send(&stream[63..]);
    client.expect(&proof(KEY, "server", &challenge, NONCE));
    server.stop();
}

#[test]
fn a_wrong_proof_is_closed_without_a_word() {
    for bit in [0, 255, 256, 511] {
        let one_bit_off = |client: &mut Stream, challenge: &[u8]| {
            let mut answer = answer(KEY, challenge);
            answer[bit / 8] ^= 1 << (bit % 8);
            client.send(&answer);
        };
        check_refused(&SCHEME, one_bit_off, 32, "wrong proof");
    }
    let zeros = |client: &mut Stream, _: &[u8]| client.send(&[0; 64]);
    check_refused(&SCHEME, zeros, 32, "wrong proof");
    let as_server = |client: &mut Stream, challenge: &[u8]| {
        let proof = proof(KEY, "server", challenge, NONCE);
        client.send(&[&NONCE[..], &proof].concat());
    };
    check_refused(&SCHEME, as_server, 32, "wrong proof");
    let other_key = |client: &mut Stream, challenge: &[u8]| {
        client.send(&answer(b"wan yifej", challenge));
        client.try_send(b"\x05\0\0\0hello");
        client.finish();
    };
    check_refused(&SCHEME, other_key, 32, "wrong proof");
}

#[test]
fn what_one_connection_saw_is_worth_nothing_on_another() {
    let server = Server::start("auth", &SCHEME);
    let (mut honest, challenge) = challenged(&server);
    let recorded = answer(KEY, &challenge);
    honest.send(&recorded);
    let server_proof = honest.take(32);

    let (mut replaying, _) = challenged(&server);
    replaying.send(&recorded);
    assert_eq!(replaying.rest(), b"", "a recorded answer");
    let (mut reflecting, own) = challenged(&server);
    reflecting.send(&[&own[..], &server_proof].concat());
    assert_eq!(reflecting.rest(), b"", "its proof of another connection");
    let (mut reflecting, own) = challenged(&server);
    reflecting.send(&[&own[..], &own].concat());
    assert_eq!(reflecting.rest(), b"", "its own nonce");
    honest.send(b"\x01\0\0\0a");
    honest.expect(b"A");
    server.stop();
}

#[test]
fn who_speaks_the_other_scheme_is_refused() {
    let article = |client: &mut Stream, challenge: &[u8]| {
        client.send(&hmac_md5(KEY, challenge));
        client.send(b"\x02\0\0\0hi");
        client.finish();
    };
    check_refused(&SCHEME, article, 22, "22 of 64 bytes");
    let mutual = |client: &mut Stream, challenge: &[u8]| client.send(&answer(KEY, challenge));
    check_refused(&[], mutual, 0, "wrong answer");
}

#[test]
fn serve_demands_the_scheme_it_was_told() {
    let serve = Serve::start(&["--auth-scheme", "mutual-sha256"]);
    let mut client = Stream::connect(serve.system("auth"));
    let challenge = client.take(32);
    client.send(&answer(KEY, &challenge));
    client.expect(&proof(KEY, "server", &challenge, NONCE));
    client.send(b"\x01\0\0\0a");
    client.expect(b"A");
}

#[test]
fn a_secret_file_is_the_key_of_both_proofs() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"another key\n").expect("room for it");
    let path = file.path().to_str().expect("a plain path");
    let server = Server::start("auth", &[&SCHEME[..], &["--secret-file", path]].concat());
    let (mut client, challenge) = challenged(&server);
    client.send(&answer(b"another key", &challenge));
    client.expect(&proof(b"another key", "server", &challenge, NONCE));
    server.stop();
}

#[test]
fn the_articles_key_serves_no_other_machine_in_either_scheme() {
    for scheme in ["hmac-md5", "mutual-sha256"] {
        let mut command = stickylab(&["server", "auth", "--listen", "0.0.0.0:0"]);
        command
            .args(["--scheme", scheme])
            .env_remove("STICKYLAB_SECRET");
        let finished = tests::run(command, b"");
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let line = finished.err.concat();
        assert!(
            line.contains("everybody knows") && line.contains("--secret-file"),
            "{line}"
        );
    }
}
