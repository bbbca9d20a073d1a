//! Where in a stream a program is likely to be confused by a cut: at the borders of frames,
//! inside headers, delimiters and characters.

use protocol::framing::Decode as _;
use protocol::{Decoder, Framing, Offset};

/// Offsets of a stream behind which a cut is worth trying, each list ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Between two frames.
    pub borders: Vec<u64>,
    /// Inside the header of a frame, and behind it.
    pub headers: Vec<u64>,
    /// In front of what ends a frame, and inside it.
    pub delimiters: Vec<u64>,
    /// Inside a character of UTF-8.
    pub characters: Vec<u64>,
    /// Each frame: its first byte, bytes of its header, of what carries its message, and behind
    /// that.
    pub frames: Vec<[u64; 4]>,
    /// The offset behind the last frame if the rest of the stream is no whole frame.
    pub undecoded_from: Option<u64>,
}

/// The marks of a stream whose messages have a framing.
pub fn marks(bytes: &[u8], framing: &Framing) -> Marks {
    let mut marks = Marks {
        characters: inside_characters(bytes),
        ..Marks::default()
    };
    let total = bytes.len() as u64;
    if matches!(framing, Framing::None) {
        return marks;
    }
    let mut decoder = Decoder::new(framing);
    decoder.handle_chunk(bytes);
    let mut end = Offset(0);
    let mut take = |decoder: &mut Decoder, marks: &mut Marks| {
        while let Ok(Some(frame)) = decoder.poll_frame() {
            let (start, body) = (frame.start.0, frame.body_range());
            let range = frame.range();
            end = range.end;
            marks.frames.push([
                start,
                frame.header as u64,
                frame.size as u64,
                frame.trailer as u64,
            ]);
            marks.headers.extend(start + 1..=body.start.0);
            let trailer = if frame.trailer > 0 {
                body.end.0..range.end.0
            } else {
                0..0
            };
            marks.delimiters.extend(trailer);
            marks.borders.push(range.end.0);
        }
    };
    take(&mut decoder, &mut marks);
    if decoder.handle_eof().is_ok() {
        take(&mut decoder, &mut marks);
    }
    for offsets in [
        &mut marks.borders,
        &mut marks.headers,
        &mut marks.delimiters,
    ] {
        offsets.retain(|offset| *offset > 0 && *offset < total);
        offsets.sort_unstable();
        offsets.dedup();
    }
    marks.undecoded_from = (end.0 < total).then_some(end.0);
    marks
}

/// Offsets inside characters of more than one byte; none of those near bytes that are no UTF-8,
/// where a character is there by chance.
fn inside_characters(bytes: &[u8]) -> Vec<u64> {
    /// How far from such bytes text begins.
    const NEAR: u64 = 8;
    let mut inside = Vec::new();
    let (mut at, mut text_from) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        let end = at + chunk.valid().len() as u64;
        let text_to = match chunk.invalid() {
            [] => end,
            _ => end.saturating_sub(NEAR),
        };
        for character in chunk.valid().chars() {
            let behind = at + character.len_utf8() as u64;
            if at >= text_from && behind <= text_to {
                inside.extend(at + 1..behind);
            }
            at = behind;
        }
        if !chunk.invalid().is_empty() {
            at += chunk.invalid().len() as u64;
            text_from = at + NEAR;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use protocol::framing::{Delimiter, LengthPrefix};

    use super::*;

    #[test]
    fn frames_with_a_length_have_borders_and_headers() {
        let framing = Framing::LengthPrefix(LengthPrefix::default());
        let found = marks(b"\x02\0\0\0hi\x01\0\0\0!", &framing);
        assert_eq!(found.borders, [6]);
        assert_eq!(found.headers, [1, 2, 3, 4, 7, 8, 9, 10]);
        assert_eq!(found.delimiters, [0; 0]);
        assert_eq!(found.frames, [[0, 4, 2, 0], [6, 4, 1, 0]]);
        assert_eq!(found.undecoded_from, None);
        let found = marks(b"\x02\0\0\0hi\x01\0", &framing);
        assert_eq!(found.undecoded_from, Some(6));
    }

    #[test]
    fn lines_have_delimiters() {
        let framing = Framing::Delimiter(Delimiter::default());
        let found = marks(b"a\nbc\n", &framing);
        assert_eq!(found.borders, [2]);
        assert_eq!(found.delimiters, [1, 4]);
    }

    #[test]
    fn characters_have_an_inside() {
        let found = marks("a粘!é".as_bytes(), &Framing::None);
        assert_eq!(found.characters, [2, 3, 6]);
        // Near bytes that are no text a character is chance; behind a header it is none.
        for (bytes, expected) in [
            (&b"\xff\xe7\xb2\xc3\xa9"[..], &[][..]),
            (b"\xc3\xa9\xff", &[]),
            (b"\x02\0\0\0\xc3\xa9", &[5]),
            (b"\xff1234567\xc3\xa9", &[]),
            (b"\xff12345678\xc3\xa9", &[10]),
            (b"\xc3\xa9123456789\xff", &[1]),
        ] {
            assert_eq!(
                marks(bytes, &Framing::None).characters,
                expected,
                "{bytes:x?}"
            );
        }
        assert_eq!(found.frames, [[0; 4]; 0]);
    }
}
