//! `docs/trace-format.schema.json` beside the lines that are written and read: it
//! accepts those, names each of their fields, and refuses what readers refuse.

use std::collections::BTreeSet;

use jsonschema::Validator;
use protocol::framing::Mark;
use protocol::{Framing, System};
use serde_json::{Map, Value, json};
use tests::{run, stickylab, workspace};
use trace::link::{Capture, Ending, Line, VERSION};
use trace::{Answer, Call, ClockName, End, Experiment, LengthUnit, Reason, Trace};

use super::full_lesson;
use super::markdown::Page;
use super::names;
use super::trace_format::{self, full_lines};

fn schema() -> Value {
    let text = workspace::read("docs/trace-format.schema.json");
    serde_json::from_str(&text).expect("JSON")
}

fn validator() -> Validator {
    let schema = schema();
    let valid = jsonschema::draft202012::meta::validate(&schema);
    valid.expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn check_valid(validator: &Validator, line: &Value) {
    if let Err(error) = validator.validate(line) {
        panic!("{line}: {error} at {}", error.instance_path());
    }
}

fn check_lines<'a>(validator: &Validator, lines: impl IntoIterator<Item = &'a str>) {
    for line in lines {
        let line = serde_json::from_str(line).expect("JSON");
        check_valid(validator, &line);
    }
}

#[test]
fn the_lines_printed_in_the_page_are_valid() {
    let validator = validator();
    let page = Page::read("docs/trace-format.md");
    let blocks = page.blocks();
    let lines = blocks.iter().filter(|block| block.language == "json");
    let lines = lines.flat_map(|block| &block.lines);
    let lines: Vec<_> = lines.filter(|line| Line::parse(line).is_ok()).collect();
    assert!(lines.len() >= 10, "{lines:?}");
    check_lines(&validator, lines.into_iter().map(String::as_str));
}

#[test]
fn what_a_run_of_each_lesson_prints_is_valid() {
    let validator = validator();
    for lesson in workspace::lessons() {
        let finished = run(stickylab(&["run", "--json", &lesson]), b"");
        assert_eq!(finished.code, Some(0), "{lesson}: {finished:?}");
        assert!(finished.out.len() > 4, "{lesson}: {finished:?}");
        check_lines(&validator, finished.out.iter().map(String::as_str));
    }
}

/// Those of earlier versions as today's version writes them.
#[test]
fn the_traces_of_the_tests_are_valid() {
    let validator = validator();
    let mut traces = 0;
    for file in workspace::files("tests/traces", ".jsonl") {
        let text = std::fs::read_to_string(file).expect("a file");
        let trace = Trace::parse(&text).expect("a trace");
        if text.contains(&format!("\"version\":{VERSION},")) {
            check_lines(&validator, text.lines());
        }
        for line in trace.lines() {
            check_valid(&validator, &trace_format::object(&line));
        }
        traces += 1;
    }
    assert!(traces >= 1, "no file in tests/traces");
    for file in workspace::files("fuzz/corpus/trace_file", "") {
        let bytes = std::fs::read(file).expect("a file");
        let Ok(trace) = Trace::parse(&String::from_utf8_lossy(&bytes)) else {
            continue;
        };
        for line in trace.lines() {
            check_valid(&validator, &trace_format::object(&line));
        }
        traces += 1;
    }
    assert!(traces >= 20, "only {traces}");
}

/// A line of each kind, and a `run` line with each framing, with every field.
fn samples() -> Vec<Value> {
    let lines = full_lines().into_iter();
    let mut samples: Vec<_> = lines.map(|line| trace_format::object(&line)).collect();
    for framing in Framing::all().into_iter().chain(full_lesson::framings()) {
        // The framings of a setup are checked when they are read: a magic needs an offset,
        // and going on behind damage needs a magic.
        let mut known = framing.clone();
        if let Framing::LengthPrefix(prefix) = &mut known {
            prefix.magic = Mark::default();
            prefix.resynchronise = false;
        }
        samples.push(json!({
            "type": "run",
            "version": 5,
            "experiment": full_lesson::full(framing).experiment,
            "setup": {"opener-framing": known, "acceptor-framing": known},
        }));
    }
    samples
}

/// Whether the line is read as one of a trace.
fn is_read(line: &Value) -> bool {
    match Line::parse(&line.to_string()) {
        Ok(Line::Event(event)) => event.has_fitting_reason(),
        parsed => parsed.is_ok(),
    }
}

/// The paths of all objects in `value`, outer ones first.
fn objects(value: &Value) -> Vec<String> {
    fn collect(value: &Value, at: &str, found: &mut Vec<String>) {
        if let Value::Object(fields) = value {
            found.push(at.to_owned());
            for (key, inner) in fields {
                collect(inner, &format!("{at}/{key}"), found);
            }
        } else if let Value::Array(items) = value {
            for (index, inner) in items.iter().enumerate() {
                collect(inner, &format!("{at}/{index}"), found);
            }
        }
    }
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found
}

