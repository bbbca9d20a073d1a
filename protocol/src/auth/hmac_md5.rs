//! The article's scheme: the client proves itself, by challenge and response.
//!
//! ```text
//! server  32 random bytes                       the challenge
//! client  16 bytes HMAC-MD5(key, challenge)     the answer
//! server  (nothing when right, closes when wrong)
//! ```
//!
//! [`server::Challenge`] → [`server::Answer`] → [`server::Unverified`] →
//! [`server::Verdict`], and
//! [`client::Challenge`] → [`client::Answer`]. The server proves nothing.
//! MD5 (RFC 1321) is broken as a hash; as an HMAC it still stands, but don't
//! copy this.

use hmac::{Hmac, Mac};
use md5::{Digest as _, Md5};

use super::{CHALLENGE_LEN, Field, Key, Step};

/// Size of an answer in bytes: an MD5 digest.
pub const ANSWER_LEN: usize = 16;

/// Block size of MD5 in bytes: HMAC's keys have this length (RFC 2104, section 2).
const BLOCK_LEN: usize = 64;

impl Key {
    /// What HMAC-MD5 makes of the key: hashed if it is longer than a block,
    /// then filled up with zeros.
    pub(super) fn md5_block(&self) -> [u8; BLOCK_LEN] {
        let mut block = [0; BLOCK_LEN];
        if self.0.len() > BLOCK_LEN {
            let digest = Md5::digest(&self.0);
            block[..digest.len()].copy_from_slice(&digest);
        } else {
            block[..self.0.len()].copy_from_slice(&self.0);
        }
        block
    }

    fn hmac_md5(&self, challenge: &[u8]) -> Hmac<Md5> {
        let mut mac = Hmac::<Md5>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(challenge);
        mac
    }

    /// The answer to `challenge`.
    pub fn answer(&self, challenge: &[u8; CHALLENGE_LEN]) -> [u8; ANSWER_LEN] {
        self.hmac_md5(challenge).finalize().into_bytes().into()
    }

    /// Whether `answer` is the right one, in constant time.
    pub fn verify(&self, challenge: &[u8; CHALLENGE_LEN], answer: &[u8; ANSWER_LEN]) -> bool {
        self.hmac_md5(challenge).verify_slice(answer).is_ok()
    }
}

/// The side that asks.
pub mod server {
    use super::{ANSWER_LEN, CHALLENGE_LEN, Field, Key, Step};

    /// A challenge that is still to be sent.
    #[derive(Debug)]
    pub struct Challenge {
        key: Key,
        nonce: [u8; CHALLENGE_LEN],
    }

    impl Challenge {
        /// `nonce` comes from a cryptographic random source and is used once.
        pub const fn new(key: Key, nonce: [u8; CHALLENGE_LEN]) -> Self {
            Self { key, nonce }
        }

        /// The bytes to send, and the stage that waits for their answer.
        pub fn send(self) -> ([u8; CHALLENGE_LEN], Answer) {
            let nonce = self.nonce;
            let answer = Answer {
                key: self.key,
                nonce,
                field: Field::new(),
            };
            (nonce, answer)
        }
    }

    /// Waiting for the answer.
    #[derive(Debug)]
    pub struct Answer {
        key: Key,
        nonce: [u8; CHALLENGE_LEN],
        field: Field<ANSWER_LEN>,
    }

    impl Answer {
        /// Takes the next bytes from the client, cut anywhere.
        pub fn handle_chunk(mut self, input: &[u8]) -> Step<Self, Unverified> {
            let used = self.field.fill(input);
            if !self.field.is_full() {
                return Step::NeedMore(self);
            }
            let next = Unverified {
                key: self.key,
                nonce: self.nonce,
                answer: self.field.bytes,
            };
            Step::Done { next, used }
        }

        /// Bytes of the answer that have arrived.
        pub const fn have(&self) -> usize {
            self.field.have
        }
    }

    /// The whole answer has arrived and has not been compared yet.
    #[derive(Debug)]
    pub struct Unverified {
        key: Key,
        nonce: [u8; CHALLENGE_LEN],
        answer: [u8; ANSWER_LEN],
    }

    impl Unverified {
        /// Compares the answer, in constant time.
        pub fn verify(self) -> Verdict {
            if self.key.verify(&self.nonce, &self.answer) {
                Verdict::Accepted(Accepted)
            } else {
                Verdict::Rejected(Rejected)
            }
        }
    }

    /// How it ended.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// The client knows the key.
        Accepted(Accepted),
        /// It doesn't.
        Rejected(Rejected),
    }

    /// Proof that a client answered right; only a verified answer makes one.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Accepted;

    /// The client's answer was wrong: close the connection.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Rejected;
}

/// The side that answers.
pub mod client {
    use super::{ANSWER_LEN, CHALLENGE_LEN, Field, Key, Step};

    /// Waiting for the challenge.
    #[derive(Debug)]
    pub struct Challenge {
        key: Key,
        field: Field<CHALLENGE_LEN>,
    }

