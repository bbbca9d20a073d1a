//! `--framing`: how messages are framed, as a name and settings.

use protocol::Framing;
use serde_json::{Map, Value};

use super::suggestion::closest;

/// A framing as people write it: its name, and behind commas those of its settings that
/// differ from the default, such as `length-prefix,width=2,endian=big`. A text may have
/// `\n`, `\r`, `\t`, `\0` and `\\` in it.
pub(super) fn parse(text: &str) -> Result<Framing, String> {
    let (name, settings) = text.split_once(',').unwrap_or((text, ""));
    if Framing::named(name).is_none() {
        let hint = match closest(name, Framing::NAMES) {
            Some(close) => format!("; did you mean {close}?"),
            None => format!(": there are {}", Framing::NAMES.join(", ")),
        };
        return Err(format!("no framing is called {name:?}{hint}"));
    }
    let mut object = Map::new();
    object.insert("kind".to_owned(), name.into());
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| format!("{setting:?} sets nothing: write name=value"))?;
        object.insert(key.to_owned(), self::value(value));
    }
    let framing: Framing = serde_json::from_value(Value::Object(object))
        .map_err(|error| format!("{name}: {error}"))?;
    framing.validate().map_err(|error| error.to_string())?;
    Ok(framing)
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
        match escaped {
            Some('n') => meant.push('\n'),
            Some('r') => meant.push('\r'),
            Some('t') => meant.push('\t'),
            Some('0') => meant.push('\0'),
            Some('\\') => meant.push('\\'),
            other => {
                meant.push(character);
                meant.extend(other);
            }
        }
    }
    meant.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let framing = parse(text).map(|framing| serde_json::to_string(&framing).unwrap());
        assert_eq!(framing.as_deref(), Ok(expected), "{text}");
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
    fn what_is_no_framing_is_refused() {
        for (text, part) in [
            ("", "there are none"),
            ("delimeter,maximum=9", "did you mean delimiter?"),
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
