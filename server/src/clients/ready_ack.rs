//! `ready-ack`'s client: the length, then it waits for `ready`, then the line.
//! Wire format: [`crate::servers::ready_ack`].

use protocol::System;
use protocol::auth::Key;
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line; prints nothing, for nothing comes back. The article's own
/// server leaves after one message, so a server that closes is no refusal.
pub async fn run(endpoint: &Endpoint, console: &mut Console) -> Result<(), Failure> {
    let rules = Rules::new(System::ReadyAck, MAX_MESSAGE, Key::default());
    stream::run(System::ReadyAck, endpoint, &rules, Hangup::Allowed, console).await
}