fn object<'a>(value: &'a mut Value, path: &str) -> &'a mut Map<String, Value> {
    let found = value.pointer_mut(path).and_then(Value::as_object_mut);
    found.unwrap_or_else(|| panic!("no object at {path:?}"))
}

#[test]
fn a_required_field_is_one_without_which_a_line_is_not_read() {
    let validator = validator();
    let mut required = 0;
    for sample in samples() {
        check_valid(&validator, &sample);
        assert!(is_read(&sample), "{sample}");
        for path in objects(&sample) {
            let keys: Vec<_> = object(&mut sample.clone(), &path).keys().cloned().collect();
            for key in keys {
                let mut without = sample.clone();
                object(&mut without, &path).remove(&key);
                let valid = validator.is_valid(&without);
                assert_eq!(valid, is_read(&without), "without {path}/{key}: {sample}");
                required += usize::from(!valid);
            }
        }
    }
    assert!(required > 30, "only {required}");
}

#[test]
fn an_unknown_field_or_kind_is_refused() {
    let validator = validator();
    for sample in samples() {
        for path in objects(&sample) {
            let mut with = sample.clone();
            object(&mut with, &path).insert("colour".to_owned(), Value::from(1));
            assert!(!validator.is_valid(&with), "{path}: {with}");
        }
    }
    for line in [
        json!({"type": "later"}),
        json!({"type": 1}),
        json!({"events": 3}),
        json!([]),
        json!({"type": "run", "version": 4}),
        json!({"type": "run", "version": 6}),
    ] {
        assert!(!validator.is_valid(&line), "{line}");
    }
    let event = json!({
        "type": "event", "at": 1, "party": 1, "connection": 1, "end": "opener", "call": "send",
    });
    check_valid(&validator, &event);
    for (key, value) in [
        ("at", json!(-1)),
        ("at", json!(1.5)),
        ("at", json!("1")),
        ("end", json!("left")),
        ("call", json!("write")),
        ("bytes", json!("abc")),
        ("bytes", json!("zz")),
        ("offset", json!((1_u64 << 48) + 1)),
        ("header", json!({"ack": (1_u64 << 48) + 1})),
        ("reason", json!("full")),
        // Without their reasons.
        ("call", json!("refuse")),
        ("call", json!("cut")),
    ] {
        let mut with = event.clone();
        object(&mut with, "").insert(key.to_owned(), value);
        assert!(!validator.is_valid(&with), "{with}");
    }
}

#[test]
fn the_page_says_which_fields_are_required() {
    let schema = schema();
    let page = Page::read("docs/trace-format.md");
    for definition in [
        "run",
        "party",
        "connection",
        "event",
        "ended",
        "socket",
        "header",
    ] {
        let required = &schema["$defs"][definition]["required"];
        let required = required.as_array().expect("a list");
        let rows = page.table(&format!("`{definition}`"), 0);
        for (name, row) in names(&rows).into_iter().zip(&rows) {
            let said = row[2] == "required";
            let name = Value::from(name);
            assert_eq!(said, required.contains(&name), "{definition}: {name}");
        }
    }
}

/// The fields that the schema describes at `pointer` are those of `object`.
fn check_fields(schema: &Value, pointer: &str, object: &Value) {
    let fields = |value: &Value| -> BTreeSet<String> {
        let object = value.as_object();
        let object = object.unwrap_or_else(|| panic!("{pointer}: {value}"));
        object.keys().cloned().collect()
    };
    let described = schema.pointer(&format!("/$defs/{pointer}/properties"));
    let described = described.unwrap_or_else(|| panic!("{pointer} is not described"));
    assert_eq!(fields(described), fields(object), "{pointer}");
}

#[test]
fn the_schema_has_the_fields_of_lines_and_no_others() {
    let schema = schema();
    for line in full_lines() {
        let line = trace_format::object(&line);
        let kind = line["type"].as_str().expect("a kind");
        check_fields(&schema, kind, &line);
        let inner: &[_] = match kind {
            "run" => &[("setup", "/setup"), ("clock", "/clock")],
            "connection" => &[
                ("endpoint", "/opener"),
                ("endpoint/properties/observed", "/opener/observed"),
            ],
            "event" => &[
                ("socket", "/socket"),
                ("socket/properties/counts", "/socket/counts"),
                ("socket/properties/options", "/socket/options"),
                ("header/properties/transit", "/header/transit"),
                ("header", "/header"),
            ],
            _ => &[],
        };
        for (definition, path) in inner {
            let object = line.pointer(path).expect("every field is there");
            check_fields(&schema, definition, object);
        }
    }
    let described = schema["$defs"]["framing"]["oneOf"].as_array();
    assert_eq!(described.map(Vec::len), Some(Framing::all().len()));
    for (index, framing) in full_lesson::framings().enumerate() {
        let written = serde_json::to_value(&framing).expect("JSON");
        check_fields(&schema, &format!("framing/oneOf/{index}"), &written);
        let experiment = full_lesson::full(framing).experiment;
        let experiment = serde_json::to_value(experiment).expect("JSON");
        check_fields(&schema, "experiment", &experiment);
        check_fields(&schema, "client", &experiment["clients"][0]);
    }
}

