//! Fixed bytes that mark something off: a delimiter, a magic, the end of a number.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq as _, Serializer};

/// What a mark that is no text, or begins like this, is written behind.
const HEX: &str = "hex:";

/// Bytes that stand in a stream as they are. Written as text, or as `hex:` and pairs of
/// hexadecimal digits, between which spaces may stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mark(Vec<u8>);

impl Deref for Mark {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Mark {
    /// The bytes of the text itself.
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Mark {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// `hex:` with something else behind it than pairs of hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("behind hex: there are pairs of hexadecimal digits, as in hex:0d 0a")]
pub struct NoHex;

impl FromStr for Mark {
    type Err = NoHex;
    fn from_str(text: &str) -> Result<Self, NoHex> {
        let Some(pairs) = text.strip_prefix(HEX) else {
            return Ok(Self::from(text));
        };
        let mut bytes = Vec::new();
        let mut high = None;
        for character in pairs.chars() {
            // A space may stand between two pairs, and not inside one.
            if character == ' ' && high.is_none() {
                continue;
            }
            let digit = character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok());
            let digit = digit.ok_or(NoHex)?;
            match high.take() {
                None => high = Some(digit),
                Some(high) => bytes.push(high << 4 | digit),
            }
        }
        match high {
            None => Ok(Self(bytes)),
            Some(_) => Err(NoHex),
        }
    }
}

impl Mark {
    /// As it is written: [`Mark::from_str`] reads it.
    pub fn written(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with(HEX) => text.into(),
            _ => Self::hexadecimal(&self.0).into(),
        }
    }

    /// `bytes` as `hex:` and two digits each.
    pub fn hexadecimal(bytes: &[u8]) -> String {
        let mut written = HEX.to_owned();
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                written.extend(char::from_digit(nibble.into(), 16));
            }
        }
        written
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written())
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// One mark, or several of which any does. One is written alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marks(Vec<Mark>);

impl Marks {
    /// Those of `marks` that differ.
    pub fn new(marks: impl IntoIterator<Item = Mark>) -> Self {
        let mut all: Vec<Mark> = Vec::new();
        for mark in marks {
            if !all.contains(&mark) {
                all.push(mark);
            }
        }
        Self(all)
    }
}

impl Deref for Marks {
    type Target = [Mark];
    fn deref(&self) -> &[Mark] {
        &self.0
    }
}

impl From<&str> for Marks {
    /// The one mark that has the bytes of the text.
    fn from(text: &str) -> Self {
        Self(vec![text.into()])
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [only] = &self.0[..] {
            return only.serialize(serializer);
        }
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for mark in &self.0 {
            sequence.serialize_element(mark)?;
        }
        sequence.end()
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarksVisitor)
    }
}

struct MarksVisitor;

impl<'de> Visitor<'de> for MarksVisitor {
    type Value = Marks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Marks, E> {
        let mark = text.parse().map_err(E::custom)?;
        Ok(Marks(vec![mark]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Marks, A::Error> {
        let mut marks = Vec::new();
        while let Some(mark) = list.next_element()? {
            marks.push(mark);
        }
        Ok(Marks::new(marks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_written_as_it_is_and_other_bytes_in_hexadecimal() {
        for (bytes, written) in [
            (&b"\r\n"[..], "\r\n"),
            (b"", ""),
            ("\u{2028}".as_bytes(), "\u{2028}"),
            (b"\xf9\xbe", "hex:f9be"),
            (b"hex:", "hex:6865783a"),
        ] {
            let mark = Mark::from(bytes);
            assert_eq!(mark.written(), written);
            assert_eq!(written.parse(), Ok(mark));
        }
        assert_eq!("hex:0D 0a".parse(), Ok(Mark::from("\r\n")));
        for wrong in ["hex:0", "hex:0 d", "hex:0g", "hex:0d0", "hex:é"] {
            assert_eq!(wrong.parse::<Mark>(), Err(NoHex), "{wrong}");
        }
    }

    #[test]
    fn one_mark_stands_alone_and_several_in_a_list() {
        for (json, marks) in [
            (r#""\n""#, vec!["\n"]),
            (r#"["\r\n","\n"]"#, vec!["\r\n", "\n"]),
        ] {
            let marks = Marks::new(marks.into_iter().map(Mark::from));
            assert_eq!(serde_json::to_string(&marks).unwrap(), json);
            assert_eq!(serde_json::from_str::<Marks>(json).unwrap(), marks);
        }
        let doubled: Marks = serde_json::from_str(r#"["a","hex:61","a"]"#).unwrap();
        assert_eq!(doubled, Marks::from("a"));
        assert!(serde_json::from_str::<Marks>("1").is_err());
        assert!(serde_json::from_str::<Marks>(r#"["hex:1"]"#).is_err());
    }
}
