//! What became of a duel, and how that is said.

use std::ops::Range;

use protocol::FrameError;

use super::Opponent;
use super::stream::Chunk;
use super::wrong::Step;
use crate::explain::refusal;
use crate::text::Sentence;

/// What became of a duel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duel {
    /// Who was wrong.
    pub opponent: Opponent,
    /// Messages that both had before they parted, or in all.
    pub agreed: usize,
    /// The last of those: positions in the stream.
    pub last: Vec<Range<usize>>,
    /// Both gave up at the same chunk: why the right decoder did.
    pub refused: Option<FrameError>,
    /// Where they parted; none if they did not.
    pub parting: Option<Parting>,
}

/// Where two decoders part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Behind this chunk they have different messages. It is the last one if the end of the
    /// stream made the difference.
    pub chunk: Chunk,
    /// The first byte that means something else to them: its position in the stream, or the
    /// end of the stream.
    pub at: usize,
    /// What the right decoder has there.
    pub right: Side,
    /// What the wrong one has.
    pub wrong: Side,
    /// What the wrong one took for what.
    pub why: Vec<Sentence>,
    /// Messages of the right decoder from there on, of this chunk.
    pub rights: Vec<Range<usize>>,
    /// Steps of the wrong one from there on, of this chunk.
    pub wrongs: Vec<Step>,
}

/// What a decoder has where another has something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A message, with what marks it off.
    Message(Range<usize>),
    /// These bytes, which it throws away.
    Dropped(Range<usize>),
    /// No message yet.
    Waits,
    /// It gave up.
    Refuses(Option<FrameError>),
    /// It refuses a frame and goes on behind it.
    Skips(FrameError),
}

impl Duel {
    /// What became of it, as the end of a sentence that begins with the opponent.
    pub fn sentence(&self) -> Sentence {
        let Some(parting) = &self.parting else {
            let key = match (&self.refused, self.agreed) {
                (Some(_), 1..) => "duel.refused",
                (_, 0) => "duel.nothing",
                (None, _) => "duel.luck",
            };
            return Sentence::new(key).with("n", self.agreed);
        };
        let key = match self.agreed {
            0 => "duel.parts-first",
            _ => "duel.parts",
        };
        Sentence::new(key)
            .with("what", parting.chunk.what)
            .with("number", parting.chunk.number)
            .with("offset", parting.at)
            .with("n", self.agreed)
    }

    /// The same and, where they part, why: whole sentences.
    pub fn sentences(&self) -> Vec<Sentence> {
        let said = Sentence::new("duel.said")
            .with("name", self.opponent.name().to_owned())
            .with("what", self.sentence());
        let parting = self.parting.iter();
        let why = parting.flat_map(Parting::sentences);
        std::iter::once(said).chain(why).collect()
    }
}

impl Parting {
    /// What the wrong decoder took for what, and what the right one has there.
    pub fn sentences(&self) -> Vec<Sentence> {
        let mut sentences = self.why.clone();
        if sentences.is_empty() {
            sentences.push(Sentence::new("duel.why.waits"));
        }
        match &self.right {
            Side::Message(range) => sentences.push(
                Sentence::new("duel.right.message")
                    .with("start", range.start)
                    .with("end", range.end)
                    .with("n", range.len()),
            ),
            Side::Refuses(Some(error)) => {
                sentences.push(Sentence::new("duel.right.refuses"));
                sentences.push(refusal(error));
            }
            Side::Skips(error) => {
                sentences.push(Sentence::new("duel.right.skips"));
                sentences.push(refusal(error));
            }
            Side::Waits | Side::Dropped(_) | Side::Refuses(None) => {
                sentences.push(Sentence::new("duel.right.waits"));
            }
        }
        sentences
    }
}
