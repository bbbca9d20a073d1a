//! `sink`: any bytes, none answered.
//!
//! ```text
//! client  "hello"         any bytes, cut anywhere: each chunk is reported
//! client  FIN
//! server       FIN
//! ```

use protocol::System;

use super::{Options, StreamConfig};

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    StreamConfig::of(System::Sink, options)
}
