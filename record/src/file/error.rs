//! Why lines are no record.

use super::{MAX_OFFSET, VERSION};
use crate::{Call, ConnectionId, MAX_CONNECTIONS, MAX_PARTIES, PartyId, Reason};

/// Why lines are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Nothing but blank lines.
    #[error("it is empty: a trace begins with its \"run\" line")]
    Empty,
    /// A line that is no JSON object of a known type.
    #[error("line {line} is no line of a trace: {error}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: String,
    },
    /// Lines before the `run` line, or a second one.
    #[error("line {line}: a trace has one \"run\" line, and it comes first")]
    Order {
        /// Counted from 1.
        line: usize,
    },
    /// Written by a later version.
    #[error("the trace has version {found}, this program reads up to {VERSION}: update it")]
    Version {
        /// The version found.
        found: u32,
    },
    /// An event of a client that the experiment has not.
    #[error("line {line} is an event of client {client}, and the experiment has none")]
    Client {
        /// Counted from 1.
        line: usize,
        /// Which client.
        client: u32,
    },
    /// An event of a party that no line before it names.
    #[error("line {line} names party {}, and no line before it does", party.0)]
    Party {
        /// Counted from 1.
        line: usize,
        /// Which party.
        party: PartyId,
    },
    /// An event on a connection that no line before it names.
    #[error("line {line} names connection {}, and no line before it does", connection.0)]
    Connection {
        /// Counted from 1.
        line: usize,
        /// Which connection.
        connection: ConnectionId,
    },
    /// A number that stands twice, or more parties or connections than there may be.
    #[error(
        "line {line}: a trace has each party and each connection once, and at most {MAX_PARTIES} and {MAX_CONNECTIONS} of them"
    )]
    Repeated {
        /// Counted from 1.
        line: usize,
    },
    /// An event beyond [`MAX_OFFSET`].
    #[error("line {line}: {offset} is no offset, the largest is {MAX_OFFSET}")]
    Offset {
        /// Counted from 1.
        line: usize,
        /// The event's offset, or the one it acknowledges.
        offset: u64,
    },
    /// A decision without a reason, or a reason where nothing was decided.
    #[error("line {line}: {call} has {}", reason_found(*.reason))]
    Reason {
        /// Counted from 1.
        line: usize,
        /// What the event is.
        call: Call,
        /// The reason it has.
        reason: Option<Reason>,
    },
    /// A length of an event that may have none, or not that one.
    #[error(
        "line {line}: {call} has {kept} bytes and a length of {length}, {}",
        length_allowed(*.snap)
    )]
    Length {
        /// Counted from 1.
        line: usize,
        /// What the event is.
        call: Call,
        /// The length it has.
        length: u32,
        /// Its bytes.
        kept: usize,
        /// How many the `run` line says are kept at most.
        snap: Option<u32>,
    },
    /// The `ended` line counts other events than there are.
    #[error(
        "line {line}: the trace says {said} events and has {found}: lines {}",
        if said > found { "are missing" } else { "were added" }
    )]
    Count {
        /// The `ended` line, counted from 1.
        line: usize,
        /// How many events it says.
        said: usize,
        /// How many there are.
        found: usize,
    },
    /// More events than the reader accepts.
    #[error("the trace has more than {most} events")]
    Events {
        /// How many are taken.
        most: usize,
    },
    /// No `ended` line: the file was cut off.
    #[error("the trace breaks off after line {line}: its \"ended\" line is missing")]
    Truncated {
        /// The last line read.
        line: usize,
    },
}

fn length_allowed(snap: Option<u32>) -> String {
    match snap {
        None => "and the \"run\" line has no \"snap\"".to_owned(),
        Some(snap) => format!(
            "which only a send or recv has that succeeded, of more bytes than were kept, at most {snap} of them"
        ),
    }
}

fn reason_found(reason: Option<Reason>) -> String {
    match reason {
        Some(reason) => format!("\"{reason}\" for a reason, which is none of its"),
        None => "no reason, and needs one".to_owned(),
    }
}
