//! A framing as people write it: its name, and behind commas those of its settings that
//! differ from the default, such as `length-prefix,width=2,endian=big`. A text may have
//! `\n`, `\r`, `\t`, `\0` and `\\` in it.

use protocol::Framing;
use serde_json::{Map, Value};

/// The characters that are written behind a backslash.
const ESCAPES: [(char, char); 5] = [
    ('n', '\n'),
    ('r', '\r'),
    ('t', '\t'),
    ('0', '\0'),
    ('\\', '\\'),
];

/// Reads one. An error is in English.
pub fn parse(text: &str) -> Result<Framing, String> {
    let (name, settings) = text.split_once(',').unwrap_or((text, ""));
    if Framing::named(name).is_none() {
        let names = Framing::NAMES.join(", ");
        return Err(["no framing is called \"", name, "\": there are ", &names].concat());
    }
    let mut object = Map::new();
    object.insert("kind".to_owned(), name.into());
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(["\"", setting, "\" sets nothing: write name=value"].concat());
        };
        object.insert(key.to_owned(), self::value(value));
    }
    let framing: Framing = serde_json::from_value(Value::Object(object))
        .map_err(|error| [name, ": ", &error.to_string()].concat())?;
    framing.validate().map_err(|error| error.to_string())?;
    Ok(framing)
}

/// Writes what [`parse`] reads.
pub fn write(framing: &Framing) -> String {
    let fields = |framing: &Framing| match serde_json::to_value(framing) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut text = framing.name().to_owned();
    let default = Framing::named(framing.name()).map(|default| fields(&default));
    for (key, value) in fields(framing) {
        let is_default = default.as_ref().and_then(|default| default.get(&key)) == Some(&value);
        if is_default || key == "kind" {
            continue;
        }
        let written = match &value {
            Value::String(text) => escaped(text),
            other => other.to_string(),
        };
        for part in [",", &key, "=", &written] {
            text.push_str(part);
        }
    }
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match ESCAPES.iter().find(|(_, meant)| *meant == character) {
            Some((name, _)) => escaped.extend(['\\', *name]),
            None => escaped.push(character),
        }
    }
    escaped
}

/// A flag, a number or a text.
fn value(text: &str) -> Value {
    if let Ok(flag) = text.parse::<bool>() {
        return flag.into();
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    let mut meant = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        let known = ESCAPES.iter().find(|(name, _)| Some(*name) == escaped);
        meant.push(known.map_or(character, |(_, escape)| *escape));
        if known.is_none() {
            meant.extend(escaped);
        }
    }
    meant.into()
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn what_is_no_framing_is_refused() {
        for (text, part) in [
            ("", "there are none"),
            ("lines", "no framing is called \"lines\""),
            ("delimiter,x", "sets nothing"),
            ("delimiter,width=2", "width"),
            ("length-prefix,width=3", "length-prefix"),
            ("length-prefix,endian=middle", "middle"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
