//! What can be wrong with a frame, and where.

use crate::Offset;

/// Why a stream can't be decoded any further. Every variant names the stream
/// offset, counted from the connection's first byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length below zero.
    #[error("negative length {length} at offset {offset}")]
    Negative {
        /// Where the length field starts.
        offset: Offset,
        /// The length as read.
        length: i128,
    },
    /// A length above the maximum, or that many bytes without a delimiter.
    #[error("length {length} at offset {offset} is more than the maximum of {maximum} bytes")]
    TooLarge {
        /// Where the length field (or the undelimited message) starts.
        offset: Offset,
        /// The length as read.
        length: i128,
        /// The largest accepted, in bytes.
        maximum: u32,
    },
    /// A length that counts its own header, yet is shorter than it.
    #[error("length {length} at offset {offset} counts its {header}-byte header but is less")]
    ShorterThanHeader {
        /// Where the length field starts.
        offset: Offset,
        /// The length as read.
        length: i128,
        /// Size of the header in bytes.
        header: usize,
    },
    /// Something else than ASCII digits where a length belongs.
    #[error("byte 0x{byte:02x} at offset {offset} is not a digit of a length")]
    NonNumeric {
        /// Where the byte stands.
        offset: Offset,
        /// The byte.
        byte: u8,
    },
    /// Bytes behind a length whose sender had to wait for the answer first.
    #[error("{count} bytes left over at offset {offset}: sent before the length was answered")]
    Leftover {
        /// Where the first of them stands.
        offset: Offset,
        /// How many are there so far.
        count: usize,
    },
    /// The stream ended inside a frame.
    #[error("stream ended inside the frame at offset {offset}: {have} of {need} bytes")]
    Truncated {
        /// Where the unfinished field (header or body) starts.
        offset: Offset,
        /// Bytes of it that arrived.
        have: usize,
        /// Bytes it needs, as far as is known.
        need: usize,
    },
}

impl FrameError {
    /// The stream offset the error is about.
    pub const fn offset(&self) -> Offset {
        match self {
            Self::Negative { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::ShorterThanHeader { offset, .. }
            | Self::NonNumeric { offset, .. }
            | Self::Leftover { offset, .. }
            | Self::Truncated { offset, .. } => *offset,
        }
    }
}

/// Why a message can't be sent with a framing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Longer than the framing's maximum or than its length field can say.
    #[error("a message of {length} bytes is more than the {maximum} this framing can carry")]
    TooLarge {
        /// The message's length in bytes.
        length: usize,
        /// The most it can be.
        maximum: u64,
    },
    /// The delimiter occurs in the message.
    #[error("the message contains the delimiter at byte {at}: it would come out as two")]
    ContainsDelimiter {
        /// Where in the message.
        at: usize,
    },
    /// The message ends in the padding byte, which decoding removes.
    #[error("the message ends in the padding byte 0x{pad:02x}, which decoding would remove")]
    EndsInPadding {
        /// The padding byte.
        pad: u8,
    },
    /// A delimiter of no bytes.
    #[error("the delimiter is empty")]
    EmptyDelimiter,
    /// Frames or a delimiter larger than anybody should have to fill.
    #[error("a frame or delimiter of {size} bytes is more than the {maximum} it may have")]
    Oversized {
        /// Its size in bytes.
        size: usize,
        /// The most it can be.
        maximum: usize,
    },
    /// Frames of no bytes.
    #[error("a frame of 0 bytes can't carry a message")]
    ZeroSize,
}
