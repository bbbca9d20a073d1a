//! What several runs of a program have in common, where they differ, and whether another one
//! fits.

use std::fmt::Write as _;

use regex::bytes::{Regex, RegexBuilder};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::fitting::{self, Part};

/// Regular expressions: what they match does not count.
#[derive(Clone, Debug, Default)]
pub struct Masks(Vec<Regex>);

/// Bytes of memory that one may take, compiled.
const MOST_OF_ONE: usize = 1 << 20;

impl Masks {
    /// One mask more.
    ///
    /// # Errors
    ///
    /// If it is no regular expression, or too large a one.
    pub fn add(&mut self, expression: &str) -> Result<(), regex::Error> {
        let mut builder = RegexBuilder::new(expression);
        let built = builder.multi_line(true).size_limit(MOST_OF_ONE).build()?;
        self.0.push(built);
        Ok(())
    }

    /// The bytes without what does not count.
    pub fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut left = bytes.to_vec();
        for mask in &self.0 {
            left = mask.replace_all(&left, &b""[..]).into_owned();
        }
        left
    }
}

/// A part of what runs have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// These bytes.
    Same(Vec<u8>),
    /// Bytes that are different each time.
    Differs(Class),
}

/// What bytes that differ are made of: the fewest that have all that were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Digits,
    Hexadecimal,
    Word,
    Line,
    Any,
}

impl Class {
    fn of(bytes: &[u8]) -> Self {
        let all = |is: fn(&u8) -> bool| bytes.iter().all(is);
        if all(u8::is_ascii_digit) {
            Self::Digits
        } else if all(u8::is_ascii_hexdigit) {
            Self::Hexadecimal
        } else if all(|byte| is_word(*byte)) {
            Self::Word
        } else if is_printable(bytes) {
            Self::Line
        } else {
            Self::Any
        }
    }

    /// Whether a byte is of it.
    const fn test(self) -> fn(u8) -> bool {
        match self {
            Self::Digits => |byte| byte.is_ascii_digit(),
            Self::Hexadecimal => |byte| byte.is_ascii_hexdigit(),
            Self::Word => is_word,
            Self::Line => |byte| byte != b'\n',
            Self::Any => |_| true,
        }
    }

    const fn expression(self) -> &'static str {
        match self {
            Self::Digits => "[0-9]*",
            Self::Hexadecimal => "[0-9A-Fa-f]*",
            Self::Word => "[0-9A-Za-z_]*",
            Self::Line => r"[^\n]*",
            Self::Any => r"[\x00-\xff]*",
        }
    }
}

/// What several runs have in common. Bytes that differ between them are masked: any others
/// of the same kind (digits, letters, …) may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// Most parts that two texts are compared in; of longer ones lines are compared, of still
/// longer ones only the beginning and the end.
const MOST_PARTS: usize = 4_096;

