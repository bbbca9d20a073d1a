//! What a stream means, read without a decoder.

use protocol::framing::{
    Decode, Decoder, Delimiter, Endian, FixedSize, Frame, FrameError, Framing, LengthPrefix, Width,
};

use super::Outcome;

/// What the bytes mean, read at once and without a decoder where `next` reads the framing.
pub(super) fn decode(framing: &Framing, stream: &[u8]) -> Outcome {
    let mut frames = Vec::new();
    let mut at = 0;
    let error = loop {
        let start = protocol::Offset(at as u64);
        match next(framing, &stream[at..], start) {
            Ok(Some(frame)) => {
                at += frame.header + frame.size + frame.trailer;
                frames.push(frame);
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (frames, error)
}

/// The frame at the start of `rest`; none where nothing is left.
fn next(
    framing: &Framing,
    rest: &[u8],
    start: protocol::Offset,
) -> Result<Option<Frame>, FrameError> {
    if rest.is_empty() {
        return Ok(None);
    }
    let truncated = |at: usize, need| FrameError::Truncated {
        offset: start + at,
        have: rest.len() - at,
        need,
    };
    let too_large = |length, maximum| FrameError::TooLarge {
        offset: start,
        length,
        maximum,
    };
    let frame = |header, body: &[u8], trailer| Frame {
        start,
        header,
        body: body.to_vec().into(),
        size: body.len(),
        trailer,
    };
    match framing {
        Framing::LengthPrefix(prefix) if is_plain(prefix) => {
            let header = match prefix.width {
                Width::Bytes(width) => width.into(),
                Width::Varint | Width::Decimal => unreachable!("not plain"),
            };
            let field = rest.get(..header).ok_or(truncated(0, header))?;
            let length = number(prefix, field);
            let own = if prefix.counts_header { header } else { 0 };
            if length < 0 {
                return Err(FrameError::Negative {
                    offset: start,
                    length,
                });
            }
            let body = length - own as i128;
            if body < 0 {
                return Err(FrameError::ShorterThanHeader {
                    offset: start,
                    length,
                    header,
                });
            }
            if body > i128::from(prefix.maximum) {
                return Err(too_large(length, prefix.maximum));
            }
            let body = usize::try_from(body).expect("32 bits");
            let message = rest[header..].get(..body).ok_or(truncated(header, body))?;
            Ok(Some(frame(header, message, 0)))
        }
        Framing::Delimiter(Delimiter {
            delimiter: marks,
            escape: None,
            keep: false,
            maximum,
            ..
        }) if marks.len() == 1 => {
            let delimiter = &marks[0][..];
            let windows = |size: usize| rest.windows(size.max(1));
            let found = windows(delimiter.len()).position(|window| window == delimiter);
            // What can't be the beginning of a delimiter is message.
            let behind = rest.len().saturating_sub(delimiter.len().saturating_sub(1));
            match found.filter(|_| !delimiter.is_empty()) {
                Some(end) if end <= *maximum as usize => {
                    Ok(Some(frame(0, &rest[..end], delimiter.len())))
                }
                Some(end) => Err(too_large(end as i128, *maximum)),
                None if behind > *maximum as usize && !delimiter.is_empty() => {
                    Err(too_large(behind as i128, *maximum))
                }
                None => Err(truncated(0, rest.len() + delimiter.len())),
            }
        }
        Framing::FixedSize(FixedSize { size, pad, maximum }) => {
            let size = *size as usize;
            let whole = rest.get(..size).filter(|whole| !whole.is_empty());
            let mut message = whole.ok_or(truncated(0, size))?;
            while let [shorter @ .., last] = message
                && last == pad
            {
                message = shorter;
            }
            if message.len() > *maximum as usize {
                return Err(too_large(message.len() as i128, *maximum));
            }
            Ok(Some(frame(0, message, size - message.len())))
        }
        // These depend on the cuts, or are not read here: as a decoder has it that
        // sees the rest at once.
        _ => {
            let mut decoder = Decoder::starting_at(framing, start);
            decoder.handle_chunk(rest);
            let frame = decoder.poll_frame()?;
            if frame.is_some() {
                return Ok(frame);
            }
            let ended = decoder.handle_eof();
            match decoder.poll_frame()? {
                None => ended.map(|()| None),
                whole => Ok(whole),
            }
        }
    }
}

/// Whether there is nothing but a length of so many bytes and the body.
fn is_plain(prefix: &LengthPrefix) -> bool {
    let bare = LengthPrefix {
        width: prefix.width,
        endian: prefix.endian,
        signed: prefix.signed,
        counts_header: prefix.counts_header,
        maximum: prefix.maximum,
        ..LengthPrefix::default()
    };
    matches!(prefix.width, Width::Bytes(_)) && *prefix == bare
}

/// A length field, byte by byte.
fn number(prefix: &LengthPrefix, field: &[u8]) -> i128 {
    let mut field = field.to_vec();
    if prefix.endian == Endian::Little {
        field.reverse();
    }
    let value = field
        .iter()
        .fold(0, |value, byte| value << 8 | i128::from(*byte));
    if prefix.signed && field[0] >= 0x80 {
        value - (1 << (8 * field.len()))
    } else {
        value
    }
}
