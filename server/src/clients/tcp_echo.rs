//! `tcp-echo`'s client: each line out, as many bytes back, however many
//! recv() that takes. Wire format: [`crate::servers::tcp_echo`].

use protocol::System;
use protocol::auth::Key;
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line and prints each reply; empty lines are skipped.
pub async fn run(endpoint: &Endpoint, console: &mut Console) -> Result<(), Failure> {
    let rules = Rules::new(System::TcpEcho, MAX_MESSAGE, Key::default());
    stream::run(System::TcpEcho, endpoint, &rules, Hangup::Allowed, console).await
}
