//! What was observed: calls of programs, packets of kernels, decisions, each an
//! [`Event`].
//!
//! A fact is never derived and never altered; what was not observed is absent.
//! [`Calls`] and [`Frames`] make events of what was observed, a [`Record`] holds
//! them, [`file`] reads and writes it. What facts mean is the crate `trace`'s
//! matter. There is no socket, clock or random source in here.

mod call;
mod calls;
mod connection;
mod ending;
mod event;
mod facts;
pub mod file;
mod frames;
mod head;
pub mod hex;
mod join;
mod link;
mod network;
mod note;
mod options;
mod packet;
mod party;
mod piece;
mod reason;
mod sequence;
mod socket;
mod summary;
mod transit;

pub use call::Call;
pub use calls::{Calls, Timing};
pub use connection::{Connection, ConnectionId, End, Endpoint, Observed, Transport};
pub use ending::{Ended, Ending};
pub use event::{Event, Origin};
pub use facts::{MAX_CONNECTIONS, MAX_PARTIES, Record};
pub use frames::{Frames, Unreadable};
pub use head::{Capture, Clock, ClockName, Head, Restriction};
pub use join::{Candidate, Candidates, JoinError, Joined};
pub use link::Link;
pub use network::{Fragment, Network};
pub use note::{LongNote, Note};
pub use options::Options;
pub use packet::{Flags, Header};
pub use party::{Party, PartyId};
pub use piece::{Fragmentary, Piece, Pieces, Unplaced};
pub use reason::Reason;
pub use sequence::{Placed, Sequence};
pub use socket::{Counts, Socket};
pub use summary::{Close, Summary};
pub use transit::{Loss, Transit};

/// Whether a field is left out of JSON because it says nothing.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
