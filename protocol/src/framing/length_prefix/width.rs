//! How wide a length is, and which of its bytes comes first.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Size of the length field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// So many bytes: 1 to 8.
    Bytes(u8),
    /// LEB128, as protobuf has it: 7 bits a byte, the lowest first, and the highest bit
    /// set on all but the last; at most 10 bytes.
    Varint,
    /// Digits of ASCII up to the separator; at most 20 of them.
    Decimal,
}

impl Width {
    /// All of them, narrow ones first.
    pub const ALL: [Self; 10] = [
        Self::Bytes(1),
        Self::Bytes(2),
        Self::Bytes(3),
        Self::Bytes(4),
        Self::Bytes(5),
        Self::Bytes(6),
        Self::Bytes(7),
        Self::Bytes(8),
        Self::Varint,
        Self::Decimal,
    ];

    /// How each is written.
    pub const WORDS: &'static [&'static str] =
        &["1", "2", "3", "4", "5", "6", "7", "8", VARINT, DECIMAL];
}

pub(super) const VARINT: &str = "varint";
pub(super) const DECIMAL: &str = "decimal";

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes}"),
            Self::Varint => f.write_str(VARINT),
            Self::Decimal => f.write_str(DECIMAL),
        }
    }
}

/// No width of a length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a length field is 1 to 8 bytes wide, or varint or decimal, not {0}")]
pub struct UnknownWidth(String);

impl FromStr for Width {
    type Err = UnknownWidth;
    fn from_str(text: &str) -> Result<Self, UnknownWidth> {
        let mut all = Self::ALL.into_iter();
        all.find(|width| width.to_string() == text)
            .ok_or_else(|| UnknownWidth(text.chars().take(40).collect()))
    }
}

impl Serialize for Width {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(bytes) => serializer.serialize_u8(*bytes),
            Self::Varint => serializer.serialize_str(VARINT),
            Self::Decimal => serializer.serialize_str(DECIMAL),
        }
    }
}

impl<'de> Deserialize<'de> for Width {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WidthVisitor)
    }
}

struct WidthVisitor;

impl Visitor<'_> for WidthVisitor {
    type Value = Width;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the width of a length: 1 to 8, varint or decimal")
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Width, E> {
        bytes.to_string().parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Width, E> {
        bytes.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Width, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_width_has_its_word() {
        assert_eq!(Width::ALL.map(|width| width.to_string()), Width::WORDS);
    }
}
