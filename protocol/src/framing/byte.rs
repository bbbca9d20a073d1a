//! A setting that is one byte.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

/// One byte: written as a number, read from a number (`0x7e` too, in text) or from a
/// character of ASCII that is no digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Byte(pub u8);

impl Serialize for Byte {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Byte {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ByteVisitor).map(Byte)
    }
}

/// For fields that are a plain `u8`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    deserializer.deserialize_any(ByteVisitor)
}

struct ByteVisitor;

impl Visitor<'_> for ByteVisitor {
    type Value = u8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte: a number from 0 to 255, such as 0x7e, or one character of ASCII")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u8, E> {
        let byte = u8::try_from(number);
        byte.map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u8, E> {
        let byte = u8::try_from(number);
        byte.map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u8, E> {
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_digit() => Ok(*byte),
            _ => {
                let number = super::settings::integer(text).and_then(|n| u8::try_from(n).ok());
                number.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
    }
}
