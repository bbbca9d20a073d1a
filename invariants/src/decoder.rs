//! Decoders, of every framing, with any settings and the stream cut anywhere.
//!
//! Input: the framing's settings, the sizes of the chunks, the stream.

use std::ops::Range;

use protocol::framing::{
    Byte, Checksum, Covers, Decode, Decoder, Delimiter, Endian, Escaping, FixedSize, Frame,
    FrameError, Framing, LengthPrefix, MAX_MAXIMUM, Mark, Marked, Marks, READY, Width,
};

use crate::input::{Input, chunks};

mod reference;
mod resynchronising;

/// What a stream comes out as: frames, and the error that ended it, if one did.
type Outcome = (Vec<Frame>, Option<FrameError>);

/// Frames do not depend on the cuts and are those of a decoder that sees the
/// whole stream at once; they tile it; an error stays, or is given once where the framing
/// goes on behind it; what was encoded comes out as it was.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let framing = framing(&mut input);
    let sizes = input.bytes();
    let stream = input.rest();
    let cuts = chunks(stream, sizes);
    if framing.resynchronises() {
        resynchronising::check(&framing, stream, &cuts);
        check_round_trip(&framing, &cuts, sizes);
        return;
    }
    let decoded = decode(&framing, &cuts);
    check_tiles(&framing, stream, &cuts, &decoded);
    match &framing {
        Framing::None => check_chunks(&cuts, &decoded),
        Framing::ReadyAck(_) => check_digits(&framing, stream, sizes, &decoded),
        _ => check_same(&decoded, &reference::decode(&framing, stream)),
    }
    check_round_trip(&framing, &cuts, sizes);
}

/// Any framing that passes `validate`, or is refused by it.
pub(crate) fn framing(input: &mut Input<'_>) -> Framing {
    let all = Framing::all();
    let kind = input.below(all.len());
    let maximum = input.small();
    let mut framing = all[kind].clone().with_at_most(maximum);
    #[allow(
        clippy::match_wildcard_for_single_variants,
        reason = "a framing that is added need not be named here"
    )]
    match &mut framing {
        Framing::ReadyAck(ready) => ready.maximum = maximum,
        Framing::LengthPrefix(prefix) => {
            *prefix = LengthPrefix {
                width: input.pick(&Width::ALL),
                endian: input.pick(&Endian::ALL),
                signed: input.flag(),
                counts_header: input.flag(),
                maximum,
                ..LengthPrefix::default()
            };
            if input.flag() {
                around(prefix, input);
                prefix.resynchronise = input.flag();
            }
        }
        Framing::Delimiter(mark) => {
            let first = Mark::from(input.bytes());
            *mark = Delimiter {
                delimiter: Marks::new([first]),
                maximum,
                ..Delimiter::default()
            };
            if input.flag() {
                let others = [input.bytes(), input.bytes()].map(Mark::from);
                mark.delimiter = Marks::new(mark.delimiter.iter().cloned().chain(others));
                mark.escape = input.flag().then(|| Byte(input.byte()));
                mark.resynchronise = input.flag();
            }
        }
        Framing::Marked(marked) => {
            *marked = Marked {
                start: input.flag().then(|| Byte(input.byte())),
                end: Byte(input.byte()),
                escape: Byte(input.byte()),
                escaping: input.pick(&Escaping::ALL),
                resynchronise: input.flag(),
                maximum,
            }
        }
        Framing::FixedSize(fixed) => {
            *fixed = FixedSize {
                size: maximum,
                pad: input.byte(),
                maximum: input.small(),
            }
        }
        Framing::Cobs(cobs) => cobs.resynchronise = input.flag(),
        // Framing::None, and a framing whose settings nobody varies here.
        _ => {}
    }
    // A larger maximum can't be read from a file.
    framing.with_at_most(MAX_MAXIMUM)
}

/// Whether a header stays with its message: what comes out is not what was sent.
pub(crate) fn keeps_header(framing: &Framing) -> bool {
    match framing {
        Framing::LengthPrefix(prefix) => match (prefix.strip, prefix.width) {
            (Some(strip), Width::Bytes(width)) => strip < prefix.offset + u32::from(width),
            (strip, _) => strip.is_some(),
        },
        _ => false,
    }
}

