//! The clients, headless: messages come in as lines, replies go out as
//! lines. [`stream`] carries the bytes between a socket and the machine of
//! [`protocol::peer`]; a file a system says what is particular to it.

pub mod auth;
pub mod console;
pub mod endpoint;
pub mod framed;
pub mod length_prefix;
pub mod ready_ack;
pub mod sink;
pub mod stream;
pub mod tcp_echo;
#[cfg(test)]
mod tests;
mod tunnel;
pub mod udp_echo;

use std::io;

use protocol::auth::{Key, Scheme};
use protocol::framing::LengthPrefix;
use protocol::peer::ClientError;
use protocol::{Framing, System};

pub use console::Console;
pub use endpoint::{BridgeUrl, BridgeUrlError, Endpoint, Trust, TrustError};
pub use tunnel::Closed;

/// Largest message a client sends, in bytes: what a signed 32-bit length says.
pub const MAX_MESSAGE: u32 = i32::MAX as u32;

/// What a client has to know of its server beforehand.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The key of `auth`.
    pub key: Key,
    /// How `auth` has it proved.
    pub scheme: Scheme,
    /// How `framed` frames messages and replies.
    pub framing: Framing,
}

impl Default for Agreed {
    fn default() -> Self {
        Self {
            key: Key::default(),
            scheme: Scheme::default(),
            framing: Framing::LengthPrefix(LengthPrefix::default()),
        }
    }
}

/// Talks to the server of `system` at `endpoint` until `console`
/// has no more lines.
pub async fn run(
    system: System,
    endpoint: &Endpoint,
    agreed: Agreed,
    console: &mut Console,
) -> Result<(), Failure> {
    match system {
        System::UdpEcho => udp_echo::run(endpoint, console).await,
        System::TcpEcho => tcp_echo::run(endpoint, console).await,
        System::ReadyAck => ready_ack::run(endpoint, console).await,
        System::LengthPrefix => length_prefix::run(endpoint, console).await,
        System::Auth => auth::run(endpoint, agreed.key, agreed.scheme, console).await,
        System::Framed => framed::run(endpoint, agreed.framing, console).await,
        System::Sink => sink::run(endpoint, console).await,
    }
}

/// Why a client did not get everything done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens there.
    #[error(
        "nobody listens on {transport} {address}: start `stickylab server {system}`, \
         or name another address with --connect"
    )]
    NobodyListens {
        /// The system whose server was expected.
        system: System,
        /// Its transport.
        transport: protocol::Transport,
        /// The address tried.
        address: String,
    },
    /// The address can't be looked up or reached.
    #[error("cannot connect to {address}: {error}; is --connect right?")]
    Unreachable {
        /// The address tried.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// The bridge can't be connected to.
    #[error("cannot connect to {url}: {problem}")]
    Bridge {
        /// The URL tried.
        url: String,
        /// What went wrong, and what to do.
        problem: String,
    },
    /// The bridge closed with another code than 1000.
    #[error(transparent)]
    ClosedByBridge(Closed),
    /// The server closed where it should have replied for the first time. The
    /// protocol does not say whether to the key or to a message behind it.
    #[error(
        "refused: the server closed the connection without a reply; is the key right? \
         Or does it demand another --scheme?"
    )]
    Refused,
    /// The server closed before it proved itself.
    #[error(
        "refused: the server closed inside the handshake: wrong key, \
         or it demands another --scheme"
    )]
    RefusedInHandshake,
    /// The server broke off or broke the protocol.
    #[error(transparent)]
    Protocol(ClientError),
    /// The server closed while there was more to send.
    #[error("the server closed the connection before the message \"{0}\" was sent")]
    ClosedEarly(String),
    /// The server closed first, though in this system nothing but a refusal or
    /// its own end makes it.
    #[error("the server closed the connection first: it may not have accepted the last message")]
    HungUp,
    /// The connection failed.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// So many messages could not be sent or had no reply; stderr said which.
    #[error("messages that did not get through: {0}")]
    Lost(usize),
    /// So many replies were shorter or longer than their messages.
    #[error("replies that were not as long as their messages: {0}")]
    Misfits(usize),
    /// Standard output is closed: nobody reads the replies.
    #[error("standard output: {0}")]
    Output(io::Error),
}

impl Failure {
    /// What a failed read or write means.
    fn of_connection(error: io::Error) -> Self {
        match error.downcast() {
            Ok(closed) => Self::ClosedByBridge(closed),
            Err(error) => Self::Broken(error),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rejected => Self::Refused,
            ClientError::Unproven => Self::RefusedInHandshake,
            error => Self::Protocol(error),
        }
    }
}
