//! Who makes calls.

use serde::{Deserialize, Serialize};

use crate::is_default;

/// Number of a party within its record.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PartyId(pub u32);

/// A source of calls: a process, or a part of one that owns its sockets.
/// Where only packets were observed, the host that sent them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its number; each stands once in a record.
    pub party: PartyId,
    /// What it is called: `server`, `client 1`, `chat.py`.
    pub name: String,
    /// The process, if it is known: its number (getpid(2)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// The command that the process runs, word for word (execve(2)); empty if
    /// it is not known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub command: Vec<String>,
    /// Whether it is a proxy: it passes on what others send. Its recvs and sends are its
    /// own; what the programs behind it called was not observed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub proxy: bool,
}

impl Party {
    /// A party of which only the name is known.
    pub fn new(party: PartyId, name: impl Into<String>) -> Self {
        Self {
            party,
            name: name.into(),
            process: None,
            command: Vec::new(),
            proxy: false,
        }
    }
}
