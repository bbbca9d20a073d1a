//! What is behind a refusal: what the bytes look like, and with which setting they would
//! have been messages.

use protocol::framing::{Clue, Decode as _, Endian, LengthPrefix, Width};
use protocol::{Decoder, FrameError, Framing, Offset};

use crate::lane::{Lane, MessageKind};
use crate::text::Sentence;

/// Most bytes that are decoded again with other settings.
const MOST: usize = 64 * 1024;

/// What is to be said of why this lane's reader refused it, beside the refusal.
pub fn clues(lane: &Lane, framing: &Framing) -> Vec<Sentence> {
    let Some(failure) = &lane.failure else {
        return Vec::new();
    };
    let mut sentences = Vec::new();
    // Of other framings' refusals the bytes are no length.
    let field = match (framing, &failure.error) {
        (
            Framing::LengthPrefix(_),
            error @ (FrameError::Negative { .. }
            | FrameError::TooLarge { .. }
            | FrameError::ShorterThanHeader { .. }
            | FrameError::BelowAdjustment { .. }
            | FrameError::EndlessVarint { .. }),
        ) => Some(error.offset()),
        _ => None,
    };
    let clue = if let Some(at) = field {
        Clue::of(framing, lane.slice(at..lane.end()))
    } else {
        // The frame that was refused begins behind the last message.
        let start = lane.messages.last().map_or(Offset(0), |m| m.range().end);
        let clue = Clue::of(framing, lane.slice(start..lane.end()));
        // Text may well stand there, and numbers in any order.
        clue.filter(|clue| matches!(clue, Clue::Http(_) | Clue::Tls | Clue::Ssh))
    };
    sentences.extend(clue.iter().map(said));
    sentences.extend(other_settings(lane, framing));
    sentences
}

fn said(clue: &Clue) -> Sentence {
    match clue {
        Clue::Http(text) => Sentence::new("clue.http").with("text", text.clone()),
        Clue::Tls => Sentence::new("clue.tls"),
        Clue::Ssh => Sentence::new("clue.ssh"),
        Clue::Text(text) => Sentence::new("clue.text").with("text", on_one_line(text)),
        Clue::OtherEndian { endian, length } => Sentence::new(match endian {
            Endian::Big => "clue.big-endian",
            Endian::Little => "clue.little-endian",
        })
        .with("n", *length),
    }
}

/// A text whose ends of lines are written as in the lanes.
fn on_one_line(text: &str) -> String {
    let text = text.replace('\r', "\\r").replace('\n', "\\n");
    text.replace('\t', "\\t")
}

/// The setting with which all bytes are whole messages, if changing one is enough.
fn other_settings(lane: &Lane, framing: &Framing) -> Option<Sentence> {
    let Framing::LengthPrefix(prefix) = framing else {
        return None;
    };
    let mut shaken = lane.messages.iter();
    let start = shaken
        .rfind(|message| message.kind != MessageKind::Message)
        .map_or(Offset(0), |message| message.range().end);
    let bytes = lane.slice(start..lane.end());
    if bytes.is_empty() || bytes.len() > MOST || lane.bytes.unknown() > 0 {
        return None;
    }
    variants(prefix).into_iter().find_map(|(setting, variant)| {
        let is_of_header = variant.counts_header && !prefix.counts_header;
        let header = match variant.width {
            Width::Bytes(width) => variant.offset as usize + usize::from(width),
            Width::Varint | Width::Decimal => 0,
        };
        let is_of_width = variant.width != prefix.width;
        let (messages, is_full) = whole(&Framing::LengthPrefix(variant), bytes)?;
        // One message, or empty ones, may be a coincidence where so many widths are tried.
        if is_of_width && (messages < 2 || !is_full) {
            return None;
        }
        let sentence = if is_of_header {
            Sentence::new("clue.counts-header").with("n", header)
        } else {
            Sentence::new("clue.setting")
        };
        Some(sentence.with("setting", setting).with("messages", messages))
    })
}

/// The same framing with another setting, as it is written.
fn variants(prefix: &LengthPrefix) -> Vec<(String, LengthPrefix)> {
    let mut variants = Vec::new();
    let (endian, word) = match prefix.endian {
        Endian::Little => (Endian::Big, "big"),
        Endian::Big => (Endian::Little, "little"),
    };
    let other = LengthPrefix {
        endian,
        ..prefix.clone()
    };
    variants.push((["endian=", word].concat(), other));
    if matches!(prefix.width, Width::Bytes(_)) {
        let counts_header = !prefix.counts_header;
        let other = LengthPrefix {
            counts_header,
            ..prefix.clone()
        };
        let word = if counts_header { "true" } else { "false" };
        variants.push((["counts-header=", word].concat(), other));
    }
    // A wide field fits by chance less often than a narrow one.
    for width in Width::ALL.into_iter().rev() {
        if width != prefix.width && width != Width::Decimal && prefix.strip.is_none() {
            let other = LengthPrefix {
                width,
                ..prefix.clone()
            };
            variants.push((["width=", &width.to_string()].concat(), other));
        }
    }
    if prefix.signed {
        let other = LengthPrefix {
            signed: false,
            ..prefix.clone()
        };
        variants.push(("signed=false".to_owned(), other));
    }
    variants
}

/// How many messages the bytes are with this framing, if they are nothing else, and whether
/// none of them is empty.
fn whole(framing: &Framing, bytes: &[u8]) -> Option<(usize, bool)> {
    framing.validate().ok()?;
    let mut decoder = Decoder::new(framing);
    decoder.handle_chunk(bytes);
    let (mut messages, mut is_full) = (0, true);
    while let Some(frame) = decoder.poll_frame().ok()? {
        messages += 1;
        is_full &= !frame.body.is_empty();
    }
    (messages > 0 && !decoder.is_mid_frame()).then_some((messages, is_full))
}
