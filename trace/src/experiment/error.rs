//! Why an experiment can't be run.

use protocol::framing::EncodeError;

use super::message::NoMessage;
use crate::ClientId;
use crate::client::MAX_CLIENTS;

/// Why an experiment can't be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExperimentError {
    /// No client, or too many.
    #[error("an experiment has 1 to {most} clients, not {0}", most = MAX_CLIENTS)]
    Clients(usize),
    /// A number outside its range.
    #[error("{name} is {value}: it can be {least} to {most}")]
    Range {
        /// The knob's name.
        name: &'static str,
        /// The value given.
        value: usize,
        /// The least it can be.
        least: usize,
        /// The most it can be.
        most: usize,
    },
    /// The framing can't carry a message, or is no framing.
    #[error("client {client}, message {message}: {error}")]
    Message {
        /// Which client.
        client: ClientId,
        /// Which of its messages, from 1.
        message: usize,
        /// What is wrong with it.
        error: EncodeError,
    },
    /// A text that is no message.
    #[error("client {client}, message {message}: {error}")]
    NoMessage {
        /// Which client.
        client: ClientId,
        /// Which of its messages, from 1.
        message: usize,
        /// What is wrong with it.
        error: NoMessage,
    },
    /// The framing's own settings are impossible.
    #[error("framing: {0}")]
    Framing(EncodeError),
    /// A combination that no socket offers.
    #[error("datagrams are messages already: {0} over udp-echo is no experiment")]
    Datagrams(&'static str),
    /// Nobody gives the answer that is to be replayed.
    #[error(
        "client {0} replays what the first client that answers itself sends: there has to be such a client"
    )]
    NothingToReplay(ClientId),
}

impl ExperimentError {
    /// Refuses a `value` outside of `least` to `most`.
    pub(crate) fn range(
        name: &'static str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<(), Self> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(Self::Range {
            name,
            value,
            least,
            most,
        })
    }
}
