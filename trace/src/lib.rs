//! What happened in a run and what it means.
//!
//! A [`Trace`] holds only what was observed. Everything else (messages, glued
//! and split boundaries, the itinerary of a byte, the explanation of a step)
//! is computed from it by pure functions that the page and the command line
//! share. There is no socket, clock or random source in here.

mod analysis;
pub mod cause;
mod event;
pub mod experiment;
pub mod explain;
pub mod hex;
pub mod itinerary;
pub mod knob;
pub mod lane;
pub mod lesson;
pub mod link;
mod object;
pub mod order;
mod packet;
pub mod pcapng;
mod reason;
mod role;
mod run;
mod script;
mod socket;
pub mod text;

pub use analysis::{Analysis, direction};
pub use event::{Actor, Call, ClientId, Event};
pub use experiment::{Answer, Client, Experiment, ExperimentError, LengthUnit, Message};
pub use explain::{Explanation, explain};
pub use lesson::Lesson;
pub use packet::{Flags, Header};
pub use reason::Reason;
pub use run::{MAX_OFFSET, Trace, TraceError};
pub use script::{Nonces, Script};
pub use socket::{Counts, Socket};
