//! `ready-ack`: the length, alone; an answer; then that many bytes.
//!
//! ```text
//! client  "5"             length in bytes, ASCII decimal
//! server       "ready"
//! client  "hello"         that many bytes; then the next length, if any
//! ```
//!
//! The article's "LOW" framing. Messages get no other reply.

use protocol::System;

use super::{Options, StreamConfig};

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    StreamConfig::of(System::ReadyAck, options)
}
