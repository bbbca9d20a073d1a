//! The documents: the reference in `docs/` has everything that the program has
//! and nothing else, its examples work as printed, its links lead somewhere,
//! and both languages of the README say the same.

#[path = "documents/command_line.rs"]
mod command_line;
// They run in namespaces.
#[cfg(target_os = "linux")]
#[path = "documents/examples.rs"]
mod examples;
#[path = "documents/full_lesson.rs"]
mod full_lesson;
#[path = "documents/knobs.rs"]
mod knobs;
#[path = "documents/languages.rs"]
mod languages;
#[path = "documents/lesson_file.rs"]
mod lesson_file;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/markdown.rs"]
mod markdown;
#[path = "documents/metrics.rs"]
mod metrics;
#[path = "documents/trace_format.rs"]
mod trace_format;
#[path = "documents/trace_schema.rs"]
mod trace_schema;
#[cfg(target_os = "linux")]
#[path = "documents/your_own_program.rs"]
mod your_own_program;

use std::collections::BTreeSet;

use markdown::{Page, spans};
use serde_json::Value;

/// The first code span of each row's first cell, in order: `--json` of
/// `` `--json` ``. Every row has one.
fn names(rows: &[Vec<String>]) -> Vec<String> {
    let name = |row: &Vec<String>| {
        let mut spans = spans(&row[0]);
        assert!(!spans.is_empty(), "no name in the row {row:?}");
        spans.swap_remove(0)
    };
    rows.iter().map(name).collect()
}

/// The keys of a JSON object.
fn keys(object: &Value) -> Vec<String> {
    let object = object.as_object().expect("an object");
    object.keys().cloned().collect()
}

/// The table below `heading` of `page` has a row for each of `expected`, and no
/// other.
fn check_rows(page: &Page, heading: &str, table: usize, expected: &[impl AsRef<str>]) {
    let found = names(&page.table(heading, table));
    let unique: BTreeSet<_> = found.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), found.len(), "a row twice: {found:?}");
    let expected: BTreeSet<_> = expected.iter().map(AsRef::as_ref).collect();
    let missing: Vec<_> = expected.difference(&unique).collect();
    let surplus: Vec<_> = unique.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{}, {heading}: no row for {missing:?}; rows for {surplus:?}, which the program does not have",
        page.path
    );
}
