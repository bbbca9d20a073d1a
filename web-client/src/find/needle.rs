//! What bytes are searched for, and the search itself: that of Knuth, Morris and
//! Pratt, whose time grows with the bytes alone and which can pause behind any
//! byte.

/// Bytes that are searched for; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    /// ASCII letters match in upper and in lower case.
    folds: bool,
    /// For each prefix, the length of the longest shorter prefix that it ends in.
    borders: Vec<usize>,
}

/// What stands behind `0x` is no sequence of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotHex;

impl Needle {
    /// Reads what was typed: text, or behind `0x` hexadecimal digits, two a byte,
    /// with spaces or without. None if nothing was typed.
    pub(super) fn parse(typed: &str) -> Result<Option<Self>, NotHex> {
        let digits = typed.strip_prefix("0x").or(typed.strip_prefix("0X"));
        let (bytes, folds) = match digits {
            Some(digits) => (hex(digits).ok_or(NotHex)?, false),
            None if typed.is_empty() => return Ok(None),
            None => (typed.to_ascii_lowercase().into_bytes(), true),
        };
        Ok(Some(Self {
            borders: borders(&bytes),
            bytes,
            folds,
        }))
    }

    /// Whether text was typed, and no digits of bytes.
    pub(super) const fn is_text(&self) -> bool {
        self.folds
    }

    /// How many of its bytes stand at the end of what was read, if `matched` did
    /// before `byte` was read.
    fn step(&self, mut matched: usize, byte: u8) -> usize {
        let byte = if self.folds {
            byte.to_ascii_lowercase()
        } else {
            byte
        };
        while matched > 0 && self.bytes[matched] != byte {
            matched = self.borders[matched - 1];
        }
        matched + usize::from(self.bytes[matched] == byte)
    }

    /// Reads on in `bytes`; tells whether all of it was found. `matched` is 0 at the
    /// start, and kept between two pieces of the same bytes.
    pub(super) fn is_in(&self, bytes: &[u8], matched: &mut usize) -> bool {
        for &byte in bytes {
            *matched = self.step(*matched, byte);
            if *matched == self.bytes.len() {
                return true;
            }
        }
        false
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = digits
        .chars()
        .filter(|c| *c != ' ')
        .map(|c| c.to_digit(16))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2))?;
    let bytes = digits.chunks_exact(2).map(|two| two[0] * 16 + two[1]);
    bytes.map(|byte| u8::try_from(byte).ok()).collect()
}

fn borders(bytes: &[u8]) -> Vec<usize> {
    let mut borders = vec![0; bytes.len()];
    let mut length = 0;
    for end in 1..bytes.len() {
        while length > 0 && bytes[length] != bytes[end] {
            length = borders[length - 1];
        }
        length += usize::from(bytes[length] == bytes[end]);
        borders[end] = length;
    }
    borders
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(typed: &str, bytes: &[u8]) -> bool {
        let needle = Needle::parse(typed).unwrap().unwrap();
        needle.is_in(bytes, &mut 0)
    }

    #[test]
    fn text_is_found_in_upper_and_lower_case_and_hex_exactly() {
        assert!(found("HELLO", b"say hello"));
        assert!(found("粘", "粘包".as_bytes()));
        assert!(!found("粘", &"粘".as_bytes()[..2]));
        assert!(found("0x00 ff", &[1, 0, 0xff]));
        assert!(found("0X6c6C6f", b"hello"));
        assert!(!found("0x48", b"hello"));
        assert!(found("aab", b"aaaab"));
        assert!(found("abcabd", b"abcabcabd"));
    }

    #[test]
    fn what_is_typed_may_be_nothing_or_no_hex_yet() {
        assert_eq!(Needle::parse(""), Ok(None));
        for typed in ["0x", "0x ", "0x6", "0x6g", "0x+1", "0x粘粘"] {
            assert_eq!(Needle::parse(typed), Err(NotHex), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds_in_whatever_pieces(
            needle in "[ab]{1,6}",
            bytes in "[abB]{0,40}",
            cuts in prop::collection::vec(0_usize..41, 0..5),
        ) {
            let parsed = Needle::parse(&needle).unwrap().unwrap();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut matched = 0;
            let pieces = cuts.windows(2).map(|two| &bytes.as_bytes()[two[0]..two[1]]);
            let found = pieces.into_iter().any(|piece| parsed.is_in(piece, &mut matched));
            prop_assert_eq!(found, bytes.to_ascii_lowercase().contains(&needle));
        }
    }
}
