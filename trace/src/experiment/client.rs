//! One client: what it sends, how, and how it leaves.

use protocol::Framing;
use serde::{Deserialize, Serialize};

use super::{Message, defaults, is_default, message};

/// One client of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Client {
    /// What it sends, one message each.
    #[serde(deserialize_with = "message::list")]
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
    /// Whether small segments of a message wait until all of it was sent (TCP_CORK, tcp(7)).
    #[serde(default, skip_serializing_if = "is_default")]
    pub cork: bool,
    /// Room for each of its recvs, in bytes.
    #[serde(default = "room", skip_serializing_if = "is_room")]
    pub buffer: u32,
    /// How long it sleeps before each recv, in milliseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_delay_ms: u32,
    /// Whether its datagram socket is connected (connect(2), udp(7)): the kernel then tells it
    /// that nobody listens at the server's port.
    #[serde(default, skip_serializing_if = "is_default")]
    pub connected: bool,
    /// After how many seconds of silence its kernel asks whether the server's is there
    /// (SO_KEEPALIVE, TCP_KEEPIDLE, tcp(7)); 0: never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep_alive_s: u32,
    /// Seconds between two such probes (TCP_KEEPINTVL); 0: as the kernel has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep_alive_interval_s: u32,
    /// How many probes without an answer end the connection (TCP_KEEPCNT); 0: as the kernel
    /// has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep_alive_probes: u32,
    /// How it frames its messages; left out: as the server does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<Framing>,
    /// What it writes into a length field.
    #[serde(default)]
    pub length_unit: LengthUnit,
    /// Connections it opens at once, over TCP, and holds until it closes; the
    /// first is its conversation. A client with more than one comes from a
    /// loopback address of its own, as another source.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub connections: u16,
    /// Most bytes it gives each send() on a stream, with its gap between two
    /// of them; 0: a header or a body in one call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub piece: u32,
    /// How many bytes of the end of all that it sends it leaves off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cut: u32,
    /// How it ends its connection.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ending: Leaving,
    /// Whether it goes on sending when the server has closed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub writes_on: bool,
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

/// Any datagram fits.
fn room() -> u32 {
    64 * 1024
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_room(value: &u32) -> bool {
    *value == room()
}

fn one() -> u16 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_one(value: &u16) -> bool {
    *value == 1
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
            cork: false,
            buffer: room(),
            read_delay_ms: 0,
            connected: false,
            keep_alive_s: 0,
            keep_alive_interval_s: 0,
            keep_alive_probes: 0,
            length_unit: LengthUnit::Bytes,
            connections: one(),
            piece: 0,
            framing: None,
            cut: 0,
            ending: Leaving::Finish,
            writes_on: false,
            turns: false,
            key: defaults::key(),
            answer: Answer::Own,
        }
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
    /// Four bytes more than there are.
    TooLarge,
    /// A byte less than there are.
    TooSmall,
    /// Bytes, below zero.
    Negative,
}

impl LengthUnit {
    protocol::all_variants! {
        /// All of them, the right one first.
        Bytes, Characters, TooLarge, TooSmall, Negative
    }

    /// The word that an experiment writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Characters => "characters",
            Self::TooLarge => "too-large",
            Self::TooSmall => "too-small",
            Self::Negative => "negative",
        }
    }

    /// The length that is written for a message.
    pub fn said(self, message: &[u8]) -> i128 {
        let bytes = message.len() as i128;
        match self {
            Self::Bytes => bytes,
            Self::Characters => String::from_utf8_lossy(message).chars().count() as i128,
            Self::TooLarge => bytes + 4,
            Self::TooSmall => (bytes - 1).max(0),
            Self::Negative => -bytes,
        }
    }
}

/// How a client ends its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leaving {
    /// It says that nothing more comes (shutdown(2)), and reads on until the server is done.
    #[default]
    Finish,
    /// close(2) at once. Bytes that it has not read reset the connection (RFC 9293, 3.6.1).
    Close,
    /// close(2) with SO_LINGER of 0 (socket(7)): it resets the connection.
    Reset,
}

impl Leaving {
    protocol::all_variants! {
        /// All of them, the orderly one first.
        Finish, Close, Reset
    }

    /// The word that an experiment writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Close => "close",
            Self::Reset => "reset",
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
    /// The very bytes that the first client which answers itself has sent.
    Replayed,
    /// Bytes that the server itself has sent: a part of its challenge, or its
    /// nonce and a proof it gave the first client which answers itself.
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
