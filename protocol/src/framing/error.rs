//! What can be wrong with a frame, and where.

use crate::{Counted, Offset};

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
    /// A length of which the adjustment takes off more than there is.
    #[error(
        "length {length} at offset {offset} is less than the adjustment {adjustment} takes off"
    )]
    BelowAdjustment {
        /// Where the length field starts.
        offset: Offset,
        /// The length as read.
        length: i128,
        /// What is added to it: less than zero.
        adjustment: i32,
    },
    /// Ten bytes of a varint, and none of them is its last.
    #[error("the length at offset {offset} is no varint: 10 bytes and none of them ends it")]
    EndlessVarint {
        /// Where the length field starts.
        offset: Offset,
    },
    /// Another byte than the framing has there.
    #[error("byte 0x{byte:02x} at offset {offset} should be 0x{expected:02x}")]
    Unexpected {
        /// Where the byte stands.
        offset: Offset,
        /// The byte.
        byte: u8,
        /// What should be there.
        expected: u8,
    },
    /// A checksum that does not fit its frame.
    #[error("the checksum 0x{said:02x} at offset {offset} should be 0x{computed:02x}")]
    Checksum {
        /// Where the checksum starts.
        offset: Offset,
        /// What the frame has.
        said: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A byte that means nothing behind an escape, or points out of its frame.
    #[error(
        "byte 0x{byte:02x} at offset {offset} means nothing there: the frame was not encoded so"
    )]
    Undecodable {
        /// Where the byte stands.
        offset: Offset,
        /// The byte.
        byte: u8,
    },
    /// A JSON value against RFC 8259.
    #[error("the value at offset {offset} is not JSON")]
    NotJson {
        /// Where the value starts.
        offset: Offset,
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
    #[error("{} left over at offset {offset}: sent before the length was answered", Counted(*.count, "byte"))]
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
            | Self::BelowAdjustment { offset, .. }
            | Self::EndlessVarint { offset }
            | Self::Unexpected { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::Undecodable { offset, .. }
            | Self::NotJson { offset }
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
    /// Shorter than the length's adjustment.
    #[error("a message of {length} bytes is less than the {minimum} this framing has at least")]
    TooShort {
        /// The message's length in bytes.
        length: usize,
        /// The least it can be.
        minimum: usize,
    },
    /// A setting that has to be larger beside the others.
    #[error("{name} must be at least {least} with these settings")]
    Setting {
        /// Its name.
        name: &'static str,
        /// The least it can be.
        least: usize,
    },
    /// A setting that means nothing with a length of that width.
    #[error("{name} can't be set where the length is {width}: its size depends on the length")]
    NotWith {
        /// The setting's name.
        name: &'static str,
        /// The length's width.
        width: &'static str,
    },
    /// Bytes with a meaning of their own that are the same.
    #[error("start, end and escape, and what stands for them, have to be different bytes")]
    SameMarks,
    /// A message of no bytes, where two marks without anything between are none.
    #[error("a message of 0 bytes can't be sent: two marks in a row mean nothing")]
    Empty,
    /// A message that is not one JSON value.
    #[error("the message is not one JSON value without space around it (RFC 8259)")]
    NotJson,
}

impl EncodeError {
    /// The setting that it is about, if it is about one.
    pub const fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Setting { name, .. } | Self::NotWith { name, .. } => Some(name),
            Self::SameMarks => Some("escape"),
            Self::EmptyDelimiter => Some("delimiter"),
            Self::ZeroSize => Some("size"),
            _ => None,
        }
    }
}
