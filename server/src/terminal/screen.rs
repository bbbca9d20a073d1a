//! What a terminal is like, and prose on it: wrapped at words.

use std::fmt::Write as _;

use anstyle::Style;
use trace::text::{Sentence, Value};
use unicode_width::UnicodeWidthChar as _;

use super::NAMES;
use crate::lessons::Language;
use crate::printable;

/// Where a run is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    columns: usize,
    language: Language,
    is_utf8: bool,
}

/// No line begins with these.
const CLOSING: &str = "，。、；：？！）》」』”’…—·,.;:?!)]}%";
/// No line ends with these.
const OPENING: &str = "（《「『“‘([{";

impl Screen {
    /// A terminal of `columns` (60 at least, for a row with a few bytes), what is said
    /// there in `language`, and whether it shows UTF-8.
    pub fn new(columns: usize, language: Language, is_utf8: bool) -> Self {
        Self {
            columns: columns.clamp(60, 1_000),
            language,
            is_utf8,
        }
    }

    /// A narrower one, for tests.
    #[cfg(test)]
    pub(super) const fn narrow(columns: usize) -> Self {
        Self {
            columns,
            language: Language::ENGLISH,
            is_utf8: true,
        }
    }

    /// Columns there are.
    pub const fn columns(self) -> usize {
        self.columns
    }

    /// The language that it speaks.
    pub const fn language(self) -> Language {
        self.language
    }

    /// Whether it shows characters that are not ASCII.
    pub(super) const fn is_utf8(self) -> bool {
        self.is_utf8
    }

    /// A sentence in the language, as text that no terminal obeys: a file may name
    /// parties and errors.
    pub fn say(self, sentence: &Sentence) -> String {
        printable::plain_or_escaped(self.language.catalog().render(sentence).as_bytes())
    }

    /// A value in the language, such as a name, as text that no terminal obeys.
    pub(super) fn value(self, value: &Value) -> String {
        printable::plain_or_escaped(self.language.catalog().value(value).as_bytes())
    }

    /// The text of `key`.
    pub(super) fn text(self, key: &str) -> String {
        self.language.catalog().text(key)
    }

    /// A line with a name in front, such as `why`, wrapped beside the name.
    pub(super) fn named(self, style: Style, name: &str, text: &str) -> String {
        self.beside(style, name, NAMES, text)
    }

    /// The same with `columns` for the name.
    pub(super) fn beside(self, style: Style, name: &str, columns: usize, text: &str) -> String {
        let indent = " ".repeat(columns);
        let lines = wrap(text, self.columns.saturating_sub(columns));
        let mut named = format!("{style}{}{style:#}", padded(name, columns));
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                named.push_str(&indent);
            }
            named.push_str(line);
            named.push('\n');
        }
        named
    }

    /// As [`beside`](Self::beside), on one line however long it is: a command, which a wrapped
    /// line would take apart where it is copied.
    pub(super) fn whole(style: Style, name: &str, columns: usize, text: &str) -> String {
        format!("{style}{}{style:#}{text}\n", padded(name, columns))
    }

    /// A paragraph, wrapped.
    pub(super) fn paragraph(self, style: Style, text: &str) -> String {
        let mut paragraph = String::new();
        for line in wrap(text, self.columns) {
            let _ = writeln!(paragraph, "{style}{line}{style:#}");
        }
        paragraph
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().filter_map(char_width).sum()
}

/// Columns that a character takes; none for one that a terminal does not show.
pub(super) fn char_width(character: char) -> Option<usize> {
    character.width()
}

/// `text` with as many spaces behind it as make it `columns` wide, one at least.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text)).max(1);
    format!("{text}{}", " ".repeat(spaces))
}

/// Whether a line may end between two characters.
fn may_part(before: char, behind: char) -> bool {
    let is_wide = |character| char_width(character) == Some(2);
    behind != ' '
        && (before == ' ' || is_wide(before) || is_wide(behind))
        && !CLOSING.contains(behind)
        && !OPENING.contains(before)
}

/// The lines of a text, each of at most `columns`, but for words that are longer.
/// One line at least.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        // Where the line can end, and how wide it is by then.
        let mut part = None;
        let mut used = 0;
        for character in paragraph.chars() {
            if let Some(before) = line.chars().next_back()
                && may_part(before, character)
            {
                part = Some((line.len(), used));
            }
            let columns_of_it = char_width(character).unwrap_or(0);
            if used + columns_of_it > columns
                && character != ' '
                && let Some((at, width)) = part.take()
            {
                let rest = line.split_off(at);
                lines.push(line.trim_end().to_owned());
                line = rest;
                used -= width;
            }
            line.push(character);
            used += columns_of_it;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: usize, expected: &[&str]) {
        assert_eq!(wrap(text, columns), expected, "{text:?} in {columns}");
    }

    #[test]
    fn lines_end_at_words() {
        check("", 10, &[""]);
        check("hello", 5, &["hello"]);
        check("hello you", 9, &["hello you"]);
        check("hello you", 8, &["hello", "you"]);
        check("a b c d", 3, &["a b", "c d"]);
        check("hello  you", 6, &["hello", "you"]);
        check("incomprehensible word", 5, &["incomprehensible", "word"]);
        check("one\ntwo three", 5, &["one", "two", "three"]);
    }

    #[test]
    fn chinese_lines_end_between_characters_and_not_before_a_stop() {
        check("发送三次。", 6, &["发送三", "次。"]);
        check("发送三次。", 8, &["发送三", "次。"]);
        check("读取 recv() 五次", 11, &["读取 recv()", "五次"]);
        check("（发送）三次", 6, &["（发", "送）三", "次"]);
    }

    #[test]
    fn names_stand_in_columns_of_their_own() {
        assert_eq!(padded("why", 5), "why  ");
        assert_eq!(padded("原因", 5), "原因 ");
        assert_eq!(padded("原因", 3), "原因 ");
        let screen = Screen::new(60, Language::ENGLISH, true);
        let text = "x ".repeat(40);
        let named = screen.named(Style::new(), "why", &text);
        let lines: Vec<_> = named.lines().collect();
        let [first, second] = lines[..] else {
            panic!("two lines: {lines:?}");
        };
        assert!(first.starts_with("why        x x") && first.len() <= 60);
        assert!(second.starts_with("           x x"));
    }
}