#[test]
fn the_schema_has_the_words_of_lines_and_no_others() {
    let schema = schema();
    let check = |pointer: &str, expected: &[&str]| {
        let found = schema.pointer(&format!("/$defs/{pointer}/enum"));
        assert_eq!(found, Some(&json!(expected)), "{pointer}");
    };
    check("run/properties/capture", &Capture::ALL.map(Capture::name));
    check(
        "clock/properties/name",
        &ClockName::ALL.map(ClockName::name),
    );
    check("ended/properties/why", &Ending::ALL.map(Ending::name));
    check("event/properties/end", &End::ALL.map(End::name));
    check("event/properties/call", &Call::ALL.map(Call::name));
    check("event/properties/reason", &Reason::ALL.map(Reason::name));
    let systems = System::ALL.map(System::name);
    check("experiment/properties/system", &systems);
    check("client/properties/answer", &Answer::ALL.map(Answer::name));
    let units = LengthUnit::ALL.map(LengthUnit::name);
    check("client/properties/length-unit", &units);
    for (index, call) in [Call::Refuse, Call::Cut].into_iter().enumerate() {
        let reasons = Reason::ALL
            .into_iter()
            .filter(|reason| reason.call() == call);
        let reasons: Vec<_> = reasons.map(Reason::name).collect();
        let pointer = format!("event/allOf/{index}/then/properties/reason");
        check(&pointer, &reasons);
    }
}

/// A small experiment with `key` set in itself, or in its client.
fn experiment(path: &str, key: &str, value: &Value) -> Value {
    let mut experiment = json!({"system": "tcp-echo", "clients": [{"messages": []}]});
    object(&mut experiment, path).insert(key.to_owned(), value.clone());
    experiment
}

/// The bounds and the default that the schema gives a number or a word are those
/// of the program. `with` makes an experiment with the value, or without it.
fn check_described(name: &str, described: &Value, with: &dyn Fn(Option<&Value>) -> Value) -> bool {
    let read_one = serde_json::from_value::<Experiment>;
    let read = |value| read_one(with(value));
    let runs = |value: &Value| {
        read_one(with(Some(value))).is_ok_and(|experiment| experiment.validate().is_ok())
    };
    if let Some(default) = described.get("default") {
        let (set, left_out) = (read(Some(default)), read(None));
        assert_eq!(set.expect(name), left_out.expect(name), "{name}");
    }
    let bound = |key: &str| described[key].as_i64();
    let (Some(least), Some(most)) = (bound("minimum"), bound("maximum")) else {
        return false;
    };
    for (value, taken) in [
        (least - 1, false),
        (least, true),
        (most, true),
        (most + 1, false),
    ] {
        assert_eq!(runs(&Value::from(value)), taken, "{name}: {value}");
    }
    true
}

#[test]
fn bounds_and_defaults_are_those_of_the_program() {
    let schema = schema();
    let fields = |described: &Value| {
        let fields = described["properties"].as_object().expect("fields");
        fields.clone().into_iter()
    };
    let mut bounded = 0;
    for (definition, path) in [("experiment", ""), ("client", "/clients/0")] {
        for (name, described) in fields(&schema["$defs"][definition]) {
            let with = |value: Option<&Value>| match value {
                Some(value) => experiment(path, &name, value),
                None => experiment("", "system", &json!("tcp-echo")),
            };
            bounded += usize::from(check_described(&name, &described, &with));
        }
    }
    let framings = schema["$defs"]["framing"]["oneOf"].as_array();
    for framing in framings.expect("a list") {
        let kind = &framing["properties"]["kind"]["const"];
        for (name, described) in fields(framing) {
            let with = |value: Option<&Value>| {
                let mut framing = json!({"kind": kind});
                if let Some(value) = value {
                    object(&mut framing, "").insert(name.clone(), value.clone());
                }
                experiment("", "framing", &framing)
            };
            bounded += usize::from(check_described(&name, &described, &with));
        }
    }
    assert!(bounded >= 18, "only {bounded}");
}
