//! Packs `../static` for the page: the languages and the lessons' experiments as
//! data to compile in, all texts and code snippets into one `content.txt` beside
//! the wasm, and the texts shown before the program runs into `index.html`. Fails
//! where a language lacks a text or a lesson is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use trace::Lesson;

/// Texts by key.
type Texts = BTreeMap<String, String>;

/// `static/text/languages.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Languages {
    languages: Vec<Language>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Language {
    tag: String,
    name: String,
    between_sentences: String,
}

/// The attribute of an element that has a text in every language.
const EVERY_LANGUAGE: &str = " data-every-language=\"";

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let pages = root.join("../static");
    println!("cargo::rerun-if-changed=build.rs");
    for part in ["index.html", "lessons", "text", "code", "decoder"] {
        println!("cargo::rerun-if-changed=../static/{part}");
    }
    let text = pages.join("text");
    let languages: Languages = parse(&text.join("languages.toml"));
    let languages = languages.languages;
    let lessons = lessons(&pages.join("lessons"));
    let texts: Vec<_> = languages
        .iter()
        .map(|language| texts(&text, &lessons, &language.tag))
        .collect();
    let keys = check_keys(&languages, &texts);
    let mut content = lines(&keys, &texts);
    snippets(&pages.join("code"), "", &mut content);
    let decoder = pages.join("decoder");
    for folder in folders(&decoder) {
        let name = format!("decoder/{}/", file_name(&folder));
        snippets(&folder, &name, &mut content);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let write =
        |name, text| fs::write(out.join(name), text).expect("cargo's own folder takes files");
    write("content.txt", content);
    write(
        "index.html",
        markup(&pages.join("index.html"), &languages, &texts),
    );
    write("languages.rs", packed_languages(&languages));
    write("lessons.rs", packed_lessons(&lessons));
}

/// A language's texts, the words of the lessons among them: those in a lesson's
/// file, and those that the language's own files have of it.
fn texts(folder: &Path, lessons: &[Lesson], tag: &str) -> Texts {
    let mut texts = language(folder, tag);
    for lesson in lessons {
        let Some(words) = lesson.words.get(tag) else {
            continue;
        };
        for (part, text) in [
            ("title", &words.title),
            ("question", &words.question),
            ("look", &words.look),
        ] {
            let key = format!("lesson.{}.{part}", lesson.id);
            let before = texts.insert(key.clone(), text.clone());
            assert!(before.is_none(), "{tag}: {key} stands in two files");
        }
    }
    texts
}

/// The keys, which all languages have.
fn check_keys<'a>(languages: &[Language], texts: &'a [Texts]) -> BTreeSet<&'a String> {
    let keys: BTreeSet<_> = texts.iter().flat_map(Texts::keys).collect();
    for (language, texts) in languages.iter().zip(texts) {
        let missing = keys.iter().filter(|key| !texts.contains_key(**key));
        let missing: Vec<_> = missing.collect();
        let tag = &language.tag;
        assert!(
            missing.is_empty(),
            "static/text/*{tag}.toml: missing {missing:?}"
        );
    }
    keys
}

/// Of each key a line with it, and one with its text in each language; by key.
fn lines(keys: &BTreeSet<&String>, texts: &[Texts]) -> String {
    let mut lines = String::new();
    for &key in keys {
        for part in std::iter::once(key).chain(texts.iter().map(|texts| &texts[key])) {
            assert!(!part.contains(['\n', '\u{c}']), "{key}: a text is one line");
            lines += part;
            lines.push('\n');
        }
    }
    lines
}

/// The page's markup with the texts that are shown before its program runs.
fn markup(file: &Path, languages: &[Language], texts: &[Texts]) -> String {
    let page = read(file);
    let mut parts = page.split(EVERY_LANGUAGE);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (key, rest) = part.split_once('"').expect("an attribute is closed");
        let (attributes, behind) = rest.split_once('>').expect("a tag is closed");
        let spans = languages.iter().zip(texts).map(|(language, texts)| {
            let text = texts.get(key).unwrap_or_else(|| panic!("no text {key}"));
            assert!(!text.contains(['<', '&']), "{key} has markup");
            format!("<span lang=\"{}\">{text}</span>", language.tag)
        });
        let spans: Vec<_> = spans.collect();
        write!(filled, "{attributes}>{}{behind}", spans.join(" ")).expect("a String");
    }
    filled
}