/// What stands around a length and its body.
fn around(prefix: &mut LengthPrefix, input: &mut Input<'_>) {
    prefix.magic = Mark::from(input.bytes());
    prefix.offset = input.byte().into();
    prefix.adjustment = i32::from(input.byte()) - 128;
    prefix.strip = input.flag().then(|| input.byte().into());
    prefix.separator = Mark::from(input.bytes());
    prefix.trailer = input.byte().into();
    prefix.checksum = input.pick(&Checksum::ALL);
    prefix.covers = input.pick(&Covers::ALL);
    prefix.checksum_endian = input.flag().then(|| input.pick(&Endian::ALL));
}

/// Feeds `cuts` to a decoder, polls it dry behind each, ends the stream.
fn decode(framing: &Framing, cuts: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(framing);
    let mut frames = Vec::new();
    for chunk in cuts {
        decoder.handle_chunk(chunk);
        if let Err(error) = drain(&mut decoder, stream_len(cuts), &mut frames) {
            check_sticky(decoder, &error);
            return (frames, Some(error));
        }
    }
    let ended = decoder.handle_eof().err();
    // What only the end completes.
    let most = frames.len() + stream_len(cuts);
    let refused = drain(&mut decoder, most, &mut frames).err();
    if let Some(error) = refused {
        check_sticky(decoder, &error);
        return (frames, Some(error));
    }
    assert_eq!(decoder.is_mid_frame(), ended.is_some(), "{ended:?}");
    (frames, ended)
}

fn stream_len(cuts: &[&[u8]]) -> usize {
    cuts.iter().map(|chunk| chunk.len()).sum()
}

/// Takes out all frames. There are no more than bytes came: none is empty
/// altogether, and a decoder that makes no progress yields none.
fn drain(decoder: &mut Decoder, bytes: usize, frames: &mut Vec<Frame>) -> Result<(), FrameError> {
    // Bytes from before may be frames now that a length was answered.
    let most = frames.len() + bytes + 1;
    while let Some(frame) = decoder.poll_frame()? {
        frames.push(frame);
        assert!(frames.len() <= most, "frames of no bytes: {frames:?}");
    }
    assert_eq!(decoder.poll_frame(), Ok(None), "no means no");
    Ok(())
}

fn check_sticky(mut decoder: Decoder, error: &FrameError) {
    decoder.handle_chunk(b"5\n\0\0\0\x01");
    decoder.handle_quiet();
    assert!(!decoder.awaits_quiet());
    assert_eq!(decoder.poll_frame().as_ref(), Err(error));
    assert_eq!(decoder.handle_eof().as_ref(), Err(error));
}

/// Frames follow each other without a gap, hold what the stream has there,
/// and errors are about a place in it.
fn check_tiles(framing: &Framing, stream: &[u8], cuts: &[&[u8]], (frames, error): &Outcome) {
    let place = |range: Range<protocol::Offset>| {
        let at = |offset: protocol::Offset| usize::try_from(offset.0).expect("in memory");
        at(range.start)..at(range.end)
    };
    let mut end = 0;
    for frame in frames {
        let range = place(frame.range());
        assert_eq!(range.start, end, "{frames:?}");
        // What is escaped is longer than what it means.
        if frame.size == frame.body.len() {
            assert_eq!(stream[place(frame.body_range())], frame.body);
        }
        assert!(frame.size >= frame.body.len());
        end = range.end;
    }
    match error {
        None => assert!(
            is_idle(framing, &stream[end..]),
            "bytes were lost: {cuts:?}"
        ),
        Some(error) => {
            let at = error.offset().0;
            assert!((end as u64..=stream.len() as u64).contains(&at), "{error}");
        }
    }
}

/// Whether the bytes behind the last frame may belong to none: marks or white space that
/// the next frame would have in front.
fn is_idle(framing: &Framing, rest: &[u8]) -> bool {
    match framing {
        Framing::Json(_) => rest.trim_ascii().is_empty(),
        Framing::Cobs(_) => rest.iter().all(|byte| *byte == 0),
        Framing::Marked(marked) => rest.iter().all(|byte| *byte == marked.end.0),
        _ => rest.is_empty(),
    }
}

