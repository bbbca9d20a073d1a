//! `docs/metrics.md` beside the metrics that are registered. A scrape names only
//! those that have counted something, so the list comes from the source.

use std::collections::{BTreeMap, BTreeSet};

use tests::{Serve, http, workspace};

use super::markdown::{Page, spans};
use super::{check_rows, names};

/// A metric's type and labels.
#[derive(Debug, PartialEq, Eq)]
struct Metric {
    kind: String,
    labels: Vec<String>,
}

fn source() -> String {
    let files = workspace::files("server/src/gateway", ".rs").into_iter();
    let files = files.filter(|path| path.to_string_lossy().contains("gateway/metrics"));
    files.map(workspace::read).collect()
}

/// The body of `item {…}`, such as `struct Flow`, line by line and trimmed,
/// without attributes and comments.
fn body<'a>(source: &'a str, item: &str) -> Vec<&'a str> {
    let (_, rest) = source
        .split_once(&format!("{item} {{"))
        .unwrap_or_else(|| panic!("no {item} in the metrics"));
    let (body, _) = rest.split_once("\n}").expect("an end");
    let lines = body.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('/') && !line.starts_with('#'))
        .collect()
}

/// `name: Type,` as name and type.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, kind) = line.trim_end_matches(',').split_once(": ")?;
    Some((name.rsplit(' ').next()?, kind))
}

/// What is registered, by name.
fn registered() -> BTreeMap<String, Metric> {
    let source = source();
    let fields: BTreeMap<_, _> = body(&source, "pub struct Counters")
        .into_iter()
        .filter_map(field)
        .collect();
    let metrics = source.split(".register").skip(1).map(|call| {
        let name = call.split('"').nth(1).expect("a name");
        let (arguments, _) = call.split_once(");").expect("an end");
        let unit = match arguments.split_once("Unit::") {
            Some((_, unit)) if unit.starts_with("Seconds") => "_seconds",
            Some((_, unit)) if unit.starts_with("Bytes") => "_bytes",
            Some((_, unit)) => panic!("{name}: which unit is that? {unit}"),
            None => "",
        };
        let (_, rest) = arguments.split_once("this.").expect("a field");
        let kind = fields[rest.split('.').next().expect("a name")];
        let kinds = ["Counter", "Gauge", "Histogram"];
        let found = kinds.iter().find(|name| kind.contains(*name));
        let labels = match kind.strip_prefix("Family<") {
            Some(family) => {
                let set = family.split(',').next().expect("a set of labels");
                let lines = body(&source, &format!("struct {set}"));
                let labels = lines.into_iter().filter_map(field);
                labels.map(|(label, _)| label.to_owned()).collect()
            }
            None => Vec::new(),
        };
        let metric = Metric {
            kind: found.expect("a kind of metric").to_lowercase(),
            labels,
        };
        (format!("stickylab_{name}{unit}"), metric)
    });
    let metrics: BTreeMap<_, _> = metrics.collect();
    assert!(metrics.len() >= 14, "{metrics:?}");
    metrics
}

#[test]
fn every_metric_has_a_row_with_its_type_and_labels() {
    let registered = registered();
    let page = Page::read("docs/metrics.md");
    let expected: Vec<_> = registered.keys().collect();
    check_rows(&page, "Metrics", 0, &expected);
    let rows = page.table("Metrics", 0);
    for (name, row) in names(&rows).iter().zip(&rows) {
        let written = Metric {
            kind: row[1].clone(),
            labels: spans(&row[2]),
        };
        assert_eq!(written, registered[name], "{name}");
    }
}

#[test]
fn every_reason_of_a_refusal_has_a_row() {
    let source = source();
    let lines = body(&source, "enum Reason").into_iter();
    let reasons: Vec<_> = lines.map(|line| line.trim_end_matches(',')).collect();
    check_rows(&Page::read("docs/metrics.md"), "Metrics", 1, &reasons);
}

/// That the names read from the source are those of a scrape.
#[test]
fn a_scrape_has_the_same_names() {
    let serve = Serve::start(&[]);
    let registered = registered();
    let text = http::get(serve.page, "/metrics", &[]).text();
    let mut seen = 0;
    for line in text.lines() {
        if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|line| line.split_once(' '))
        {
            let metric = registered.get(name);
            assert_eq!(
                metric.map(|metric| metric.kind.as_str()),
                Some(kind),
                "{name}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 4, "{text}");
}

/// Expressions for alarms name series: a metric, and what its type adds.
#[test]
fn every_metric_that_is_named_exists() {
    let registered = registered();
    let mut series = BTreeSet::new();
    for (name, metric) in &registered {
        let endings: &[&str] = match metric.kind.as_str() {
            "counter" => &["", "_total"],
            "histogram" => &["", "_bucket", "_count", "_sum"],
            _ => &[""],
        };
        series.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    let mut checked = 0;
    for page in Page::all() {
        for span in page.spans() {
            let words = span.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in words.filter(|word| word.starts_with("stickylab_")) {
                assert!(series.contains(name), "{}: there is no {name}", page.path);
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked} names");
}
