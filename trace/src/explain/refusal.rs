//! A decoder's refusal in words.

use protocol::FrameError;

use crate::text::{Sentence, Value};

/// A decoder's refusal as a sentence.
pub fn refusal(error: &FrameError) -> Sentence {
    let sentence = Sentence::new(match error {
        FrameError::Negative { .. } => "refusal.negative",
        FrameError::TooLarge { .. } => "refusal.too-large",
        FrameError::ShorterThanHeader { .. } => "refusal.shorter-than-header",
        FrameError::NonNumeric { .. } => "refusal.non-numeric",
        FrameError::Leftover { .. } => "refusal.leftover",
        FrameError::Truncated { .. } => "refusal.truncated",
    });
    let sentence = sentence.with("offset", error.offset().0);
    match *error {
        FrameError::Negative { length, .. } => sentence.with("length", number(length)),
        FrameError::TooLarge {
            length, maximum, ..
        } => sentence
            .with("length", number(length))
            .with("maximum", u64::from(maximum)),
        FrameError::ShorterThanHeader { length, header, .. } => sentence
            .with("length", number(length))
            .with("header", header),
        FrameError::NonNumeric { byte, .. } => sentence.with("byte", format!("0x{byte:02x}")),
        FrameError::Leftover { count, .. } => sentence.with("n", count),
        FrameError::Truncated { have, need, .. } => sentence.with("have", have).with("n", need),
    }
}

fn number(length: i128) -> Value {
    match u64::try_from(length) {
        Ok(length) => Value::Count(length),
        Err(_) => Value::Text(length.to_string()),
    }
}
