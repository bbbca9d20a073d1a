//! Framings: how a stream of bytes becomes messages again.
//!
//! One file a framing, and one line of the table below. The file has the settings,
//! how a message is encoded (`Format`), and a decoder ([`Decode`]), which takes
//! chunks cut anywhere and yields frames or "need more"; it never blocks and never
//! allocates for bytes that have not arrived.

mod buffer;
mod byte;
mod chunked;
mod clue;
mod cobs;
mod decoder;
mod delimiter;
mod error;
mod fixed_size;
mod json;
mod length_prefix;
mod mark;
mod marked;
mod none;
#[cfg(test)]
mod properties;
mod ready_ack;
#[cfg(test)]
mod resynchronising;
mod settings;
mod table;

use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;

pub use byte::Byte;
pub use chunked::Chunked;
pub use clue::Clue;
pub use cobs::Cobs;
pub use decoder::Decoder;
pub use delimiter::{Delimiter, MAX_DELIMITER};
pub use error::{EncodeError, FrameError};
pub use fixed_size::FixedSize;
pub use json::Json;
pub use length_prefix::{
    Checksum, Covers, Endian, Head, LengthPrefix, MAX_AROUND, UnknownWidth, Width,
};
pub use mark::{Mark, Marks, NoHex};
pub use marked::{Escaping, Marked};
pub use ready_ack::{READY, ReadyAck};
pub use settings::{MAX_SETTINGS, integer, spelling};
pub use table::{Setting, Values};

use crate::Offset;

/// The largest message a framing accepts unless told otherwise: 1 MiB.
pub const DEFAULT_MAX_FRAME: u32 = 1 << 20;

/// The most that the largest message accepted may be: 1 GiB.
pub const MAX_MAXIMUM: u32 = 1 << 30;

/// What a framing's file provides beside the table of its settings (`table.rs`).
trait Format {
    /// Decodes a stream of such frames.
    type Decoder: Decode
    where
        Self: Sized;

    /// A decoder whose first byte stands at `start`.
    fn decoder(&self, start: Offset) -> Self::Decoder
    where
        Self: Sized;

    /// Refuses settings no frame could satisfy.
    fn validate(&self) -> Result<(), EncodeError> {
        Ok(())
    }

    /// What is sent in front of a body of `length` bytes, in a call of its own.
    fn header(&self, _length: usize) -> Result<Bytes, EncodeError> {
        Ok(Bytes::new())
    }

    /// The message with what belongs behind it.
    fn body(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        Ok(Bytes::copy_from_slice(message))
    }

    /// Length of [`Format::body`] for a message of `length` bytes that can be sent; the
    /// most where it depends on the message.
    fn body_length(&self, length: usize) -> usize {
        length
    }

    /// Lowers the largest message accepted to `most` bytes, if there is such a setting.
    fn limit(&mut self, _most: u32) {}

    /// The largest message accepted, in bytes; 0 without such a setting.
    fn maximum(&self) -> u32 {
        0
    }

    /// Whether the sender has to wait for [`READY`] between header and body.
    fn waits_for_ready(&self) -> bool {
        false
    }

    /// Whether a decoder goes on behind a frame that can't be decoded.
    fn resynchronises(&self) -> bool {
        false
    }
}

