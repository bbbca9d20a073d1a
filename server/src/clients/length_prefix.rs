//! `length-prefix`'s client: a 4-byte length, then the line, in two send().
//! Wire format: [`crate::servers::length_prefix`].

use protocol::System;
use protocol::auth::Key;
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line; prints nothing, for nothing comes back. Only a server that
/// refuses a frame closes first.
pub async fn run(endpoint: &Endpoint, console: &mut Console) -> Result<(), Failure> {
    let rules = Rules::new(System::LengthPrefix, MAX_MESSAGE, Key::default());
    stream::run(
        System::LengthPrefix,
        endpoint,
        &rules,
        Hangup::Refusal,
        console,
    )
    .await
}