/// Without framing each chunk is a message.
fn check_chunks(cuts: &[&[u8]], (frames, error): &Outcome) {
    let bodies: Vec<&[u8]> = frames.iter().map(|frame| &frame.body[..]).collect();
    assert_eq!(bodies, cuts);
    assert_eq!(*error, None);
}

/// The same frames, and an error of the same kind at the same offset: how
/// much of a length or a message had come by then is up to the cuts.
fn check_same((frames, error): &Outcome, (expected, because): &Outcome) {
    assert_eq!(frames, expected);
    let kind = |error: &FrameError| (std::mem::discriminant(error), error.offset());
    assert_eq!(error.as_ref().map(kind), because.as_ref().map(kind));
    if let (Some(FrameError::Truncated { .. }), Some(_)) = (error, because) {
        assert_eq!(error, because);
    }
}

/// ready-ack: a length ends where the sender pauses. Between two pauses
/// silences the cuts change nothing.
fn check_digits(framing: &Framing, stream: &[u8], sizes: &[u8], whole: &Outcome) {
    // The length is never answered, so no frame follows.
    assert_eq!(whole.0, []);
    let (cut, glued) = (
        converse(framing, stream, sizes, true),
        converse(framing, stream, sizes, false),
    );
    assert_eq!(cut.0, glued.0);
    let kind = |error: &FrameError| (std::mem::discriminant(error), error.offset());
    assert_eq!(cut.1.as_ref().map(kind), glued.1.as_ref().map(kind));
    for frame in &cut.0 {
        let start = usize::try_from(frame.start.0).expect("in memory");
        let header = std::str::from_utf8(&stream[start..start + frame.header]);
        let digits = header.expect("ASCII").trim_end();
        let length: usize = digits.parse().expect("digits and a line ending");
        assert_eq!(length, frame.body.len());
    }
}

/// The sender pauses behind each chunk of an odd size; each such stretch
/// comes in the pieces of two bytes, or as one.
fn converse(framing: &Framing, stream: &[u8], sizes: &[u8], cut: bool) -> Outcome {
    let mut decoder = Decoder::new(framing);
    let mut frames = Vec::new();
    for stretch in chunks(stream, sizes) {
        let pieces = stretch.chunks(if cut { 2 } else { stretch.len() });
        for piece in pieces {
            decoder.handle_chunk(piece);
            if let Err(error) = drain(&mut decoder, piece.len(), &mut frames) {
                return (frames, Some(error));
            }
        }
        if decoder.awaits_quiet() && stretch.len() % 2 == 1 {
            decoder.handle_quiet();
        }
        if let Err(error) = drain(&mut decoder, 0, &mut frames) {
            return (frames, Some(error));
        }
        if let Some(reply) = decoder.poll_reply() {
            assert_eq!(reply, READY);
            assert!(decoder.is_mid_frame() && !decoder.awaits_quiet());
        }
        assert_eq!(decoder.poll_reply(), None, "it is owed once");
        if let Err(error) = drain(&mut decoder, 0, &mut frames) {
            return (frames, Some(error));
        }
    }
    (frames, decoder.handle_eof().err())
}

/// The messages that can be sent come out again, however the stream is cut.
fn check_round_trip(framing: &Framing, messages: &[&[u8]], sizes: &[u8]) {
    // What a framing fills up is not worth more than this.
    const MOST: usize = 64 * 1024;
    if framing.waits_for_ready() || matches!(framing, Framing::None) {
        return;
    }
    if keeps_header(framing) || framing.body_length(0) > MOST {
        return;
    }
    let (mut stream, mut sent) = (Vec::new(), Vec::new());
    for message in messages.iter().filter(|_| framing.validate().is_ok()) {
        if let Ok(parts) = framing.parts(message) {
            stream.extend_from_slice(&parts.header);
            stream.extend_from_slice(&parts.body);
            sent.push(*message);
        }
        if stream.len() > MOST {
            break;
        }
    }
    let (frames, error) = decode(framing, &chunks(&stream, sizes));
    let bodies: Vec<&[u8]> = frames.iter().map(|frame| &frame.body[..]).collect();
    assert_eq!((bodies, error), (sent, None));
}
