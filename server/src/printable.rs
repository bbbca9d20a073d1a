//! Bytes from a peer, and text from a file, as text that no terminal obeys.

use std::fmt::Write as _;

use serde::Serialize;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// `bytes` with control characters, backslashes and whatever is no UTF-8
/// escaped as in Rust and Python: `\n`, `\\`, `\xE7`. Nothing is lost.
pub fn escape(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => line.push_str("\\\\"),
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                control if is_obeyed(control) => {
                    let mut utf8 = [0; 4];
                    escape_bytes(&mut line, control.encode_utf8(&mut utf8).as_bytes());
                }
                other => line.push(other),
            }
        }
        escape_bytes(&mut line, chunk.invalid());
    }
    line
}

/// `bytes` as they are where they are harmless text, else escaped.
pub fn plain_or_escaped(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_obeyed) => text.to_owned(),
        _ => escape(bytes),
    }
}

/// `text` with each of its lines as it is where it is harmless, else escaped.
pub fn lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').collect();
    let lines = lines.iter().map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        plain_or_escaped(line.as_bytes())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `value` as one line of JSON that no terminal obeys.
///
/// # Errors
/// Those of the value's own [`Serialize`].
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|line| harmless(&line))
}

/// A line of JSON in which what [`is_obeyed`] is escaped as `\u202e` is: it can
/// stand in texts only.
pub fn harmless(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        if is_obeyed(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// Whether a terminal does something else than show it: control characters,
/// line separators, and the marks that reorder text (Unicode's UAX 9).
pub(crate) fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn escape_bytes(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        line.push_str("\\x");
        for digit in [byte >> 4, byte & 0xf] {
            line.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(escape(bytes), expected);
    }

    #[test]
    fn one_line_whatever_the_peer_sends() {
        check(b"hello", "hello");
        check("粘包".as_bytes(), "粘包");
        check(b"\xe7\xb2", r"\xE7\xB2");
        check(b"a\xffb", r"a\xFFb");
        check(b"a\r\nb\tc\0", r"a\r\nb\tc\x00");
        check(b"\x1b[31mred\x7f", r"\x1B[31mred\x7F");
        check("\u{9b}2J \u{202e}".as_bytes(), r"\xC2\x9B2J \xE2\x80\xAE");
        check(br"C:\x", r"C:\\x");
        let marks = "\u{200e}\u{200f}\u{61c}";
        check(marks.as_bytes(), r"\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C");
    }

    #[test]
    fn harmless_text_stays_as_it_is() {
        assert_eq!(plain_or_escaped(br"C:\x"), r"C:\x");
        assert_eq!(plain_or_escaped(b"C:\\x\n"), r"C:\\x\n");
        assert_eq!(plain_or_escaped(b""), "");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("a\r\nb\\"), "a\nb\\");
        assert_eq!(lines("a\x1b[2J\n\\"), "a\\x1B[2J\n\\");
    }

    #[test]
    fn json_is_what_it_was_without_what_a_terminal_obeys() {
        let text = "a\u{9b}2J\u{202e}\u{61c}\x7f\x1b\"粘";
        let line = json(&text).unwrap();
        assert_eq!(line, "\"a\\u009b2J\\u202e\\u061c\\u007f\\u001b\\\"粘\"");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
