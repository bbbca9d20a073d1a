//! Client and server state machines: the handshake first, then frames.
//!
//! A driver gives a machine what the socket gave it (`handle_chunk`,
//! `handle_eof`), the time when a deadline has passed (`handle_timeout`), and
//! after each input drains `poll_output`.

mod client;
mod deadlines;
mod refusal;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, ClientError, ClientOutput};
pub use deadlines::Deadlines;
pub use refusal::Refusal;
pub use server::{Server, ServerOutput};

use crate::auth::{Key, Scheme};
use crate::framing::{Framing, LengthPrefix, ReadyAck};
use crate::{Nanos, System};

/// How long a sender has to be silent before the digits of a ready-ack length
/// count as complete. Nothing on the wire says so; see [`crate::framing`].
pub const LENGTH_SETTLE: Nanos = Nanos::from_millis(50);

/// What a server sends back for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    None,
    /// Its bytes ASCII-uppercased, without any framing.
    Uppercase,
}

impl Reply {
    crate::all_variants! {
        /// Both.
        None, Uppercase
    }
}

/// What client and server agree on before the first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How the client's messages are framed.
    pub framing: Framing,
    /// The key of the handshake, if there is one.
    pub key: Option<Key>,
    /// How the handshake proves that the key is known.
    pub scheme: Scheme,
    /// What each message is answered with.
    pub reply: Reply,
}

impl Rules {
    /// The rules of one of the five systems; `maximum` bounds a message, in
    /// bytes. `key` is used by `auth` only, in the article's scheme.
    pub fn new(system: System, maximum: u32, key: Key) -> Self {
        let length_prefix = || {
            Framing::LengthPrefix(LengthPrefix {
                maximum,
                ..LengthPrefix::default()
            })
        };
        let (framing, key, reply) = match system {
            System::UdpEcho | System::TcpEcho => (Framing::None, None, Reply::Uppercase),
            System::ReadyAck => (Framing::ReadyAck(ReadyAck { maximum }), None, Reply::None),
            System::LengthPrefix => (length_prefix(), None, Reply::None),
            System::Auth => (length_prefix(), Some(key), Reply::Uppercase),
        };
        Self {
            framing,
            key,
            scheme: Scheme::default(),
            reply,
        }
    }

    /// The same with another scheme. Without a key it means nothing.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }
}
