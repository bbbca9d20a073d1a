//! `auth`: a challenge first, then length-prefix frames, for many at once.
//!
//! ```text
//! server  32 random bytes
//! client       16 bytes HMAC-MD5(key, the 32 bytes)
//!         wrong or missing: the server closes; right: it says nothing, and
//! client       n as 4 bytes, least first; n bytes
//! server  the n bytes ASCII-uppercased, unframed
//! ```
//!
//! That is the article's handshake. With the scheme `mutual-sha256` both sides
//! prove themselves before the first frame: [`protocol::auth::mutual`].

use protocol::System;

use super::{Options, StreamConfig};

/// The server's configuration.
pub fn config(options: &Options) -> StreamConfig {
    StreamConfig::of(System::Auth, options)
}
