//! The page's content: lessons, the texts of all languages, code snippets
//! with the marks that join their lines to calls. Words and snippets come from
//! `content.txt`, which build.rs writes; the lessons' experiments are compiled in.

use std::sync::OnceLock;

use protocol::Framing;
use trace::Lesson;
use trace::duel::Opponent;
use trace::knob::Knob;
use trace::lesson::{Count, Group, Misconception, Predict, Shows, Translations, Words};
use trace::source_code::{self, Language as Written, SourceError};
use trace::text::Catalog;

use crate::app::{CodeLanguage, Role};
use crate::language::Language;

#[expect(clippy::unreadable_literal, reason = "written by build.rs")]
mod packed {
    use super::{Count, Group, Knob, Misconception, Opponent, Packed, Shows};

    include!(concat!(env!("OUT_DIR"), "/lessons.rs"));
}

/// What separates the texts and the snippets.
const SEPARATOR: char = '\u{c}';

static CONTENT: OnceLock<String> = OnceLock::new();

/// Takes `content.txt`, before anything else here is asked. Later calls change
/// nothing.
pub fn open(content: String) {
    let _ = CONTENT.set(content);
}

#[cfg(target_arch = "wasm32")]
fn content() -> &'static str {
    CONTENT.get().map_or("", String::as_str)
}

#[cfg(not(target_arch = "wasm32"))]
fn content() -> &'static str {
    let built = || include_str!(concat!(env!("OUT_DIR"), "/content.txt")).to_owned();
    CONTENT.get_or_init(built)
}

/// All texts in one language.
pub fn texts(language: Language) -> Catalog {
    Catalog::new(entries(language))
}

/// Key and text in one language, by key.
fn entries(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let texts = content().split(SEPARATOR).next().unwrap_or_default();
    let mut lines = texts.lines();
    std::iter::from_fn(move || {
        let key = lines.next()?;
        let mut chosen = None;
        for other in Language::all() {
            let text = lines.next()?;
            if other == language {
                chosen = Some(text);
            }
        }
        Some((key, chosen?))
    })
}

/// Every key that has a text.
pub fn keys() -> impl Iterator<Item = &'static str> {
    entries(Language::default()).map(|(key, _)| key)
}

/// One of a lesson's texts: its `title`, `question` or `look`. Those of a lesson that does not
/// come with the program are its own, in this language if it has it.
pub fn lesson_text(catalog: &Catalog, language: Language, lesson: &Lesson, part: &str) -> String {
    if let Some(words) = lesson.words.best(language.tag()) {
        let text = match part {
            "title" => &words.title,
            "question" => &words.question,
            _ => &words.look,
        };
        return text.clone();
    }
    catalog.text(&["lesson.", &lesson.id, ".", part].concat())
}

/// The tag of the language that the texts of a lesson are in, where that is not the page's.
pub fn lesson_language(language: Language, lesson: &Lesson) -> Option<&str> {
    let own = lesson.words.best_tag(language.tag());
    own.filter(|own| *own != language.tag())
}

/// All words of a lesson: its own, or those of one that comes with the program in each of the
/// page's languages. None of a lesson that has neither.
pub fn lesson_words(lesson: &Lesson) -> Translations {
    let mut words = lesson.words.clone();
    if words.iter().next().is_some() {
        return words;
    }
    for language in Language::all() {
        let texts = texts(language);
        let text = |part| {
            let text = texts.template(&["lesson.", &lesson.id, ".", part].concat());
            text.map(str::to_owned)
        };
        if let (Some(title), Some(question), Some(look)) =
            (text("title"), text("question"), text("look"))
        {
            let own = Words {
                title,
                question,
                look,
            };
            words.put(language.tag(), own);
        }
    }
    words
}

/// The lessons in the order they are listed; their words are texts of the catalog.
pub fn lessons() -> Vec<Lesson> {
    packed::LESSONS.iter().filter_map(Packed::unpack).collect()
}

/// A lesson as build.rs packs it: data, which takes less room in the page than
/// code that reads a lesson's file.
struct Packed {
    id: &'static str,
    group: Group,
    order: u32,
    knobs: &'static [Knob],
    predict: Option<(Count, &'static [u64])>,
    duel: Option<Opponent>,
    shows: &'static [Shows],
    /// As a `run` line has it.
    experiment: &'static str,
}

impl Packed {
    fn unpack(&self) -> Option<Lesson> {
        Some(Lesson {
            id: self.id.to_owned(),
            group: self.group,
            order: self.order,
            knobs: self.knobs.to_vec(),
            predict: self.predict.map(|(count, choices)| Predict {
                count,
                choices: choices.to_vec(),
            }),
            duel: self.duel,
            shows: self.shows.to_vec(),
            words: Translations::default(),
            experiment: serde_json::from_str(self.experiment).ok()?,
        })
    }
}

/// A line of a snippet without its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// What is shown.
    pub text: &'static str,
    /// What it does, such as `recv` or `send.header` (several apart by blanks); may be empty.
    pub marks: &'static str,
}

impl CodeLine {
    fn parse(line: &'static str) -> Self {
        // Searched by one letter: the search for longer texts is 2 KB of code.
        if let Some((code, marks)) = line.split_once('@') {
            let comments = ["# ", "// "];
            if let Some(text) = comments.iter().find_map(|mark| code.strip_suffix(mark)) {
                return Self {
                    text: text.trim_end(),
                    marks,
                };
            }
        }
        Self {
            text: line,
            marks: "",
        }
    }

    /// Whether it carries exactly this mark.
    pub fn is_marked(&self, mark: &str) -> bool {
        let mut marks = self.marks.split_whitespace();
        marks.any(|own| own.trim_start_matches('@').trim_end_matches(',') == mark)
    }
}

