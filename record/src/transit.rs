//! What an emulated link did to a packet.

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// Why a packet was lost on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The link loses a share of all packets, and this one was chosen.
    Chance,
    /// The link's queue was full.
    Queue,
}

/// What a link between the two ends did to a packet that its sender's kernel gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transit {
    /// Why it was lost; it never arrives then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Loss>,
    /// When it was given to the receiver's kernel; none for a packet that was still under
    /// way when the record ended, and for one that was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Nanos>,
    /// Whether it arrived a second time, right behind.
    #[serde(default, skip_serializing_if = "is_default")]
    pub twice: bool,
    /// Whether it was held back, so that later ones could overtake it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late: bool,
}
