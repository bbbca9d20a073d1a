//! What the peers of the lab say to each other: framing and authentication.
//!
//! Sans-IO: bytes and time come in through `handle_*`, actions come out of
//! `poll_*`. There is no socket, clock or random source in here; a driver
//! passes them in. Builds for the host and for wasm32.

pub mod auth;
pub mod framing;
pub mod peer;
pub mod system;
mod units;
mod variants;

pub use framing::{Decoder, EncodeError, Frame, FrameError, Framing};
pub use system::{System, Transport};
pub use units::{Counted, Nanos, Offset};
