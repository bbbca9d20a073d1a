//! What to run: one private server, one or two clients, what they send.

use protocol::auth::{Key, Scheme};
use protocol::framing::{DEFAULT_MAX_FRAME, EncodeError};
use protocol::peer::{Reply, Rules};
use protocol::{Framing, System, Transport};
use serde::{Deserialize, Serialize};

use crate::{ClientId, ConnectionId};

pub use crate::client::MAX_CLIENTS;

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
pub const MAX_BACKLOG: usize = 128;
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
    /// The server's key; only `auth` has one.
    #[serde(default = "defaults::key")]
    pub key: String,
    /// How `auth` has the key proved.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scheme: Scheme,
    /// Who connects.
    #[serde()]
    pub clients: Vec<Client>,
}

/// One client of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Client {
    /// What it sends, one message each.
    pub messages: Vec<Message>,
    /// How long it waits before it connects, in milliseconds.
    #[serde(default)]
    pub start_ms: u32,
    /// Pause before each message but the first, in microseconds.
    #[serde(default)]
    pub gap_us: u32,
    /// How long it stays after everything is done, in milliseconds.
    #[serde(default)]
    pub hold_ms: u32,
    /// Whether the kernel may hold small segments back (RFC 896): TCP_NODELAY off.
    #[serde(default)]
    pub nagle: bool,
    /// Its SO_SNDBUF, in bytes (socket(7): the kernel doubles it); 0: as the
    /// kernel has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub send_buffer: u32,
    /// What it writes into a length field.
    #[serde(default)]
    pub length_unit: LengthUnit,
    /// Connections it opens at once, over TCP, and holds until it closes; the
    /// first is its conversation. A client with more than one comes from a
    /// loopback address of its own, as another source.
    #[serde(default = "defaults::connections", skip_serializing_if = "is_one")]
    pub connections: u16,
    /// Most bytes it gives each send() on a stream, with its gap between two
    /// of them; 0: a header or a body in one call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub piece: u32,
    /// Whether it waits for each reply before the next message.
    #[serde(default)]
    pub turns: bool,
    /// Its key; only `auth` asks for one.
    #[serde(default = "defaults::key")]
    pub key: String,
    /// What it answers the challenge of `auth` with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub answer: Answer,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            start_ms: 0,
            gap_us: 0,
            hold_ms: 0,
            nagle: false,
            send_buffer: 0,
            length_unit: LengthUnit::Bytes,
            connections: defaults::connections(),
            piece: 0,
            turns: false,
            key: defaults::key(),
            answer: Answer::Own,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_one(value: &u16) -> bool {
    *value == 1
}

mod defaults {
    pub(super) fn connections() -> u16 {
        1
    }
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

/// What a client counts when it writes a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthUnit {
    /// Bytes, as it must be.
    #[default]
    Bytes,
    /// Characters, as the article's clients do: wrong for anything but ASCII.
    Characters,
}

impl LengthUnit {
    protocol::all_variants! {
        /// Both, the right one first.
        Bytes, Characters
    }

    /// The word that an experiment writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Characters => "characters",
        }
    }
}

/// What a client answers a challenge with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// What its key gives.
    #[default]
    Own,
    /// The very bytes that the other client has answered with.
    Replayed,
    /// Bytes that the server itself has sent: a part of its challenge, or its
    /// nonce and a proof it gave the other client.
    Reflected,
}

impl Answer {
    protocol::all_variants! {
        /// All of them, the honest one first.
        Own, Replayed, Reflected
    }

    /// The word that an experiment writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Replayed => "replayed",
            Self::Reflected => "reflected",
        }
    }
}

/// A message as it is written in a lesson or typed into the page: text, and
/// behind it optionally `×N` to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Message(pub String);

impl Message {
    /// The text and how many times it is sent in a row.
    fn factors(&self) -> (&str, usize) {
        self.0
            .rsplit_once('×')
            .and_then(|(text, times)| Some((text, times.parse().ok()?)))
            .unwrap_or((&self.0, 1))
    }

    /// Length in bytes, without building the text.
    pub fn len(&self) -> usize {
        let (text, times) = self.factors();
        text.len().saturating_mul(times)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text to send; at most [`MAX_MESSAGE`] bytes once validated.
    pub fn text(&self) -> String {
        let (text, times) = self.factors();
        text.repeat(times.min(MAX_MESSAGE / text.len().max(1)))
    }
}

/// Why an experiment can't be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExperimentError {
    /// No client, or too many.
    #[error("an experiment has 1 or 2 clients, not {0}")]
    Clients(usize),
    /// A number outside its range.
    #[error("{name} is {value}: it can be {least} to {most}")]
    Range {
        /// The knob's name.
        name: &'static str,
        /// The value given.
        value: usize,
        /// The least it can be.
        least: usize,
        /// The most it can be.
        most: usize,
    },
    /// The framing can't carry a message, or is no framing.
    #[error("client {client}, message {message}: {error}")]
    Message {
        /// Which client.
        client: ClientId,
        /// Which of its messages, from 1.
        message: usize,
        /// What is wrong with it.
        error: EncodeError,
    },
    /// The framing's own settings are impossible.
    #[error("framing: {0}")]
    Framing(EncodeError),
    /// A combination that no socket offers.
    #[error("datagrams are messages already: {0} over udp-echo is no experiment")]
    Datagrams(&'static str),
    /// Nobody gives the answer that is to be replayed.
    #[error("client {0} replays what the other client answers: that one has to answer itself")]
    NothingToReplay(ClientId),
}

impl ExperimentError {
    /// Refuses a `value` outside of `least` to `most`.
    pub(crate) fn range(
        name: &'static str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<(), Self> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Self::Range {
            name,
            value,
            least,
            most,
        })
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
            read_delay_ms: 0,
            receive_buffer: 0,
            max_frame: defaults::max_frame(),
            backlog: defaults::backlog(),
            serial: None,
            deadline_ms: 0,
            max_per_source: 0,
            key: defaults::key(),
            scheme: Scheme::default(),
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
        self.rules_with(&client.key, DEFAULT_MAX_FRAME)
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
