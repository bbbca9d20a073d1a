//! A framing as it is written: one flat object with its `kind` and those of its
//! settings that differ from the default. serde's own tagged enums buffer any value
//! in the same way, but at several times the code size.

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{
    self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use super::Framing;

/// Why settings were refused.
pub(super) type Error = de::value::Error;

/// More settings than any framing has, and as many values as a setting may have.
pub const MAX_SETTINGS: usize = 16;

/// A setting's earlier spelling, which is read as well, and its spelling.
const EARLIER: (&str, &str) = ("counts_header", "counts-header");

/// The name of a setting that may be written in an earlier spelling.
pub fn spelling(name: &str) -> &str {
    if name == EARLIER.0 { EARLIER.1 } else { name }
}

/// The settings beside `kind`.
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    /// The settings of one framing; one that it does not have is an error.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        // An alias of serde's would be listed where a setting is unknown.
        let settings = self.0.into_iter().map(|(key, value)| {
            let key = spelling(&key).to_owned();
            (key, value)
        });
        T::deserialize(MapDeserializer::new(settings))
    }
}

impl Framing {
    /// The framing called `name` with `settings` as people write them, a name and a word
    /// each: a number (`0x7e` too), `true` or `false`, or text. A setting that is given
    /// several times has several values. An error is in English.
    pub fn from_words<'a>(
        name: &str,
        settings: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Result<Self, String> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for (key, word) in settings {
            match all.iter_mut().find(|(other, _)| other == key) {
                Some((_, words)) => words.push(word),
                None => all.push((key.to_owned(), vec![word])),
            }
            let most = all.iter().map(|(_, words)| words.len()).max();
            if all.len().max(most.unwrap_or(0)) > MAX_SETTINGS {
                return Err("a framing has no more than 16 settings".to_owned());
            }
        }
        let all = all.into_iter().map(|(key, mut words)| match words.len() {
            1 => (key, Value::Word(words.remove(0))),
            _ => (key, Value::List(words)),
        });
        Self::read(name, Object(all.collect())).map_err(|error| error.to_string())
    }
}

/// Reads the largest message accepted, in bytes: at most [`super::MAX_MAXIMUM`].
pub(super) fn maximum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let maximum = u32::deserialize(deserializer)?;
    if maximum > super::MAX_MAXIMUM {
        let most = super::MAX_MAXIMUM;
        return Err(de::Error::custom(format_args!(
            "a message may have at most {most} bytes, not {maximum}"
        )));
    }
    Ok(maximum)
}

/// The number that a word says, in decimal or behind `0x` in hexadecimal.
pub fn integer(word: &str) -> Option<i64> {
    match word.strip_prefix("0x") {
        Some(digits) if !digits.starts_with(['+', '-']) => i64::from_str_radix(digits, 16).ok(),
        _ => word.parse().ok(),
    }
}

/// No framing is called `name`.
pub(super) fn unknown(name: &str) -> Error {
    let name: String = name.chars().take(40).collect();
    de::Error::custom(format_args!(
        "no framing is called {name:?}, expected one of `{}`",
        Framing::NAMES.join("`, `")
    ))
}

impl<'de> Deserialize<'de> for Framing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (kind, object) = deserializer.deserialize_map(ObjectVisitor)?;
        Self::read(&kind, object).map_err(de::Error::custom)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = (String, Object);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a framing's kind and settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kind = None;
        let mut settings = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "kind" {
                if kind.replace(map.next_value()?).is_some() {
                    return Err(de::Error::duplicate_field("kind"));
                }
            } else if settings.len() < MAX_SETTINGS {
                settings.push((key, map.next_value()?));
            } else {
                return Err(de::Error::custom("a framing has no more than 16 settings"));
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("kind"))?;
        Ok((kind, Object(settings)))
    }
}

