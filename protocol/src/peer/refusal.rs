//! Why a server closes a connection that it had accepted.

use crate::Offset;
use crate::auth::mutual::NONCE_LEN;
use crate::framing::{EncodeError, FrameError};

/// Why a server closes a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no valid frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A message that came cannot be sent back in the framing.
    #[error("the message at offset {offset} can't be sent back: {error}")]
    Reply {
        /// Where its frame begins.
        offset: Offset,
        /// Why not.
        error: EncodeError,
    },
    /// The answer to the challenge was wrong.
    #[error("wrong answer to the challenge (bytes 0 to 15)")]
    WrongAnswer,
    /// The proof that answered the challenge was wrong.
    #[error("wrong proof (bytes 32 to 63): another key, or another scheme")]
    WrongProof,
    /// The answer was not looked at.
    #[error("the answer to the challenge was not looked at: its source has failed too often")]
    NotVerified,
    /// The client left before it had answered.
    #[error("left inside the handshake: {have} of {need} bytes of the answer")]
    NoAnswer {
        /// Bytes of the answer that arrived.
        have: usize,
        /// Bytes of a whole answer.
        need: usize,
    },
    /// The answer to the challenge took too long.
    #[error("no answer to the challenge in time: {have} of {need} bytes")]
    HandshakeTimeout {
        /// Bytes of the answer that arrived.
        have: usize,
        /// Bytes of a whole answer.
        need: usize,
    },
    /// A frame took too long, however steadily its bytes came.
    #[error("the frame that ends behind offset {offset} took too long")]
    FrameTimeout {
        /// Behind the last byte that arrived.
        offset: Offset,
    },
    /// Nothing came for too long.
    #[error("nothing came for too long behind offset {offset}")]
    Idle {
        /// Behind the last byte that arrived.
        offset: Offset,
    },
}

impl Refusal {
    /// Whether the client failed to prove that it knows the key.
    pub const fn is_of_the_handshake(&self) -> bool {
        matches!(
            self,
            Self::WrongAnswer
                | Self::WrongProof
                | Self::NotVerified
                | Self::NoAnswer { .. }
                | Self::HandshakeTimeout { .. }
        )
    }

    /// Whether the client left the challenge without an answer.
    pub const fn is_no_answer(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::HandshakeTimeout { .. })
    }

    /// The offset in the client's stream that the refusal is about.
    pub const fn offset(&self) -> Offset {
        match self {
            Self::Frame(error) => error.offset(),
            Self::WrongAnswer | Self::NotVerified => Offset(0),
            Self::WrongProof => Offset(NONCE_LEN as u64),
            Self::NoAnswer { have, .. } | Self::HandshakeTimeout { have, .. } => {
                Offset(*have as u64)
            }
            Self::FrameTimeout { offset } | Self::Idle { offset } | Self::Reply { offset, .. } => {
                *offset
            }
        }
    }
}
