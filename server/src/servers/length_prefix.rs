//! `length-prefix`: a 4-byte length, then that many bytes.
//!
//! ```text
//! +----+----+----+----+------------------+
//! |  n, least first   |  n bytes         |    client to server only
//! +----+----+----+----+------------------+
//! ```
//!
//! The article's "concise" framing: n is signed (`struct 'i'`), does not count
//! itself, and may arrive stuck to its body. No reply.

use protocol::System;

use super::{Options, StreamConfig};

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    StreamConfig::of(System::LengthPrefix, options)
}
