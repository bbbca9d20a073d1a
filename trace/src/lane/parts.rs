//! What the layers of a lane consist of.

use std::ops::Range;

use protocol::Offset;
use protocol::framing::{Frame, FrameError};

/// A call and the bytes it carried, in the sender's stream offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the call among the trace's events.
    pub event: usize,
    /// Offset of its first byte.
    pub start: Offset,
    /// Offset behind its last byte.
    pub end: Offset,
    /// Bytes of a datagram behind `end` that the reader had no room for: gone.
    pub cut: usize,
}

impl Span {
    /// Bytes carried.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no longer than the event's bytes"
    )]
    pub const fn len(&self) -> usize {
        (self.end.0 - self.start.0) as usize
    }

    /// Whether it carried none.
    pub const fn is_empty(&self) -> bool {
        self.start.0 == self.end.0
    }

    /// The offsets it carried.
    pub const fn range(&self) -> Range<Offset> {
        self.start..self.end
    }
}

/// A packet with payload (or an empty datagram), as it crossed the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its index among the events, and the bytes it carried.
    pub span: Span,
    /// All its bytes had been on the wire before: a retransmission. One that
    /// carries bytes for the first time as well is none.
    pub resent: bool,
    /// Some of its bytes are not those that were on the wire before at the same
    /// offsets; those count. Looked for only where no calls were watched.
    pub differs: bool,
    /// How many segments it is for the receiver's kernel: more than one if
    /// the sender's left the cutting for later (GSO), 1 otherwise.
    pub segments: u32,
    /// A link lost it on the way: it was sent and never arrived.
    pub lost: bool,
    /// What became of a datagram; of a segment, its bytes' recvs tell.
    pub fate: Fate,
    /// Which fragment of its datagram it is; 1 of 1 where it is all of it, or a segment.
    pub fragment: Numbered,
}

/// One of several, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Which one, of those that were observed.
    pub number: usize,
    /// How many there are; 0 where not all of them were observed.
    pub of: usize,
}

impl Numbered {
    /// The only one.
    pub(crate) const ONLY: Self = Self { number: 1, of: 1 };

    /// Whether there are others.
    pub(crate) const fn is_one_of_several(self) -> bool {
        self.of != 1
    }
}

impl Packet {
    /// A datagram that was on the wire once.
    pub(crate) const fn datagram(span: Span, fate: Fate) -> Self {
        Self {
            span,
            resent: false,
            differs: false,
            segments: 1,
            lost: matches!(fate, Fate::Lost),
            fate,
            fragment: Numbered::ONLY,
        }
    }
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The recv with this event index took it.
    Read(usize),
    /// The kernel dropped it: the reader's buffer was full.
    Dropped,
    /// A link lost it on the way.
    Lost,
    /// Not read when the run ended.
    Unread,
    /// It can't be told; or it is a segment.
    Unknown,
}

/// What a decoded stretch of the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A message of the application.
    Message,
    /// The server's random bytes.
    Challenge,
    /// The client's answer to them.
    Answer {
        /// Whether it is the one the server's key gives.
        right: bool,
    },
    /// The client's own random bytes, where it proves itself over both.
    Nonce,
    /// A proof over the nonces of both: the client's, or behind it the
    /// server's.
    Proof {
        /// Whether it is the one its reader's key gives.
        right: bool,
    },
    /// The server's answer to a length.
    Ready,
    /// No message: bytes that could not be decoded, and those up to where decoding went on.
    Skipped,
}

impl MessageKind {
    /// Whether it belongs to a handshake: random bytes, or digests.
    pub const fn is_of_the_handshake(self) -> bool {
        !matches!(self, Self::Message | Self::Ready | Self::Skipped)
    }

    /// Whether it should have proved something and did not.
    pub const fn is_refuted(self) -> bool {
        let (Self::Answer { right } | Self::Proof { right }) = self else {
            return false;
        };
        !right
    }
}

/// Whether a message is what its sender meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Exactly one message as it was meant.
    Whole,
    /// Bytes of this many sends taken for one message.
    Glued(usize),
    /// A part of one send taken for a message.
    Part,
    /// A datagram that lost this many bytes.
    Cut(usize),
    /// Not what the sender meant: the framing misled the reader.
    Wrong,
}

/// A stretch of the stream that the reader takes for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSpan {
    /// Index of the recv that completed it.
    pub event: usize,
    /// Where it stood, with header and trailer.
    pub frame: Frame,
    /// What it is.
    pub kind: MessageKind,
    /// Whether it is what its sender meant.
    pub integrity: Integrity,
}

impl MessageSpan {
    /// Its offsets, with header and trailer.
    pub fn range(&self) -> Range<Offset> {
        self.frame.range()
    }
}

/// Where decoding of a lane had to stop, or to go on behind what could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Index of the recv whose bytes (or whose end) were refused.
    pub event: usize,
    /// What is wrong, and at which offset.
    pub error: FrameError,
}
