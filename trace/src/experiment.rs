//! What to run: one private server, one to four clients, what they send.

mod client;
mod error;
mod message;

use emulation::LinkSettings;
use protocol::auth::{Key, Scheme};
use protocol::framing::DEFAULT_MAX_FRAME;
use protocol::peer::{Reply, Rules};
use protocol::{Framing, System, Transport};
use serde::{Deserialize, Serialize};

use crate::ip::IpVersion;
use crate::{ClientId, ConnectionId};

pub use crate::client::MAX_CLIENTS;
pub use client::{Answer, Client, Leaving, LengthUnit};
pub use error::ExperimentError;
pub use message::{Message, NoMessage};

/// Most messages a client may have.
pub const MAX_MESSAGES: usize = 1_000;
/// Most bytes in one message.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Most bytes all clients may send together, framing not counted.
pub const MAX_TOTAL: usize = 1024 * 1024;
/// Most bytes all clients may send together, framing counted: what fixed-size
/// frames are filled up with is no message, but it is sent.
pub const MAX_FRAMED: usize = 2 * MAX_TOTAL;
/// Longest delay a knob may ask for, in milliseconds.
pub const MAX_DELAY_MS: u32 = 5_000;
/// Most connections a client may hold at once, its conversation included; with
/// so many, others have one each.
pub const MAX_CONNECTIONS: u16 = 64;
/// Most connections of one source that a server may be told to let in.
pub const MAX_PER_SOURCE: u32 = 1_024;
/// Most sends that all clients' messages together may be cut into.
pub const MAX_PIECES: usize = 10_000;
/// Most bytes of a key.
pub const MAX_KEY: usize = 128;
/// Most connections that may wait for accept.
pub const MAX_BACKLOG: u32 = 128;
/// Most recvs of a server that have a room of their own.
pub const MAX_SIZES: usize = 16;
/// Longest time of SO_KEEPALIVE, in seconds: a run is no longer.
pub const MAX_KEEP_ALIVE: u32 = 20;
/// Most probes of SO_KEEPALIVE (tcp(7)).
pub const MAX_PROBES: u32 = 127;
/// Most threads that keep processors busy beside a run.
pub const MAX_BUSY: u32 = 8;
/// Largest receive buffer, in bytes.
pub const MAX_BUFFER: u32 = 1024 * 1024;

/// A run that can be made: server, knobs, clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Experiment {
    /// Which server.
    pub system: System,
    /// How messages are framed; left out: as the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
    /// Whether the server answers messages; left out: as the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<bool>,
    /// Room the server gives each recv, in bytes.
    #[serde(default = "defaults::buffer")]
    pub buffer: u32,
    /// Rooms of its first recvs on each connection, in bytes; `buffer` is that of the
    /// others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recv_sizes: Vec<u32>,
    /// After how many recvs the server closes a connection, read or not; 0: never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub close_after: u32,
    /// Most bytes of a reply that the server gives each send(); 0: all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reply_piece: u32,
    /// How long the server takes before each reply, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reply_delay_ms: u32,
    /// Whether the server's kernel may hold small segments back (RFC 896).
    #[serde(default, skip_serializing_if = "is_default")]
    pub server_nagle: bool,
    /// Whether small segments of a reply wait until all of it was sent (TCP_CORK, tcp(7)).
    #[serde(default, skip_serializing_if = "is_default")]
    pub server_cork: bool,
    /// Whether the replies to all messages of one recv are one send.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replies_together: bool,
    /// The server's SO_SNDBUF, in bytes (socket(7): the kernel doubles it); 0: as the
    /// kernel has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub server_send_buffer: u32,
    /// Whether nobody listens at the server's port.
    #[serde(default, skip_serializing_if = "is_default")]
    pub server_absent: bool,
    /// How long the server sleeps before each recv, in milliseconds.
    #[serde(default)]
    pub read_delay_ms: u32,
    /// The server's SO_RCVBUF, in bytes (socket(7): the kernel doubles it);
    /// 0: as the kernel has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub receive_buffer: u32,
    /// Largest message the server accepts, in bytes.
    #[serde(default = "defaults::max_frame")]
    pub max_frame: u32,
    /// Connections that may wait for accept (see listen(2)).
    #[serde(default = "defaults::backlog")]
    pub backlog: u32,
    /// Whether it serves one client after the other; left out: as the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<bool>,
    /// How long the handshake, and each frame, may take, in milliseconds; 0:
    /// as long as the run. A server that sleeps on purpose has no deadline.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deadline_ms: u32,
    /// Connections of one source that the server lets in at a time; 0: as a
    /// server on a network has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_per_source: u32,
    /// Threads that never wait, beside the run and for as long as it goes on: load.
    #[serde(default, skip_serializing_if = "is_default")]
    pub busy: u32,
    /// The server's key; only `auth` has one.
    #[serde(default = "defaults::key")]
    pub key: String,
    /// How `auth` has the key proved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scheme: Scheme,
    /// The version of IP between clients and server.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip: IpVersion,
    /// The link between clients and server; left out: they are on one machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Box<LinkSettings>>,
    /// Who connects.
    #[serde()]
    pub clients: Vec<Client>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

