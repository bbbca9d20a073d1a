//! `framed`: frames of any framing, each answered with its message in a frame of its own.
//!
//! ```text
//! client  frame of "hello"             in any framing but ready-ack's handshake
//! server                   frame of "hello"
//! ```
//!
//! With ready-ack, whose sender waits for an answer to each length, nothing else is
//! answered. A message that can't be sent back (decoded with one delimiter, it may contain
//! another) ends the connection.

use protocol::System;

use super::{Options, StreamConfig};

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    let config = StreamConfig::of(System::Framed, options);
    let framing = options.framing.clone().with_at_most(options.max_frame);
    StreamConfig {
        rules: config.rules.clone().with_framing(framing),
        ..config
    }
}
