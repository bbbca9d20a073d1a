//! A framing as people write it: its name, and behind commas those of its settings that
//! differ from the default, such as `length-prefix,width=2,endian=big`. A setting that is
//! given several times has several values. A text may have `\n`, `\r`, `\t`, `\0`, `\\` and
//! `\x2c` (any byte, in hexadecimal) in it, or is `hex:` and digits.

pub mod form;
mod mistake;

use protocol::Framing;
use protocol::framing::Mark;
use serde_json::{Map, Value};

pub use mistake::{FramingError, WordError};

/// The key of a framing's name in JSON.
const KIND: &str = "kind";

/// The bytes that are written behind a backslash.
const ESCAPES: [(char, u8); 5] = [
    ('n', b'\n'),
    ('r', b'\r'),
    ('t', b'\t'),
    ('0', b'\0'),
    ('\\', b'\\'),
];

/// Reads one.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(text: &str) -> Result<Framing, FramingError> {
    let (name, settings) = text.split_once(',').unwrap_or((text, ""));
    let Some(default) = Framing::named(name) else {
        return Err(FramingError::Unknown(name.to_owned()));
    };
    let mut words = Vec::new();
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let Some(word) = setting.split_once('=') else {
            return Err(FramingError::SetsNothing(setting.to_owned()));
        };
        words.push(word);
    }
    let meant = words.iter().map(|(key, word)| (*key, meant(word)));
    let framing = Framing::from_words(name, meant).map_err(|reason| FramingError::Word {
        framing: default.name(),
        error: WordError::of(&default, &words),
        reason,
    })?;
    framing.validate().map_err(|error| FramingError::Settings {
        framing: framing.name(),
        error,
    })?;
    Ok(framing)
}

/// Writes what [`parse`] reads.
pub fn write(framing: &Framing) -> String {
    let fields = |framing: &Framing| match serde_json::to_value(framing) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut all = fields(framing);
    if let Some(default) = Framing::named(framing.name()) {
        let default = fields(&default);
        all.retain(|key, value| key == KIND || default.get(key) != Some(value));
    }
    short_form(&all).unwrap_or_default()
}

/// A framing's object in JSON as people write it, be it right or not: with all that it has. None
/// of an object without a name.
pub fn short_form(fields: &Map<String, Value>) -> Option<String> {
    let mut text = fields.get(KIND)?.as_str()?.to_owned();
    for (key, value) in fields.iter().filter(|(key, _)| *key != KIND) {
        let values = match value {
            Value::Array(values) => &values[..],
            one => std::slice::from_ref(one),
        };
        for value in values {
            for part in [",", key, "=", &written(value)] {
                text.push_str(part);
            }
        }
    }
    Some(text)
}

/// What may be meant by the beginning of a framing as people write it: the names, and behind
/// a name and what is set already the other settings with their defaults, where they have one.
pub fn suggestions(typed: &str) -> Vec<String> {
    let known = |text: &str| {
        let name = text.split(',').next().unwrap_or(text);
        Framing::named(name)
    };
    // The last piece is not complete.
    let head = typed.rsplit_once(',').map_or(typed, |(head, _)| head);
    let mut all: Vec<String> = Vec::new();
    if !typed.contains(',') {
        all.extend(Framing::NAMES.iter().map(|name| (*name).to_owned()));
    }
    let Some(framing) = known(head) else {
        return all;
    };
    for setting in framing.settings() {
        let key = setting.name;
        let is_set = |part: &str| part.split_once('=').is_some_and(|(set, _)| set == key);
        let word = form::default_word(&framing, setting);
        if !word.is_empty() && !head.split(',').any(is_set) {
            all.push([head, ",", key, "=", &word].concat());
        }
    }
    all
}

/// A setting's value as [`parse`] reads it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for (at, character) in text.char_indices() {
        let is_last = at + character.len_utf8() == text.len();
        let known = ESCAPES
            .iter()
            .find(|(_, meant)| char::from(*meant) == character);
        match known {
            Some((name, _)) => escaped.extend(['\\', *name]),
            // A control character is nothing that one can type or see.
            None if is_special(character, is_last) || character.is_ascii_control() => {
                push_bytes(&mut escaped, character);
            }
            None => escaped.push(character),
        }
    }
    escaped
}

/// Whether a character of a word is not read as itself: a comma ends a setting, and space at
/// the end of all settings is not read.
fn is_special(character: char, is_last: bool) -> bool {
    character == ',' || (is_last && character.is_whitespace())
}

/// Adds the bytes of a character in hexadecimal.
fn push_bytes(text: &mut String, character: char) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        let digits = format!("{byte:02x}");
        text.extend(["\\x", &digits]);
    }
}

