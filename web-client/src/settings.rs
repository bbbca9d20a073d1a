//! What outlives a visit, as the one line the browser's storage keeps.

use crate::app::{Language, Settings, Theme};

/// Writes settings: `language=zh theme=dark done=five-sends,udp-echo`.
pub fn write(settings: &Settings) -> String {
    let done: Vec<_> = settings.done.iter().map(String::as_str).collect();
    let language = settings.language.code();
    let theme = settings.theme.name();
    format!("language={language} theme={theme} done={}", done.join(","))
}

/// Reads what [`write`] gave. What is not there or makes no sense stays at its
/// default; the language is then `preferred`.
pub fn read(line: &str, preferred: Language) -> Settings {
    let mut settings = Settings {
        language: preferred,
        ..Settings::default()
    };
    for field in line.split(' ') {
        match field.split_once('=') {
            Some(("language", "en")) => settings.language = Language::En,
            Some(("language", "zh")) => settings.language = Language::Zh,
            Some(("theme", "light")) => settings.theme = Theme::Light,
            Some(("theme", "dark")) => settings.theme = Theme::Dark,
            Some(("done", ids)) => {
                let ids = ids.split(',').filter(|id| !id.is_empty());
                settings.done = ids.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_round_trip() {
        let settings = Settings {
            language: Language::Zh,
            theme: Theme::Dark,
            done: ["five-sends", "udp-echo"].map(str::to_owned).into(),
        };
        assert_eq!(read(&write(&settings), Language::En), settings);
        let fresh = Settings::default();
        assert_eq!(read(&write(&fresh), Language::Zh), fresh);
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        let read = read("theme=pink language= done=, x", Language::Zh);
        assert_eq!((read.language, read.theme), (Language::Zh, Theme::Auto));
        assert!(read.done.is_empty());
    }
}
