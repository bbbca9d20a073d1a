//! Packs `../static` for the page: the lessons' experiments as data to compile
//! in, all words and code snippets into one `content.txt` that travels beside
//! the wasm. Fails where a language lacks a key or a lesson is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use trace::Lesson;

type Texts = BTreeMap<String, String>;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let pages = root.join("../static");
    println!("cargo::rerun-if-changed=build.rs");
    for folder in ["lessons", "text", "code"] {
        println!("cargo::rerun-if-changed=../static/{folder}");
    }
    let lessons = lessons(&pages.join("lessons"));
    let mut content = texts(&pages.join("text"), &lessons);
    snippets(&pages.join("code"), &mut content);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let write =
        |name, text| fs::write(out.join(name), text).expect("cargo's own folder takes files");
    write("content.txt", content);
    write("lessons.rs", packed_lessons(&lessons));
}

/// Lines of three: key, English, Chinese; by key. Lessons' words among them.
fn texts(folder: &Path, lessons: &[Lesson]) -> String {
    let mut english = language(folder, "en");
    let mut chinese = language(folder, "zh");
    for (one, other, name) in [(&english, &chinese, "zh"), (&chinese, &english, "en")] {
        let missing: Vec<_> = one.keys().filter(|key| !other.contains_key(*key)).collect();
        assert!(
            missing.is_empty(),
            "static/text/*{name}.toml: missing {missing:?}"
        );
    }
    for lesson in lessons {
        for (texts, words) in [(&mut english, &lesson.en), (&mut chinese, &lesson.zh)] {
            for (part, text) in [
                ("title", &words.title),
                ("question", &words.question),
                ("look", &words.look),
            ] {
                texts.insert(format!("lesson.{}.{part}", lesson.id), text.clone());
            }
        }
    }
    let mut all = String::new();
    for (key, text) in &english {
        for part in [key, text, &chinese[key]] {
            assert!(!part.contains(['\n', '\u{c}']), "{key}: a text is one line");
            all += part;
            all.push('\n');
        }
    }
    all
}

/// `<language>.toml` and all `*.<language>.toml`, merged.
fn language(folder: &Path, code: &str) -> Texts {
    let mut merged = Texts::new();
    for file in files(folder) {
        let name = file_name(&file);
        if name != format!("{code}.toml") && !name.ends_with(&format!(".{code}.toml")) {
            continue;
        }
        for (key, value) in table(&file) {
            let toml::Value::String(text) = value else {
                panic!("{name}: {key} is no text: write \"key\" = \"text\"");
            };
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
        let lesson = toml::from_str(&read(&file));
        let lesson: Lesson = lesson.unwrap_or_else(|error| panic!("{}: {error}", file_name(&file)));
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
    // As a trace file has it: the page reads those anyway.
    let experiment = serde_json::to_string(experiment).expect("an experiment is JSON");
    format!(
        "Packed {{ id: {:?}, group: Group::{:?}, order: {}, knobs: &[{}], predict: {predict}, \
         experiment: {experiment:?} }},\n",
        lesson.id,
        lesson.group,
        lesson.order,
        knobs.collect::<String>(),
    )
}

/// Behind a form feed each: its name, `<system>.<server|client>.<py|rs|c>`, on
/// a line, then the snippet.
fn snippets(folder: &Path, content: &mut String) {
    for file in files(folder) {
        let text = read(&file);
        assert!(!text.contains('\u{c}'), "{}", file_name(&file));
        write!(content, "\u{c}{}\n{text}", file_name(&file)).expect("a String");
    }
}

fn table(file: &Path) -> toml::Table {
    let parsed = read(file).parse();
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
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("readable").path());
    let hidden = |path: &PathBuf| file_name(path).starts_with('.');
    let mut files: Vec<_> = paths
        .filter(|path| path.is_file() && !hidden(path))
        .collect();
    files.sort();
    files
}
