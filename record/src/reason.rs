//! Why a server refused a connection, or why the lab cut a run off: a closed
//! set, so that programs can count it and languages can say it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Call;

/// In front of a name in a catalog's key.
const PREFIX: &str = "reason.";

/// Why a server refused a connection, or why a run was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All places for connections were taken.
    Full,
    /// The source had all the places one source may have.
    SourceFull,
    /// The source came too often.
    TooFast,
    /// Too many connections had not proved who they are.
    Unproven,
    /// The source had failed to prove itself before, and had to wait.
    Backoff,
    /// The answer to the challenge was wrong.
    WrongAnswer,
    /// The client left before it had answered the challenge.
    NoAnswer,
    /// The answer to the challenge took too long.
    HandshakeTimeout,
    /// A frame took too long.
    FrameTimeout,
    /// Nothing came for too long.
    Idle,
    /// The bytes were no valid frame.
    BadFrame,
    /// The run lasted as long as a run may.
    Time,
    /// There were as many events as a record may have.
    Calls,
    /// The calls moved as many bytes as a record may have.
    Bytes,
    /// As many packets were kept as may be of one run, or as many bytes of them.
    Packets,
    /// The page had not taken what waited for it.
    Unread,
}

impl Reason {
    protocol::all_variants! {
        /// All of them; those of servers first.
        Full,
        SourceFull,
        TooFast,
        Unproven,
        Backoff,
        WrongAnswer,
        NoAnswer,
        HandshakeTimeout,
        FrameTimeout,
        Idle,
        BadFrame,
        Time,
        Calls,
        Bytes,
        Packets,
        Unread,
    }

    /// What was decided for that reason.
    pub const fn call(self) -> Call {
        match self {
            Self::Time | Self::Calls | Self::Bytes | Self::Packets | Self::Unread => Call::Cut,
            _ => Call::Refuse,
        }
    }

    /// Whether the connection was refused by admission control.
    pub const fn is_of_admission(self) -> bool {
        matches!(
            self,
            Self::Full | Self::SourceFull | Self::TooFast | Self::Unproven | Self::Backoff
        )
    }

    /// The name in JSON and in metrics.
    pub fn name(self) -> &'static str {
        let key = self.key();
        key.strip_prefix(PREFIX).unwrap_or(key)
    }

    /// Key of its sentence in the catalogs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Full => "reason.full",
            Self::SourceFull => "reason.source-full",
            Self::TooFast => "reason.too-fast",
            Self::Unproven => "reason.unproven",
            Self::Backoff => "reason.backoff",
            Self::WrongAnswer => "reason.wrong-answer",
            Self::NoAnswer => "reason.no-answer",
            Self::HandshakeTimeout => "reason.handshake-timeout",
            Self::FrameTimeout => "reason.frame-timeout",
            Self::Idle => "reason.idle",
            Self::BadFrame => "reason.bad-frame",
            Self::Time => "reason.time",
            Self::Calls => "reason.calls",
            Self::Bytes => "reason.bytes",
            Self::Packets => "reason.packets",
            Self::Unread => "reason.unread",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_json() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{reason}\""));
        }
    }
}
