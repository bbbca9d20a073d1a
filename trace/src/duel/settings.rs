//! Decoders with one setting of the length wrong: its byte order, or whether it counts the
//! header.

use protocol::framing::{Decode as _, Endian, LengthPrefix, Width};
use protocol::{Decoder, FrameError, Framing};

use super::stream::{Chunk, Stream, at, offset};
use super::wrong::{Step, Wrong, next_frame, written};
use crate::explain::refusal;
use crate::text::{Sentence, Value, signed};

/// The right decoder with another setting.
pub(super) struct Other<'a> {
    bytes: &'a [u8],
    key: &'static str,
    prefix: LengthPrefix,
    decoder: Decoder,
    error: Option<FrameError>,
    received: usize,
    /// Where the frame begins that was polled last.
    frame: usize,
    /// Where the next one begins.
    next: usize,
}

impl<'a> Other<'a> {
    /// With the other byte order of the length, and that alone.
    pub(super) fn endian(stream: &Stream<'a>, prefix: &LengthPrefix) -> Self {
        let other = LengthPrefix {
            endian: match prefix.endian {
                Endian::Little => Endian::Big,
                Endian::Big => Endian::Little,
            },
            checksum_endian: Some(prefix.checksum_endian.unwrap_or(prefix.endian)),
            ..prefix.clone()
        };
        Self::new(stream, "duel.why.length", other)
    }

    /// With a length that counts the header, if it does not, or the other way round.
    pub(super) fn count(stream: &Stream<'a>, prefix: &LengthPrefix) -> Self {
        let other = LengthPrefix {
            counts_header: !prefix.counts_header,
            ..prefix.clone()
        };
        let key = if other.counts_header {
            "duel.why.with-header"
        } else {
            "duel.why.without-header"
        };
        Self::new(stream, key, other)
    }

    fn new(stream: &Stream<'a>, key: &'static str, prefix: LengthPrefix) -> Self {
        let framing = Framing::LengthPrefix(prefix.clone());
        Self {
            bytes: stream.bytes,
            key,
            prefix,
            decoder: Decoder::starting_at(&framing, offset(stream.start)),
            error: None,
            received: stream.start,
            frame: stream.start,
            next: stream.start,
        }
    }
}

impl Wrong for Other<'_> {
    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.decoder.handle_chunk(&self.bytes[chunk.range.clone()]);
        self.received = chunk.range.end;
    }

    fn poll(&mut self) -> Option<Step> {
        self.frame = self.next;
        match next_frame(&mut self.decoder, self.prefix.resynchronise) {
            Ok(frame) => {
                let range = frame?.range();
                self.next = at(range.end);
                Some(Step::Message(at(range.start)..self.next))
            }
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn why(&self) -> Vec<Sentence> {
        length(&self.prefix, &self.bytes[self.frame..self.received])
            .map(|(field, length)| {
                Sentence::new(self.key)
                    .with("bytes", written(field))
                    .with("length", Value::Text(signed(length)))
                    .with("header", header(&self.prefix))
            })
            .into_iter()
            .chain(self.error.iter().map(refusal))
            .collect()
    }

    fn refused(&self) -> Option<usize> {
        Some(at(self.error.as_ref()?.offset()))
    }
}

/// Bytes of the header of a length that is a number of bytes wide, 0 of others.
pub(super) fn header(prefix: &LengthPrefix) -> usize {
    match prefix.width {
        Width::Bytes(width) => prefix.offset as usize + usize::from(width),
        Width::Varint | Width::Decimal => 0,
    }
}

/// The length's field at the front of a frame, and what it says; none where it has not come
/// whole, or is not a number of bytes wide.
pub(super) fn length<'a>(prefix: &LengthPrefix, frame: &'a [u8]) -> Option<(&'a [u8], i128)> {
    let field = frame.get(prefix.offset as usize..header(prefix))?;
    Some((field, prefix.number(field)))
}
