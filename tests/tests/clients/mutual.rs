//! `auth`'s client with `--scheme mutual-sha256`: it proves itself, wants the
//! server to, and then sends frames.

use super::{check_failed, converse};
use tests::hmac::{KEY, hmac_md5, proof};
use tests::{Finished, Stream};

const CHALLENGE: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

fn talk(input: &[u8], serve: impl FnOnce(&mut Stream)) -> Finished {
    converse("auth", &["--scheme", "mutual-sha256"], input, serve)
}

/// Challenges a client and checks its proof; the nonce it brought.
fn challenge(server: &mut Stream) -> Vec<u8> {
    server.send(CHALLENGE);
    let nonce = server.take(32);
    server.expect(&proof(KEY, "client", CHALLENGE, &nonce));
    nonce
}

#[test]
fn no_frame_is_sent_before_the_server_has_proved_itself() {
    let mut nonces = Vec::new();
    for cut in [1, 31] {
        let finished = talk(b"hello\n", |server| {
            assert!(server.is_silent(), "nothing before the challenge");
            let nonce = challenge(server);
            let right = proof(KEY, "server", CHALLENGE, &nonce);
            server.send(&right[..cut]);
            assert!(server.is_silent(), "{cut} bytes prove nothing");
            server.send(&right[cut..]);
            server.expect(b"\x05\0\0\0hello");
            server.send(b"HELLO");
            assert_eq!(server.rest(), b"", "the client sends nothing else");
            nonces.push(nonce);
        });
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.out, ["HELLO"]);
    }
    assert_ne!(nonces[0], nonces[1], "a nonce is used once");
    assert!(!nonces.iter().any(|nonce| nonce == CHALLENGE));
}

#[test]
fn a_server_that_can_not_prove_itself_gets_no_frame() {
    for number in 0..4 {
        let finished = talk(b"hello\n", |server| {
            let nonce = challenge(server);
            let wrong = [
                [0; 32],
                *CHALLENGE,
                proof(KEY, "client", CHALLENGE, &nonce),
                proof(b"wan yifej", "server", CHALLENGE, &nonce),
            ];
            server.send(&wrong[number]);
            assert_eq!(server.rest(), b"");
        });
        check_failed(&finished, "did not prove");
    }
}

#[test]
fn a_server_that_leaves_inside_the_handshake_has_refused() {
    for input in [&b"hello\n"[..], b""] {
        let finished = talk(input, |server| {
            challenge(server);
            server.finish();
            assert_eq!(server.rest(), b"");
        });
        check_failed(&finished, "wrong key, or it demands another --scheme");
    }
}

#[test]
fn peers_of_two_schemes_say_so() {
    // A server of the article's scheme takes the first 16 bytes for an answer.
    let finished = talk(b"hello\n", |server| {
        server.send(CHALLENGE);
        assert_ne!(server.take(16), hmac_md5(KEY, CHALLENGE));
        server.finish();
        server.rest();
    });
    check_failed(&finished, "another --scheme");
    // A server of this one waits for 64 bytes from a client of the article's.
    let finished = converse("auth", &[], b"hello\n", |server| {
        server.send(CHALLENGE);
        assert_eq!(server.take(16), hmac_md5(KEY, CHALLENGE));
        server.finish();
        server.rest();
    });
    check_failed(&finished, "another --scheme");
}
