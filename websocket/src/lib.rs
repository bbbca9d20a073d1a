//! WebSocket as a server speaks it (RFC 6455): the upgrade's digest, frames,
//! the rules of messages. Sans-IO; payload is unmasked where it lies, so that
//! a driver can pass on what has arrived without a copy and without a buffer of
//! its own for each connection, which is why this is no library's.
//!
//! ```text
//!  byte 0             byte 1           then, in this order
//! +---+---+---+---+--------+------+----------------+-----------------+----------+---------+
//! |FIN| 0 | 0 | 0 | opcode | MASK | length 7 bits  | 0, 2 or 8 bytes | 4 bytes  | payload |
//! |   |   |   |   |        |      | 126: 2 follow  | of length, big  | of key,  |         |
//! |   |   |   |   |        |      | 127: 8 follow  | endian          | if MASK  |         |
//! +---+---+---+---+--------+------+----------------+-----------------+----------+---------+
//! ```
//!
//! A message is a text or binary frame and, unless that has FIN, continuation
//! frames up to one that has. Control frames (close, ping, pong) may stand
//! between them. Clients mask, servers don't.

mod close;
mod decoder;
mod header;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod utf8;

use sha1::{Digest as _, Sha1};

pub use close::{Close, code};
pub use decoder::{Decoder, Item, MessageLimits};
pub use header::{Header, MAX_HEADER, Opcode, carries_data, unmask};
pub use utf8::cut_text;

/// What a server adds to a client's key (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of a client's key before it was made text.
const KEY_BYTES: usize = 16;

/// The `Sec-WebSocket-Accept` that answers this `Sec-WebSocket-Key`; none if
/// that is not 16 bytes in base64 (RFC 6455, section 4.2.2).
pub fn accept(key: &str) -> Option<String> {
    let decoded = data_encoding::BASE64.decode(key.as_bytes()).ok()?;
    if decoded.len() != KEY_BYTES {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Some(data_encoding::BASE64.encode(&digest))
}

/// Why a connection can't go on. The text can be sent to the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A bit that no extension was agreed upon for.
    #[error("a frame with a reserved bit: no extension was agreed upon")]
    Reserved,
    /// An opcode without a meaning.
    #[error("a frame with opcode {0}, which has no meaning")]
    Opcode(u8),
    /// A client has to mask.
    #[error("a frame without a mask: a client has to mask")]
    Unmasked,
    /// A length of 2^63 or more, or one that needs fewer bytes than it has.
    #[error("a frame whose length is not written as it has to be")]
    Length,
    /// A control frame in parts, or of more than 125 bytes.
    #[error("a control frame in parts or of more than 125 bytes")]
    Control,
    /// A continuation of nothing.
    #[error("a continuation frame that continues nothing")]
    Continuation,
    /// A message inside of another.
    #[error("a new message before the end of the last one")]
    Interleaved,
    /// A close frame with half a code, or with a code that is never sent.
    #[error("a close frame with a code that can't be sent")]
    CloseCode,
    /// Text that is no UTF-8.
    #[error("text that is not UTF-8")]
    Text,
    /// A message larger than allowed, as far as its length is known.
    #[error("a message of {length} bytes: at most {most} are taken at once")]
    TooLarge {
        /// Bytes that were announced so far.
        length: u64,
        /// Bytes allowed.
        most: u64,
    },
    /// A message in more frames than allowed.
    #[error("a message in more than {0} frames")]
    TooManyFrames(u32),
}

impl Violation {
    /// The code to close with (RFC 6455, section 7.4.1).
    pub const fn code(&self) -> u16 {
        match self {
            Self::Text => code::INVALID,
            Self::TooLarge { .. } => code::SIZE,
            Self::TooManyFrames(_) => code::POLICY,
            _ => code::PROTOCOL,
        }
    }
}
