//! A message of a client, as it is written.

use std::iter;

use protocol::framing::{Mark, NoHex};
use serde::{Deserialize, Deserializer, Serialize};

use super::{MAX_MESSAGE, MAX_MESSAGES};
use crate::quantity;

/// What a message in hexadecimal begins with.
const HEX: &str = "hex:";
/// What a message of random bytes begins with.
const RANDOM: &str = "random:";
/// What a message that is in a file begins with.
const FILE: &str = "file:";
/// The letters of messages of which only the size matters, one a message.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// A message as it is written in a lesson or typed into the page: text, `hex:` and pairs of
/// hexadecimal digits, or `random:SIZE,seed=N`, and behind it optionally `×N` to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Message(pub String);

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMessage {
    /// `hex:` and something else than pairs of digits behind it.
    #[error("{0}")]
    Hex(NoHex),
    /// `random:` without a size, or with something else than a seed behind it.
    #[error("behind random: there are a size and perhaps a seed, as in random:64,seed=7")]
    Random,
    /// `file:` where no file is read.
    #[error("file: is read on the command line alone, as in --set messages=file:PATH")]
    File,
}

/// What a message's text says of its bytes.
enum Content {
    Text,
    Bytes(Mark),
    Random { size: u32, seed: u64 },
}

impl Message {
    /// The messages that a line writes: `3×64B` or `3x64B` are three of 64 bytes, of the
    /// letter a, of b, and of c; anything else is one. At most one more than a client may
    /// have ([`MAX_MESSAGES`]).
    pub fn written(text: String) -> Vec<Self> {
        let Some((count, size)) = counted(&text) else {
            return vec![Self(text)];
        };
        let letters = LETTERS.chars().cycle();
        let all = letters.map(|letter| Self(format!("{letter}×{size}")));
        all.take(count.min(MAX_MESSAGES + 1)).collect()
    }

    /// Whether [`written`](Self::written) takes the text for messages of a size.
    pub fn is_several(text: &str) -> bool {
        counted(text).is_some()
    }

    /// The line that [`written`](Self::written) makes `count` messages of `size` bytes of.
    pub fn several(count: usize, size: usize) -> String {
        format!("{count}×{size}B")
    }

    /// How many messages at the front of `messages` one such line writes; less than 2: none.
    pub fn counted(messages: &[Self]) -> usize {
        let Some((letter, size)) = messages.first().map(Self::factors) else {
            return 0;
        };
        if !LETTERS.starts_with(letter) || letter.len() != 1 {
            return 0;
        }
        let letters = LETTERS.as_bytes().iter().cycle();
        let same = messages
            .iter()
            .zip(letters)
            .take_while(|(message, letter)| {
                let (text, times) = message.factors();
                text.as_bytes() == [**letter] && message.is_repeated() && times == size
            });
        same.count()
    }

    /// A message that has the bytes of `text`, whatever it begins with; `×N` repeats it.
    pub fn literal(text: String) -> Self {
        let is_several = counted(&text).is_some();
        let message = Self(text);
        let (text, times) = message.factors();
        let begins = [HEX, RANDOM, FILE]
            .iter()
            .any(|word| text.starts_with(word));
        if !begins && !is_several {
            return message;
        }
        let bytes = Mark::hexadecimal(text.as_bytes());
        match times {
            1 => Self(bytes),
            times => Self(format!("{bytes}×{times}")),
        }
    }

