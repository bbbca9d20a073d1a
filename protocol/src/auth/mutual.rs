//! `mutual-sha256`: client and server both prove that they know the key.
//!
//! ```text
//! server  32 random bytes                                     Ns, the challenge
//! client  32 random bytes, 32 bytes MAC("… client", Ns, Nc)   Nc and its proof
//! server  wrong: closes; right:
//!         32 bytes MAC("… server", Ns, Nc)                    its proof
//! client  wrong: closes; right: its first frame
//!
//! MAC(text, Ns, Nc) = HMAC-SHA256(key, text || Ns || Nc):
//! +---------------------------------------------+----------+----------+
//! | "sticky-packet-lab mutual-sha256 v1 client" | Ns       | Nc       |
//! | (or "… server"): 41 bytes of ASCII          | 32 bytes | 32 bytes |
//! +---------------------------------------------+----------+----------+
//! ```
//!
//! HMAC is RFC 2104, SHA-256 FIPS 180-4; neither proof is cut short. Every
//! field has one length, so no two inputs read the same. Both nonces are in
//! both proofs: what was recorded is wrong on every other connection. The role
//! is, too: neither side's proof serves the other side, so nothing can be
//! reflected, not even between nonces that are equal. The text names scheme
//! and version, so a proof means nothing elsewhere. The client proves first: a
//! server computes no MAC of bytes that an unauthenticated peer chose.
//!
//! What it does not give: secrecy, or any protection of the bytes that follow.
//! Nothing binds the handshake to its connection: who sits in the middle can
//! pass the 128 bytes on and then speak for either side. Who listens, or plays
//! the server, can try keys at home, so a key has to be long and random. For
//! real use take TLS 1.3 (RFC 8446) or Noise.
//!
//! [`server::Challenge`] → [`server::Proof`] → [`server::Unverified`] →
//! [`server::Verdict`], and
//! [`client::Challenge`] → [`client::Answer`] → [`client::Proof`] →
//! [`client::Verdict`].

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};

use super::{CHALLENGE_LEN, Field, Key, Step};

/// Size of either side's nonce in bytes. The server's is its challenge.
pub const NONCE_LEN: usize = CHALLENGE_LEN;

/// Size of a proof in bytes: a SHA-256 digest.
pub const PROOF_LEN: usize = 32;

/// Size of what the client answers in bytes: its nonce and its proof.
pub const ANSWER_LEN: usize = NONCE_LEN + PROOF_LEN;

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The peer that connected.
    Client,
    /// The peer that accepted.
    Server,
}

impl Role {
    /// What its proof begins with.
    const fn text(self) -> &'static [u8; 41] {
        match self {
            Self::Client => b"sticky-packet-lab mutual-sha256 v1 client",
            Self::Server => b"sticky-packet-lab mutual-sha256 v1 server",
        }
    }
}

/// What makes a handshake unlike every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonces {
    /// The challenge.
    pub server: [u8; NONCE_LEN],
    /// The client's own.
    pub client: [u8; NONCE_LEN],
}

/// Block size of SHA-256 in bytes: HMAC's keys have this length (RFC 2104, section 2).
const BLOCK_LEN: usize = 64;

impl Key {
    /// What HMAC-SHA256 makes of the key: hashed if it is longer than a block,
    /// then filled up with zeros.
    pub(super) fn sha256_block(&self) -> [u8; BLOCK_LEN] {
        let mut block = [0; BLOCK_LEN];
        if self.0.len() > BLOCK_LEN {
            let digest = Sha256::digest(&self.0);
            block[..digest.len()].copy_from_slice(&digest);
        } else {
            block[..self.0.len()].copy_from_slice(&self.0);
        }
        block
    }

    fn hmac_sha256(&self, fields: [&[u8]; 3]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for field in fields {
            mac.update(field);
        }
        mac
    }

    fn mutual(&self, role: Role, nonces: &Nonces) -> Hmac<Sha256> {
        self.hmac_sha256([role.text(), &nonces.server, &nonces.client])
    }

    /// The proof of `role` in the handshake with these nonces.
    pub fn proof(&self, role: Role, nonces: &Nonces) -> [u8; PROOF_LEN] {
        self.mutual(role, nonces).finalize().into_bytes().into()
    }

    /// Whether `proof` is the one of `role`, in constant time.
    pub fn verify_proof(&self, role: Role, nonces: &Nonces, proof: &[u8; PROOF_LEN]) -> bool {
        self.mutual(role, nonces).verify_slice(proof).is_ok()
    }
}

/// The side that asks first and proves last.
pub mod server {
    use super::{ANSWER_LEN, Field, Key, NONCE_LEN, Nonces, PROOF_LEN, Role, Step};

    /// A challenge that is still to be sent.
    #[derive(Debug)]
    pub struct Challenge {
        key: Key,
        nonce: [u8; NONCE_LEN],
    }

    impl Challenge {
        /// `nonce` comes from a cryptographic random source and is used once.
        pub const fn new(key: Key, nonce: [u8; NONCE_LEN]) -> Self {
            Self { key, nonce }
        }

        /// The bytes to send, and the stage that waits for the client's proof.
        pub fn send(self) -> ([u8; NONCE_LEN], Proof) {
            let nonce = self.nonce;
            let proof = Proof {
                key: self.key,
                nonce,
                field: Field::new(),
            };
            (nonce, proof)
        }
    }

