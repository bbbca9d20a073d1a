//! Bytes as one can paste them elsewhere: hexadecimal, text, literals of
//! programming languages. Pure.

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// Two lower-case digits a byte, nothing between them: what `xxd -r -p` and
    /// Python's `bytes.fromhex` read.
    Hex,
    /// As UTF-8; each sequence that is none becomes U+FFFD.
    Text,
    /// A bytes literal of Python 3.
    Python,
    /// A byte string literal of Rust.
    Rust,
    /// A string literal of C, of as many bytes and the NUL that C puts behind it.
    C,
}

impl Notation {
    protocol::all_variants! {
        /// All of them, as the page offers them.
        Hex, Text, Python, Rust, C
    }

    /// As in the `data-copy` attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Text => "text",
            Self::Python => "py",
            Self::Rust => "rs",
            Self::C => "c",
        }
    }
}

/// How a character of text is escaped where text is shown: those that begin a new line or a
/// column, and what stands in front of an escape. None for others.
pub const fn escape(character: char) -> Option<&'static str> {
    Some(match character {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\\' => "\\\\",
        _ => return None,
    })
}

/// Text as it is shown: with its escapes, and `·` for other control characters and for what
/// was no text.
pub fn shown(characters: impl IntoIterator<Item = char>) -> String {
    let mut text = String::new();
    for character in characters {
        match escape(character) {
            Some(escape) => text.push_str(escape),
            None if character.is_control() || character == char::REPLACEMENT_CHARACTER => {
                text.push('·');
            }
            None => text.push(character),
        }
    }
    text
}

/// Writes bytes in a notation.
pub fn write(bytes: &[u8], notation: Notation) -> String {
    match notation {
        Notation::Hex => {
            let mut digits = String::with_capacity(2 * bytes.len());
            for &byte in bytes {
                push_hex(&mut digits, byte);
            }
            digits
        }
        Notation::Text => String::from_utf8_lossy(bytes).into_owned(),
        Notation::Python | Notation::Rust => quoted("b\"", bytes, escape_hex),
        Notation::C => {
            let mut before = 0;
            quoted("\"", bytes, |literal, byte| {
                // Two question marks could begin a trigraph (C17 5.2.1.1).
                if byte == b'?' && before == b'?' {
                    literal.push('\\');
                }
                before = byte;
                escape_octal(literal, byte);
            })
        }
    }
}

/// A literal that begins with `open`, with each byte as `escape` writes it.
fn quoted(open: &str, bytes: &[u8], mut escape: impl FnMut(&mut String, u8)) -> String {
    let mut literal = open.to_owned();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                literal.push('\\');
                literal.push(char::from(byte));
            }
            b'\n' => literal.push_str("\\n"),
            b'\r' => literal.push_str("\\r"),
            b'\t' => literal.push_str("\\t"),
            _ => escape(&mut literal, byte),
        }
    }
    literal.push('"');
    literal
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// In Python and Rust `\x` takes two digits, whatever follows.
fn escape_hex(literal: &mut String, byte: u8) {
    if is_plain(byte) {
        literal.push(char::from(byte));
    } else {
        literal.push_str("\\x");
        push_hex(literal, byte);
    }
}

