//! The settings kept between visits, and the line of text they are stored as.

/// What the page remembers between visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The page's language.
    pub language: Language,
    /// The page's colours.
    pub theme: Theme,
    /// Ids of the lessons run and seen to their end, each once.
    pub done: Vec<String>,
}

/// The page's language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// As in the `lang` attribute and the catalogs' file names.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// What the browser's list of languages asks for: the first that is known.
    pub fn preferred<'a>(languages: impl IntoIterator<Item = &'a str>) -> Self {
        for language in languages {
            let primary = language.split('-').next().unwrap_or_default();
            if primary.eq_ignore_ascii_case("zh") {
                return Self::Zh;
            }
            if primary.eq_ignore_ascii_case("en") {
                return Self::En;
            }
        }
        Self::En
    }
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
