//! `--framing`: how messages are framed, as a name and settings.

use protocol::Framing;

use super::suggestion::closest;

/// A framing as people write it: see [`trace::framing`].
pub(super) fn parse(text: &str) -> Result<Framing, String> {
    let name = text.split(',').next().unwrap_or(text);
    if Framing::named(name).is_none() {
        let hint = match closest(name, Framing::NAMES) {
            Some(close) => format!("; did you mean {close}?"),
            None => format!(": there are {}", Framing::NAMES.join(", ")),
        };
        return Err(format!("no framing is called {name:?}{hint}"));
    }
    trace::framing::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_settings_are_checked() {
        assert!(parse("length-prefix,width=2").is_ok());
        let error = parse("lines").unwrap_err();
        assert!(error.contains("there are none"), "{error}");
        let error = parse("delimeter,maximum=9").unwrap_err();
        assert!(error.contains("did you mean delimiter?"), "{error}");
        assert!(parse("delimiter,x").unwrap_err().contains("sets nothing"));
    }
}
