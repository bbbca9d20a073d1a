//! What happened in a run and what it means.
//!
//! A [`Trace`] holds only what was observed. Everything else (messages, glued
//! and split boundaries, the itinerary of a byte, the explanation of a step)
//! is computed from it by pure functions that the page and the command line
//! share. There is no socket, clock or random source in here.

mod analysis;
mod boundary;
pub mod cause;
mod claim;
mod client;
pub mod counterfactual;
pub mod distribution;
pub mod duel;
pub mod experiment;
pub mod explain;
pub mod framing;
pub mod guess;
mod ip;
pub mod itinerary;
pub mod knob;
pub mod lane;
pub mod lesson;
pub mod link;
mod opponent;
pub mod order;
pub mod outgoing;
pub mod pcapng;
mod plan;
mod quantity;
mod reference;
mod role;
pub mod rows;
mod run;
mod script;
mod setup;
pub mod source_code;
pub mod text;
mod validation;

pub use analysis::{Analysis, direction};
pub use client::{ClientId, SERVER};
pub use experiment::{Answer, Client, Experiment, ExperimentError, Leaving, LengthUnit, Message};
pub use explain::{Explanation, explain};
pub use ip::IpVersion;
pub use lesson::Lesson;
pub use plan::parties;
pub use record::file::{MAX_OFFSET, RecordError};
pub use record::{
    Call, Clock, ClockName, Connection, ConnectionId, Counts, End, Endpoint, Event, Flags, Header,
    Link, Loss, Note, Observed, Options, Origin, Party, PartyId, Piece, Reason, Socket, Transit,
    Transport, hex,
};
pub use run::{Trace, TraceError};
pub use script::{Nonces, Script};
pub use setup::Setup;
