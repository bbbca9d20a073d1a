//! What people believe about sockets and what is not so, and which count of a run shows it.
//! Knows no trace, as `reference.rs`.

use serde::{Deserialize, Serialize};

use crate::reference::Count;

/// Something that is believed and is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misconception {
    /// One send() is one recv().
    OneSendOneRecv,
    /// It works on localhost, so it works.
    WorksOnLocalhost,
    /// Nagle's algorithm joins the sends, and TCP_NODELAY or a sleep keeps them apart.
    NagleIsTheCause,
    /// A recv() that returns less than was asked for is the end of a message.
    ShortReadIsTheEnd,
    /// A header arrives in one piece.
    HeaderArrivesWhole,
    /// send() takes all that it is given.
    SendTakesAll,
    /// Characters are bytes.
    CharactersAreBytes,
    /// A chunk ends between two characters.
    CharacterCutInHalf,
    /// A chunk has one frame.
    OneFrameAChunk,
    /// Everybody knows whether a length counts its own header.
    LengthCountsHeader,
    /// A number has one byte order.
    ByteOrder,
    /// Whoever connects speaks the protocol: what comes first is a length.
    TextReadAsLength,
    /// Memory can be allocated for a length that a peer announces.
    AllocateBeforeChecking,
    /// A length is never negative and always fits its field.
    NegativeOrNarrowLength,
    /// recv() of 0 bytes can be ignored, or is an empty message.
    EndIgnored,
    /// A delimiter never occurs inside a message.
    DelimiterInPayload,
    /// A datagram arrives, and whole.
    UdpIsSafe,
    /// A right answer proves who sent it.
    AnAnswerProves,
    /// TCP has packets that stick to each other.
    StickyPackets,
}

impl Misconception {
    protocol::all_variants! {
        /// All of them.
        OneSendOneRecv, WorksOnLocalhost, NagleIsTheCause, ShortReadIsTheEnd,
        HeaderArrivesWhole, SendTakesAll, CharactersAreBytes, CharacterCutInHalf,
        OneFrameAChunk, LengthCountsHeader, ByteOrder, TextReadAsLength,
        AllocateBeforeChecking, NegativeOrNarrowLength, EndIgnored, DelimiterInPayload,
        UdpIsSafe, AnAnswerProves, StickyPackets
    }

    /// Key of what is believed, in the catalogs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OneSendOneRecv => "misconception.one-send-one-recv",
            Self::WorksOnLocalhost => "misconception.works-on-localhost",
            Self::NagleIsTheCause => "misconception.nagle-is-the-cause",
            Self::ShortReadIsTheEnd => "misconception.short-read-is-the-end",
            Self::HeaderArrivesWhole => "misconception.header-arrives-whole",
            Self::SendTakesAll => "misconception.send-takes-all",
            Self::CharactersAreBytes => "misconception.characters-are-bytes",
            Self::CharacterCutInHalf => "misconception.character-cut-in-half",
            Self::OneFrameAChunk => "misconception.one-frame-a-chunk",
            Self::LengthCountsHeader => "misconception.length-counts-header",
            Self::ByteOrder => "misconception.byte-order",
            Self::TextReadAsLength => "misconception.text-read-as-length",
            Self::AllocateBeforeChecking => "misconception.allocate-before-checking",
            Self::NegativeOrNarrowLength => "misconception.negative-or-narrow-length",
            Self::EndIgnored => "misconception.end-ignored",
            Self::DelimiterInPayload => "misconception.delimiter-in-payload",
            Self::UdpIsSafe => "misconception.udp-is-safe",
            Self::AnAnswerProves => "misconception.an-answer-proves",
            Self::StickyPackets => "misconception.sticky-packets",
        }
    }
}

/// That a run of a lesson shows a misconception: a count within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shows {
    /// What is believed and is wrong.
    pub misconception: Misconception,
    /// What is counted in the run.
    pub count: Count,
    /// The least that shows it.
    #[serde(default)]
    pub least: u64,
    /// The most that shows it; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
}
