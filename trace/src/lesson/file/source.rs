//! TOML as JSON, of which each line is known to be of a key.

use std::fmt::Write as _;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{About, LessonError};
use crate::framing;

/// What the key of a framing ends in.
const FRAMING: &str = ".framing";

/// Where a value is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The line in the file, counted from 1.
    pub(super) line: usize,
    /// The keys that lead to it.
    pub(super) key: String,
}

impl Place {
    /// What is wrong here.
    pub(super) fn error(&self, reason: String) -> LessonError {
        LessonError {
            line: self.line,
            key: self.key.clone(),
            reason,
            about: None,
        }
    }
}

/// Where the lines of a text begin, found once: a file may have a key on each.
struct Lines {
    /// Places of the line feeds, in bytes.
    feeds: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let feeds = text.match_indices('\n').map(|(at, _)| at);
        Self {
            feeds: feeds.collect(),
        }
    }

    /// The number of the line that this byte is on, counted from 1.
    fn number(&self, at: usize) -> usize {
        self.feeds.partition_point(|feed| *feed < at) + 1
    }
}

/// A key and its value.
type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// A file as JSON.
pub(super) struct Source {
    lines: Lines,
    json: String,
    /// Where each line of the JSON comes from.
    places: Vec<Place>,
}

impl Source {
    /// The part of `text` that has these keys.
    pub(super) fn of(text: &str, takes: impl Fn(&str) -> bool) -> Result<Self, LessonError> {
        let mut source = Self {
            lines: Lines::of(text),
            json: String::new(),
            places: Vec::new(),
        };
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            source.place(&span, "").error(error.message().to_owned())
        })?;
        let span = table.span();
        source.places.push(source.place(&(0..0), ""));
        let entries = table.get_ref().iter();
        let entries = entries.filter(|(key, _)| takes(key.get_ref()));
        source.table(entries.collect(), "", &span)?;
        Ok(source)
    }

    /// What the JSON says.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, LessonError> {
        serde_json::from_str(&self.json).map_err(|error| {
            let at = error.line().saturating_sub(1);
            let place = self.places.get(at).cloned().unwrap_or_default();
            let said = error.to_string();
            let reason = said
                .rsplit_once(" at line ")
                .map_or(&*said, |(reason, _)| reason);
            let mut error = place.error(reason.to_owned());
            error.about = self.framing(&error.key).map(About::Framing);
            error
        })
    }

    /// The framing that a key leads to, or the setting of one, as people write it.
    fn framing(&self, key: &str) -> Option<String> {
        let at = key.find(FRAMING)? + FRAMING.len();
        let (key, behind) = key.split_at(at);
        if !(behind.is_empty() || behind.starts_with('.')) {
            return None;
        }
        let mut value = &serde_json::from_str::<Value>(&self.json).ok()?;
        for name in key.split(['.', '[', ']']).filter(|name| !name.is_empty()) {
            value = match value {
                Value::Array(all) => all.get(name.parse::<usize>().ok()?)?,
                other => other.get(name)?,
            };
        }
        framing::short_form(value.as_object()?)
    }

    /// The first place that is meant, else the file.
    pub(super) fn find(&self, is_meant: impl Fn(&Place) -> bool) -> &Place {
        let mut places = self.places.iter();
        places
            .find(|place| is_meant(place))
            .unwrap_or(&self.places[0])
    }

    fn place(&self, span: &Range<usize>, key: &str) -> Place {
        Place {
            line: self.lines.number(span.start),
            key: key.to_owned(),
        }
    }

    /// Begins a line of JSON, which is of this key.
    fn line(&mut self, span: &Range<usize>, key: &str) {
        self.json.push('\n');
        let place = self.place(span, key);
        self.places.push(place);
    }

    fn table(
        &mut self,
        entries: Vec<Entry<'_, '_>>,
        path: &str,
        span: &Range<usize>,
    ) -> Result<(), LessonError> {
        self.json.push('{');
        for (number, (key, value)) in entries.into_iter().enumerate() {
            let name = key.get_ref();
            let key_path = if path.is_empty() {
                name.to_string()
            } else {
                [path, ".", name].concat()
            };
            if number > 0 {
                self.json.push(',');
            }
            self.line(&key.span(), &key_path);
            self.string(name);
            self.json.push(':');
            self.value(value, &key_path)?;
        }
        self.line(span, path);
        self.json.push('}');
        Ok(())
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Result<(), LessonError> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(text) => self.string(text),
            DeValue::Integer(number) => {
                let read = i128::from_str_radix(number.as_str(), number.radix());
                let read =
                    read.map_err(|error| self.place(&span, path).error(error.to_string()))?;
                self.write(&read);
            }
            DeValue::Float(number) => {
                // As JSON has it, or for infinities a text, which no number's key takes.
                let text = number.as_str().trim_start_matches('+');
                if text.ends_with(|last: char| last.is_ascii_digit()) {
                    self.json += text;
                } else {
                    self.string(text);
                }
            }
            DeValue::Boolean(is) => self.write(is),
            DeValue::Datetime(time) => self.string(&time.to_string()),
            DeValue::Array(array) => {
                self.json.push('[');
                for (number, element) in array.iter().enumerate() {
                    let path = [path, "[", &number.to_string(), "]"].concat();
                    if number > 0 {
                        self.json.push(',');
                    }
                    self.line(&element.span(), &path);
                    self.value(element, &path)?;
                }
                self.line(&span, path);
                self.json.push(']');
            }
            DeValue::Table(table) => self.table(table.iter().collect(), path, &span)?,
        }
        Ok(())
    }

    fn write(&mut self, value: &dyn std::fmt::Display) {
        // Writing to a text does not fail.
        let _ = write!(self.json, "{value}");
    }

    fn string(&mut self, text: &str) {
        self.json += &serde_json::to_string(text).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_LESSON;
    use super::*;

    #[test]
    fn a_byte_is_on_the_line_behind_the_line_feeds_before_it() {
        let text = "a\n\nb\r\nc";
        for at in 0..=text.len() + 1 {
            let before = &text[..at.min(text.len())];
            let line = before.split('\n').count();
            assert_eq!(Lines::of(text).number(at), line, "{at}");
        }
    }

    #[test]
    fn the_largest_file_has_each_of_its_tables_on_its_line() {
        let text = "[[a]]\n".repeat(MAX_LESSON / 6);
        let source = Source::of(&text, |_| true).unwrap();
        let element = |place: &&Place| place.key.ends_with(']');
        let lines: Vec<_> = source.places.iter().filter(element).collect();
        // Each has a line of JSON where it begins, and one where it ends.
        assert_eq!(lines.len(), 2 * (MAX_LESSON / 6));
        for (number, place) in lines.iter().enumerate() {
            assert_eq!(place.line, number / 2 + 1);
            assert_eq!(place.key, format!("a[{}]", number / 2));
        }
    }
}
