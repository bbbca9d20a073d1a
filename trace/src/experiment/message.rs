//! A message of a client, as it is written.

use protocol::framing::{Mark, NoHex};
use serde::{Deserialize, Serialize};

use super::MAX_MESSAGE;

/// What a message in hexadecimal begins with.
const HEX: &str = "hex:";

/// A message as it is written in a lesson or typed into the page: text, or `hex:` and pairs
/// of hexadecimal digits, and behind it optionally `×N` to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Message(pub String);

impl Message {
    /// The text and how many times it is sent in a row.
    fn factors(&self) -> (&str, usize) {
        self.0
            .rsplit_once('×')
            .and_then(|(text, times)| Some((text, times.parse().ok()?)))
            .unwrap_or((&self.0, 1))
    }

    /// The bytes that `hex:` and digits write; none for a text.
    fn hexadecimal(text: &str) -> Option<Result<Mark, NoHex>> {
        text.starts_with(HEX).then(|| text.parse())
    }

    /// Why it is no message: `hex:` and something else than pairs of digits behind it.
    pub fn mistake(&self) -> Option<NoHex> {
        Self::hexadecimal(self.factors().0)?.err()
    }

    /// Length in bytes, without building the text.
    pub fn len(&self) -> usize {
        let (text, times) = self.factors();
        let once = match Self::hexadecimal(text) {
            Some(Ok(bytes)) => bytes.len(),
            _ => text.len(),
        };
        once.saturating_mul(times)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes to send; at most [`MAX_MESSAGE`] once validated.
    pub fn bytes(&self) -> Vec<u8> {
        let (text, times) = self.factors();
        let once = match Self::hexadecimal(text) {
            Some(Ok(bytes)) => bytes.to_vec(),
            _ => text.as_bytes().to_vec(),
        };
        once.repeat(times.min(MAX_MESSAGE / once.len().max(1)))
    }
}
