//! Bytes as they are shown: text where it can be, else in hex, so that neither can
//! be taken for the other or for a boundary.

use std::collections::BTreeSet;
use std::ops::Range;

use protocol::Offset;
use trace::lane::Lane;

use super::row::{BOUNDARY, Place, index};
use super::screen::{Screen, char_width};
use crate::printable;

/// A byte as it is shown in every row of its lane. A character's first byte has all
/// of it, and the others have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) text: String,
    pub(super) columns: usize,
}

/// What stands for what is gone, for a space, for nothing and for a byte that is not known.
pub(super) const GONE: char = '×';
pub(super) const SPACE: char = '␠';
pub(super) const NOTHING: char = '∅';
pub(super) const UNKNOWN: char = '░';
/// In front of two digits of hex, and of what [`ESCAPES`] has.
pub(super) const HEX: char = '\\';

/// Characters of text that are written as two, because they are obeyed or look like something
/// else. None of the second ones is a digit of hex.
const ESCAPES: [(char, char); 5] = [
    ('\n', 'n'),
    ('\r', 'r'),
    ('\t', 't'),
    (HEX, HEX),
    ('|', '|'),
];

/// Characters that are shown in hex, because they mean or look like something else.
const TAKEN: &[char] = &[
    BOUNDARY, GONE, SPACE, NOTHING, UNKNOWN, HEX, '|', '┃', '┆', '┇', '┊', '┋', '╎', '╏', '║', '¦',
    '∣', 'ǀ', '❘', '❙', '￨', '｜', '＼', '⧵',
];

/// The lane's bytes. What is no text by its nature (challenge, answer, binary
/// length) is all in hex, and so is a character that a boundary of any row divides.
pub(super) fn glyphs(lane: &Lane, edges: &BTreeSet<Place>, screen: Screen) -> Vec<Glyph> {
    let length = index(lane.end());
    let rest = |at: usize| {
        let offset = Offset(at as u64);
        lane.slice(offset..offset + 4)
    };
    glyphs_of(length, rest, &binary(lane, 0..length), edges, screen)
}

/// The same of a part of a lane with so many bytes, from which edges count: `rest` gives
/// those from a place on, none where that one is not known. `binary` tells which bytes are
/// no text by their nature, and has one for each.
pub(super) fn glyphs_of<'a>(
    length: usize,
    rest: impl Fn(usize) -> &'a [u8],
    binary: &[bool],
    edges: &BTreeSet<Place>,
    screen: Screen,
) -> Vec<Glyph> {
    let mut glyphs = Vec::with_capacity(length);
    while glyphs.len() < length {
        let at = glyphs.len();
        let rest = rest(at);
        let Some(&byte) = rest.first() else {
            glyphs.push(Glyph {
                text: UNKNOWN.to_string(),
                columns: 1,
            });
            continue;
        };
        let character = character(&rest[..rest.len().min(4)]);
        let length = character.map_or(1, char::len_utf8);
        let is_text = !binary[at..at + length].contains(&true);
        let shown = character.filter(|&character| {
            let inside = (at as u64 + 1, 0)..(at as u64 + length as u64, 0);
            is_text && is_shown(character, screen) && edges.range(inside).next().is_none()
        });
        if let Some(text) = character.filter(|_| is_text).and_then(escaped) {
            glyphs.push(Glyph { text, columns: 2 });
            continue;
        }
        let Some(character) = shown else {
            glyphs.push(hex(byte));
            continue;
        };
        let shown = if character == ' ' { SPACE } else { character };
        glyphs.push(Glyph {
            text: shown.to_string(),
            columns: char_width(shown).unwrap_or(1),
        });
        glyphs.resize(at + length, Glyph::default());
    }
    glyphs
}

fn hex(byte: u8) -> Glyph {
    Glyph {
        text: format!("{HEX}{byte:02x}"),
        columns: 3,
    }
}

/// A character as it is escaped, if it is one of those that are.
pub(super) fn escaped(character: char) -> Option<String> {
    let (_, name) = ESCAPES.iter().find(|(escaped, _)| *escaped == character)?;
    Some([HEX, *name].iter().collect())
}

