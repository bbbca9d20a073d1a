//! Both sides of the handshake, with any key and nonce, cut anywhere.
//!
//! Input: the client's key, the server's, how the answer is spoilt, the sizes
//! of the chunks, the nonce (32 bytes), what follows the answer.

use md5::Md5;
use protocol::auth::hmac_md5::client;
use protocol::auth::hmac_md5::server::{Answer, Challenge, Verdict};
use protocol::auth::{ANSWER_LEN, CHALLENGE_LEN, Key, Step, mutual};
use sha2::{Digest, Sha256};

use crate::input::{Input, chunks};

/// Block size of MD5 and of SHA-256 in bytes: HMAC fills shorter keys up with zeros (RFC 2104).
const BLOCK: usize = 64;

/// A peer is accepted exactly if it knows the key, after exactly as many bytes
/// as each side has to send; bytes behind them are not consumed.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let theirs = input.bytes();
    let ours = input.bytes();
    let (place, change) = (input.below(ANSWER_LEN), input.byte());
    let sizes = input.bytes();
    let mut nonce = [0; CHALLENGE_LEN];
    let given = input.take(CHALLENGE_LEN);
    nonce[..given.len()].copy_from_slice(given);
    let behind = input.rest();

    let (challenge, server) = Challenge::new(Key::new(ours), nonce).send();
    assert_eq!(challenge, nonce);
    let (one, other) = (Key::new(theirs), Key::new(ours));
    assert!(one.is_equivalent(&other) || !same_key::<Md5>(theirs, ours));
    let mut answer = answer(theirs, &[&challenge[..], behind].concat(), sizes);
    answer[place] ^= change;
    let right = change == 0 && same_key::<Md5>(theirs, ours);
    let stream = [&answer[..], behind].concat();
    assert_eq!(verdict(server, &stream, sizes), Some(right));
    for short in 0..ANSWER_LEN {
        let (_, server) = Challenge::new(Key::new(ours), nonce).send();
        assert_eq!(verdict(server, &stream[..short], sizes), None);
    }
    let mut other = nonce;
    other.reverse();
    check_mutual(
        [theirs, ours],
        [other, nonce],
        (place, change),
        behind,
        sizes,
    );
}

/// The same of `mutual-sha256`, and that a client believes no other server.
fn check_mutual(
    [theirs, ours]: [&[u8]; 2],
    [client, server]: [[u8; CHALLENGE_LEN]; 2],
    (place, change): (usize, u8),
    behind: &[u8],
    sizes: &[u8],
) {
    let honest = same_key::<Sha256>(theirs, ours);
    let (challenge, server) = mutual::server::Challenge::new(Key::new(ours), server).send();
    let client = mutual::client::Challenge::new(Key::new(theirs), client);
    let heard = [&challenge[..], behind].concat();
    let ready = fed(client, &heard, sizes, CHALLENGE_LEN, |stage, chunk| {
        stage.handle_chunk(chunk)
    });
    let (mut answer, client) = ready.expect("the challenge was there").send();
    // Nonce and proof are spoilt in turn.
    answer[place + usize::from(change) % 4 * 16] ^= change;
    let heard = [&answer[..], behind].concat();
    let verdict = fed(server, &heard, sizes, mutual::ANSWER_LEN, |stage, chunk| {
        stage.handle_chunk(chunk)
    });
    match verdict.expect("the answer was there").verify() {
        mutual::server::Verdict::Rejected(_) => assert!(change != 0 || !honest),
        mutual::server::Verdict::Accepted(accepted) => {
            assert!(change == 0 && honest);
            let mut proof = accepted.send();
            let spoilt = behind.len() % 2 == 1;
            proof[place] ^= u8::from(spoilt);
            let heard = [&proof[..], behind].concat();
            let verdict = fed(client, &heard, sizes, mutual::PROOF_LEN, |stage, chunk| {
                stage.handle_chunk(chunk)
            });
            let believed = matches!(verdict, Some(mutual::client::Verdict::Accepted(_)));
            assert_eq!(believed, !spoilt);
        }
    }
}

/// What `stage` becomes of the field of `length` bytes in front of `stream`;
/// none if it isn't whole.
fn fed<Stage, Next>(
    mut stage: Stage,
    stream: &[u8],
    sizes: &[u8],
    length: usize,
    handle: impl Fn(Stage, &[u8]) -> Step<Stage, Next>,
) -> Option<Next> {
    let mut taken = 0;
    for chunk in chunks(stream, sizes) {
        match handle(stage, chunk) {
            Step::NeedMore(same) => {
                taken += chunk.len();
                assert!(taken < length);
                stage = same;
            }
            Step::Done { next, used } => {
                assert_eq!(taken + used, length);
                return Some(next);
            }
        }
    }
    None
}

/// The client's answer to the challenge in front of `stream`.
fn answer(key: &[u8], stream: &[u8], sizes: &[u8]) -> [u8; ANSWER_LEN] {
    let stage = client::Challenge::new(Key::new(key));
    let ready = fed(stage, stream, sizes, CHALLENGE_LEN, |stage, chunk| {
        stage.handle_chunk(chunk)
    });
    ready.expect("the challenge was there").send().0
}

/// Whether the answer in front of `stream` is taken; none if it isn't whole.
fn verdict(mut stage: Answer, stream: &[u8], sizes: &[u8]) -> Option<bool> {
    let mut taken = 0;
    for chunk in chunks(stream, sizes) {
        assert_eq!(stage.have(), taken);
        match stage.handle_chunk(chunk) {
            Step::NeedMore(same) => {
                taken += chunk.len();
                stage = same;
            }
            Step::Done { next, used } => {
                assert_eq!(taken + used, ANSWER_LEN);
                return Some(matches!(next.verify(), Verdict::Accepted(_)));
            }
        }
    }
    assert!(stage.have() < ANSWER_LEN);
    None
}

/// Whether HMAC can't tell two keys apart: one longer than a block stands for its hash
/// (RFC 2104, 2).
fn same_key<Hash: Digest>(one: &[u8], other: &[u8]) -> bool {
    let filled = |key: &[u8]| {
        let mut filled = if key.len() > BLOCK {
            Hash::digest(key).to_vec()
        } else {
            key.to_vec()
        };
        filled.resize(BLOCK, 0);
        filled
    };
    filled(one) == filled(other)
}
