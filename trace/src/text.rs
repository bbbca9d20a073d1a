//! Sentences without a language, and catalogs that put them into one.
//!
//! A template holds `{name}` for a value and `{name|one|many}` for the word
//! that fits a count, as in `{n} {n|byte|bytes}`.

use std::borrow::Cow;
use std::fmt;

/// A value in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number; decides between singular and plural.
    Count(u64),
    /// Text that is the same in every language.
    Text(String),
    /// A key of the catalog, such as an actor's name.
    Word(&'static str),
    /// A part that has values of its own, such as a call and whose it is.
    Part(Box<Sentence>),
}

impl From<Sentence> for Value {
    fn from(part: Sentence) -> Self {
        Self::Part(Box::new(part))
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Value {
    fn from(key: &'static str) -> Self {
        Self::Word(key)
    }
}

/// One sentence: the key of its template and the values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Key in the catalogs.
    pub key: &'static str,
    /// Values by name.
    pub values: Vec<(&'static str, Value)>,
}

impl Sentence {
    /// A sentence without values.
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            values: Vec::new(),
        }
    }

    /// Sets a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.retain(|(set, _)| *set != name);
        self.values.push((name, value.into()));
        self
    }
}

/// The texts of one language by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Sorted by key.
    texts: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Catalog {
    /// Takes keys and their templates, in any order.
    pub fn new<K, T>(texts: impl IntoIterator<Item = (K, T)>) -> Self
    where
        K: Into<Cow<'static, str>>,
        T: Into<Cow<'static, str>>,
    {
        let mut sorted = Vec::<(Cow<'static, str>, Cow<'static, str>)>::new();
        for (key, text) in texts {
            let (key, text) = (key.into(), text.into());
            // At the end, as a rule: files and the page's content are sorted.
            let place = sorted.partition_point(|(before, _)| *before <= key);
            sorted.insert(place, (key, text));
        }
        Self { texts: sorted }
    }

    /// The text of `key`; a missing key shows as itself in brackets.
    pub fn text(&self, key: &str) -> String {
        let text = self.template(key);
        text.map_or_else(|| ["[", key, "]"].concat(), str::to_owned)
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(key, _)| key.as_ref())
    }

    /// The template of `key`, if there is one.
    pub fn template(&self, key: &str) -> Option<&str> {
        let found = self
            .texts
            .binary_search_by(|(known, _)| known.as_ref().cmp(key));
        Some(self.texts[found.ok()?].1.as_ref())
    }

    /// Puts a sentence into this language.
    pub fn render(&self, sentence: &Sentence) -> String {
        self.put(sentence, false)
    }

    /// Like [`Catalog::render`], and a word of the catalog that stands first
    /// begins with a capital: "The server closed its socket."
    pub fn sentence(&self, sentence: &Sentence) -> String {
        self.put(sentence, true)
    }

    /// A value by itself.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Count(count) => grouped(*count),
            Value::Text(text) => text.clone(),
            Value::Word(key) => self.text(key),
            Value::Part(part) => self.render(part),
        }
    }

    fn put(&self, sentence: &Sentence, capital: bool) -> String {
        let Some(template) = self.template(sentence.key) else {
            return self.text(sentence.key);
        };
        let mut text = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            text += before;
            let Some((field, after)) = behind.split_once('}') else {
                text.push('{');
                rest = behind;
                continue;
            };
            let capital = capital && text.is_empty();
            let start = text.len();
            self.fill(&mut text, field, sentence, capital);
            let filled = text.get(start..).unwrap_or_default();
            let is_latin = filled.starts_with(|c: char| c.is_ascii_alphanumeric());
            if is_latin
                && text
                    .get(..start)
                    .is_some_and(|before| before.ends_with(is_han))
            {
                text.insert(start, ' ');
            }
            // Chinese templates can't know whether a value begins with a name in Latin
            // letters, or ends in a number: "正好是 cli.py 的", "客户端 1 的", "服务端的".
            let latin = text.ends_with(|c: char| c.is_ascii_alphanumeric());
            if latin && after.starts_with(is_han) {
                text.push(' ');
            }
            rest = after;
        }
        text + rest
    }

    fn fill(&self, text: &mut String, field: &str, sentence: &Sentence, capital: bool) {
        let mut parts = field.split('|');
        let name = parts.next().unwrap_or_default();
        let value = sentence
            .values
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v);
        match (value, parts.next(), parts.next()) {
            (Some(Value::Count(1)), Some(one), _) => *text += one,
            (Some(Value::Count(_)), _, Some(many)) => *text += many,
            (Some(Value::Word(key)), ..) => {
                let mut word = self.text(key);
                // Only English has capitals, and the table of all letters takes
                // the page 12 KB.
                if let Some(first) = word.get_mut(..1).filter(|_| capital) {
                    first.make_ascii_uppercase();
                }
                *text += &word;
            }
            (Some(Value::Part(part)), ..) => *text += &self.put(part, capital),
            (Some(value), ..) => *text += &self.value(value),
            (None, ..) => {
                text.push('{');
                *text += field;
                text.push('}');
            }
        }
    }
}

