//! What settings a framing has. Each framing's file has one table of them: its type, how they
//! are written and read, their defaults and the page's form are made of that.

/// One setting of a framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub values: Values,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Number {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// One byte, as [`super::Byte`] is read.
    Byte,
    /// Bytes, as [`super::Mark`] is read.
    Bytes {
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
    },
    /// Bytes, or several of which any does, each of one byte at least.
    Alternatives {
        /// The most bytes of all of them together.
        most: usize,
    },
    /// One of these values, or none at all.
    Optional(&'static Values),
}

/// Bounds of the largest message accepted.
pub(super) const MAXIMUM: Values = Values::Number {
    least: 0,
    most: super::MAX_MAXIMUM as i64,
};

/// Defines a framing's type from the table of its settings: `field: Type = default => name,
/// values;`.
macro_rules! settings {
    ($(#[$meta:meta])* pub struct $Framing:ident {
        $($(#[$field_meta:meta])*
        pub $field:ident: $Type:ty = $default:expr => $name:literal, $values:expr;)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $Framing {
            $($(#[$field_meta])* #[serde(rename = $name)] pub $field: $Type,)+
        }

        impl Default for $Framing {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::framing::table::Table for $Framing {
            fn settings(&self) -> &'static [$crate::framing::Setting] {
                const SETTINGS: &[$crate::framing::Setting] =
                    &[$($crate::framing::Setting { name: $name, values: $values },)+];
                SETTINGS
            }

            fn value(&self, name: &str) -> serde_json::Value {
                let value = match name {
                    $($name => serde_json::to_value(&self.$field),)+
                    _ => Ok(serde_json::Value::Null),
                };
                value.unwrap_or_default()
            }
        }
    };
}

pub(super) use settings;

/// A framing's settings, one by one.
pub(super) trait Table {
    /// Its settings, in the order in which they are shown.
    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    /// The value of one of them as JSON has it; null for one that there is not.
    fn value(&self, _name: &str) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// Defines an enum of which each variant is written as a word, and the lists of both.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $Name:ident {
        $($(#[$doc:meta])* $Variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $Name {
            $($(#[$doc])* #[serde(rename = $word)] $Variant,)+
        }

        impl $Name {
            /// All of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$Variant),+];

            /// How each is written.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

pub(super) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{EncodeError, Framing};

    /// A framing with one setting as people write it; none where it is not even read.
    fn with(framing: &Framing, setting: &Setting, word: &str) -> Option<Framing> {
        Framing::from_words(framing.name(), [(setting.name, word.to_owned())]).ok()
    }

    /// Whether a value is refused for its own sake, whatever the other settings are.
    fn is_refused(framing: &Framing, setting: &Setting, word: &str) -> bool {
        let Some(framing) = with(framing, setting, word) else {
            return true;
        };
        matches!(
            framing.validate(),
            Err(EncodeError::Oversized { .. }
                | EncodeError::ZeroSize
                | EncodeError::EmptyDelimiter
                | EncodeError::Setting {
                    name: "separator",
                    ..
                })
        )
    }

    /// Values that are taken, and values that are not.
    fn examples(values: Values) -> (Vec<String>, Vec<String>) {
        let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match values {
            Values::Flag => (of(&["true", "false"]), of(&["yes", "", "1"])),
            Values::Number { least, most } => {
                let [below, above] = [i128::from(least) - 1, i128::from(most) + 1];
                let words = |numbers: [i128; 2]| numbers.map(|number| number.to_string()).into();
                (words([least.into(), most.into()]), words([below, above]))
            }
            Values::Words(words) => (of(words), of(&["", "middle"])),
            Values::Byte => (of(&["0", "255", "0x7f", "~"]), of(&["256", "-1", "ab", ""])),
            Values::Bytes { least, most } => {
                let mut wrong = of(&["hex:0"]);
                wrong.push("a".repeat(most + 1));
                wrong.extend((least > 0).then(String::new));
                (vec!["a".repeat(most), "a".repeat(least)], wrong)
            }
            Values::Alternatives { most } => (
                vec!["a".repeat(most)],
                vec![String::new(), "a".repeat(most + 1)],
            ),
            Values::Optional(values) => examples(*values),
        }
    }

    #[test]
    fn what_the_table_says_is_what_is_read() {
        for framing in Framing::all() {
            for setting in framing.settings() {
                let (taken, refused) = examples(setting.values);
                for word in taken {
                    let read = !is_refused(&framing, setting, &word);
                    assert!(read, "{} {} {word:.40}", framing.name(), setting.name);
                }
                for word in refused {
                    let refused = is_refused(&framing, setting, &word);
                    assert!(refused, "{} {} {word:.40}", framing.name(), setting.name);
                }
            }
        }
    }

    #[test]
    fn the_table_has_each_setting_once_with_its_value() {
        let mut all = 0;
        for framing in Framing::all() {
            let json = serde_json::to_value(&framing).unwrap();
            let names: Vec<_> = framing.settings().iter().map(|s| s.name).collect();
            for (at, name) in names.iter().enumerate() {
                assert!(!names[at + 1..].contains(name), "{name} twice");
                // What is its default may be left out.
                let value = framing.value(name);
                assert!(json.get(name).is_none_or(|json| *json == value), "{name}");
            }
            let object = json.as_object().unwrap();
            let mut written = object.keys().filter(|key| *key != "kind");
            assert!(written.all(|key| names.contains(&key.as_str())), "{json}");
            assert_eq!(framing.value("colour"), serde_json::Value::Null);
            all += names.len();
        }
        assert!(all > 30, "{all}");
        assert_eq!(Framing::None.settings(), []);
    }
}