    /// Waiting for the client's nonce and proof.
    #[derive(Debug)]
    pub struct Proof {
        key: Key,
        nonce: [u8; NONCE_LEN],
        field: Field<ANSWER_LEN>,
    }

    impl Proof {
        /// Takes the next bytes from the client, cut anywhere.
        pub fn handle_chunk(mut self, input: &[u8]) -> Step<Self, Unverified> {
            let used = self.field.fill(input);
            if !self.field.is_full() {
                return Step::NeedMore(self);
            }
            let (client, proof) = super::halves(&self.field.bytes);
            let nonces = Nonces {
                server: self.nonce,
                client,
            };
            let next = Unverified {
                key: self.key,
                nonces,
                proof,
            };
            Step::Done { next, used }
        }

        /// Bytes of nonce and proof that have arrived.
        pub const fn have(&self) -> usize {
            self.field.have
        }
    }

    /// Nonce and proof have arrived, and the proof has not been compared yet.
    #[derive(Debug)]
    pub struct Unverified {
        key: Key,
        nonces: Nonces,
        proof: [u8; PROOF_LEN],
    }

    impl Unverified {
        /// Compares the proof, in constant time.
        pub fn verify(self) -> Verdict {
            let Self { key, nonces, proof } = self;
            if key.verify_proof(Role::Client, &nonces, &proof) {
                let proof = key.proof(Role::Server, &nonces);
                Verdict::Accepted(Accepted { proof })
            } else {
                Verdict::Rejected(Rejected)
            }
        }
    }

    /// How it ended.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// The client knows the key; now it is the server's turn to prove it.
        Accepted(Accepted),
        /// It doesn't.
        Rejected(Rejected),
    }

    /// The client's proof was right. Only that makes a server's proof.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Accepted {
        proof: [u8; PROOF_LEN],
    }

    impl Accepted {
        /// The bytes to send. Frames may follow.
        pub const fn send(self) -> [u8; PROOF_LEN] {
            self.proof
        }
    }

    /// The client's proof was wrong: close the connection, prove nothing.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Rejected;
}

/// The side that proves first.
pub mod client {
    use super::{ANSWER_LEN, Field, Key, NONCE_LEN, Nonces, PROOF_LEN, Role, Step};

    /// Waiting for the challenge.
    #[derive(Debug)]
    pub struct Challenge {
        key: Key,
        nonce: [u8; NONCE_LEN],
        field: Field<NONCE_LEN>,
    }

    impl Challenge {
        /// A client that knows `key`. `nonce` comes from a cryptographic
        /// random source and is used once.
        pub const fn new(key: Key, nonce: [u8; NONCE_LEN]) -> Self {
            Self {
                key,
                nonce,
                field: Field::new(),
            }
        }

        /// Takes the next bytes from the server, cut anywhere.
        pub fn handle_chunk(mut self, input: &[u8]) -> Step<Self, Answer> {
            let used = self.field.fill(input);
            if !self.field.is_full() {
                return Step::NeedMore(self);
            }
            let nonces = Nonces {
                server: self.field.bytes,
                client: self.nonce,
            };
            let next = Answer {
                key: self.key,
                nonces,
            };
            Step::Done { next, used }
        }
    }

    /// Nonce and proof that are still to be sent.
    #[derive(Debug)]
    pub struct Answer {
        key: Key,
        nonces: Nonces,
    }

    impl Answer {
        /// The bytes to send, and the stage that waits for the server's proof.
        pub fn send(self) -> ([u8; ANSWER_LEN], Proof) {
            let mut bytes = [0; ANSWER_LEN];
            let (nonce, proof) = bytes.split_at_mut(NONCE_LEN);
            nonce.copy_from_slice(&self.nonces.client);
            proof.copy_from_slice(&self.key.proof(Role::Client, &self.nonces));
            let awaited = Proof {
                key: self.key,
                nonces: self.nonces,
                field: Field::new(),
            };
            (bytes, awaited)
        }
    }

    /// Waiting for the server's proof. Nothing else is sent before it.
    #[derive(Debug)]
    pub struct Proof {
        key: Key,
        nonces: Nonces,
        field: Field<PROOF_LEN>,
    }

    impl Proof {
        /// Takes the next bytes from the server, cut anywhere.
        pub fn handle_chunk(mut self, input: &[u8]) -> Step<Self, Verdict> {
            let used = self.field.fill(input);
            if !self.field.is_full() {
                return Step::NeedMore(self);
            }
            let proof = &self.field.bytes;
            let next = if self.key.verify_proof(Role::Server, &self.nonces, proof) {
                Verdict::Accepted(Accepted)
            } else {
                Verdict::Rejected(Rejected)
            };
            Step::Done { next, used }
        }
    }

    /// How it ended.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// Both sides know the key.
        Accepted(Accepted),
        /// The server doesn't.
        Rejected(Rejected),
    }

    /// The server's proof was right; only that makes one. Frames may follow.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Accepted;

    /// The server's proof was wrong: send it nothing, close the connection.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Rejected;
}

/// A client's nonce and its proof.
fn halves(answer: &[u8; ANSWER_LEN]) -> ([u8; NONCE_LEN], [u8; PROOF_LEN]) {
    let (mut nonce, mut proof) = ([0; NONCE_LEN], [0; PROOF_LEN]);
    nonce.copy_from_slice(&answer[..NONCE_LEN]);
    proof.copy_from_slice(&answer[NONCE_LEN..]);
    (nonce, proof)
}

#[cfg(test)]
mod tests;
