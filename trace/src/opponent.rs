//! The wrong decoders of duels by their names, and which framings they are for.

use std::fmt;
use std::str::FromStr;

use protocol::Framing;
use protocol::framing::{Checksum, Width};
use serde::{Deserialize, Serialize};

use crate::text::Sentence;

/// A decoder that makes one mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opponent {
    /// Takes what one recv() returned for one message.
    OneRecv,
    /// Takes what one recv() of the header returned for the whole header.
    HeaderWhole,
    /// Takes one message of what a recv() returned, and forgets the rest of it.
    RestDropped,
    /// Takes the first message of its buffer, and clears the buffer.
    BufferCleared,
    /// Takes at most one message of its buffer for each recv().
    OnePerRecv,
    /// Reads as many characters as the length says, not bytes.
    Characters,
    /// The same with units of UTF-16.
    #[serde(rename = "utf16-units")]
    Utf16Units,
    /// Reads the length in the other byte order.
    OtherEndian,
    /// Takes the header for counted where it is not, or the other way round.
    HeaderCount,
    /// Looks for a delimiter at the end of what a recv() returned only.
    DelimiterAtEnd,
    /// Splits what each recv() returned for itself.
    SplitEachRecv,
    /// Allocates as many bytes as a length announces, whatever it is.
    AllocateFirst,
    /// Waits for as many bytes as a length announces (MSG_WAITALL), whatever it is.
    WaitAll,
    /// Takes what came until nothing more comes for a while for one message.
    Silence,
    /// Takes what came up to a segment with PSH for one message.
    Psh,
}

impl Opponent {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::OneRecv,
        Self::HeaderWhole,
        Self::RestDropped,
        Self::BufferCleared,
        Self::OnePerRecv,
        Self::Characters,
        Self::Utf16Units,
        Self::OtherEndian,
        Self::HeaderCount,
        Self::DelimiterAtEnd,
        Self::SplitEachRecv,
        Self::AllocateFirst,
        Self::WaitAll,
        Self::Silence,
        Self::Psh,
    ];

    /// The name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneRecv => "one-recv",
            Self::HeaderWhole => "header-whole",
            Self::RestDropped => "rest-dropped",
            Self::BufferCleared => "buffer-cleared",
            Self::OnePerRecv => "one-per-recv",
            Self::Characters => "characters",
            Self::Utf16Units => "utf16-units",
            Self::OtherEndian => "other-endian",
            Self::HeaderCount => "header-count",
            Self::DelimiterAtEnd => "delimiter-at-end",
            Self::SplitEachRecv => "split-each-recv",
            Self::AllocateFirst => "allocate-first",
            Self::WaitAll => "wait-all",
            Self::Silence => "silence",
            Self::Psh => "psh",
        }
    }

    /// What it does, in one line.
    pub const fn sentence(self) -> Sentence {
        Sentence::new(match self {
            Self::OneRecv => "duel.is.one-recv",
            Self::HeaderWhole => "duel.is.header-whole",
            Self::RestDropped => "duel.is.rest-dropped",
            Self::BufferCleared => "duel.is.buffer-cleared",
            Self::OnePerRecv => "duel.is.one-per-recv",
            Self::Characters => "duel.is.characters",
            Self::Utf16Units => "duel.is.utf16-units",
            Self::OtherEndian => "duel.is.other-endian",
            Self::HeaderCount => "duel.is.header-count",
            Self::DelimiterAtEnd => "duel.is.delimiter-at-end",
            Self::SplitEachRecv => "duel.is.split-each-recv",
            Self::AllocateFirst => "duel.is.allocate-first",
            Self::WaitAll => "duel.is.wait-all",
            Self::Silence => "duel.is.silence",
            Self::Psh => "duel.is.psh",
        })
    }

    /// Whether a decoder of this framing can make that mistake. None can where there is no
    /// framing: nothing tells then what is right.
    pub fn fits(self, framing: &Framing) -> bool {
        use Framing as F;
        let goes_by_chunks = matches!(self, Self::OneRecv | Self::Silence | Self::Psh);
        match (self, framing) {
            (_, F::None) => false,
            _ if goes_by_chunks => true,
            // Its reader needs the pauses, which a buffer of its own does not see.
            (_, F::ReadyAck(_)) => false,
            (Self::BufferCleared | Self::OnePerRecv, _)
            | (Self::RestDropped, F::Chunked(_) | F::LengthPrefix(_) | F::FixedSize(_))
            | (Self::AllocateFirst | Self::WaitAll, F::Chunked(_) | F::LengthPrefix(_)) => true,
            (Self::HeaderWhole, F::LengthPrefix(prefix)) => {
                let has_several = match prefix.width {
                    Width::Bytes(width) => prefix.offset + u32::from(width) > 1,
                    Width::Varint | Width::Decimal => false,
                };
                has_several && prefix.magic.is_empty() && prefix.checksum == Checksum::None
            }
            // A checksum over other bytes would be wrong, and tell. One that goes on at the
            // next magic looks for it in bytes, and has counted no characters up to there.
            (Self::Characters | Self::Utf16Units, F::LengthPrefix(prefix)) => {
                prefix.checksum == Checksum::None && !framing.resynchronises()
            }
            (Self::OtherEndian, F::LengthPrefix(prefix)) => {
                matches!(prefix.width, Width::Bytes(2..))
            }
            (Self::HeaderCount, F::LengthPrefix(prefix)) => {
                matches!(prefix.width, Width::Bytes(_))
            }
            (Self::DelimiterAtEnd | Self::SplitEachRecv, F::Delimiter(delimiter)) => {
                delimiter.escape.is_none()
            }
            _ => false,
        }
    }

    /// Those that fit a framing.
    pub fn fitting(framing: &Framing) -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|opponent| opponent.fits(framing)).collect()
    }
}

impl fmt::Display for Opponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No opponent has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no wrong decoder is called \"{0}\": there are {all}", all = names())]
pub struct NoOpponent(String);

fn names() -> String {
    Opponent::ALL.map(Opponent::name).join(", ")
}

impl FromStr for Opponent {
    type Err = NoOpponent;
    fn from_str(text: &str) -> Result<Self, NoOpponent> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|opponent| opponent.name() == text);
        found.ok_or_else(|| NoOpponent(text.chars().take(40).collect()))
    }
}