/// The character that `bytes` begin with.
fn character(bytes: &[u8]) -> Option<char> {
    let valid = bytes.utf8_chunks().next()?.valid();
    valid.chars().next()
}

/// Whether a character is shown as itself.
pub(super) fn is_shown(character: char, screen: Screen) -> bool {
    (character.is_ascii() || screen.is_utf8())
        && (character != ' ' || screen.is_utf8())
        && !TAKEN.contains(&character)
        && !printable::is_obeyed(character)
        && char_width(character).is_some_and(|columns| columns > 0)
}

/// Which bytes of a window are no text by their nature.
pub(super) fn binary(lane: &Lane, window: Range<usize>) -> Vec<bool> {
    let mut binary = vec![false; window.len()];
    let index = |offset: Offset| index(offset).clamp(window.start, window.end) - window.start;
    for message in &lane.messages {
        let start = message.range().start;
        let range = if message.kind.is_of_the_handshake() {
            message.range()
        } else {
            start..message.frame.body_range().start
        };
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        if !digits(lane.slice(range.clone()))
            && let Some(bytes) = binary.get_mut(index(range.start)..index(range.end))
        {
            bytes.fill(true);
        }
    }
    binary
}

#[cfg(test)]
mod tests {
    use trace::lane::Direction;

    use super::*;
    use crate::lessons::Language;

    fn check(bytes: &[u8], edges: &[u64], is_utf8: bool, expected: &[&str]) {
        let experiment = trace::Experiment::new(protocol::System::TcpEcho, &[]);
        let mut trace = trace::Trace::new(
            experiment,
            trace::link::Head::new("", trace::link::Capture::On),
        );
        trace.insert(trace::Event {
            bytes: bytes.to_vec(),
            ..trace::Event::new(
                protocol::Nanos(0),
                trace::ClientId::FIRST.opener(),
                trace::Call::Send,
            )
        });
        let analysis = trace::Analysis::new(&trace);
        let id = trace::ClientId::FIRST.connection(0);
        let lane = analysis.lane(id, Direction::FromOpener).unwrap();
        let edges = edges.iter().map(|&at| (at, 0)).collect();
        let screen = Screen::new(80, Language::ENGLISH, is_utf8);
        let glyphs = glyphs(lane, &edges, screen);
        assert_eq!(glyphs.len(), bytes.len());
        let texts: Vec<_> = glyphs.iter().map(|glyph| glyph.text.as_str()).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn text_hex_and_boundaries_are_never_the_same() {
        check(b"e7 ", &[], true, &["e", "7", "␠"]);
        check(b"e7 ", &[], false, &["e", "7", r"\20"]);
        check(b"\xe7\x00", &[], true, &[r"\e7", r"\00"]);
        for is_utf8 in [true, false] {
            check(b"a\r\n\t", &[], is_utf8, &["a", r"\r", r"\n", r"\t"]);
            check(br"a\|n", &[], is_utf8, &["a", r"\\", r"\|", "n"]);
        }
        check("│".as_bytes(), &[], true, &[r"\e2", r"\94", r"\82"]);
        check("×".as_bytes(), &[], true, &[r"\c3", r"\97"]);
    }

    #[test]
    fn a_character_is_text_where_it_is_whole() {
        check("粘!".as_bytes(), &[], true, &["粘", "", "", "!"]);
        check("粘!".as_bytes(), &[3], true, &["粘", "", "", "!"]);
        check("粘!".as_bytes(), &[2], true, &[r"\e7", r"\b2", r"\98", "!"]);
        check("粘".as_bytes(), &[], false, &[r"\e7", r"\b2", r"\98"]);
        check(&"粘".as_bytes()[..2], &[], true, &[r"\e7", r"\b2"]);
        // Obeyed, or of no width.
        check("\u{202e}".as_bytes(), &[], true, &[r"\e2", r"\80", r"\ae"]);
        check("\u{301}".as_bytes(), &[], true, &[r"\cc", r"\81"]);
    }
}
