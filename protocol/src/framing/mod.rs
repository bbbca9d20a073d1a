//! Framings: how a stream of bytes becomes messages again.
//!
//! One file a framing, one contract: [`Decode`]. A decoder takes chunks cut
//! anywhere and yields frames or "need more"; it never blocks and never
//! allocates for bytes that have not arrived.

mod buffer;
mod delimiter;
mod error;
mod fixed_size;
mod length_prefix;
mod none;
#[cfg(test)]
mod properties;
mod ready_ack;
mod settings;

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use delimiter::{Delimiter, MAX_DELIMITER};
pub use error::{EncodeError, FrameError};
pub use fixed_size::FixedSize;
pub use length_prefix::{Endian, LengthPrefix, Width};
pub use ready_ack::{READY, ReadyAck};

use crate::Offset;

/// The largest message a framing accepts unless told otherwise: 1 MiB.
pub const DEFAULT_MAX_FRAME: u32 = 1 << 20;

/// How messages are marked off in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", from = "settings::Settings")]
pub enum Framing {
    /// Nothing marks them: each chunk is taken for a message.
    #[default]
    None,
    /// Length in ASCII, an answer, then the bytes.
    ReadyAck(ReadyAck),
    /// A binary length in front.
    LengthPrefix(LengthPrefix),
    /// A byte sequence behind.
    Delimiter(Delimiter),
    /// All the same size.
    FixedSize(FixedSize),
}

/// One decoded message and where it stood in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Stream offset of the frame's first byte (its header, if it has one).
    pub start: Offset,
    /// Bytes of header in front of the body.
    pub header: usize,
    /// The message itself; may be empty.
    pub body: Bytes,
    /// Bytes behind the body that belong to the frame: delimiter or padding.
    pub trailer: usize,
}

impl Frame {
    /// Stream offsets of the whole frame.
    pub fn range(&self) -> Range<Offset> {
        self.start..self.start + self.header + self.body.len() + self.trailer
    }

    /// Stream offsets of the message itself.
    pub fn body_range(&self) -> Range<Offset> {
        let start = self.start + self.header;
        start..start + self.body.len()
    }
}

/// The contract of every framing's decoder: bytes in, frames out.
///
/// After each `handle_*`, poll until nothing comes any more.
pub trait Decode {
    /// Takes the next bytes of the stream, cut anywhere.
    fn handle_chunk(&mut self, chunk: &[u8]);

    /// The next complete frame, or `None`: need more bytes.
    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError>;

    /// The stream has ended; an error if it ended inside a frame.
    fn handle_eof(&mut self) -> Result<(), FrameError>;

    /// Bytes the framing itself owes the sender, once.
    fn poll_reply(&mut self) -> Option<&'static [u8]> {
        None
    }

    /// Whether the sender owes the rest of a frame.
    fn is_mid_frame(&self) -> bool {
        false
    }

    /// Whether only the sender's silence can tell that a field has ended.
    fn awaits_quiet(&self) -> bool {
        false
    }

    /// The sender has fallen silent (see [`Decode::awaits_quiet`]).
    fn handle_quiet(&mut self) {}
}

/// A message made ready to send, in the pieces the article's clients use:
/// one `send()` for the header (none if it is empty), one for the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What goes in front; may be empty.
    pub header: Bytes,
    /// The message with whatever follows it.
    pub body: Bytes,
}

impl Framing {
    /// Cuts and marks `message` for sending.
    pub fn parts(&self, message: &[u8]) -> Result<Parts, EncodeError> {
        Ok(match self {
            Self::None => Parts {
                header: Bytes::new(),
                body: Bytes::copy_from_slice(message),
            },
            Self::ReadyAck(_) | Self::LengthPrefix(_) => Parts {
                header: self.header(message.len())?,
                body: Bytes::copy_from_slice(message),
            },
            Self::Delimiter(delimiter) => Parts {
                header: Bytes::new(),
                body: delimiter.encode(message)?,
            },
            Self::FixedSize(fixed) => Parts {
                header: Bytes::new(),
                body: fixed.encode(message)?,
            },
        })
    }