fn is_han(character: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&character)
}

/// A number with its thousands set apart: 542,393,671.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that may be negative, with a minus sign and its thousands set apart:
/// −542,393,671.
pub fn signed(number: i128) -> String {
    let magnitude = number.unsigned_abs();
    let text = match u64::try_from(magnitude) {
        Ok(magnitude) => grouped(magnitude),
        Err(_) => magnitude.to_string(),
    };
    if number < 0 {
        ["−", &text].concat()
    } else {
        text
    }
}

/// A length of time in the unit that keeps it short: `81 µs`, `1.25 ms`, `2.1 s`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub protocol::Nanos);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.0;
        let (unit, name) = match nanos {
            0..999_500 => (1_000, "µs"),
            999_500..999_500_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        // Three digits, rounded; whole numbers only, so that the page needs
        // no code for floating point.
        let hundredths = nanos.saturating_mul(100).saturating_add(unit / 2) / unit;
        let tenths = nanos.saturating_mul(10).saturating_add(unit / 2) / unit;
        if hundredths < 1_000 {
            write!(f, "{}.{:02} {name}", hundredths / 100, hundredths % 100)
        } else if tenths < 1_000 {
            write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
        } else {
            write!(f, "{} {name}", nanos.saturating_add(unit / 2) / unit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Nanos;

    fn check(template: &str, sentence: &Sentence, expected: &str) {
        let entries = [("k", template), ("actor.server", "the server")];
        let entries = entries.map(|(k, t)| (k.to_owned(), t.to_owned()));
        assert_eq!(Catalog::new(entries).render(sentence), expected);
    }

    #[test]
    fn values_words_and_plurals() {
        let bytes = |n: usize| Sentence::new("k").with("n", n);
        check("{n} {n|byte|bytes}.", &bytes(1), "1 byte.");
        check("{n} {n|byte|bytes}.", &bytes(0), "0 bytes.");
        check("{n}", &bytes(542_393_671), "542,393,671");
        let who = Sentence::new("k").with("who", "actor.server");
        check("{who} left", &who, "the server left");
        assert_eq!(signed(-542_393_671), "−542,393,671");
        assert_eq!(signed(1_024), "1,024");
        assert_eq!(signed(-1 << 64), "−18446744073709551616");
        let part = Sentence::new("k").with("x", Sentence::new("actor.server"));
        check("{x} left", &part, "the server left");
        for (who, expected) in [("cli.py", "正好是 cli.py 的"), ("服务端", "正好是服务端的")]
        {
            let named = Sentence::new("k").with("x", who.to_owned());
            check("正好是{x}的", &named, expected);
        }
        let odd = Sentence::new("k").with("x", "{n}".to_owned());
        check("{x} {missing} {open", &odd, "{n} {missing} {open");
    }

    #[test]
    fn a_sentence_begins_with_a_capital_unless_a_name_stands_there() {
        let entries = [
            ("left", "{who} left {who}."),
            ("whose", "{who}'s socket"),
            ("server", "the server"),
            ("zh", "服务端"),
        ];
        let catalog = Catalog::new(entries.map(|(k, t)| (k.to_owned(), t.to_owned())));
        let left = |who: Value| catalog.sentence(&Sentence::new("left").with("who", who));
        let whose = Sentence::new("whose").with("who", "server");
        assert_eq!(left(Value::Word("server")), "The server left the server.");
        let of = "The server's socket left the server's socket.";
        assert_eq!(left(whose.into()), of);
        assert_eq!(left(Value::Word("zh")), "服务端 left 服务端.");
        let name = Value::Text("server.py".to_owned());
        assert_eq!(left(name), "server.py left server.py.");
    }

    #[test]
    fn times_are_short() {
        for (nanos, text) in [
            (0, "0.00 µs"),
            (81_000, "81.0 µs"),
            (1_250_000, "1.25 ms"),
            (142_000_000, "142 ms"),
            (9_996, "10.0 µs"),
            (99_960, "100 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (2_100_000_000, "2.10 s"),
        ] {
            assert_eq!(Time(Nanos(nanos)).to_string(), text);
        }
    }
}
