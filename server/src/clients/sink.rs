//! `sink`'s client: sends each line as it is, and expects nothing.
//! Wire format: [`crate::servers::sink`].

use protocol::System;
use protocol::auth::Key;
use protocol::peer::Rules;

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line; prints nothing, for nothing comes back.
pub async fn run(endpoint: &Endpoint, console: &mut Console) -> Result<(), Failure> {
    let rules = Rules::new(System::Sink, MAX_MESSAGE, Key::default());
    stream::run(System::Sink, endpoint, &rules, Hangup::Allowed, console).await
}
