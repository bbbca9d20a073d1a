//! Why an experiment can't be run.

use protocol::framing::{EncodeError, NoHex};

use crate::ClientId;

/// Why an experiment can't be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExperimentError {
    /// No client, or too many.
    #[error("an experiment has 1 or 2 clients, not {0}")]
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
    /// A message in hexadecimal that is none.
    #[error("client {client}, message {message}: {error}")]
    Hex {
        /// Which client.
        client: ClientId,
        /// Which of its messages, from 1.
        message: usize,
        /// What is wrong with it.
        error: NoHex,
    },
    /// The framing's own settings are impossible.
    #[error("framing: {0}")]
    Framing(EncodeError),
    /// A combination that no socket offers.
    #[error("datagrams are messages already: {0} over udp-echo is no experiment")]
    Datagrams(&'static str),
    /// Nobody gives the answer that is to be replayed.
    #[error("client {0} replays what the other client answers: that one has to answer itself")]
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