/// A word without its escapes. What is no text any more is written in hexadecimal.
fn meant(word: &str) -> String {
    if !word.contains('\\') {
        return word.to_owned();
    }
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        let known = ESCAPES
            .iter()
            .find(|(name, _)| character == '\\' && behind.starts_with(*name));
        let hexadecimal = || {
            let digits = behind.strip_prefix('x').filter(|_| character == '\\')?;
            let digits = digits.get(..2).filter(|digits| !digits.starts_with('+'))?;
            u8::from_str_radix(digits, 16).ok()
        };
        if let Some((name, byte)) = known {
            bytes.push(*byte);
            rest = &behind[name.len_utf8()..];
        } else if let Some(byte) = hexadecimal() {
            bytes.push(byte);
            rest = &behind[3..];
        } else {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = behind;
        }
    }
    Mark::from(&bytes[..]).written().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        let framing = parse(text).unwrap();
        let json = serde_json::to_string(&framing).unwrap();
        assert_eq!(json, expected, "{text}");
        assert_eq!(parse(&write(&framing)), Ok(framing), "{text}");
    }

    #[test]
    fn a_name_and_settings() {
        check("none", r#"{"kind":"none"}"#);
        let expected = r#"{"kind":"delimiter","delimiter":"\n","maximum":1048576}"#;
        check("delimiter", expected);
        let text = "length-prefix,width=2,endian=big,signed=false";
        let expected = r#"{"kind":"length-prefix","width":2,"endian":"big","signed":false,"counts-header":false,"maximum":1048576}"#;
        check(text, expected);
        let expected = r#"{"kind":"delimiter","delimiter":"\r\n","maximum":1048576}"#;
        check(r"delimiter,delimiter=\r\n", expected);
    }

    #[test]
    fn only_what_differs_is_written() {
        for name in Framing::NAMES {
            assert_eq!(write(&Framing::named(name).unwrap()), name);
        }
        let check = |text: &str| assert_eq!(write(&parse(text).unwrap()), text);
        check(r"delimiter,delimiter=\r\n\\");
        check("delimiter,maximum=9");
        check(r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r");
        check(r"delimiter,delimiter=\x2c,escape=92,keep=true");
        check("delimiter,delimiter=hex:fffe");
        check(r"delimiter,delimiter=\x1c\r");
        check(r"delimiter,delimiter=a b\x20");
        check("length-prefix,adjustment=-3,offset=1,strip=3,width=2");
        check("length-prefix,width=varint");
        check("length-prefix,checksum=crc32,covers=frame,magic=hex:f9beb4d9,offset=4");
        check("marked,end=126,escape=125,escaping=xor");
    }

    #[test]
    fn words_are_what_the_setting_takes() {
        let check = |text: &str, other: &str| assert_eq!(parse(text), parse(other), "{text}");
        check("marked,end=0x7e,escape=}", "marked,end=126,escape=125");
        check(
            r"delimiter,delimiter=\xff\xfe",
            "delimiter,delimiter=hex:FF fe",
        );
        check("delimiter,delimiter=7", "delimiter,delimiter=hex:37");
        check(
            "delimiter,delimiter=true",
            "delimiter,delimiter=hex:74727565",
        );
        check(r"delimiter,escape=\\", "delimiter,escape=0x5c");
        check("fixed-size,pad=0", "fixed-size,pad=0x0");
        check("fixed-size,pad=*", "fixed-size,pad=42");
        check(r"delimiter,delimiter=\q", "delimiter,delimiter=hex:5c71");
    }

    #[test]
    fn names_are_suggested_and_behind_a_name_its_settings() {
        assert_eq!(suggestions(""), Framing::NAMES);
        assert_eq!(suggestions("del"), Framing::NAMES);
        let settings = suggestions("length-prefix,");
        assert!(
            settings.contains(&"length-prefix,width=4".to_owned()),
            "{settings:?}"
        );
        assert!(
            settings
                .iter()
                .all(|text| text.starts_with("length-prefix,"))
        );
        // What is set already is not suggested again, and what was typed of the next
        // setting does not matter.
        let more = suggestions("length-prefix,width=2,en");
        assert!(
            more.contains(&"length-prefix,width=2,endian=little".to_owned()),
            "{more:?}"
        );
        assert!(more.iter().all(|text| text.matches("width=").count() == 1));
        assert_eq!(more.len(), settings.len() - 1);
        for name in Framing::NAMES {
            for text in suggestions(name) {
                assert!(parse(&text).is_ok(), "{text}");
            }
        }
        assert!(suggestions("delimiter").contains(&r"delimiter,delimiter=\n".to_owned()));
        assert!(suggestions("nonsense,").is_empty());
    }

    #[test]
    fn what_is_no_framing_is_refused() {
        for (text, part) in [
            ("", "there are none"),
            ("lines", "no framing is called \"lines\""),
            ("delimiter,x", "sets nothing"),
            ("delimiter,width=2", "width"),
            ("length-prefix,width=9", "1 to 8 bytes wide, or varint"),
            ("length-prefix,maximum=many", "many"),
            ("length-prefix,maximum=1,maximum=2", "sequence"),
            ("length-prefix,signed=yes", "yes"),
            ("length-prefix,magic=abc", "offset must be at least 3"),
            (
                "length-prefix,resynchronise=true",
                "magic must be at least 1",
            ),
            (
                "length-prefix,checksum=crc32,trailer=2",
                "trailer must be at least 4",
            ),
            ("length-prefix,width=varint,counts-header=true", "varint"),
            ("length-prefix,offset=300", "256"),
            ("marked,end=1,escape=1", "different bytes"),
            ("marked,end=256", "from 0 to 255"),
            ("delimiter,delimiter=hex:0", "pairs of hexadecimal"),
            ("delimiter,delimiter=", "empty"),
            ("length-prefix,endian=middle", "middle"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        /// What is written is read again, also by those who trim it first.
        #[test]
        fn any_mark_is_written_as_it_is_read(text in "[ a,n\\\\\r\u{3000}\u{85}é]{1,6}") {
            let mark = Mark::from(text.as_str());
            let word = mark.written().into_owned();
            let framing = Framing::from_words("delimiter", [("delimiter", word)]).unwrap();
            prop_assert_eq!(parse(write(&framing).trim()), Ok(framing));
        }
    }
}