    /// A message of these bytes: their text where that is what is sent, else `hex:`.
    pub fn of(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).map(|text| Self(text.to_owned()));
        let itself = text.ok().filter(|message| {
            let is_one = counted(&message.0).is_none() && message.mistake().is_none();
            is_one && message.len() == bytes.len() && message.bytes() == bytes
        });
        itself.unwrap_or_else(|| Self(Mark::hexadecimal(bytes)))
    }

    /// The path of the file that it is in, and how many times it is sent in a row.
    pub fn file(&self) -> Option<(&str, usize)> {
        let (text, times) = self.factors();
        Some((text.strip_prefix(FILE)?, times))
    }

    /// The text and how many times it is sent in a row.
    fn factors(&self) -> (&str, usize) {
        self.repeated().unwrap_or((&self.0, 1))
    }

    fn repeated(&self) -> Option<(&str, usize)> {
        let (text, times) = self.0.rsplit_once('×')?;
        Some((text, times.parse().ok()?))
    }

    /// Whether `×N` stands behind it.
    pub fn is_repeated(&self) -> bool {
        self.repeated().is_some()
    }

    fn content(text: &str) -> Result<Content, NoMessage> {
        if text.starts_with(HEX) {
            return text.parse().map(Content::Bytes).map_err(NoMessage::Hex);
        }
        if text.starts_with(FILE) {
            return Err(NoMessage::File);
        }
        let Some(random) = text.strip_prefix(RANDOM) else {
            return Ok(Content::Text);
        };
        let (size, seed) = match random.split_once(',') {
            None => (random, Some(0)),
            Some((size, seed)) => {
                let seed = seed.trim().strip_prefix("seed=");
                (size, seed.and_then(|seed| seed.parse().ok()))
            }
        };
        let size = quantity::number(size, "B");
        let (size, seed) = size.zip(seed).ok_or(NoMessage::Random)?;
        Ok(Content::Random { size, seed })
    }

    /// Why it is no message.
    pub fn mistake(&self) -> Option<NoMessage> {
        Self::content(self.factors().0).err()
    }

    /// Length in bytes, without building the text.
    pub fn len(&self) -> usize {
        let (text, times) = self.factors();
        let once = match Self::content(text) {
            Ok(Content::Bytes(bytes)) => bytes.len(),
            Ok(Content::Random { size, .. }) => size as usize,
            Ok(Content::Text) | Err(_) => text.len(),
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
        let once = match Self::content(text) {
            Ok(Content::Bytes(bytes)) => bytes.to_vec(),
            Ok(Content::Random { size, seed }) => {
                let size = (size as usize).min(MAX_MESSAGE);
                random(seed).take(size).collect()
            }
            Ok(Content::Text) | Err(_) => text.as_bytes().to_vec(),
        };
        once.repeat(times.min(MAX_MESSAGE / once.len().max(1)))
    }
}

/// How many messages, of how many bytes: the size has a unit, because `3×64` is the text 3,
/// 64 times.
fn counted(text: &str) -> Option<(usize, u32)> {
    let (count, size) = text.split_once(['×', 'x'])?;
    let has_unit = size.ends_with(|unit: char| unit.is_ascii_alphabetic());
    let is_number = count.bytes().all(|digit| digit.is_ascii_digit());
    if !has_unit || !is_number {
        return None;
    }
    Some((count.parse().ok()?, quantity::number(size, "B")?))
}

/// Bytes that look random and are the same for the same seed: SplitMix64 (Steele, Lea and
/// Flood, "Fast Splittable Pseudorandom Number Generators", 2014), each number's eight bytes
/// from the least to the most significant one.
fn random(seed: u64) -> impl Iterator<Item = u8> {
    let states = iter::successors(Some(seed), |state| {
        Some(state.wrapping_add(0x9e37_79b9_7f4a_7c15))
    });
    states.skip(1).flat_map(|state| {
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = mixed ^ mixed >> 31;
        (0..u64::BITS)
            .step_by(8)
            .map(move |bits| byte(number >> bits))
    })
}

/// The least significant byte.
#[expect(clippy::cast_possible_truncation, reason = "the others are cut off")]
const fn byte(number: u64) -> u8 {
    number as u8
}

/// A client's messages in a file: each of its texts as [`Message::written`] reads it.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Message>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let mut messages = Vec::new();
    for text in texts {
        messages.extend(Message::written(text));
        // One more than there may be is refused by name when all is checked.
        if messages.len() > MAX_MESSAGES {
            break;
        }
    }
    Ok(messages)
}