impl Template {
    /// One that only these bytes fit.
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            pieces: vec![Piece::Same(bytes.to_vec())],
        }
    }

    /// It was something else this time, which is right as well.
    pub fn learn(&mut self, bytes: &[u8]) {
        if self.fits(bytes) {
            return;
        }
        let flat = |pieces: &[Piece]| {
            pieces.iter().fold(Vec::new(), |mut all, piece| {
                if let Piece::Same(bytes) = piece {
                    all.extend(bytes);
                }
                all
            })
        };
        let is_long = parts(&flat(&self.pieces), false)
            .len()
            .max(parts(bytes, false).len())
            > MOST_PARTS;
        let mut known = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Same(bytes) => {
                    let parts = parts(bytes, is_long).into_iter();
                    known.extend(parts.map(|part| Piece::Same(part.to_vec())));
                }
                Piece::Differs(class) => known.push(Piece::Differs(*class)),
            }
        }
        let found: Vec<_> = parts(bytes, is_long)
            .into_iter()
            .map(|part| Piece::Same(part.to_vec()))
            .collect();
        self.pieces = join(merge(&known, &found));
    }

    /// Whether bytes fit.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        let parts = self.pieces.iter().map(|piece| match piece {
            Piece::Same(same) => Part::Same(same),
            Piece::Differs(class) => Part::Some(class.test()),
        });
        fitting::fits(bytes, &parts.collect::<Vec<_>>())
    }

    /// Its bytes; none where some are masked.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &*self.pieces {
            [Piece::Same(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// How many places are masked.
    pub fn masked(&self) -> usize {
        let differs = |piece: &&Piece| matches!(piece, Piece::Differs(_));
        self.pieces.iter().filter(differs).count()
    }

    /// How many bytes are the same every time.
    pub(crate) fn same(&self) -> usize {
        let same = self.pieces.iter().map(|piece| match piece {
            Piece::Same(bytes) => bytes.len(),
            Piece::Differs(_) => 0,
        });
        same.sum()
    }

    /// Whether it says nothing: hardly anything is the same every time.
    pub fn is_loose(&self) -> bool {
        /// Bytes that are the same beside each place that differs, if these say something:
        /// of random bytes a few are the same by chance.
        const SAYING: usize = 3;
        self.masked() > 0 && self.same() <= SAYING * self.masked()
    }

    /// Its lines, each a template.
    pub fn lines(&self) -> Vec<Self> {
        let mut lines = vec![Vec::new()];
        for piece in &self.pieces {
            match piece {
                Piece::Same(bytes) => {
                    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                        let last = lines.last_mut().expect("there is one");
                        last.push(Piece::Same(line.to_vec()));
                        if line.ends_with(b"\n") {
                            lines.push(Vec::new());
                        }
                    }
                }
                Piece::Differs(_) => lines.last_mut().expect("there is one").push(piece.clone()),
            }
        }
        lines.retain(|pieces| !pieces.is_empty());
        lines.into_iter().map(|pieces| Self { pieces }).collect()
    }

    /// As a regular expression that the whole of a text has to match, as Python, Rust and
    /// others read it, over bytes.
    pub fn pattern(&self) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Same(bytes) => {
                    for &byte in bytes {
                        if byte.is_ascii_alphanumeric() || byte == b' ' {
                            text.push(char::from(byte));
                        } else {
                            let _ = write!(text, "\\x{byte:02x}");
                        }
                    }
                }
                Piece::Differs(class) => text += class.expression(),
            }
        }
        text
    }
}

