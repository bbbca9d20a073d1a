//! Why a text is no framing: in English, and as values for those who say it in another
//! language.

use protocol::Framing;
use protocol::framing::{EncodeError, MAX_SETTINGS, Setting, Values, spelling};

use super::form;

/// Why a text is no framing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// No framing has that name.
    #[error("no framing is called \"{0}\": there are {names}", names = Framing::NAMES.join(", "))]
    Unknown(String),
    /// A piece that is no name with a value.
    #[error("\"{0}\" sets nothing: write name=value")]
    SetsNothing(String),
    /// A setting that this framing does not have, or a value that its setting does not take.
    #[error("{framing}: {reason}")]
    Word {
        /// The framing's name.
        framing: &'static str,
        /// Which of them.
        error: WordError,
        /// Why, in English.
        reason: String,
    },
    /// Settings that no frame could satisfy.
    #[error("{framing}: {error}")]
    Settings {
        /// The framing's name.
        framing: &'static str,
        /// Why.
        error: EncodeError,
    },
}

/// What is wrong with one setting of a framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordError {
    /// The framing has no setting of that name.
    NoSetting(String),
    /// A setting of one value has several.
    Twice(&'static Setting),
    /// More values than any setting has.
    TooMany,
    /// The setting does not take that value.
    Value {
        /// Which setting.
        setting: &'static Setting,
        /// The value as it is written.
        word: String,
    },
}

impl WordError {
    /// What is wrong with the first of `words`, names and values, of which something is, in a
    /// framing with these settings.
    pub(super) fn of(framing: &Framing, words: &[(&str, &str)]) -> Self {
        for (written, word) in words {
            let name = spelling(written);
            let mut settings = framing.settings().iter();
            let Some(setting) = settings.find(|setting| setting.name == name) else {
                return Self::NoSetting((*written).to_owned());
            };
            let values = words.iter().filter(|(other, _)| spelling(other) == name);
            let values = values.count();
            if values > 1 && !matches!(setting.values, Values::Alternatives { .. }) {
                return Self::Twice(setting);
            }
            if values <= MAX_SETTINGS && !form::takes(framing, setting, &[word]) {
                return Self::Value {
                    setting,
                    word: (*word).to_owned(),
                };
            }
        }
        Self::TooMany
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::parse;

    #[test]
    fn what_is_wrong_with_a_word_is_known_without_its_sentence() {
        let check = |text: &str, expected: &str| {
            let Err(FramingError::Word { error, .. }) = parse(text) else {
                panic!("{text}");
            };
            let found = match error {
                WordError::NoSetting(name) => format!("no {name}"),
                WordError::Twice(setting) => format!("twice {}", setting.name),
                WordError::TooMany => "too many".to_owned(),
                WordError::Value { setting, word } => format!("{}={word}", setting.name),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("delimiter,width=2", "no width");
        check("none,size=2", "no size");
        check("length-prefix,width=9", "width=9");
        check("length-prefix,counts_header=true,width=9", "width=9");
        check("length-prefix,endian=big,maximum=many", "maximum=many");
        check("length-prefix,maximum=1,maximum=2", "twice maximum");
        check("length-prefix,signed=yes", "signed=yes");
        check("length-prefix,checksum=crc", "checksum=crc");
        check("marked,end=256", "end=256");
        check(r"delimiter,delimiter=hex:0", "delimiter=hex:0");
        check(
            &["delimiter", &",delimiter=a".repeat(17)].concat(),
            "too many",
        );
        check(
            &["delimiter,width=9", &",delimiter=a".repeat(17)].concat(),
            "no width",
        );
    }

    /// Each value that is refused when it is read is found to be the one that is wrong.
    #[test]
    fn every_setting_that_refuses_a_value_is_found() {
        for framing in Framing::all() {
            for setting in framing.settings() {
                for word in ["", "no such", "-1", "4294967296", "hex:0"] {
                    let text = [framing.name(), ",", setting.name, "=", word].concat();
                    if let Err(FramingError::Word { error, .. }) = parse(&text) {
                        let expected = WordError::Value {
                            setting,
                            word: word.to_owned(),
                        };
                        assert_eq!(error, expected, "{text}");
                    }
                }
            }
        }
    }
}
