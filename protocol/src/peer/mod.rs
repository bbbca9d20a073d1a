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
    /// Its bytes, framed as it was.
    Framed,
}

impl Reply {
    crate::all_variants! {
        /// All of them.
        None, Uppercase, Framed
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
    /// The rules of one of the systems; `maximum` bounds a message, in
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
            System::Framed => (length_prefix(), None, Reply::Framed),
            System::Sink => (Framing::None, None, Reply::None),
        };
        Self {
            framing,
            key,
            scheme: Scheme::default(),
            reply,
        }
    }

    /// The same with another framing. Where the sender waits for an answer to each length
    /// there are no framed replies, as in `ready-ack`.
    #[must_use]
    pub fn with_framing(self, framing: Framing) -> Self {
        let reply = match self.reply {
            Reply::Framed if framing.waits_for_ready() => Reply::None,
            reply => reply,
        };
        Self {
            framing,
            reply,
            ..self
        }
    }

    /// How the server frames its replies.
    pub fn reply_framing(&self) -> Framing {
        match self.reply {
            Reply::Framed => self.framing.clone(),
            Reply::None | Reply::Uppercase => Framing::None,
        }
    }

    /// The same with another scheme. Without a key it means nothing.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }
}