/// Defines the enum of framings and that of their decoders from the table.
macro_rules! framings {
    ($($(#[$doc:meta])* $framing:ident = $name:literal,)+) => {
        /// How messages are marked off in a stream.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[serde(tag = "kind")]
        pub enum Framing {
            /// Nothing marks them: each chunk is taken for a message.
            #[default]
            #[serde(rename = "none")]
            None,
            $($(#[$doc])* #[serde(rename = $name)] $framing($framing),)+
        }

        impl Framing {
            /// The names of all framings, in the order they are shown.
            pub const NAMES: [&'static str; 1 + [$($name),+].len()] = ["none", $($name),+];

            /// All framings, each with its default settings.
            pub fn all() -> [Self; Self::NAMES.len()] {
                [Self::None, $(Self::$framing($framing::default())),+]
            }

            /// The name used in experiments and on the page.
            pub const fn name(&self) -> &'static str {
                match self {
                    Self::None => "none",
                    $(Self::$framing(_) => $name,)+
                }
            }

            /// The same framing, which accepts messages of at most `most` bytes. Without
            /// framing there is no such bound.
            #[must_use]
            pub fn with_at_most(mut self, most: u32) -> Self {
                match &mut self {
                    Self::None => {}
                    $(Self::$framing(format) => format.limit(most),)+
                }
                self
            }

            fn table(&self) -> &dyn table::Table {
                match self {
                    Self::None => &none::Unframed {},
                    $(Self::$framing(format) => format,)+
                }
            }

            fn format(&self) -> &dyn Format {
                match self {
                    Self::None => &none::Unframed {},
                    $(Self::$framing(format) => format,)+
                }
            }

            /// The framing called `name` with the settings of `object`; those left
            /// out have their defaults.
            fn read(name: &str, object: settings::Object) -> Result<Self, settings::Error> {
                match name {
                    "none" => object.read().map(|none::Unframed {}| Self::None),
                    $($name => object.read().map(Self::$framing),)+
                    _ => Err(settings::unknown(name)),
                }
            }
        }

        #[derive(Clone, Debug)]
        enum AnyDecoder {
            None(none::Chunks),
            $($framing(<$framing as Format>::Decoder),)+
        }

        impl AnyDecoder {
            fn new(framing: &Framing, start: Offset) -> Self {
                match framing {
                    Framing::None => Self::None(none::Unframed {}.decoder(start)),
                    $(Framing::$framing(format) => Self::$framing(format.decoder(start)),)+
                }
            }

            fn get(&mut self) -> &mut dyn Decode {
                match self {
                    Self::None(decoder) => decoder,
                    $(Self::$framing(decoder) => decoder,)+
                }
            }

            // Not by `get`: these are what is called for each chunk and each frame.
            #[cfg_attr(not(target_family = "wasm"), inline)]
            fn handle_chunk(&mut self, chunk: &[u8]) {
                match self {
                    Self::None(decoder) => decoder.handle_chunk(chunk),
                    $(Self::$framing(decoder) => decoder.handle_chunk(chunk),)+
                }
            }

            #[cfg_attr(not(target_family = "wasm"), inline)]
            fn poll_frame(&mut self) -> Result<Option<Frame>, FrameError> {
                match self {
                    Self::None(decoder) => decoder.poll_frame(),
                    $(Self::$framing(decoder) => decoder.poll_frame(),)+
                }
            }

            fn is_mid_frame(&self) -> bool {
                match self {
                    Self::None(decoder) => decoder.is_mid_frame(),
                    $(Self::$framing(decoder) => decoder.is_mid_frame(),)+
                }
            }

            fn awaits_quiet(&self) -> bool {
                match self {
                    Self::None(decoder) => decoder.awaits_quiet(),
                    $(Self::$framing(decoder) => decoder.awaits_quiet(),)+
                }
            }

            fn lacks(&self) -> Option<u64> {
                match self {
                    Self::None(decoder) => decoder.lacks(),
                    $(Self::$framing(decoder) => decoder.lacks(),)+
                }
            }
        }
    };
}

framings! {
    /// Length in ASCII, an answer, then the bytes.
    ReadyAck = "ready-ack",
    /// A binary length in front.
    LengthPrefix = "length-prefix",
    /// A byte sequence behind.
    Delimiter = "delimiter",
    /// All the same size.
    FixedSize = "fixed-size",
    /// A mark behind, escaped within.
    Marked = "marked",
    /// A zero behind, none within.
    Cobs = "cobs",
    /// HTTP/1.1's chunks.
    Chunked = "chunked",
    /// JSON values.
    Json = "json",
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
    /// Bytes of the stream that carry the body: as many as it has, or more where some of
    /// them are escapes.
    pub size: usize,
    /// Bytes behind the body that belong to the frame: delimiter, checksum or padding.
    pub trailer: usize,
}

impl Frame {
    /// Stream offsets of the whole frame.
    pub fn range(&self) -> Range<Offset> {
        self.start..self.start + self.header + self.size + self.trailer
    }

    /// Stream offsets of what carries the message itself.
    pub fn body_range(&self) -> Range<Offset> {
        let start = self.start + self.header;
        start..start + self.size
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

    /// The stream has ended; an error if it ended inside a frame. Frames that only the
    /// end completes stand before that, and are polled for afterwards.
    fn handle_eof(&mut self) -> Result<(), FrameError>;

    /// The reply that the framing itself requires now, such as [`READY`]; given once.
    fn poll_reply(&mut self) -> Option<&'static [u8]> {
        None
    }

    /// Whether a frame has begun and its rest has not arrived.
    fn is_mid_frame(&self) -> bool {
        false
    }

    /// How many bytes come before the next frame begins, where that is known whatever they
    /// are: of a frame of which the length is known, those that have not arrived. Asked
    /// when nothing is left to poll for.
    fn lacks(&self) -> Option<u64> {
        None
    }

    /// Whether only a pause of the sender can end the current field.
    fn awaits_quiet(&self) -> bool {
        false
    }

    /// The sender has paused (see [`Decode::awaits_quiet`]).
    fn handle_quiet(&mut self) {}

    /// Gives up bytes until a frame may begin: those of the frame that was refused just now
    /// if `is_first`, otherwise only what has come since. Called where the settings say that
    /// the decoder goes on.
    fn resynchronise(&mut self, is_first: bool) -> Resynchronised {
        let _ = is_first;
        Resynchronised {
            until: Offset(0),
            is_found: false,
        }
    }
}

/// How far a decoder has given up bytes behind a frame that can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resynchronised {
    /// Bytes before this offset are given up.
    pub until: Offset,
    /// Whether a frame may begin there. Otherwise that is looked for in what comes next.
    pub is_found: bool,
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
    /// The framing of that name, with its default settings.
    pub fn named(name: &str) -> Option<Self> {
        Self::all()
            .into_iter()
            .find(|framing| framing.name() == name)
    }

    /// The settings that it has, in the order in which they are shown.
    pub fn settings(&self) -> &'static [Setting] {
        self.table().settings()
    }

    /// The value of a setting as JSON has it; null for one that is not set, or is none of its.
    pub fn value(&self, name: &str) -> serde_json::Value {
        self.table().value(name)
    }

    /// Cuts and marks `message` for sending.
    pub fn parts(&self, message: &[u8]) -> Result<Parts, EncodeError> {
        let format = self.format();
        Ok(Parts {
            header: format.header(message.len())?,
            body: format.body(message)?,
        })
    }

    /// `message` as it is sent where header and body go together.
    pub fn whole(&self, message: &[u8]) -> Result<Bytes, EncodeError> {
        let Parts { header, body } = self.parts(message)?;
        if header.is_empty() {
            return Ok(body);
        }
        Ok([header, body].concat().into())
    }

    /// The header that announces a body of `length` bytes; empty for framings
    /// without one. Does not see the body: a wrong length makes a wrong header.
    pub fn header(&self, length: usize) -> Result<Bytes, EncodeError> {
        self.format().header(length)
    }

    /// The header of a client that says a wrong length: below zero, or more than any frame has,
    /// as far as the field can say it. Framings without a length have none.
    pub fn header_saying(&self, length: i128) -> Result<Bytes, EncodeError> {
        match self {
            Self::LengthPrefix(prefix) => prefix.header_saying(length),
            Self::ReadyAck(_) => Ok(length.to_string().into_bytes().into()),
            _ => self.header(usize::try_from(length).unwrap_or(0)),
        }
    }

    /// `message` as a client sends it that does not look whether it contains the delimiter.
    pub fn parts_unchecked(&self, message: &[u8]) -> Result<Parts, EncodeError> {
        match (self.parts(message), self) {
            (Err(EncodeError::ContainsDelimiter { .. }), Self::Delimiter(delimiter)) => Ok(Parts {
                header: Bytes::new(),
                body: delimiter.body_unchecked(message),
            }),
            (parts, _) => parts,
        }
    }

    /// How many bytes [`Parts::body`] has for a message of `length` bytes that
    /// can be sent; the most where escapes make it depend on the message.
    pub fn body_length(&self, length: usize) -> usize {
        self.format().body_length(length)
    }

    /// Whether the sender has to wait for [`READY`] between header and body.
    pub fn waits_for_ready(&self) -> bool {
        self.format().waits_for_ready()
    }

    /// Whether a decoder goes on behind a frame that can't be decoded, at the next mark that
    /// a frame may begin at.
    pub fn resynchronises(&self) -> bool {
        let format = self.format();
        format.resynchronises() && format.validate().is_ok()
    }

    /// Refuses settings no frame could satisfy, before anything runs with them.
    pub fn validate(&self) -> Result<(), EncodeError> {
        let format = self.format();
        // Sums with it stay exact where an address has 32 bits.
        if format.maximum() > MAX_MAXIMUM {
            return Err(EncodeError::Oversized {
                size: format.maximum() as usize,
                maximum: MAX_MAXIMUM as usize,
            });
        }
        format.validate()
    }
}
