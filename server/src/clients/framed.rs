//! `framed`'s client: each line in a frame, and the message of each frame that comes back.
//! Wire format: [`crate::servers::framed`].

use protocol::auth::Key;
use protocol::peer::Rules;
use protocol::{Framing, System};

use super::stream::{self, Hangup};
use super::{Console, Endpoint, Failure, MAX_MESSAGE};

/// Sends each line as a message framed by `framing`, and prints the replies.
pub async fn run(
    endpoint: &Endpoint,
    framing: Framing,
    console: &mut Console,
) -> Result<(), Failure> {
    let rules = Rules::new(System::Framed, MAX_MESSAGE, Key::default()).with_framing(framing);
    stream::run(System::Framed, endpoint, &rules, Hangup::Allowed, console).await
}