/// The languages as data.
fn packed_languages(languages: &[Language]) -> String {
    let packed = languages.iter().map(|language| {
        let Language {
            tag,
            name,
            between_sentences,
        } = language;
        format!(
            "Entry {{ tag: {tag:?}, name: {name:?}, between_sentences: {between_sentences:?} }},\n"
        )
    });
    let packed: String = packed.collect();
    format!("static LANGUAGES: &[Entry] = &[\n{packed}];\n")
}

/// `<language>.toml` and all `*.<language>.toml`, merged.
fn language(folder: &Path, code: &str) -> Texts {
    let mut merged = Texts::new();
    for file in files(folder) {
        let name = file_name(&file);
        if name != format!("{code}.toml") && !name.ends_with(&format!(".{code}.toml")) {
            continue;
        }
        for (key, text) in parse::<Texts>(&file) {
            let before = merged.insert(key.clone(), text);
            assert!(
                before.is_none(),
                "{name}: {key} stands in another file already"
            );
        }
    }
    merged
}

/// In the order they are listed.
fn lessons(folder: &Path) -> Vec<Lesson> {
    let mut lessons = Vec::new();
    for file in files(folder) {
        if file.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let id = file.file_stem().and_then(|stem| stem.to_str());
        let id = id.expect("lesson files have plain names").to_owned();
        let lesson: Lesson = parse(&file);
        lessons.push(Lesson { id, ..lesson });
    }
    lessons.sort_by_key(|lesson| (lesson.group, lesson.order));
    lessons
}

/// Lessons as data. `Debug` writes unit variants, numbers, strings and slices
/// of them as Rust does.
fn packed_lessons(lessons: &[Lesson]) -> String {
    let packed: String = lessons.iter().map(packed).collect();
    format!("pub(super) static LESSONS: &[Packed] = &[\n{packed}];\n")
}

fn packed(lesson: &Lesson) -> String {
    let experiment = &lesson.experiment;
    let knobs = lesson.knobs.iter().map(|knob| format!("Knob::{knob:?},"));
    let predict = lesson
        .predict
        .as_ref()
        .map_or("None".to_owned(), |predict| {
            format!("Some((Count::{:?}, &{:?}))", predict.count, predict.choices)
        });
    let duel = lesson
        .duel
        .map(|opponent| format!("Opponent::{opponent:?}"));
    let duel = duel.map_or("None".to_owned(), |opponent| format!("Some({opponent})"));
    let shows = lesson.shows.iter().map(|shows| {
        format!(
            "Shows {{ misconception: Misconception::{:?}, count: Count::{:?}, least: {}, most: {:?} }},",
            shows.misconception, shows.count, shows.least, shows.most
        )
    });
    // As a trace file has it: the page reads those anyway.
    let experiment = serde_json::to_string(experiment).expect("an experiment is JSON");
    format!(
        "Packed {{ id: {:?}, group: Group::{:?}, order: {}, knobs: &[{}], predict: {predict}, \
         duel: {duel}, shows: &[{}], experiment: {experiment:?} }},\n",
        lesson.id,
        lesson.group,
        lesson.order,
        knobs.collect::<String>(),
        shows.collect::<String>(),
    )
}

/// Behind a form feed each: its name, `<system>.<server|client>.<py|rs|c>` or
/// `decoder/<language>/<template>`, on a line, then the text. The page prints no tests of
/// decoders.
fn snippets(folder: &Path, prefix: &str, content: &mut String) {
    let is_wanted = |file: &PathBuf| file_name(file) != "test";
    for file in files(folder).into_iter().filter(is_wanted) {
        let text = read(&file);
        assert!(!text.contains('\u{c}'), "{}", file_name(&file));
        let name = file_name(&file);
        write!(content, "\u{c}{prefix}{name}\n{text}").expect("a String");
    }
}

fn parse<T: DeserializeOwned>(file: &Path) -> T {
    let parsed = toml::from_str(&read(file));
    parsed.unwrap_or_else(|error| panic!("{}: {error}", file_name(file)))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .expect("it is a file")
        .to_string_lossy()
        .into_owned()
}

/// The files of a folder by name; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder, Path::is_file)
}

/// The folders in a folder by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder, Path::is_dir)
}

fn entries(folder: &Path, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("readable").path());
    let hidden = |path: &PathBuf| file_name(path).starts_with('.');
    let mut files: Vec<_> = paths
        .filter(|path| is_wanted(path) && !hidden(path))
        .collect();
    files.sort();
    files
}