/// A setting's value.
enum Value {
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
    /// As a person wrote it: what it is depends on the setting.
    Word(String),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false, a whole number, text or a list of texts")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        let number = i64::try_from(number);
        number
            .map(Value::Number)
            .map_err(|_| E::custom("a setting is at most 9223372036854775807"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            if texts.len() == MAX_SETTINGS {
                return Err(de::Error::custom("a setting has no more than 16 values"));
            }
            texts.push(text);
        }
        Ok(Value::List(texts))
    }
}

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What a word is where a whole number is expected.
macro_rules! numbers {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                Self::Word(word) => match integer(&word) {
                    Some(number) => visitor.visit_i64(number),
                    None => Err(de::Error::invalid_type(Unexpected::Str(&word), &visitor)),
                },
                other => other.deserialize_any(visitor),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Flag(flag) => visitor.visit_bool(flag),
            Self::Number(number) => visitor.visit_i64(number),
            Self::Text(text) | Self::Word(text) => visitor.visit_string(text),
            Self::List(texts) => visitor.visit_seq(SeqDeserializer::new(texts.into_iter())),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Word(word) => match word.parse() {
                Ok(flag) => visitor.visit_bool(flag),
                Err(_) => Err(de::Error::invalid_type(Unexpected::Str(&word), &visitor)),
            },
            other => other.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) | Self::Word(text) => {
                let text: StringDeserializer<Error> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes
        byte_buf unit unit_struct newtype_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Delimiter, Endian, FixedSize, LengthPrefix, ReadyAck, Width};

    #[test]
    fn what_is_written_is_read_back_and_defaults_may_be_left_out() {
        for framing in [
            Framing::None,
            Framing::ReadyAck(ReadyAck { maximum: 7 }),
            Framing::LengthPrefix(LengthPrefix {
                width: Width::Bytes(2),
                endian: Endian::Big,
                signed: false,
                counts_header: true,
                maximum: 9,
                ..LengthPrefix::default()
            }),
            Framing::Delimiter(Delimiter {
                delimiter: "||".into(),
                maximum: 5,
                ..Delimiter::default()
            }),
            Framing::FixedSize(FixedSize {
                size: 3,
                pad: 0,
                maximum: 2,
            }),
        ] {
            let json = serde_json::to_string(&framing).unwrap();
            assert_eq!(serde_json::from_str::<Framing>(&json).unwrap(), framing);
        }
        let short = serde_json::from_str(r#"{"kind":"length-prefix","signed":false}"#);
        let expected = LengthPrefix {
            signed: false,
            ..LengthPrefix::default()
        };
        assert_eq!(short.ok(), Some(Framing::LengthPrefix(expected)));
    }

    /// The key was spelled with an underscore once, in lesson files and records.
    #[test]
    fn counts_header_is_read_in_both_spellings_and_written_as_the_others_are() {
        let expected = Framing::LengthPrefix(LengthPrefix {
            counts_header: true,
            ..LengthPrefix::default()
        });
        for key in ["counts-header", "counts_header"] {
            let json = format!(r#"{{"kind":"length-prefix","{key}":true}}"#);
            let read: Framing = serde_json::from_str(&json).unwrap();
            assert_eq!(read, expected, "{key}");
        }
        let json = serde_json::to_string(&expected).unwrap();
        assert!(json.contains(r#""counts-header":true"#), "{json}");
        let both = r#"{"kind":"length-prefix","counts-header":true,"counts_header":true}"#;
        assert!(serde_json::from_str::<Framing>(both).is_err());
        // Where a setting is unknown the one spelling is listed.
        let unknown = r#"{"kind":"length-prefix","colour":1}"#;
        let error = serde_json::from_str::<Framing>(unknown)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`counts-header`") && !error.contains('_'),
            "{error}"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for json in [
            r#"{"kind":"magic"}"#,
            r#"{"kind":"length-prefix","width":9}"#,
            r#"{"kind":"none","colour":1}"#,
            r#"{"kind":"none","size":1}"#,
            r#"{"kind":"delimiter","size":1}"#,
            r#"{"kind":"length-prefix","endian":"middle"}"#,
            r#"{"kind":"length-prefix","endian":1}"#,
            r#"{"kind":"fixed-size","size":-1}"#,
            r#"{"kind":"fixed-size","size":4294967296}"#,
            r#"{"kind":"fixed-size","size":18446744073709551615}"#,
            r#"{"kind":"fixed-size","size":1,"size":2}"#,
            r#"{"kind":"none","kind":"none"}"#,
            r#"{"kind":["none"]}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Framing>(json).is_err(), "{json}");
        }
    }
}
