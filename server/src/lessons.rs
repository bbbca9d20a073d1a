//! The lessons and texts this program carries, from `static` and `text`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use trace::Lesson;
use trace::duel::Opponent;
use trace::lesson::file;
use trace::lesson::{Predict, Reference, Translations, Words};
use trace::text::Catalog;

// (id, text) of every lesson; each language's tag and the texts of its files.
include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// A language that lessons and texts are in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Language(usize);

static CATALOGS: LazyLock<Vec<Catalog>> =
    LazyLock::new(|| LANGUAGES.iter().map(|(_, files)| catalog(files)).collect());

fn catalog(files: &[&str]) -> Catalog {
    Catalog::new(files.iter().flat_map(|file| {
        let texts: BTreeMap<String, String> =
            toml::from_str(file).expect("a test reads every text of the tree");
        texts
    }))
}

impl Language {
    /// What every lesson file and all texts are in.
    pub const ENGLISH: Self = Self(0);

    /// All of them, English first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        LANGUAGES[self.0].0
    }

    /// Its texts.
    pub fn catalog(self) -> &'static Catalog {
        &CATALOGS[self.0]
    }

    /// The language of a locale such as `zh_CN.UTF-8` (locale(7)), if there is one.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let language = locale.split(['_', '.', '@']).next()?;
        language.parse().ok()
    }

    /// A lesson's words in this language, else in English.
    pub fn words(self, lesson: &Lesson) -> Option<Words> {
        self.words_of(&lesson.id, &lesson.words)
    }

    fn words_of(self, id: &str, words: &Translations) -> Option<Words> {
        if let Some(words) = words.get(self.tag()) {
            return Some(words.clone());
        }
        // The language's own files may have them.
        let text = |part: &str| {
            let text = self.catalog().template(&format!("lesson.{id}.{part}"));
            text.map(str::to_owned)
        };
        match (text("title"), text("question"), text("look")) {
            (Some(title), Some(question), Some(look)) => Some(Words {
                title,
                question,
                look,
            }),
            _ => words.best(self.tag()).cloned(),
        }
    }

    /// The words of the lesson that a record is of, and what it asks for. None of a
    /// lesson that neither the record nor this program knows.
    pub fn lesson_of(self, reference: &Reference) -> Option<Told> {
        if let Some(words) = &reference.words {
            return Some(Told {
                words: self.words_of("", words)?,
                predict: reference.predict.clone(),
                duel: reference.duel,
            });
        }
        let lesson = all().into_iter().find(|lesson| lesson.id == reference.id)?;
        Some(Told {
            words: self.words(&lesson)?,
            predict: lesson.predict,
            duel: lesson.duel,
        })
    }
}

/// What is told of a lesson beside its run.
#[derive(Debug)]
pub struct Told {
    /// Its words in one language.
    pub words: Words,
    /// What it has guessed.
    pub predict: Option<Predict>,
    /// The wrong decoder that is shown.
    pub duel: Option<Opponent>,
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = String;
    fn from_str(tag: &str) -> Result<Self, String> {
        let found = Self::all().find(|language| language.tag() == tag);
        found.ok_or_else(|| {
            let tags: Vec<_> = Self::all().map(Self::tag).collect();
            format!("there are {}", tags.join(", "))
        })
    }
}

/// All lessons in the order of the list: by group, then by place.
pub fn all() -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = LESSONS
        .iter()
        .map(|(id, text)| file::parse(id, text).expect("a test reads every lesson of the tree"))
        .collect();
    lessons.sort_by_key(|lesson| (lesson.group, lesson.order));
    lessons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_reads_and_can_be_run() {
        let lessons = all();
        assert!(lessons.len() >= 13, "{}", lessons.len());
        for lesson in lessons {
            lesson.experiment.validate().expect(&lesson.id);
        }
    }

    /// What stands in braces in a text: names of values, without their words.
    fn names(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split(['}', '|']).next())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn all_languages_have_the_same_texts_with_the_same_values() {
        let english = Language::ENGLISH.catalog();
        assert!(english.template("explain.recv").is_some());
        assert!(Language::all().count() >= 2);
        for language in Language::all() {
            let texts = language.catalog();
            let own = |key: &&str| !key.starts_with("lesson.");
            let same = english.keys().filter(own).eq(texts.keys().filter(own));
            assert!(same, "{language:?}");
            for key in english.keys().filter(|key| key.starts_with("terminal.")) {
                let [ours, theirs] = [english, texts].map(|texts| texts.text(key));
                assert_eq!(names(&ours), names(&theirs), "{language:?}: {key}");
            }
            for lesson in all() {
                assert!(language.words(&lesson).is_some(), "{}", lesson.id);
                if let Some(predict) = lesson.predict {
                    let key = predict.count.key();
                    assert!(texts.template(key).is_some(), "{key}");
                }
            }
        }
    }

    #[test]
    fn a_locale_has_a_language_or_none() {
        let tag = |locale| Language::of_locale(locale).map(Language::tag);
        assert_eq!(tag("zh_CN.UTF-8"), Some("zh"));
        assert_eq!(tag("zh"), Some("zh"));
        assert_eq!(tag("en_US.UTF-8@euro"), Some("en"));
        assert_eq!(tag("C"), None);
        assert_eq!(tag("de_DE"), None);
        assert_eq!(tag(""), None);
    }
}