/// The lines of a snippet; none if there is no such snippet.
pub fn code(name: &str, role: Role, language: CodeLanguage) -> Vec<CodeLine> {
    let role = match role {
        Role::Server => "server",
        Role::Client => "client",
    };
    let file = [name, role, ending(language)].join(".");
    found(&file).map_or_else(Vec::new, |text| text.lines().map(CodeLine::parse).collect())
}

/// A reader and a writer for `framing`, as `stickylab decoder` prints them.
pub fn decoder(framing: &Framing, language: Written) -> Result<String, SourceError> {
    source_code::decoder(framing, language, &|name| {
        found(&["decoder/", name].concat())
    })
}

/// The text of a snippet or a template.
fn found(file: &str) -> Option<&'static str> {
    let mut snippets = content().split(SEPARATOR).skip(1);
    snippets.find_map(|snippet| {
        let (name, text) = snippet.split_once('\n')?;
        (name == file).then_some(text)
    })
}

/// The ending of a language's snippets.
pub const fn ending(language: CodeLanguage) -> &'static str {
    match language {
        CodeLanguage::Python => "py",
        CodeLanguage::Rust => "rs",
        CodeLanguage::C => "c",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn marks_are_kept_and_not_shown() {
        let check = |line, text, marks: &[&str]| {
            let parsed = CodeLine::parse(line);
            assert_eq!(parsed.text, text);
            for mark in marks {
                assert!(parsed.is_marked(mark), "{line}: {mark}");
            }
            assert!(!parsed.is_marked("rec"));
        };
        check(
            "    data = s.recv(4)  # @recv.header",
            "    data = s.recv(4)",
            &["recv.header"],
        );
        check("close(fd); // @close", "close(fd);", &["close"]);
        check(
            "send(fd, p, n, 0); // @send.header @send.body",
            "send(fd, p, n, 0);",
            &["send.header", "send.body"],
        );
        check("# a comment", "# a comment", &[]);
    }

    #[test]
    fn every_framing_has_a_decoder_in_every_language() {
        for framing in Framing::all() {
            for language in Written::ALL {
                let source = decoder(&framing, language).unwrap();
                assert!(source.lines().count() > 30, "{language:?}: {source}");
            }
        }
    }

    /// Values of an attribute in the page's markup.
    fn values<'a>(page: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
        let parts = page.split(attribute).skip(1);
        parts.map(|rest| rest.split('"').next().unwrap_or_default())
    }

    #[test]
    fn every_setting_of_every_framing_has_its_texts() {
        for language in Language::all() {
            let texts = texts(language);
            for framing in Framing::all() {
                let kind = framing.name();
                for setting in framing.settings() {
                    for part in ["", ".hint"] {
                        let own = ["setting.", kind, ".", setting.name, part].concat();
                        let any = ["setting.", setting.name, part].concat();
                        let found = texts.template(&own).or_else(|| texts.template(&any));
                        assert!(found.is_some(), "{}: {own} or {any}", language.tag());
                    }
                }
            }
        }
    }

    #[test]
    fn the_markup_names_only_texts_that_exist() {
        let page = include_str!("../../static/index.html");
        let known: BTreeSet<_> = keys().collect();
        let mut named = 0;
        for attribute in [
            " data-text=\"",
            " data-text-title=\"",
            " data-text-aria-label=\"",
            " data-every-language=\"",
        ] {
            for key in values(page, attribute) {
                assert!(
                    known.contains(key),
                    "static/index.html names {key}: no such text"
                );
                named += 1;
            }
        }
        assert!(named > 40, "only {named} texts in the markup");
    }

    #[test]
    fn texts_are_not_empty_and_have_the_same_values_in_every_language() {
        let fields = |text: &str| -> BTreeSet<String> {
            let parts = text.split('{').skip(1);
            parts
                .map(|rest| rest.split(['}', '|']).next().unwrap_or_default().to_owned())
                .collect()
        };
        for language in Language::all() {
            let tag = language.tag();
            let first = entries(Language::default());
            for ((key, text), (_, expected)) in entries(language).zip(first) {
                assert!(!text.trim().is_empty(), "{tag}: {key} is empty");
                assert_eq!(fields(text), fields(expected), "{tag}: {key}");
            }
            assert_eq!(entries(language).count(), keys().count());
        }
    }

    #[test]
    fn chinese_texts_have_full_width_punctuation() {
        let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
        let wrong = |text: &str| {
            let letters: Vec<char> = text.chars().collect();
            letters.windows(2).any(|two| {
                is_chinese(two[0]) && ",;:?!()".contains(two[1])
                    || is_chinese(two[1]) && ",;:?!(".contains(two[0])
            })
        };
        assert!(wrong("版本(1)") && wrong("是:") && !wrong("recv()的 a, b：（对）"));
        let chinese = Language::of("zh").expect("the page speaks it");
        for (key, text) in entries(chinese) {
            assert!(!wrong(text), "half-width punctuation in {key}: {text}");
        }
    }

    #[test]
    fn lessons_parse_in_order_and_have_their_texts() {
        let places: Vec<_> = lessons().iter().map(|l| (l.group, l.order)).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(places.len(), packed::LESSONS.len());
        let texts = texts(Language::default());
        for lesson in lessons() {
            for knob in &lesson.knobs {
                let key = ["knob.", knob.name()].concat();
                assert!(texts.template(&key).is_some(), "{key}");
            }
            assert!(texts.template(lesson.group.key()).is_some());
            if let Some(predict) = &lesson.predict {
                assert!(texts.template(predict.count.key()).is_some());
            }
        }
    }
}
