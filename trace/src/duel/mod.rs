//! The bytes of a direction, in the chunks in which they were received or in others, through
//! the right decoder of their framing and through a wrong one, in lockstep: after each chunk
//! both have the same messages, or they part there.
//!
//! Each wrong decoder makes one mistake that is common in programs, and is right otherwise.

mod characters;
mod delimiters;
mod header;
mod kept;
mod lanes;
mod limits;
mod lockstep;
mod outcome;
mod pieces;
mod settings;
mod stream;
mod wrong;

use crate::text::Sentence;

pub use crate::opponent::{NoOpponent, Opponent};
pub use lanes::{LaneDuel, of_lanes};
pub use lockstep::{Right, duel, right};
pub use outcome::{Duel, Parting, Side};
pub use stream::{Chunk, Cuts, NoCuts, SILENCE, Source, Stream};
pub use wrong::Step;

/// What a duel needs and the record does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The times at which chunks came.
    Times,
    /// Captured packets.
    Packets,
}

impl Lack {
    /// What is missing, as a sentence.
    pub const fn sentence(self) -> Sentence {
        Sentence::new(match self {
            Self::Times => "duel.lack.times",
            Self::Packets => "duel.lack.packets",
        })
    }
}

impl Opponent {
    /// What it needs that is not known of the stream.
    pub const fn lacks(self, stream: &Stream<'_>) -> Option<Lack> {
        match self {
            Self::Silence if !stream.is_timed => Some(Lack::Times),
            Self::Psh if stream.pushes.is_none() => Some(Lack::Packets),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
