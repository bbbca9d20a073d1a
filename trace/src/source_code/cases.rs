//! A test of a decoder, made of what was received.

use protocol::framing::Decode as _;
use protocol::framing::FrameError;
use protocol::{Decoder, Framing};

use super::template::Values;
use super::{Language, literal};

/// What is given to a decoder, and what has to come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Where the chunks come from, such as the name of a file and of a connection.
    pub source: String,
    /// What calls returned, one after the other; with ready-ack an empty one where the sender
    /// fell silent.
    pub chunks: Vec<Vec<u8>>,
    /// Whether the stream ended behind them.
    pub is_ended: bool,
    /// The messages that must come out of them.
    pub messages: Vec<Vec<u8>>,
    /// What must be refused behind those messages, if anything; the first of it where the decoder
    /// goes on.
    pub refused: Option<FrameError>,
}

impl Case {
    /// The case of `chunks`: what must come out is what the decoder of `protocol` gives.
    pub fn new(source: String, framing: &Framing, chunks: Vec<Vec<u8>>, is_ended: bool) -> Self {
        let mut decoder = Decoder::new(framing);
        let mut messages = Vec::new();
        let mut refused = None;
        let goes_on = framing.resynchronises();
        let mut drain = |decoder: &mut Decoder, refused: &mut Option<FrameError>| loop {
            match decoder.poll_frame() {
                Ok(Some(frame)) => messages.push(frame.body.to_vec()),
                Ok(None) if decoder.poll_reply().is_some() => {}
                Ok(None) => return,
                Err(error) => {
                    refused.get_or_insert(error);
                    if !goes_on {
                        return;
                    }
                }
            }
        };
        for chunk in &chunks {
            if chunk.is_empty() && framing.waits_for_ready() {
                decoder.handle_quiet();
            }
            decoder.handle_chunk(chunk);
            if goes_on || refused.is_none() {
                drain(&mut decoder, &mut refused);
            }
        }
        if is_ended && (goes_on || refused.is_none()) {
            let ended = decoder.handle_eof().err();
            drain(&mut decoder, &mut refused);
            refused = refused.or(ended);
        }
        Self {
            source,
            chunks,
            is_ended,
            messages,
            refused,
        }
    }

    /// Gives templates what is needed for a test.
    pub(super) fn add_to(&self, values: &mut Values, language: Language) {
        // A file's name may have a backslash, which Java reads in comments too.
        let source = self.source.replace('\\', r"\x5c");
        values.word("source", &literal::comment(&source));
        let all = |pieces: &[Vec<u8>]| {
            let all = pieces.iter().map(|piece| literal::element(piece, language));
            all.collect::<Vec<_>>().join("\n")
        };
        values.flag("chunks", !self.chunks.is_empty());
        values.word("chunks", &all(&self.chunks));
        values.flag("messages", !self.messages.is_empty());
        values.word("messages", &all(&self.messages));
        values.flag("ended", self.is_ended);
        values.flag("refused", self.refused.is_some());
        if let Some(error) = &self.refused {
            values.word("refusal", &literal::comment(&error.to_string()));
        }
    }
}

/// The kind of an error, as the decoders name it that are written here.
pub const fn kind(error: &FrameError) -> &'static str {
    match error {
        FrameError::Negative { .. } => "negative",
        FrameError::TooLarge { .. } => "too-large",
        FrameError::ShorterThanHeader { .. } => "shorter-than-header",
        FrameError::BelowAdjustment { .. } => "below-adjustment",
        FrameError::EndlessVarint { .. } => "endless-varint",
        FrameError::Unexpected { .. } => "unexpected",
        FrameError::Checksum { .. } => "checksum",
        FrameError::Undecodable { .. } => "undecodable",
        FrameError::NotJson { .. } => "not-json",
        FrameError::NonNumeric { .. } => "non-numeric",
        FrameError::Leftover { .. } => "leftover",
        FrameError::Truncated { .. } => "truncated",
    }
}
