//! `docs/lesson-file.md` beside what reads lessons: each key, the least and
//! the most it can be, its choices, and its default.

use std::collections::BTreeSet;

use emulation::{Part, Preset};
use protocol::Framing;
use toml::{Table, Value};
use trace::Lesson;

use super::full_lesson::{framings, full};
use super::markdown::{Page, spans};
use super::{check_rows, keys, names};

const WORDS: &str = "`[en]`, `[zh]` and other languages";
const SHOWS: &str = "`[[shows]]`";
const EXPERIMENT: &str = "`[experiment]`";
const FRAMING: &str = "`[experiment.framing]`";
const CLIENT: &str = "`[[experiment.clients]]`";

fn page() -> Page {
    Page::read("docs/lesson-file.md")
}

#[test]
fn every_key_has_a_row() {
    let lesson = serde_json::to_value(full(Framing::None)).expect("JSON");
    let page = page();
    let check = |heading: &str, keys: &[String]| check_rows(&page, heading, 0, keys);
    let mut top = keys(&lesson);
    // The file's name.
    top.retain(|key| key != "id");
    check("Top level", &top);
    check("`[predict]`", &keys(&lesson["predict"]));
    check(SHOWS, &keys(&lesson["shows"][0]));
    check(WORDS, &keys(&lesson["en"]));
    check(EXPERIMENT, &keys(&lesson["experiment"]));
    check(CLIENT, &keys(&lesson["experiment"]["clients"][0]));
    let framings = framings().flat_map(|framing| {
        let lesson = serde_json::to_value(full(framing)).expect("JSON");
        keys(&lesson["experiment"]["framing"])
    });
    // Each has some of them, `kind` among them.
    let unique: BTreeSet<_> = framings.collect();
    check(FRAMING, &Vec::from_iter(unique));
    let link = Part::ALL.map(|part| part.name().to_owned()).into_iter();
    let link: Vec<_> = link.chain(["preset".to_owned()]).collect();
    check("`[experiment.link]`", &link);
    let page = self::page();
    let presets = Preset::ALL.into_iter();
    let presets = presets.filter(|preset| preset.description().is_some());
    let presets: Vec<_> = presets.map(|preset| preset.name().to_owned()).collect();
    check_rows(&page, "`[experiment.link]`", 1, &presets);
}

/// A lesson in which everything that has a default is left to it.
const LEAST: &str = r#"
[predict]
count = "replied"
choices = []
[[shows]]
misconception = "byte-order"
count = "replied"
[en]
title = ""
question = ""
look = ""
[zh]
title = ""
question = ""
look = ""
[experiment]
system = "length-prefix"
[[experiment.clients]]
messages = []
"#;

/// [`LEAST`] with `key` set to `value` where the table below `heading` has it.
fn with(heading: &str, key: &str, value: Option<Value>) -> Table {
    let mut lesson: Table = LEAST.parse().expect("TOML");
    let table = match heading {
        "Top level" => &mut lesson,
        WORDS => table(&mut lesson, "en"),
        "`[predict]`" => table(&mut lesson, "predict"),
        SHOWS => shows(&mut lesson),
        EXPERIMENT => table(&mut lesson, "experiment"),
        FRAMING => {
            // The first framing that has the setting.
            let mut all = framings();
            let found = all.find(|framing| {
                let written = serde_json::to_value(framing).expect("JSON");
                key != "kind" && written.get(key).is_some()
            });
            let kind = found.unwrap_or_default().name();
            let mut framing = Table::new();
            framing.insert("kind".to_owned(), kind.into());
            if (kind, key) == ("length-prefix", "resynchronise") {
                framing.insert("magic".to_owned(), "x".into());
                framing.insert("offset".to_owned(), 1.into());
            }
            let experiment = table(&mut lesson, "experiment");
            experiment.insert("framing".to_owned(), framing.into());
            table(experiment, "framing")
        }
        CLIENT => {
            let clients = table(&mut lesson, "experiment").get_mut("clients");
            let first = clients.and_then(|clients| clients.get_mut(0));
            first.and_then(Value::as_table_mut).expect("a client")
        }
        _ => panic!("{heading}: which table is that?"),
    };
    if let Some(value) = value {
        table.insert(key.to_owned(), value);
    }
    lesson
}

/// The first table of what a lesson shows.
fn shows(lesson: &mut Table) -> &mut Table {
    let first = lesson.get_mut("shows").and_then(|shows| shows.get_mut(0));
    first.and_then(Value::as_table_mut).expect("a table")
}

fn table<'a>(parent: &'a mut Table, key: &str) -> &'a mut Table {
    parent
        .get_mut(key)
        .and_then(Value::as_table_mut)
        .expect("a table")
}

/// The lesson, if it can be run, or why not.
fn read(lesson: Table) -> Result<Lesson, String> {
    let lesson: Lesson = lesson.try_into().map_err(|error| error.to_string())?;
    lesson
        .experiment
        .validate()
        .map_err(|error| error.to_string())?;
    Ok(lesson)
}

/// A TOML value as the page has it.
fn value(text: &str) -> Value {
    let table: Table = format!("it = {text}")
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    table["it"].clone()
}

const TABLES: [&str; 7] = [
    SHOWS,
    "Top level",
    "`[predict]`",
    WORDS,
    EXPERIMENT,
    FRAMING,
    CLIENT,
];