/// Words, numbers and single other bytes; or lines.
fn parts(bytes: &[u8], lines: bool) -> Vec<&[u8]> {
    if lines {
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        if lines.len() <= MOST_PARTS {
            return lines;
        }
        return vec![bytes];
    }
    bytes
        .chunk_by(|one, next| is_word(*one) && is_word(*next))
        .collect()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether bytes are text of one line: others may have any byte next time.
fn is_printable(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r')))
}

/// What two have in common; in between is what differs.
fn merge(known: &[Piece], found: &[Piece]) -> Vec<Piece> {
    // A part that differs equals nothing, as a text never has one.
    let known_keys: Vec<_> = known.iter().map(key).collect();
    let found_keys: Vec<_> = found.iter().map(key).collect();
    let operations = capture_diff_slices(Algorithm::Myers, &known_keys, &found_keys);
    let mut merged = Vec::new();
    for operation in operations {
        if let DiffOp::Equal { old_index, len, .. } = operation {
            merged.extend_from_slice(&known[old_index..old_index + len]);
        } else {
            let class = class(&known[operation.old_range()]);
            let other = self::class(&found[operation.new_range()]);
            merged.push(Piece::Differs(class.max(other)));
        }
    }
    merged
}

fn key(piece: &Piece) -> Option<&[u8]> {
    match piece {
        Piece::Same(bytes) => Some(bytes),
        Piece::Differs(_) => None,
    }
}

/// What pieces that follow each other are made of.
fn class(pieces: &[Piece]) -> Class {
    let mut bytes = Vec::new();
    let mut class = Class::Digits;
    for piece in pieces {
        match piece {
            Piece::Same(same) => bytes.extend(same),
            Piece::Differs(other) => class = class.max(*other),
        }
    }
    class.max(Class::of(&bytes))
}

/// Pieces of a kind that follow each other become one.
fn join(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Same(last)), Piece::Same(next)) => last.extend(next),
            (Some(Piece::Differs(last)), Piece::Differs(next)) => *last = (*last).max(next),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[&[u8]], fits: &[&[u8]], misfits: &[&[u8]]) {
        let mut template = Template::new(samples[0]);
        for sample in &samples[1..] {
            template.learn(sample);
        }
        for bytes in samples.iter().chain(fits) {
            let text = String::from_utf8_lossy(bytes);
            assert!(template.fits(bytes), "{text:?} {template:?}");
        }
        for bytes in misfits {
            let text = String::from_utf8_lossy(bytes);
            assert!(!template.fits(bytes), "{text:?} {template:?}");
        }
    }

    #[test]
    fn what_is_always_the_same_has_to_be() {
        check(
            &[b"hello\n", b"hello\n"],
            &[],
            &[b"hell\n", b"", b"hello\nx"],
        );
        check(&[b""], &[], &[b"x"]);
    }

    #[test]
    fn numbers_that_differ_may_be_others() {
        check(
            &[
                b"('127.0.0.1', 40001)\nHELLO\n",
                b"('127.0.0.1', 39752)\nHELLO\n",
            ],
            &[b"('127.0.0.1', 5)\nHELLO\n"],
            &[
                b"('127.0.0.2', 40001)\nHELLO\n",
                b"('127.0.0.1', 40001)\nHELL\n",
                b"('127.0.0.1', abc)\nHELLO\n",
            ],
        );
    }

    #[test]
    fn bytes_that_differ_as_a_challenge_does_may_be_any() {
        check(
            &[b"\xc3\x28\x01\n\xffOK", b"\x17ab \x80\x81OK"],
            &[b"\x99OK"],
            &[b"\xc3\x28\x01\n\xffNO"],
        );
    }

    #[test]
    fn binary_bytes_that_differ_may_be_a_line_feed_and_text_may_not() {
        check(
            &[b"id \x01\x02\x03;", b"id \x90\x17\x80;"],
            &[b"id \n\x00\n;"],
            &[b"ix \n\x00\n;"],
        );
        check(
            &["<粘;>".as_bytes(), "<à!>".as_bytes()],
            &["<ü>".as_bytes(), b"<?>"],
            &[b"<\n>"],
        );
    }

    #[test]
    fn a_third_sample_widens_what_two_had() {
        check(
            &[b"at 1: ok", b"at 2: ok", b"at a: ok"],
            &[b"at b: ok", b"at 77: ok"],
            &[b"at !: ok", b"at 7: no"],
        );
    }

    #[test]
    fn lines_of_a_template_are_templates() {
        let mut template = Template::new(b"port 1\nhello\n");
        template.learn(b"port 2\nhello\n");
        let lines = template.lines();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].fits(b"port 9\n") && lines[1].fits(b"hello\n"));
        assert_eq!(template.pattern(), r"port [0-9]*\x0ahello\x0a");
        assert_eq!(template.masked(), 1);
    }

    #[test]
    fn a_mask_takes_away_what_it_matches() {
        let mut masks = Masks::default();
        masks.add(r"took \d+ ms").unwrap();
        masks.add("^#.*$").unwrap();
        assert_eq!(masks.apply(b"a took 5 ms b\n# x\ny"), b"a  b\n\ny");
        assert!(masks.add("(").is_err());
    }

    proptest::proptest! {
        #[test]
        fn whatever_was_learned_fits(samples in proptest::collection::vec(
            proptest::collection::vec(0_u8..=255, 0..40), 1..5)) {
            let mut template = Template::new(&samples[0]);
            for sample in &samples {
                template.learn(sample);
            }
            for sample in &samples {
                assert!(template.fits(sample), "{sample:?} {template:?}");
            }
        }
    }
}
