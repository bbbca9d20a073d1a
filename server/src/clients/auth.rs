//! `auth`'s client: the handshake, then lines as length-prefix frames. Wire
//! format: [`crate::servers::auth`].
//!
//! The article's scheme never says yes. A reply does; a close says no. In the
//! other one the server's proof says it, before any line is sent.

use protocol::System;
use protocol::auth::{Key, Scheme};
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line and prints each reply; an empty line typed at the prompt is skipped.
pub async fn run(
    endpoint: &Endpoint,
    key: Key,
    scheme: Scheme,
    console: &mut Console,
) -> Result<(), Failure> {
    let rules = Rules::new(System::Auth, MAX_MESSAGE, key).with_scheme(scheme);
    stream::run(System::Auth, endpoint, &rules, Hangup::Refusal, console).await
}