    impl Challenge {
        /// A client that knows `key`.
        pub const fn new(key: Key) -> Self {
            Self {
                key,
                field: Field::new(),
            }
        }

        /// Takes the next bytes from the server, cut anywhere.
        pub fn handle_chunk(mut self, input: &[u8]) -> Step<Self, Answer> {
            let used = self.field.fill(input);
            if !self.field.is_full() {
                return Step::NeedMore(self);
            }
            let next = Answer {
                digest: self.key.answer(&self.field.bytes),
            };
            Step::Done { next, used }
        }
    }

    /// An answer that is still to be sent.
    #[derive(Debug)]
    pub struct Answer {
        digest: [u8; ANSWER_LEN],
    }

    impl Answer {
        /// The bytes to send, and what is left: not knowing. This protocol
        /// never says yes; a reply does ([`Sent::handle_chunk`]), and a close
        /// says no ([`Sent::handle_eof`]).
        pub fn send(self) -> ([u8; ANSWER_LEN], Sent) {
            (self.digest, Sent)
        }
    }

    /// The answer is out and nothing has come back yet.
    #[derive(Debug)]
    pub struct Sent;

    impl Sent {
        /// The server replied to something: it took the answer.
        pub const fn handle_chunk(self) -> Accepted {
            Accepted
        }

        /// The server closed without a word: it did not.
        pub const fn handle_eof(self) -> Rejected {
            Rejected
        }
    }

    /// The server took the answer.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Accepted;

    /// The server closed before any reply.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Rejected;
}

#[cfg(test)]
mod tests {
    use super::*;
    use server::Verdict;

    fn hmac_md5(key: &[u8], data: &[u8]) -> String {
        let digest = Key::new(key).hmac_md5(data).finalize().into_bytes();
        format!("{digest:x}")
    }

    /// RFC 2202, section 2.
    #[test]
    fn rfc_2202_vectors() {
        let counting: Vec<u8> = (0x01..=0x19).collect();
        for (key, data, expected) in [
            (
                vec![0x0b; 16],
                b"Hi There".to_vec(),
                "9294727a3638bb1c13f48ef8158bfc9d",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "750c783e6ab0b503eaa86e310a5db738",
            ),
            (
                vec![0xaa; 16],
                vec![0xdd; 50],
                "56be34521d144c88dbb8c733f0e8b3f6",
            ),
            (counting, vec![0xcd; 50], "697eaf0aca3a3aea3a75164746ffaa79"),
            (
                vec![0x0c; 16],
                b"Test With Truncation".to_vec(),
                "56461ef2342edc00f9bab995690efd4c",
            ),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
            ),
            (
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"
                    .to_vec(),
                "6f630fad67cda0ee1fb1f562db3aa53e",
            ),
        ] {
            assert_eq!(hmac_md5(&key, &data), expected);
        }
    }

    fn challenge() -> [u8; CHALLENGE_LEN] {
        std::array::from_fn(|index| u8::try_from(index).unwrap())
    }

    fn verdict(answer: &[u8], cut: usize) -> Verdict {
        let (_, stage) = server::Challenge::new(Key::default(), challenge()).send();
        let Step::NeedMore(stage) = stage.handle_chunk(&answer[..cut]) else {
            panic!("{cut} bytes are no answer yet");
        };
        match stage.handle_chunk(&answer[cut..]) {
            Step::Done { next, used } => {
                assert_eq!(used, ANSWER_LEN - cut);
                next.verify()
            }
            Step::NeedMore(_) => panic!("16 bytes are an answer"),
        }
    }

    #[test]
    fn an_answer_split_anywhere_is_verified() {
        let answer = Key::default().answer(&challenge());
        for cut in 0..ANSWER_LEN {
            assert_eq!(verdict(&answer, cut), Verdict::Accepted(server::Accepted));
        }
    }

    #[test]
    fn an_answer_with_any_bit_wrong_is_rejected() {
        for bit in 0..8 * ANSWER_LEN {
            let mut answer = Key::default().answer(&challenge());
            answer[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verdict(&answer, 0), Verdict::Rejected(server::Rejected));
        }
        let other = Key::new(*b"wan yifej").answer(&challenge());
        assert_eq!(verdict(&other, 7), Verdict::Rejected(server::Rejected));
    }

    #[test]
    fn a_challenge_split_anywhere_is_answered_and_what_follows_is_left() {
        let mut bytes = challenge().to_vec();
        bytes.extend_from_slice(b"HELLO");
        for cut in 0..CHALLENGE_LEN {
            let stage = client::Challenge::new(Key::default());
            let Step::NeedMore(stage) = stage.handle_chunk(&bytes[..cut]) else {
                panic!("{cut} bytes are no challenge yet");
            };
            let Step::Done { next, used } = stage.handle_chunk(&bytes[cut..]) else {
                panic!("32 bytes are a challenge");
            };
            assert_eq!(cut + used, CHALLENGE_LEN);
            let (digest, _) = next.send();
            assert_eq!(digest, Key::default().answer(&challenge()));
        }
    }
}
