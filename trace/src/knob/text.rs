//! Values as people write them: numbers with a unit, messages with escapes.

use crate::Message;

/// The number that `text` writes, in `unit`: as it is or with a unit of its own.
/// Bytes take `B`, `K` and `KiB` (1,024), `M` and `MiB`; times take `us`, `µs`,
/// `ms` and `s`, as long as the result is a whole number.
pub(super) fn number(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let (digits, suffix) = text.split_at(text.len() - digits.len());
    let number: u64 = digits.parse().ok()?;
    let (times, per) = match (unit, suffix.trim_start()) {
        // The micro sign, and the Greek letter that looks like it.
        (_, "") | ("B", "B") | ("ms", "ms") | ("µs", "us" | "µs" | "μs") => (1, 1),
        ("B", "K" | "KiB") => (1 << 10, 1),
        ("B", "M" | "MiB") => (1 << 20, 1),
        ("µs", "ms") | ("ms", "s") => (1_000, 1),
        ("µs", "s") => (1_000_000, 1),
        ("ms", "us" | "µs" | "μs") => (1, 1_000),
        _ => return None,
    };
    let number = number.checked_mul(times)?;
    if !number.is_multiple_of(per) {
        return None;
    }
    u32::try_from(number / per).ok()
}

/// The messages that `value` lists, one a line; `\n` begins a new line as a line
/// feed does. In a line `\\` is a backslash, `\×` a multiplication sign that
/// repeats nothing, and `\x0A` the character with that ASCII code. Any other
/// backslash is itself.
pub(super) fn messages(value: &str) -> Vec<Message> {
    let mut messages = vec![Line::default()];
    let mut rest = value;
    while let Some(character) = rest.chars().next() {
        let (meant, length) = match character {
            '\n' => (None, 1),
            '\r' if rest[1..].starts_with('\n') => (None, 2),
            '\\' => escape(rest),
            '×' => (Some((character, Sign::Repeats)), character.len_utf8()),
            _ => (Some((character, Sign::No)), character.len_utf8()),
        };
        rest = &rest[length..];
        match (meant, messages.last_mut()) {
            (Some((character, sign)), Some(line)) => line.push(character, sign),
            _ => messages.push(Line::default()),
        }
    }
    messages.into_iter().map(Line::message).collect()
}

/// What an escape at the start of `text` means, none for a new line, and its length.
fn escape(text: &str) -> (Option<(char, Sign)>, usize) {
    let behind = &text[1..];
    if behind.starts_with('n') {
        return (None, 2);
    }
    if behind.starts_with('\\') {
        return (Some(('\\', Sign::No)), 2);
    }
    if behind.starts_with('×') {
        return (Some(('×', Sign::Literal)), 1 + '×'.len_utf8());
    }
    let code = behind.strip_prefix('x').and_then(|code| code.get(..2));
    let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
    match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
        Some(code) if code.is_ascii() => (Some((char::from(code), Sign::No)), 4),
        _ => (Some(('\\', Sign::No)), 1),
    }
}

/// Whether a character is a multiplication sign, and of what kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    No,
    Repeats,
    Literal,
}

/// A line of a value, as far as it has been read.
#[derive(Default)]
struct Line {
    text: String,
    /// Whether the last multiplication sign was escaped.
    is_literal: bool,
}

impl Line {
    fn push(&mut self, character: char, sign: Sign) {
        self.text.push(character);
        if sign != Sign::No {
            self.is_literal = sign == Sign::Literal;
        }
    }

    /// A text that would be taken for a repetition is repeated once.
    fn message(mut self) -> Message {
        let plain = Message(self.text.clone());
        if self.is_literal && plain.bytes() != self.text.as_bytes() {
            self.text.push_str("×1");
        }
        Message(self.text)
    }
}

/// `messages` as [`messages()`](messages) reads them.
pub(super) fn lines(messages: &[Message]) -> String {
    let mut value = String::new();
    for (number, message) in messages.iter().enumerate() {
        if number > 0 {
            value.push('\n');
        }
        for character in message.0.chars() {
            match character {
                '\\' => value.push_str("\\\\"),
                '\n' => value.push_str("\\x0A"),
                '\r' => value.push_str("\\x0D"),
                other => value.push(other),
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_units_of_their_kind() {
        for (text, unit, expected) in [
            ("4", "B", Some(4)),
            ("4K", "B", Some(4_096)),
            ("4 KiB", "B", Some(4_096)),
            ("1MiB", "B", Some(1 << 20)),
            ("1M", "B", Some(1 << 20)),
            ("7B", "B", Some(7)),
            ("5ms", "µs", Some(5_000)),
            ("5us", "µs", Some(5)),
            ("2s", "µs", Some(2_000_000)),
            ("5ms", "ms", Some(5)),
            ("2s", "ms", Some(2_000)),
            ("3000us", "ms", Some(3)),
            // No whole number of milliseconds.
            ("1500us", "ms", None),
            ("5", "", Some(5)),
            // Of another kind, or of two meanings.
            ("5ms", "B", None),
            ("4K", "ms", None),
            ("4K", "", None),
            ("1KB", "B", None),
            ("1k", "B", None),
            ("-1", "B", None),
            ("1.5K", "B", None),
            ("K", "B", None),
            ("", "B", None),
            ("99999999999999M", "B", None),
            ("4194304K", "B", None),
        ] {
            assert_eq!(number(text, unit), expected, "{text:?} in {unit:?}");
        }
    }

    fn check(value: &str, expected: &[&str]) {
        let read = messages(value);
        let bytes: Vec<_> = read.iter().map(Message::bytes).collect();
        let expected: Vec<_> = expected.iter().map(|text| text.as_bytes()).collect();
        assert_eq!(bytes, expected, "{value:?}");
        assert_eq!(messages(&lines(&read)), read, "{value:?}");
    }

    #[test]
    fn messages_are_lines_with_escapes() {
        check("a\nb", &["a", "b"]);
        check("a\r\nb", &["a", "b"]);
        check(r"a\nb", &["a", "b"]);
        check("", &[""]);
        check("a\n\n", &["a", "", ""]);
        check(r"a\\nb", &[r"a\nb"]);
        check(r"a\x0Ab", &["a\nb"]);
        check(r"a\x0db", &["a\rb"]);
        check(r"C:\temp\xff\", &[r"C:\temp\xff\"]);
        check("ab×3", &["ababab"]);
        check(r"ab\×3", &["ab×3"]);
        check(r"2\×3×2", &["2×32×3"]);
        check(r"2×3\×2", &["2×3×2"]);
        check(r"\×", &["×"]);
        check("粘×包", &["粘×包"]);
    }
}
