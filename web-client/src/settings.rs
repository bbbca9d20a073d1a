//! The settings kept between visits, and the line of text they are stored as.

use crate::hash;
use crate::language::Language;

/// What the page remembers between visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The page's language.
    pub language: Language,
    /// The page's colours.
    pub theme: Theme,
    /// Ids of the lessons run and seen to their end, each once.
    pub done: Vec<String>,
    /// The Lab's experiment, as an address has it; empty for the one that it begins with.
    pub lab: String,
    /// What it began with: the id of a lesson that comes with the program, or what a gateway
    /// said of a file, as JSON; empty for nothing.
    pub begun: String,
}

/// The page's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// As in the page's `data-theme` attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Writes settings: `language=zh theme=dark done=five-sends,udp-echo lab=buffer=4`.
pub fn write(settings: &Settings) -> String {
    let done: Vec<_> = settings.done.iter().map(String::as_str).collect();
    let language = settings.language.tag();
    let theme = settings.theme.name();
    let lab = &settings.lab;
    let mut begun = String::new();
    hash::encode(&mut begun, &settings.begun);
    format!(
        "language={language} theme={theme} done={} lab={lab} begun={begun}",
        done.join(",")
    )
}

/// Reads what [`write`] gave. What is missing or invalid has its default; the
/// language is then `preferred`.
pub fn read(line: &str, preferred: Language) -> Settings {
    let mut settings = Settings {
        language: preferred,
        ..Settings::default()
    };
    for field in line.split(' ') {
        match field.split_once('=') {
            Some(("language", tag)) => {
                settings.language = Language::of(tag).unwrap_or(preferred);
            }
            Some(("theme", "light")) => settings.theme = Theme::Light,
            Some(("theme", "dark")) => settings.theme = Theme::Dark,
            Some(("done", ids)) => {
                let ids = ids.split(',').filter(|id| !id.is_empty());
                settings.done = ids.map(str::to_owned).collect();
            }
            Some(("lab", lab)) => lab.clone_into(&mut settings.lab),
            Some(("begun", begun)) => settings.begun = hash::decode(begun),
            _ => {}
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(tag: &str) -> Language {
        Language::of(tag).unwrap()
    }

    #[test]
    fn settings_round_trip() {
        let settings = Settings {
            language: language("zh"),
            theme: Theme::Dark,
            done: ["five-sends", "udp-echo"].map(str::to_owned).into(),
            lab: "buffer=4&messages=a%20b".to_owned(),
            begun: r#"{"name":"a b=%.toml","粘":[1]}"#.to_owned(),
        };
        assert_eq!(read(&write(&settings), language("en")), settings);
        let fresh = Settings::default();
        assert_eq!(read(&write(&fresh), language("zh")), fresh);
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        let read = read("theme=pink language= done=, x", language("zh"));
        assert_eq!((read.language, read.theme), (language("zh"), Theme::Auto));
        assert!(read.done.is_empty());
    }
}
