//! Which framing is this? Each that is known is tried on the bytes of a direction, and
//! those that fit are ranked by what speaks for them.
//!
//! What speaks for a framing is counted in bits: how unlikely it is that it fits bytes
//! that have nothing to do with it. A length that leads from frame to frame speaks for
//! itself the more, the more values its field could have had; a message that ends where
//! its sender stopped and waited for the other side speaks for any framing. Settings that
//! had to be chosen from many count against it.

mod candidates;
mod complexity;
mod evidence;
mod rarity;
mod streams;

use std::collections::BTreeSet;

use protocol::Framing;
use protocol::framing::DEFAULT_MAX_FRAME;

pub use evidence::Evidence;
use rarity::Rarity;
pub(crate) use streams::is_ended;
pub use streams::{Ended, REACH, Stream};

/// Less than that is no guess, in bits.
const LEAST: f64 = 8.0;
/// Less than that is not likely even if nothing else fits, in bits.
const LIKELY: f64 = 24.0;
/// Guesses that are told at most.
const MOST: usize = 5;
/// Bytes of all streams together that are looked at.
const MOST_BYTES: usize = 1 << 20;

/// How sure a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It fits, and so may others.
    Possible,
    /// Much speaks for it, or it is clearly before the next.
    Likely,
    /// Much speaks for it, and it is clearly before the next.
    Sure,
}

/// A framing that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// It, with its settings.
    pub framing: Framing,
    /// How sure that is.
    pub certainty: Certainty,
    /// What speaks for it.
    pub evidence: Evidence,
}

impl Guess {
    /// The framing with the maximum that everybody has, unless a message is larger.
    pub fn usual(&self) -> Framing {
        let usual = usize::try_from(DEFAULT_MAX_FRAME).unwrap_or(usize::MAX);
        let largest = u32::try_from(self.evidence.largest.max(usual));
        self.framing
            .clone()
            .with_at_most(largest.unwrap_or(u32::MAX))
    }
}

/// Those of `streams` that [`guess`] looks at: the first that have bytes.
pub fn taken<'a, 'b>(streams: &'b [Stream<'a>]) -> Vec<&'b Stream<'a>> {
    let mut room = MOST_BYTES;
    let filled = streams.iter().filter(|stream| !stream.bytes.is_empty());
    let fitting = filled.take_while(|stream| {
        let fits = stream.bytes.len() <= room;
        room = room.saturating_sub(stream.bytes.len());
        fits
    });
    fitting.collect()
}

/// Ranks what fits all of `streams`, the likeliest first: one direction of connections
/// that speak the same protocol. Streams without bytes say nothing; of many the first are
/// looked at.
pub fn guess(streams: &[Stream<'_>]) -> Vec<Guess> {
    let streams = taken(streams);
    let mut fitting = Vec::new();
    let rarity = Rarity::of(&streams);
    for framing in candidates::all(&streams) {
        if let Some((evidence, frames)) = evidence::of(&framing, &streams, &rarity)
            && evidence.bits >= LEAST
        {
            fitting.push((framing, evidence, frames));
        }
    }
    fitting.sort_by(|(_, a, _), (_, b, _)| {
        let by_bits = b.bits.total_cmp(&a.bits);
        a.is_contradictory()
            .cmp(&b.is_contradictory())
            .then(by_bits)
    });
    let mut guesses: Vec<Guess> = Vec::new();
    // Of settings that give the same frames the likeliest are told.
    let mut known = BTreeSet::new();
    for (framing, evidence, frames) in fitting {
        if guesses.len() < MOST && known.insert(frames) {
            guesses.push(Guess {
                framing,
                certainty: Certainty::Possible,
                evidence,
            });
        }
    }
    let bits: Vec<f64> = guesses.iter().map(|guess| guess.evidence.bits).collect();
    for (index, guess) in guesses.iter_mut().enumerate() {
        let next = bits.get(index + 1).copied().unwrap_or(0.0);
        let is_first = index == 0;
        let is_much = bits[index] >= 40.0;
        let is_ahead = bits[index] - next >= 16.0 && bits[index] >= LIKELY;
        let is_sound = is_first && !guess.evidence.is_contradictory();
        guess.certainty = match (is_sound, is_much, is_ahead) {
            (true, true, true) => Certainty::Sure,
            (true, true, false) | (true, false, true) => Certainty::Likely,
            _ => Certainty::Possible,
        };
    }
    guesses
}

#[cfg(test)]
mod tests;
