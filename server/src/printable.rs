//! Bytes from a peer as one line of text that no terminal obeys.

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

/// Whether a terminal does something else than show it: control characters,
/// line separators, and the marks that reorder text (Unicode's UAX 9).
fn is_obeyed(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    }

    #[test]
    fn harmless_text_stays_as_it_is() {
        assert_eq!(plain_or_escaped(br"C:\x"), r"C:\x");
        assert_eq!(plain_or_escaped(b"C:\\x\n"), r"C:\\x\n");
        assert_eq!(plain_or_escaped(b""), "");
    }
}
