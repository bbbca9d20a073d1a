//! `tcp-echo`: each chunk answered with the same bytes, ASCII-uppercased.
//!
//! ```text
//! client  "hello"         any bytes, cut anywhere
//! server       "HELLO"    one answer a recv(), whatever it held
//! client  FIN
//! server       FIN
//! ```
//!
//! One client at a time. The next one connects, and its bytes wait in the
//! kernel until the first has left.

use protocol::System;

use super::{Options, StreamConfig};

/// Connections that may wait for accept, as in the article.
pub const BACKLOG: u32 = 5;

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    StreamConfig::of(System::TcpEcho, options)
}
