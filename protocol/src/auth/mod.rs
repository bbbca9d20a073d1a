//! Proving that one knows a key without sending it: two schemes.
//!
//! [`hmac_md5`] is the article's: the client proves itself. In [`mutual`] the
//! server does, too. There is no negotiation: a server demands one scheme, and
//! who answers by the other is refused. Each stage is its own type and
//! stepping consumes it. HMAC is RFC 2104.

pub mod hmac_md5;
pub mod mutual;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use hmac_md5::ANSWER_LEN;

/// Size of a challenge in bytes, in either scheme: random bytes of the server.
pub const CHALLENGE_LEN: usize = 32;

/// The article's key: public, and so no secret.
pub const DEMO_KEY: &[u8] = b"wan yifei";

/// How peers prove that they know the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The article's: the client answers a challenge. See [`hmac_md5`].
    #[default]
    HmacMd5,
    /// Client and server both prove themselves. See [`mutual`].
    MutualSha256,
}

impl Scheme {
    crate::all_variants! {
        /// Both, the article's first.
        HmacMd5, MutualSha256
    }

    /// The name used on the command line, in links and in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacMd5 => "hmac-md5",
            Self::MutualSha256 => "mutual-sha256",
        }
    }

    /// Bytes the client sends before its first frame.
    pub const fn client_len(self) -> usize {
        match self {
            Self::HmacMd5 => ANSWER_LEN,
            Self::MutualSha256 => mutual::ANSWER_LEN,
        }
    }

    /// Bytes the server sends before its first reply.
    pub const fn server_len(self) -> usize {
        match self {
            Self::HmacMd5 => CHALLENGE_LEN,
            Self::MutualSha256 => CHALLENGE_LEN + mutual::PROOF_LEN,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no scheme's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scheme is called \"{0}\": it is hmac-md5 or mutual-sha256")]
pub struct UnknownScheme(String);

impl FromStr for Scheme {
    type Err = UnknownScheme;
    fn from_str(name: &str) -> Result<Self, UnknownScheme> {
        let found = Self::ALL.into_iter().find(|scheme| scheme.name() == name);
        found.ok_or_else(|| UnknownScheme(name.chars().take(40).collect()))
    }
}

/// A key both sides share. Its `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// Takes any bytes as a key; HMAC accepts every length.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

impl Key {
    /// Whether HMAC can't tell the two keys apart, in at least one scheme: it
    /// hashes keys longer than a block and fills all up with zeros (RFC 2104,
    /// section 2). Not in constant time: not for what a peer sends.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        self.md5_block() == other.md5_block() || self.sha256_block() == other.sha256_block()
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new(DEMO_KEY)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes)", self.0.len())
    }
}

/// What a stage gives back: itself when it needs more bytes, or the next one.
#[derive(Debug)]
pub enum Step<Stage, Next> {
    /// Not enough bytes yet; go on with this.
    NeedMore(Stage),
    /// Done. `used` bytes of the input were consumed, the rest is not ours.
    Done {
        /// The next stage or the verdict.
        next: Next,
        /// Bytes of the input consumed.
        used: usize,
    },
}

/// A field of `N` bytes that arrives in pieces.
#[derive(Debug)]
struct Field<const N: usize> {
    bytes: [u8; N],
    have: usize,
}

impl<const N: usize> Field<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            have: 0,
        }
    }

    /// Takes what it still needs from `input`; returns how much that was.
    fn fill(&mut self, input: &[u8]) -> usize {
        let used = input.len().min(N - self.have);
        self.bytes[self.have..self.have + used].copy_from_slice(&input[..used]);
        self.have += used;
        used
    }

    const fn is_full(&self) -> bool {
        self.have == N
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", Key::default()), "Key(9 bytes)");
    }

    #[test]
    fn keys_are_compared_as_hmac_sees_them() {
        use md5::Digest as _;
        fn check(one: &[u8], other: &[u8], expected: bool) {
            let (one, other) = (Key::new(one), Key::new(other));
            assert_eq!(one.is_equivalent(&other), expected, "{:?}", one.0);
            // What the comparison says is what a server would do.
            let challenge = [7; CHALLENGE_LEN];
            let nonces = mutual::Nonces {
                server: challenge,
                client: [8; CHALLENGE_LEN],
            };
            let md5 = one.answer(&challenge) == other.answer(&challenge);
            let role = mutual::Role::Client;
            let sha256 = one.proof(role, &nonces) == other.proof(role, &nonces);
            assert_eq!(md5 || sha256, expected, "{:?}", one.0);
        }
        let padded = |length: usize| {
            let mut key = DEMO_KEY.to_vec();
            key.resize(length, 0);
            key
        };
        check(DEMO_KEY, DEMO_KEY, true);
        check(&padded(10), DEMO_KEY, true);
        check(&padded(64), DEMO_KEY, true);
        // Longer than a block: hashed, and so another key.
        check(&padded(65), DEMO_KEY, false);
        check(b"wan yifej", DEMO_KEY, false);
        check(b"\0wan yifei", DEMO_KEY, false);
        check(b"", b"\0\0", true);
        let long = [b'k'; 100];
        check(&long, &md5::Md5::digest(long), true);
        check(&long, &sha2::Sha256::digest(long), true);
        check(&long[..99], &md5::Md5::digest(long), false);
    }

    #[test]
    fn names_round_trip() {
        for scheme in Scheme::ALL {
            assert_eq!(scheme.name().parse(), Ok(scheme));
            let json = serde_json::to_string(&scheme).unwrap();
            assert_eq!(json, format!("\"{scheme}\""));
        }
        let unknown = "md5".parse::<Scheme>().unwrap_err().to_string();
        assert!(unknown.contains("mutual-sha256"), "{unknown}");
    }
}
