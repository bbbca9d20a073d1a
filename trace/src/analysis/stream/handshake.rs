//! What the handshakes put in front of the frames of a direction, and whether it is right.

use protocol::auth::mutual::{NONCE_LEN, Nonces, PROOF_LEN, Role};
use protocol::auth::{ANSWER_LEN, CHALLENGE_LEN, Key, Scheme};

use crate::lane::{Direction, MessageKind};

/// What a handshake begins with, one way.
type Challenge = [u8; CHALLENGE_LEN];

/// A part of a handshake: how many bytes it has, and what it is.
pub(super) type Step = (usize, MessageKind);

/// The parts that a direction begins with, in order.
pub(super) const fn steps(scheme: Scheme, direction: Direction) -> &'static [Step] {
    match (scheme, direction) {
        (Scheme::HmacMd5, Direction::FromOpener) => {
            &[(ANSWER_LEN, MessageKind::Answer { right: false })]
        }
        (Scheme::HmacMd5, Direction::FromAcceptor) => &[(CHALLENGE_LEN, MessageKind::Challenge)],
        (Scheme::MutualSha256, Direction::FromOpener) => &[
            (NONCE_LEN, MessageKind::Nonce),
            (PROOF_LEN, MessageKind::Proof { right: false }),
        ],
        (Scheme::MutualSha256, Direction::FromAcceptor) => &[
            (CHALLENGE_LEN, MessageKind::Challenge),
            (PROOF_LEN, MessageKind::Proof { right: false }),
        ],
    }
}

/// A part as it is once it has come: an answer or a proof is right or wrong. `theirs` are the
/// first bytes of the other direction, `own` what this one has begun with.
pub(super) fn checked(
    kind: MessageKind,
    key: &Key,
    direction: Direction,
    body: &[u8],
    theirs: Option<&Challenge>,
    own: &[u8],
) -> MessageKind {
    match kind {
        MessageKind::Answer { .. } => MessageKind::Answer {
            right: answers(key, theirs, body),
        },
        MessageKind::Proof { .. } => MessageKind::Proof {
            right: proves(key, direction, theirs, own, body),
        },
        kind => kind,
    }
}

/// Whether the reader's key gives this answer to the reader's challenge.
fn answers(key: &Key, challenge: Option<&Challenge>, answer: &[u8]) -> bool {
    match (challenge, answer.first_chunk()) {
        (Some(challenge), Some(answer)) => key.verify(challenge, answer),
        _ => false,
    }
}

/// Whether the reader's key gives this proof over the nonces of both.
fn proves(
    key: &Key,
    direction: Direction,
    theirs: Option<&Challenge>,
    own: &[u8],
    proof: &[u8],
) -> bool {
    let (Some(theirs), Some(own), Some(proof)) = (
        theirs.copied(),
        own.first_chunk().copied(),
        proof.first_chunk(),
    ) else {
        return false;
    };
    let (role, server, client) = match direction {
        Direction::FromOpener => (Role::Client, theirs, own),
        Direction::FromAcceptor => (Role::Server, own, theirs),
    };
    key.verify_proof(role, &Nonces { server, client }, proof)
}