mod defaults {
    pub(super) fn buffer() -> u32 {
        1024
    }
    pub(super) fn max_frame() -> u32 {
        super::DEFAULT_MAX_FRAME
    }
    pub(super) fn backlog() -> u32 {
        5
    }
    pub(super) fn key() -> String {
        String::from_utf8_lossy(protocol::auth::DEMO_KEY).into_owned()
    }
}

impl Experiment {
    /// An experiment with one client and every knob at its default.
    pub fn new(system: System, messages: &[&str]) -> Self {
        Self {
            system,
            framing: None,
            echo: None,
            buffer: defaults::buffer(),
            recv_sizes: Vec::new(),
            close_after: 0,
            reply_piece: 0,
            reply_delay_ms: 0,
            server_nagle: false,
            server_cork: false,
            replies_together: false,
            server_send_buffer: 0,
            server_absent: false,
            read_delay_ms: 0,
            receive_buffer: 0,
            max_frame: defaults::max_frame(),
            backlog: defaults::backlog(),
            serial: None,
            deadline_ms: 0,
            max_per_source: 0,
            busy: 0,
            key: defaults::key(),
            scheme: Scheme::default(),
            ip: IpVersion::default(),
            link: None,
            clients: vec![Client {
                messages: messages.iter().map(|&m| Message(m.to_owned())).collect(),
                ..Client::default()
            }],
        }
    }

    /// What carries its bytes.
    pub fn transport(&self) -> Transport {
        self.system.transport()
    }

    /// What server and clients agree on, with the server's key.
    pub fn rules(&self) -> Rules {
        self.rules_with(&self.key, self.max_frame)
    }

    /// The rules as `client` believes them: with its own key, and not knowing
    /// what the server's maximum is.
    pub fn client_rules(&self, client: &Client) -> Rules {
        let rules = self.rules_with(&client.key, DEFAULT_MAX_FRAME);
        match &client.framing {
            Some(framing) => rules.with_framing(framing.clone()),
            None => rules,
        }
    }

    fn rules_with(&self, key: &str, maximum: u32) -> Rules {
        let mut rules = Rules::new(self.system, maximum, Key::new(key)).with_scheme(self.scheme);
        if let Some(framing) = &self.framing {
            rules = rules.with_framing(framing.clone().with_at_most(maximum));
        }
        match self.echo {
            Some(true) if self.system == System::Framed => {}
            Some(true) => rules.reply = Reply::Uppercase,
            Some(false) => rules.reply = Reply::None,
            None => {}
        }
        rules
    }

    /// Whether the server finishes with one client before the next.
    pub fn is_serial(&self) -> bool {
        self.serial.unwrap_or(self.system.is_serial())
    }

    /// The client's plan, if there is such a client.
    pub fn client(&self, client: ClientId) -> Option<&Client> {
        self.clients.get(client.index())
    }

    /// The plan of the client whose conversation `connection` is; none for
    /// connections that are merely held.
    pub fn client_of(&self, connection: ConnectionId) -> Option<&Client> {
        match ClientId::of(connection) {
            (client, 0) => self.client(client),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
