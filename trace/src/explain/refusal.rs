//! Refusals in words: a decoder's, and a server's.

use protocol::FrameError;

use super::clue::clues;
use super::{Explanation, Facts};
use crate::Reason;
use crate::lane::Direction;
use crate::text::{Sentence, Value, signed};

impl Facts<'_> {
    /// The server's decision, why, and what it does next.
    pub(super) fn refuse(&self) -> Explanation {
        let mut explanation = self.plain("explain.refuse");
        let Some(reason) = self.event.reason else {
            return explanation;
        };
        explanation.rest.push(Sentence::new(reason.key()));
        let lane = self
            .analysis
            .lane(self.event.connection, Direction::FromOpener);
        let failure = lane.and_then(|lane| lane.failure.as_ref());
        if let (Reason::BadFrame, Some(failure)) = (reason, failure) {
            explanation.rest.push(refusal(&failure.error));
            let clues = lane.map(|lane| clues(lane, &self.trace.framing(lane.direction)));
            explanation.rest.extend(clues.unwrap_or_default());
        }
        if !self.is_udp() {
            explanation.rest.push(self.say(if reason.is_of_admission() {
                "explain.refuse.turned-away"
            } else {
                "explain.refuse.let-in"
            }));
        }
        explanation
    }

    /// What there was too much of.
    pub(super) fn cut(&self) -> Explanation {
        let reason = self.event.reason;
        let mut explanation = self.plain(match reason {
            Some(Reason::Packets) => "explain.cut.packets",
            _ => "explain.cut",
        });
        let why = reason.map(|reason| Sentence::new(reason.key()));
        explanation.rest.extend(why);
        explanation
    }
}

/// A decoder's refusal as a sentence.
pub fn refusal(error: &FrameError) -> Sentence {
    let sentence = Sentence::new(match error {
        FrameError::Negative { .. } => "refusal.negative",
        FrameError::TooLarge { .. } => "refusal.too-large",
        FrameError::ShorterThanHeader { .. } => "refusal.shorter-than-header",
        FrameError::BelowAdjustment { .. } => "refusal.below-adjustment",
        FrameError::EndlessVarint { .. } => "refusal.endless-varint",
        FrameError::Unexpected { .. } => "refusal.unexpected",
        FrameError::Checksum { .. } => "refusal.checksum",
        FrameError::Undecodable { .. } => "refusal.undecodable",
        FrameError::NotJson { .. } => "refusal.not-json",
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
        FrameError::BelowAdjustment {
            length, adjustment, ..
        } => sentence
            .with("length", number(length))
            .with("adjustment", number(adjustment.into())),
        FrameError::EndlessVarint { .. } | FrameError::NotJson { .. } => sentence,
        FrameError::Unexpected { byte, expected, .. } => sentence
            .with("byte", hexadecimal(byte.into()))
            .with("expected", hexadecimal(expected.into())),
        FrameError::Checksum { said, computed, .. } => sentence
            .with("said", hexadecimal(said))
            .with("computed", hexadecimal(computed)),
        FrameError::NonNumeric { byte, .. } | FrameError::Undecodable { byte, .. } => {
            sentence.with("byte", hexadecimal(byte.into()))
        }
        FrameError::Leftover { count, .. } => sentence.with("n", count),
        FrameError::Truncated { have, need, .. } => sentence.with("have", have).with("n", need),
    }
}

fn hexadecimal(number: u32) -> String {
    format!("0x{number:02x}")
}

fn number(length: i128) -> Value {
    Value::Text(signed(length))
}