/// Calls `check` with each row of each table: heading, key, value, default.
fn each_row(mut check: impl FnMut(&str, &str, &str, &str)) {
    let page = page();
    for heading in TABLES {
        let rows = page.table(heading, 0);
        for (key, row) in names(&rows).iter().zip(&rows) {
            check(heading, key, &row[1], &row[2]);
        }
    }
}

#[test]
fn defaults_are_those_of_the_program_and_all_else_is_required() {
    let mut defaults = 0;
    each_row(|heading, key, _, default| {
        if let [default] = &spans(default)[..] {
            let set = read(with(heading, key, Some(value(default))));
            let left = read(with(heading, key, None));
            assert_eq!(set, left, "{heading} {key}");
            assert!(set.is_ok(), "{heading} {key}: {set:?}");
            defaults += 1;
        }
        let mut lesson = with(heading, key, None);
        let parent = match heading {
            "Top level" => &mut lesson,
            "`[predict]`" => table(&mut lesson, "predict"),
            SHOWS => shows(&mut lesson),
            WORDS => table(&mut lesson, "en"),
            EXPERIMENT => table(&mut lesson, "experiment"),
            FRAMING => table(table(&mut lesson, "experiment"), "framing"),
            _ => {
                let clients = table(&mut lesson, "experiment").get_mut("clients");
                let first = clients.and_then(|clients| clients.get_mut(0));
                first.and_then(Value::as_table_mut).expect("a client")
            }
        };
        parent.remove(key);
        let without = read(lesson);
        assert_eq!(without.is_err(), default.is_empty(), "{heading} {key}");
    });
    assert!(defaults > 20, "{defaults} defaults");
}

#[test]
fn ranges_are_those_of_the_program() {
    let mut ranges = 0;
    each_row(|heading, key, values, default| {
        let mut words = values.split(' ');
        let (Some(Ok(least)), Some("to"), Some(Ok(most))) = (
            words.next().map(str::parse::<i64>),
            words.next(),
            words.next().map(str::parse::<i64>),
        ) else {
            return;
        };
        // Of a text its length counts, of a list its number.
        let sized = |size: i64| -> Option<Value> {
            let length = usize::try_from(size).ok();
            if values.ends_with("texts") {
                Some(vec!["m"; length?].into())
            } else if default.starts_with("`\"") {
                Some("x".repeat(length?).into())
            } else {
                Some(Value::Integer(size))
            }
        };
        for (size, allowed) in [
            (least - 1, false),
            (least, true),
            (most, true),
            (most + 1, false),
        ] {
            if let Some(value) = sized(size) {
                let lesson = read(with(heading, key, Some(value)));
                assert_eq!(
                    lesson.is_ok(),
                    allowed,
                    "{heading} {key} {size}: {lesson:?}"
                );
            }
        }
        ranges += 1;
    });
    assert!(ranges > 15, "{ranges} ranges");
}

/// What a reader of `heading`'s `key` says that it takes, in the error about
/// something else.
fn expected(heading: &str, key: &str) -> Vec<String> {
    let error = read(with(heading, key, Some("no such value".into())));
    let error = error.expect_err("that is nothing");
    let Some((_, list)) = error.split_once(", expected ") else {
        panic!("{heading} {key}: {error}");
    };
    spans(list.lines().next().unwrap_or(list))
}

#[test]
fn choices_are_those_of_the_program() {
    let mut choices = 0;
    each_row(|heading, key, values, _| {
        let spans = spans(values);
        if spans.is_empty() {
            return;
        }
        for choice in &spans {
            let lesson = read(with(heading, key, Some(value(choice))));
            assert!(lesson.is_ok(), "{heading} {key} {choice}: {lesson:?}");
        }
        match value(&spans[0]) {
            Value::String(_) => {
                let quoted: Vec<_> = expected(heading, key)
                    .iter()
                    .map(|word| format!("{word:?}"))
                    .collect();
                assert_eq!(spans, quoted, "{heading} {key}");
            }
            Value::Integer(_) => {
                let other = read(with(heading, key, Some(Value::Integer(3))));
                assert!(other.is_err(), "{heading} {key}");
            }
            _ => {
                assert_eq!(spans, ["true", "false"], "{heading} {key}");
                assert!(read(with(heading, key, Some("yes".into()))).is_err());
            }
        }
        choices += 1;
    });
    assert!(choices > 10, "{choices} choices");
}

#[test]
fn every_count_has_a_row() {
    let counts = expected("`[predict]`", "count");
    assert!(counts.len() >= 8, "{counts:?}");
    check_rows(&page(), "`[predict]`", 1, &counts);
}

#[test]
fn an_unknown_key_is_named() {
    for heading in TABLES {
        let error = read(with(heading, "colour", Some(1.into()))).expect_err("no such key");
        assert!(error.contains("colour"), "{heading}: {error}");
    }
}

#[test]
fn the_example_is_a_lesson() {
    let page = page();
    let blocks = page.blocks();
    let example = blocks.iter().find(|block| block.language == "toml");
    let example = example.expect("an example").lines.join("\n");
    let lesson = read(example.parse().expect("TOML"));
    assert!(lesson.is_ok(), "{lesson:?}");
}
