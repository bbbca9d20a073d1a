//! Bytes as the languages write them.

use super::Language;

/// What has an escape of its own in all of these languages.
const ESCAPES: [(u8, &str); 4] = [
    (b'\n', r"\n"),
    (b'\r', r"\r"),
    (b'\t', r"\t"),
    (b'\\', r"\\"),
];

/// Bytes as a constant's value: a text, or what stands between the braces of a list.
pub(super) fn bytes(bytes: &[u8], language: Language) -> String {
    match language {
        Language::Python | Language::Rust => quoted(bytes, ["b\"", "\""], hexadecimal, |_| false),
        Language::Go => quoted(bytes, ["[]byte(\"", "\")"], hexadecimal, |_| false),
        // Two question marks in a row may begin a trigraph.
        Language::C => quoted(bytes, ["\"", "\""], octal, |byte| byte == b'?'),
        Language::JavaScript => listed(bytes, "Uint8Array.of(", byte, ")"),
        Language::Java => listed(bytes, "{", signed, "}"),
    }
}

/// A byte as a number.
pub(super) fn byte(byte: u8) -> String {
    ["0x".to_owned(), digit(byte >> 4), digit(byte & 15)].concat()
}

/// A byte as a value of Java's type of that name, which is signed.
fn signed(value: u8) -> String {
    if value.is_ascii() {
        byte(value)
    } else {
        ["(byte) ", &byte(value)].concat()
    }
}

/// Bytes of one text of hexadecimal digits: Java has none of more than 65535 bytes.
const PIECE: usize = 16384;

fn digit(digit: u8) -> String {
    let digit = char::from_digit(digit.into(), 16);
    digit.map(String::from).unwrap_or_default()
}

fn hexadecimal(byte: u8) -> String {
    ["\\x".to_owned(), digit(byte >> 4), digit(byte & 15)].concat()
}

/// Three digits, behind which any character may stand.
fn octal(byte: u8) -> String {
    let digits = [byte >> 6, byte >> 3 & 7, byte & 7].map(digit);
    ["\\", &digits.concat()].concat()
}

fn quoted(
    bytes: &[u8],
    [open, close]: [&str; 2],
    escape: fn(u8) -> String,
    is_escaped: fn(u8) -> bool,
) -> String {
    let mut text = open.to_owned();
    for &byte in bytes {
        let known = ESCAPES.iter().find(|(escaped, _)| *escaped == byte);
        match known {
            Some((_, escape)) => text.push_str(escape),
            None if byte == b'"' || is_escaped(byte) => text.push_str(&escape(byte)),
            None if byte == b' ' || byte.is_ascii_graphic() => text.push(char::from(byte)),
            None => text.push_str(&escape(byte)),
        }
    }
    text + close
}

fn listed(bytes: &[u8], open: &str, one: fn(u8) -> String, close: &str) -> String {
    let all: Vec<_> = bytes.iter().map(|byte| one(*byte)).collect();
    [open, &all.join(", "), close].concat()
}

/// One of a list of byte sequences, each on a line of its own: hexadecimal digits in quotes
/// where the language has no text of bytes.
pub(super) fn element(bytes: &[u8], language: Language) -> String {
    let written = match language {
        Language::JavaScript | Language::Java => {
            let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)].concat();
            let pieces = bytes.chunks(PIECE);
            let pieces = pieces.map(|piece| piece.iter().map(digits).collect::<String>());
            ["hex(\"", &pieces.collect::<Vec<_>>().join("\", \""), "\")"].concat()
        }
        Language::C => [
            "{",
            &self::bytes(bytes, language),
            ", ",
            &bytes.len().to_string(),
            "}",
        ]
        .concat(),
        Language::Python | Language::Go | Language::Rust => self::bytes(bytes, language),
    };
    ["    ", &written, ","].concat()
}

/// A framing as it is written, for a comment that ends with its line: ASCII, and other bytes
/// as `\x` and digits. Its backslashes come in pairs or in front of `n`, `r`, `t`, `0` or `x`,
/// so that none begins an escape of Java's, which counts in comments too.
pub(super) fn comment(text: &str) -> String {
    let mut plain = String::new();
    for &byte in text.as_bytes() {
        if byte == b' ' || byte.is_ascii_graphic() {
            plain.push(char::from(byte));
        } else {
            plain.push_str(&hexadecimal(byte));
        }
    }
    // At the end of a line C would take the next one for a part of it.
    match plain.strip_suffix(r"\\") {
        Some(before) => [before, r"\x5c"].concat(),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_each_language_has_them() {
        for (language, expected) in [
            (Language::Python, r#"b"a\r\n\x00\xfe\x22\\ ?""#),
            (Language::Rust, r#"b"a\r\n\x00\xfe\x22\\ ?""#),
            (Language::Go, r#"[]byte("a\r\n\x00\xfe\x22\\ ?")"#),
            (Language::C, r#""a\r\n\000\376\042\\ \077""#),
            (
                Language::JavaScript,
                "Uint8Array.of(0x61, 0x0d, 0x0a, 0x00, 0xfe, 0x22, 0x5c, 0x20, 0x3f)",
            ),
            (
                Language::Java,
                "{0x61, 0x0d, 0x0a, 0x00, (byte) 0xfe, 0x22, 0x5c, 0x20, 0x3f}",
            ),
        ] {
            assert_eq!(bytes(b"a\r\n\0\xfe\"\\ ?", language), expected);
        }
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        assert_eq!(comment("a\n\u{2028}b"), r"a\x0a\xe2\x80\xa8b");
        assert_eq!(comment(r"delimiter=a\\"), r"delimiter=a\x5c");
    }
}
