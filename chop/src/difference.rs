//! In what a run differs from the program as is.

use crate::observation::{Closing, Exit};
use crate::schedule::Place;

/// One difference. Of two values the first one is that of the program as is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The program made calls without end, or worked on without any.
    Spins,
    /// A process of it was ended by this signal.
    Crash(i32),
    /// Nothing happened any more before it had come to its end.
    Hangs,
    /// It made another number of connections.
    Connections([usize; 2]),
    /// It sent other bytes on a connection.
    Sent {
        /// Where.
        place: Place,
        /// What it sends as is.
        expected: Vec<u8>,
        /// What it sent.
        found: Vec<u8>,
    },
    /// A connection ended otherwise.
    Closing {
        /// Where.
        place: Place,
        /// How it ends as is.
        expected: Closing,
        /// How it ended.
        found: Closing,
    },
    /// It wrote something else to standard output.
    Output {
        /// The first line that is different, as it is written as is; none behind the last one.
        expected: Option<String>,
        /// The line that was written in its place.
        found: Option<String>,
        /// Whether all is there, in another order.
        is_order: bool,
    },
    /// It wrote something else to standard error.
    Errors {
        /// As for the output.
        expected: Option<String>,
        /// As for the output.
        found: Option<String>,
        /// As for the output.
        is_order: bool,
    },
    /// It ended otherwise.
    Exit([Exit; 2]),
}

impl Difference {
    /// Its name in what is printed for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Spins => "spins",
            Self::Crash(_) => "crash",
            Self::Hangs => "hangs",
            Self::Connections(_) => "connections",
            Self::Sent { .. } => "sent",
            Self::Closing { .. } => "closing",
            Self::Output { .. } => "output",
            Self::Errors { .. } => "errors",
            Self::Exit(_) => "exit",
        }
    }

    /// Whether all that differs is the order of what was written.
    pub const fn is_order(&self) -> bool {
        matches!(
            self,
            Self::Output { is_order: true, .. } | Self::Errors { is_order: true, .. }
        )
    }

    /// At which end of which connection it is, if it is at one.
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Sent { place, .. } | Self::Closing { place, .. } => Some(*place),
            _ => None,
        }
    }
}