/// In C `\x` takes as many digits as follow, an octal escape at most three: with
/// three it ends before whatever follows (C17 6.4.4.4).
fn escape_octal(literal: &mut String, byte: u8) {
    if is_plain(byte) {
        literal.push(char::from(byte));
    } else {
        literal.push('\\');
        for shift in [6, 3, 0] {
            literal.push(char::from(b'0' + ((byte >> shift) & 7)));
        }
    }
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hex, text, Python, Rust, C.
    fn check(bytes: &[u8], expected: [&str; 5]) {
        let written = Notation::ALL.map(|notation| write(bytes, notation));
        assert_eq!(written, expected);
    }

    #[test]
    fn bytes_are_written_in_five_ways() {
        check(
            b"hello",
            [
                "68656c6c6f",
                "hello",
                r#"b"hello""#,
                r#"b"hello""#,
                r#""hello""#,
            ],
        );
        check(b"", ["", "", r#"b"""#, r#"b"""#, r#""""#]);
        check(
            "粘".as_bytes(),
            [
                "e7b298",
                "粘",
                r#"b"\xe7\xb2\x98""#,
                r#"b"\xe7\xb2\x98""#,
                r#""\347\262\230""#,
            ],
        );
    }

    #[test]
    fn quotes_backslashes_and_lines_are_escaped() {
        let escaped = r#""a\"\\'\n\r\t""#;
        let behind_b = ["b", escaped].concat();
        check(
            b"a\"\\'\n\r\t",
            [
                "61225c270a0d09",
                "a\"\\'\n\r\t",
                &behind_b,
                &behind_b,
                escaped,
            ],
        );
    }

    #[test]
    fn what_follows_an_escape_is_no_part_of_it() {
        check(
            b"\x001\x07f",
            [
                "00310766",
                "\u{0}1\u{7}f",
                r#"b"\x001\x07f""#,
                r#"b"\x001\x07f""#,
                r#""\0001\007f""#,
            ],
        );
    }

    #[test]
    fn c_has_no_trigraph() {
        check(
            b"??=???/?",
            [
                "3f3f3d3f3f3f2f3f",
                "??=???/?",
                r#"b"??=???/?""#,
                r#"b"??=???/?""#,
                r#""?\?=?\?\?/?""#,
            ],
        );
    }

    #[test]
    fn what_is_no_utf8_is_exact_in_all_but_text() {
        check(
            &[b'a', 0xff, 0x80],
            [
                "61ff80",
                "a\u{fffd}\u{fffd}",
                r#"b"a\xff\x80""#,
                r#"b"a\xff\x80""#,
                r#""a\377\200""#,
            ],
        );
    }

    /// What a compiler of C reads in a string literal (C17 6.4.5).
    fn read_c(literal: &str) -> Vec<u8> {
        assert!(!literal.contains("??"), "a trigraph: {literal}");
        let inside = literal.strip_prefix('"').and_then(|l| l.strip_suffix('"'));
        let mut rest = inside.unwrap().bytes().peekable();
        let mut bytes = Vec::new();
        while let Some(byte) = rest.next() {
            assert!((b' '..=b'~').contains(&byte) && byte != b'"');
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            match rest.next().unwrap() {
                b'n' => bytes.push(b'\n'),
                b'r' => bytes.push(b'\r'),
                b't' => bytes.push(b'\t'),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        if let Some(digit) = rest.next_if(|d| (b'0'..=b'7').contains(d)) {
                            value = value * 8 + u32::from(digit - b'0');
                        }
                    }
                    bytes.push(u8::try_from(value).unwrap());
                }
                plain => {
                    assert!(b"\"\\?".contains(&plain));
                    bytes.push(plain);
                }
            }
        }
        bytes
    }

    /// What Python and Rust read in a literal of bytes.
    fn read_b(literal: &str) -> Vec<u8> {
        let inside = literal
            .strip_prefix("b\"")
            .and_then(|l| l.strip_suffix('"'));
        let mut rest = inside.unwrap().bytes();
        let mut bytes = Vec::new();
        while let Some(byte) = rest.next() {
            assert!((b' '..=b'~').contains(&byte) && byte != b'"');
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            bytes.push(match rest.next().unwrap() {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
                    u8::try_from(digit() * 16 + digit()).unwrap()
                }
                plain => {
                    assert!(b"\"\\".contains(&plain));
                    plain
                }
            });
        }
        bytes
    }

    #[test]
    fn text_is_shown_with_its_escapes() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text.chars()), expected);
        check("粘包 | 1", "粘包 | 1");
        check("a\r\n\tb\n", r"a\r\n\tb\n");
        check(r"C:\n", r"C:\\n");
        check("a\0\u{7f}\u{fffd}", "a···");
    }

    proptest! {
        #[test]
        fn a_literal_is_read_as_the_bytes_it_was_written_of(
            bytes in prop::collection::vec(
                prop_oneof![any::<u8>(), Just(b'?'), Just(0), b'0'..=b'9', Just(b'\\')], 0..40),
        ) {
            prop_assert_eq!(read_b(&write(&bytes, Notation::Python)), &bytes[..]);
            prop_assert_eq!(read_b(&write(&bytes, Notation::Rust)), &bytes[..]);
            prop_assert_eq!(read_c(&write(&bytes, Notation::C)), &bytes[..]);
        }
    }
}
