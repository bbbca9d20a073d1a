//! The page's languages, as `static/text/languages.toml` lists them.

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// A language's entry in the table.
#[derive(Debug)]
struct Entry {
    tag: &'static str,
    name: &'static str,
    between_sentences: &'static str,
}

/// One of the page's languages; by default the first of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language(usize);

impl Language {
    /// All of them in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// The language of this tag.
    pub fn of(tag: &str) -> Option<Self> {
        Self::all().find(|language| language.tag() == tag)
    }

    /// What a browser's list of languages asks for: the first that the page has.
    pub fn preferred<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let of_primary = |tag: &str| {
            let primary = primary(tag);
            Self::all().find(|own| self::primary(own.tag()).eq_ignore_ascii_case(primary))
        };
        let mut known = tags
            .into_iter()
            .filter_map(|tag| Self::of(tag).or_else(|| of_primary(tag)));
        known.next().unwrap_or_default()
    }

    /// Its tag (BCP 47), as in the `lang` attribute and the names of its files.
    pub fn tag(self) -> &'static str {
        LANGUAGES[self.0].tag
    }

    /// What its button says.
    pub fn name(self) -> &'static str {
        LANGUAGES[self.0].name
    }

    /// What stands between two sentences.
    pub fn between_sentences(self) -> &'static str {
        LANGUAGES[self.0].between_sentences
    }
}

/// The language of a tag without script and region.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_that_the_browser_asks_for_is_taken() {
        let check = |asked: &[&str], expected| {
            let preferred = Language::preferred(asked.iter().copied());
            assert_eq!(preferred.tag(), expected, "{asked:?}");
        };
        check(&["zh-CN", "en"], "zh");
        check(&["tlh", "EN-us", "zh"], "en");
        check(&["tlh"], "en");
        check(&[], "en");
    }

    #[test]
    fn tags_and_names_differ() {
        for language in Language::all() {
            assert_eq!(Language::of(language.tag()), Some(language));
            let mut others = Language::all().filter(|other| *other != language);
            assert!(others.all(|other| other.name() != language.name()));
        }
        assert_eq!(Language::of("english"), None);
    }
}