    /// The header that announces a body of `length` bytes; empty for framings
    /// without one. Does not see the body: a wrong length makes a wrong header.
    pub fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
        match self {
            Self::ReadyAck(ready) => ready.header(length),
            Self::LengthPrefix(prefix) => prefix.header(length),
            Self::None | Self::Delimiter(_) | Self::FixedSize(_) => Ok(Bytes::new()),
        }
    }

    /// The same framing, which accepts messages of at most `most` bytes. The size
    /// of a fixed-size frame is its own bound, and without framing there is none.
    #[must_use]
    pub fn with_at_most(mut self, most: u32) -> Self {
        match &mut self {
            Self::ReadyAck(ReadyAck { maximum })
            | Self::LengthPrefix(LengthPrefix { maximum, .. })
            | Self::Delimiter(Delimiter { maximum, .. }) => *maximum = most.min(*maximum),
            Self::None | Self::FixedSize(_) => {}
        }
        self
    }

    /// Whether the sender has to wait for [`READY`] between header and body.
    pub const fn waits_for_ready(&self) -> bool {
        matches!(self, Self::ReadyAck(_))
    }

    /// The names of all framings, in the order they are shown.
    pub const NAMES: [&'static str; 5] = [
        "none",
        "ready-ack",
        "length-prefix",
        "delimiter",
        "fixed-size",
    ];

    /// The framing of that name, with its default settings.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "ready-ack" => Self::ReadyAck(ReadyAck::default()),
            "length-prefix" => Self::LengthPrefix(LengthPrefix::default()),
            "delimiter" => Self::Delimiter(Delimiter::default()),
            "fixed-size" => Self::FixedSize(FixedSize::default()),
            _ => return None,
        })
    }

    /// The name used in experiments and on the page.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ReadyAck(_) => "ready-ack",
            Self::LengthPrefix(_) => "length-prefix",
            Self::Delimiter(_) => "delimiter",
            Self::FixedSize(_) => "fixed-size",
        }
    }

    /// Refuses settings no frame could satisfy, before anything runs with them.
    pub fn validate(&self) -> Result<(), EncodeError> {
        match self {
            Self::Delimiter(delimiter) => delimiter.validate(),
            Self::FixedSize(fixed) => fixed.validate(),
            Self::None | Self::ReadyAck(_) | Self::LengthPrefix(_) => Ok(()),
        }
    }
}

/// A decoder of any framing. Once it has failed it stays failed.
#[derive(Debug)]
pub struct Decoder {
    kind: Kind,
    failed: Option<FrameError>,
}

#[derive(Debug)]
enum Kind {
    None(none::Chunks),
    ReadyAck(ready_ack::ReadyAckDecoder),
    LengthPrefix(length_prefix::LengthPrefixDecoder),
    Delimiter(delimiter::DelimiterDecoder),
    FixedSize(fixed_size::FixedSizeDecoder),
}

impl Decoder {
    /// A decoder at offset 0 of a stream framed by `framing`.
    pub fn new(framing: &Framing) -> Self {
        Self::starting_at(framing, Offset(0))
    }

    /// A decoder whose first byte stands at `start`, for example behind a handshake.
    pub fn starting_at(framing: &Framing, start: Offset) -> Self {
        let kind = match framing {
            Framing::None => Kind::None(none::Chunks::new(start)),
            Framing::ReadyAck(f) => Kind::ReadyAck(ready_ack::ReadyAckDecoder::new(*f, start)),
            Framing::LengthPrefix(f) => {
                Kind::LengthPrefix(length_prefix::LengthPrefixDecoder::new(*f, start))
            }
            Framing::Delimiter(f) => {
                Kind::Delimiter(delimiter::DelimiterDecoder::new(f.clone(), start))
            }
            Framing::FixedSize(f) => Kind::FixedSize(fixed_size::FixedSizeDecoder::new(*f, start)),
        };
        Self { kind, failed: None }
    }

    fn inner(&mut self) -> &mut dyn Decode {
        match &mut self.kind {
            Kind::None(decoder) => decoder,
            Kind::ReadyAck(decoder) => decoder,
            Kind::LengthPrefix(decoder) => decoder,
            Kind::Delimiter(decoder) => decoder,
            Kind::FixedSize(decoder) => decoder,
        }
    }
}

impl Decode for Decoder {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        if self.failed.is_none() {
            self.inner().handle_chunk(chunk);
        }
    }

    fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let polled = self.inner().poll_frame();
        if let Err(error) = &polled {
            self.failed = Some(error.clone());
        }
        polled
    }

    fn handle_eof(&mut self) -> Result<(), FrameError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None => self.inner().handle_eof(),
        }
    }

    fn poll_reply(&mut self) -> Option<&'static [u8]> {
        self.inner().poll_reply()
    }

    fn is_mid_frame(&self) -> bool {
        match &self.kind {
            Kind::None(decoder) => decoder.is_mid_frame(),
            Kind::ReadyAck(decoder) => decoder.is_mid_frame(),
            Kind::LengthPrefix(decoder) => decoder.is_mid_frame(),
            Kind::Delimiter(decoder) => decoder.is_mid_frame(),
            Kind::FixedSize(decoder) => decoder.is_mid_frame(),
        }
    }

    fn awaits_quiet(&self) -> bool {
        match &self.kind {
            Kind::ReadyAck(decoder) => self.failed.is_none() && decoder.awaits_quiet(),
            _ => false,
        }
    }

    fn handle_quiet(&mut self) {
        if self.failed.is_none() {
            self.inner().handle_quiet();
        }
    }
}
