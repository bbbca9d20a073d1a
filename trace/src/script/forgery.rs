//! Answers of clients that don't know the key, made of bytes that others sent:
//! what was seen of one connection's handshake, sent on another.

use protocol::auth::{CHALLENGE_LEN, Scheme};

use super::{Closing, Player};
use crate::{Answer, Call, Event};

/// The longest handshake's bytes in one direction.
const MOST: usize = Scheme::MutualSha256.server_len();

/// The first bytes of a client's connection, both ways.
#[derive(Debug, Default)]
pub(super) struct Seen {
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Seen {
    /// One of the client's own calls.
    pub(super) fn handle_event(&mut self, event: &Event) {
        let bytes = match event.call {
            Call::Send => &mut self.sent,
            Call::Recv => &mut self.received,
            _ => return,
        };
        let room = MOST.saturating_sub(bytes.len()).min(event.bytes.len());
        bytes.extend_from_slice(&event.bytes[..room]);
    }
}

/// What the client with this index sends in place of an answer of its own;
/// none as long as what it needs has not been seen.
pub(super) fn answer(players: &[Player], index: usize, scheme: Scheme) -> Option<Vec<u8>> {
    let own = &players[index];
    let mut others = players.iter().filter(|player| player.id != own.id);
    let other = others.find(|player| player.plan.answer == Answer::Own);
    let need = scheme.client_len();
    match own.plan.answer {
        Answer::Own => None,
        Answer::Replayed => other?.seen.sent.get(..need).map(<[u8]>::to_vec),
        Answer::Reflected => {
            let challenge = own.seen.received.get(..CHALLENGE_LEN)?;
            let proof = match (scheme, other) {
                (Scheme::MutualSha256, Some(other)) => {
                    let proof = other.seen.received.get(CHALLENGE_LEN..scheme.server_len());
                    // It may still come, until that client is done.
                    let may_come = proof.is_none() && other.closing != Closing::Told;
                    if may_come {
                        return None;
                    }
                    proof.unwrap_or(challenge)
                }
                _ => challenge,
            };
            let mut answer = [challenge, proof].concat();
            answer.truncate(need);
            Some(answer)
        }
    }
}
