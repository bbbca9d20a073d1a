//! How a record ends.

use serde::{Deserialize, Serialize};

/// The line that ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Events in all.
    pub events: u32,
    /// Why it is over.
    pub why: Ending,
    /// Packets the capture lost because it could not keep up; none if
    /// there was no capture, or if it broke off before the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u32>,
    /// Datagrams that the server's socket lost to its full buffer, all in
    /// all (SO_MEMINFO, `SK_MEMINFO_DROPS`); none for streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u32>,
}

/// Why a record is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All clients closed and the server was done with them, or all that a file has was
    /// read.
    Finished,
    /// It was stopped, or another run was asked for.
    Stopped,
    /// It took longer than a run may.
    TimedOut,
    /// It had more events or bytes than a run may, or its page took too little
    /// of them; the last event says which ([`Reason`](crate::Reason)).
    Limit,
    /// The process in which it went on ended before it did: it crashed, or was killed.
    Crashed,
}

impl Ending {
    protocol::all_variants! {
        /// All of them.
        Finished, Stopped, TimedOut, Limit, Crashed
    }

    /// The name in an `ended` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::TimedOut => "timed-out",
            Self::Limit => "limit",
            Self::Crashed => "crashed",
        }
    }
}
