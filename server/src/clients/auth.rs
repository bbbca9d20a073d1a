//! `auth`'s client: answers the challenge, then sends lines as length-prefix
//! frames. Wire format: [`crate::servers::auth`].
//!
//! The protocol never says yes. A reply does; a close says no.

use protocol::System;
use protocol::auth::Key;
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Failure, MAX_MESSAGE};

/// Sends each line and prints each reply; empty lines are skipped.
pub async fn run(address: &str, key: Key, console: &mut Console) -> Result<(), Failure> {
    let rules = Rules::new(System::Auth, MAX_MESSAGE, key);
    stream::run(System::Auth, address, &rules, Hangup::Refusal, console).await
}
