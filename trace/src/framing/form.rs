//! The settings of a framing one by one, for a form: what stands in each field, what is wrong
//! with it, and the short form with one of them changed.

use protocol::Framing;
use protocol::framing::{EncodeError, Mark, Setting, Values, integer};
use serde_json::Value;

use super::{is_special, meant, push_bytes, written};

/// Longest short form of which there is a form, in bytes: more than any framing takes.
const LONGEST: usize = 8192;

/// The fields of a framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The framing's name.
    pub name: &'static str,
    /// One for each setting that it has.
    pub fields: Vec<Field>,
}

/// The field of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub setting: &'static Setting,
    /// What stands in it: as in the short form, of several values one a line. Empty for one
    /// that is not set.
    pub word: String,
    /// What is wrong with it.
    pub mistake: Option<Wrong>,
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It does not take such a value.
    Value,
    /// It does not fit the other settings.
    Settings(EncodeError),
}

impl Form {
    /// The form of what stands in the short form, be that right or not; none where it begins
    /// with no framing's name, and where it is longer than that of any framing.
    pub fn of(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (name, set) = settings(text);
        let default = Framing::named(name)?;
        let fields = default.settings().iter().map(|setting| {
            let words: Vec<_> = set
                .iter()
                .filter(|(key, _)| *key == setting.name)
                .map(|(_, word)| *word)
                .collect();
            if words.is_empty() {
                return Field {
                    setting,
                    word: default_word(&default, setting),
                    mistake: None,
                };
            }
            let shown: Vec<_> = words
                .iter()
                .map(|word| shown(setting.values, word))
                .collect();
            let is_taken = takes(&default, setting, &words);
            Field {
                setting,
                word: shown.join("\n"),
                mistake: (!is_taken).then_some(Wrong::Value),
            }
        });
        let mut form = Self {
            name: default.name(),
            fields: fields.collect(),
        };
        if form.fields.iter().all(|field| field.mistake.is_none()) {
            form.look_at_all(&set);
        }
        Some(form)
    }

    /// Whether a field says what is wrong.
    pub fn is_wrong(&self) -> bool {
        self.fields.iter().any(|field| field.mistake.is_some())
    }

    /// What is wrong with the settings together is told at the one that it is about.
    fn look_at_all(&mut self, set: &[(&str, &str)]) {
        let words = set.iter().map(|(key, word)| (*key, meant(word)));
        let framing = Framing::from_words(self.name, words);
        let Some(Err(error)) = framing.ok().map(|framing| framing.validate()) else {
            return;
        };
        let mut fields = self.fields.iter_mut();
        if let Some(field) = fields.find(|field| Some(field.setting.name) == error.setting()) {
            field.mistake = Some(Wrong::Settings(error));
        }
    }
}

/// The short form `text` with this in the field of the setting `name`. What is the default is
/// left out.
pub fn with(text: &str, name: &str, value: &str) -> String {
    let (kind, set) = settings(text);
    let default = Framing::named(kind);
    let setting = default.as_ref().and_then(|framing| {
        let mut settings = framing.settings().iter();
        settings.find(|setting| setting.name == name)
    });
    let mut words: Vec<String> = match setting.map(|setting| setting.values) {
        Some(Values::Alternatives { .. }) => {
            let lines = value.lines().filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        }
        _ => vec![value.to_owned()],
    };
    if words.is_empty() {
        words.push(String::new());
    }
    let is_default = default.zip(setting).is_some_and(|(framing, setting)| {
        // The default of what is not set is that.
        words.join("\n") == default_word(&framing, setting)
    });
    if is_default {
        words.clear();
    }
    let words = words
        .iter()
        .map(|word| [name, "=", &as_word(word, setting)].concat());
    let mut words: Vec<_> = words.collect();
    let mut parts = vec![kind.to_owned()];
    for (key, word) in set {
        if key == name {
            // Where it stood before.
            parts.append(&mut words);
        } else {
            parts.push([key, "=", word].concat());
        }
    }
    parts.append(&mut words);
    parts.join(",")
}

/// What was typed in a field, as the short form has it.
fn as_word(typed: &str, setting: Option<&Setting>) -> String {
    // Space behind a number or behind digits means nothing.
    let keeps_space = match setting.map(|setting| within(setting.values)) {
        Some(Values::Bytes { .. } | Values::Alternatives { .. }) => !typed.starts_with("hex:"),
        Some(Values::Byte) => typed.trim().is_empty(),
        _ => false,
    };
    let mut word = String::new();
    for (at, character) in typed.char_indices() {
        let is_last = at + character.len_utf8() == typed.len();
        if is_special(character, is_last && keeps_space) {
            // A backslash that escapes nothing is not to escape that of the digits.
            let backslashes = word.len() - word.trim_end_matches('\\').len();
            if backslashes % 2 == 1 {
                word.push('\\');
            }
            push_bytes(&mut word, character);
        } else {
            word.push(character);
        }
    }
    word
}

/// The name in the short form, and its settings in their order: names and words.
fn settings(text: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, settings) = text.split_once(',').unwrap_or((text, ""));
    let settings = settings.split(',').filter(|setting| !setting.is_empty());
    let settings = settings.map(|setting| setting.split_once('=').unwrap_or((setting, "")));
    (name.trim(), settings.collect())
}

/// Whether a setting takes these words, whatever the others are.
pub(super) fn takes(framing: &Framing, setting: &Setting, words: &[&str]) -> bool {
    let read = words.iter().map(|word| (setting.name, meant(word)));
    if Framing::from_words(framing.name(), read).is_err() {
        return false;
    }
    let bytes = || {
        let marks = words.iter().map(|word| meant(word).parse::<Mark>());
        marks.map(|mark| mark.map_or(0, |mark| mark.len()))
    };
    match within(setting.values) {
        Values::Number { least, most } => {
            let numbers = words.iter().map(|word| integer(&meant(word)));
            numbers
                .flatten()
                .all(|number| (least..=most).contains(&number))
        }
        Values::Bytes { least, most } => bytes().all(|length| (least..=most).contains(&length)),
        Values::Alternatives { most } => {
            bytes().all(|length| length > 0) && bytes().sum::<usize>() <= most
        }
        _ => true,
    }
}

/// The values themselves.
pub const fn within(values: Values) -> Values {
    match values {
        Values::Optional(values) => *values,
        values => values,
    }
}

/// What stands in the field of a setting that is left out.
pub(super) fn default_word(framing: &Framing, setting: &Setting) -> String {
    let values = setting.values;
    match framing.value(setting.name) {
        Value::Null => String::new(),
        Value::Array(all) => {
            let words: Vec<_> = all.iter().map(|one| shown(values, &written(one))).collect();
            words.join("\n")
        }
        one => shown(values, &written(&one)),
    }
}

/// A word as it stands in its field: a number in decimal, a byte in hexadecimal.
fn shown(values: Values, word: &str) -> String {
    let number = || integer(word);
    match within(values) {
        Values::Number { .. } => number().map_or_else(|| word.to_owned(), |n| n.to_string()),
        Values::Byte => match number().map(u8::try_from) {
            Some(Ok(byte)) => ["0x", &Mark::hexadecimal(&[byte])["hex:".len()..]].concat(),
            _ => word.to_owned(),
        },
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests;
