//! Messages as people write them, one a line and with escapes.

use crate::Message;

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
    messages.into_iter().flat_map(Line::messages).collect()
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
        Some(code) if code.is_ascii() => (Some((char::from(code), Sign::Escaped)), 4),
        _ => (Some(('\\', Sign::No)), 1),
    }
}

/// What an escape makes of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing: it stands there as it is.
    No,
    /// It was written as its code.
    Escaped,
    /// A multiplication sign that may repeat what is in front of it.
    Repeats,
    /// A multiplication sign that repeats nothing.
    Literal,
}

/// A line of a value, as far as it has been read.
#[derive(Default)]
struct Line {
    text: String,
    /// Whether the last multiplication sign was escaped.
    is_literal: bool,
    /// Whether the first character was.
    begins_escaped: bool,
}

impl Line {
    fn push(&mut self, character: char, sign: Sign) {
        self.begins_escaped |= self.text.is_empty() && sign == Sign::Escaped;
        self.text.push(character);
        if matches!(sign, Sign::Repeats | Sign::Literal) {
            self.is_literal = sign == Sign::Literal;
        }
    }

    /// The messages that it writes.
    fn messages(mut self) -> Vec<Message> {
        if self.is_literal && Message(self.text.clone()).is_repeated() {
            self.text.push_str("×1");
        }
        if self.begins_escaped || self.is_literal && Message::is_several(&self.text) {
            return vec![Message::literal(self.text)];
        }
        Message::written(self.text)
    }
}

/// `messages` as [`messages()`](messages) reads them.
pub(super) fn lines(messages: &[Message]) -> String {
    let mut value = String::new();
    let mut rest = messages;
    while let [message, ..] = rest {
        if rest.len() < messages.len() {
            value.push('\n');
        }
        let counted = Message::counted(rest);
        if counted > 1 {
            value.push_str(&Message::several(counted, message.len()));
            rest = &rest[counted..];
            continue;
        }
        for character in message.0.chars() {
            match character {
                '\\' => value.push_str("\\\\"),
                '\n' => value.push_str("\\x0A"),
                '\r' => value.push_str("\\x0D"),
                other => value.push(other),
            }
        }
        rest = &rest[1..];
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn messages_of_a_size_are_counted_and_what_is_escaped_is_text() {
        check("3×2B", &["aa", "bb", "cc"]);
        check("3x2B\nend", &["aa", "bb", "cc", "end"]);
        check("begin\n2x1B\n2x1B", &["begin", "a", "b", "a", "b"]);
        check("2×0B", &["", ""]);
        assert_eq!(lines(&messages("3x2 B")), "3×2B");
        assert_eq!(lines(&messages("b×2\nc×2")), "b×2\nc×2");
        // Without a unit the text is what is repeated, or a text.
        check("3×2", &["33"]);
        check("3x2", &["3x2"]);
        check(r"3\×2B", &["3×2B"]);
        check(r"\x33x2B", &["3x2B"]);
        check(r"\x68ex:ff", &["hex:ff"]);
        check(r"\x66ile:a×2", &["file:afile:a"]);
        check(r"\x68i", &["hi"]);
        check(r"hex:61\nhex:6 1", &["a", "hex:6 1"]);
        // One more than there may be, which is refused, and no more.
        assert_eq!(messages("4000000000×1B").len(), 1_001);
        assert_eq!(messages("0×1B").len(), 0);
    }

    #[test]
    fn random_bytes_follow_from_their_seed() {
        let bytes = |text: &str| messages(text)[0].bytes();
        // The generator's first number for the seed 0, as its authors publish it.
        let first = 0xe220_a839_7b1d_cdaf_u64.to_le_bytes();
        assert_eq!(bytes("random:8"), first);
        assert_eq!(bytes("random:3"), first[..3]);
        assert_eq!(bytes("random:8×2"), [first, first].concat());
        assert_eq!(bytes("random:8,seed=0"), first);
        assert_ne!(bytes("random:8,seed=1"), first);
        assert_eq!(bytes("random:1K").len(), 1_024);
        assert_eq!(messages("random:4000000000")[0].len(), 4_000_000_000);
        for wrong in [
            "random:",
            "random:x",
            "random:8,seed",
            "random:8,seed=-1",
            "random:8;1",
        ] {
            let error = messages(wrong)[0].mistake().expect(wrong).to_string();
            assert!(error.contains("random:64,seed=7"), "{error}");
        }
    }
}
