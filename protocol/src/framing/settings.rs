//! A framing as it is written: one flat object with its `kind` and those of its
//! settings that differ from the default. serde's own tagged enums buffer any value
//! in the same way, but at several times the code size.

use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{
    self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, MapAccess, Visitor,
};

use super::Framing;

/// Why settings were refused.
pub(super) type Error = de::value::Error;

/// More settings than any framing has.
const MAX_SETTINGS: usize = 16;

/// The settings beside `kind`.
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    /// The settings of one framing; one that it does not have is an error.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(MapDeserializer::new(self.0.into_iter()))
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
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false, a whole number or text")
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
}

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Flag(flag) => visitor.visit_bool(flag),
            Self::Number(number) => visitor.visit_i64(number),
            Self::Text(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) => {
                let text: StringDeserializer<Error> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            other => other.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
        byte_buf option unit unit_struct newtype_struct seq tuple tuple_struct map
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
                width: Width::Two,
                endian: Endian::Big,
                signed: false,
                counts_header: true,
                maximum: 9,
            }),
            Framing::Delimiter(Delimiter {
                delimiter: "||".to_owned(),
                maximum: 5,
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
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for json in [
            r#"{"kind":"magic"}"#,
            r#"{"kind":"length-prefix","width":3}"#,
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
