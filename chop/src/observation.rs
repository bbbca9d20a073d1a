//! What a program did in one run.

use crate::failing::Waits;
use crate::schedule::{Place, Stream, Way};

/// How the program's part of a connection was at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It had closed it.
    Closed,
    /// It was open still when the run was ended.
    Open,
    /// A call had failed with this error.
    Failed(String),
}

/// A connection, as one of its ends has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Which end of which connection.
    pub place: Place,
    /// What it received.
    pub received: Vec<u8>,
    /// Behind the bytes of each call that received: an offset each.
    pub received_ends: Vec<u64>,
    /// What it sent.
    pub sent: Vec<u8>,
    /// Behind the bytes of each call that sent.
    pub sent_ends: Vec<u64>,
    /// How it was at the end.
    pub closing: Closing,
}

impl Connected {
    /// What it received and what it sent.
    pub fn streams(&self) -> [Stream; 2] {
        [
            Stream {
                place: self.place,
                way: Way::Recv,
                bytes: self.received.clone(),
                ends: self.received_ends.clone(),
            },
            Stream {
                place: self.place,
                way: Way::Send,
                bytes: self.sent.clone(),
                ends: self.sent_ends.clone(),
            },
        ]
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code (exit(3)).
    Code(i32),
    /// By this signal (signal(7)).
    Signal(i32),
    /// It did not end when it was asked to, and was killed.
    Killed,
    /// It runs on.
    Running,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It came to its end.
    Finished,
    /// All threads of the program slept and nothing happened any more, or it took too long.
    Hung,
    /// The program made calls without end, or worked on without any.
    Spun,
}

/// What a program did in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its ends of connections, in the order in which they were made.
    pub connections: Vec<Connected>,
    /// What it wrote to standard output, up to a bound.
    pub output: Vec<u8>,
    /// What it wrote to standard error until it was ended, up to a bound.
    pub errors: Vec<u8>,
    /// How it ended.
    pub exit: Exit,
    /// Signals by which processes ended that it made, ascending.
    pub deaths: Vec<i32>,
    /// Whether several threads wrote to standard output, and to standard error.
    pub are_writers: [bool; 2],
    /// Its calls that moved no bytes and could have failed, as far as they were counted: as is.
    pub waits: Waits,
    /// What became of it.
    pub outcome: Outcome,
}

impl Observation {
    /// All that was received and sent.
    pub fn streams(&self) -> Vec<Stream> {
        self.connections
            .iter()
            .flat_map(Connected::streams)
            .collect()
    }
}
