//! Lessons written as files. Keys that have their defaults are left out, but for the list of
//! knobs.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::lesson::{Group, Lesson};
use crate::{Client, Experiment};

/// The text of a lesson's file.
pub fn write(lesson: &Lesson) -> String {
    let mut text = String::new();
    if lesson.group != Group::default() {
        line(&mut text, "group", &json(&lesson.group));
    }
    if lesson.order > 0 {
        line(&mut text, "order", &Value::from(lesson.order));
    }
    let knobs: Vec<_> = lesson.knobs.iter().map(|knob| knob.name()).collect();
    line(&mut text, "knobs", &Value::from(knobs));
    if let Some(opponent) = &lesson.duel {
        line(&mut text, "duel", &json(opponent));
    }
    if let Some(predict) = &lesson.predict {
        table(&mut text, "predict");
        lines(&mut text, &object(predict));
    }
    for shows in &lesson.shows {
        text += "\n[[shows]]\n";
        lines(&mut text, &object(shows));
    }
    for (tag, words) in lesson.words.iter() {
        table(&mut text, tag);
        for (key, value) in [
            ("title", &words.title),
            ("question", &words.question),
            ("look", &words.look),
        ] {
            line(&mut text, key, &Value::from(value.as_str()));
        }
    }
    let experiment = &lesson.experiment;
    let mut parts = object(experiment);
    // What its system decides is a default, too.
    let defaults = object(&Experiment::new(experiment.system, &[]));
    let clients = parts.remove("clients");
    let system = parts.remove("system").unwrap_or_default();
    table(&mut text, "experiment");
    line(&mut text, "system", &system);
    fields(&mut text, &parts, &defaults, "experiment.");
    let defaults = object(&Client::default());
    for client in clients.iter().filter_map(Value::as_array).flatten() {
        let Value::Object(client) = client else {
            continue;
        };
        let mut client = client.clone();
        let messages = client.remove("messages").unwrap_or_default();
        text += "\n[[experiment.clients]]\n";
        line(&mut text, "messages", &messages);
        fields(&mut text, &client, &defaults, "experiment.clients.");
    }
    text
}

/// A value as JSON has it.
fn json(value: &impl Serialize) -> Value {
    let json = serde_json::to_string(value).unwrap_or_default();
    serde_json::from_str(&json).unwrap_or_default()
}

/// A value as an object of JSON.
fn object(value: &impl Serialize) -> Map<String, Value> {
    match json(value) {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The fields that do not have their defaults, and then those that are tables.
fn fields(text: &mut String, all: &Map<String, Value>, defaults: &Map<String, Value>, path: &str) {
    let own = || {
        all.iter()
            .filter(|(key, value)| defaults.get(*key) != Some(*value))
    };
    for (key, value) in own().filter(|(_, value)| !value.is_object()) {
        line(text, key, value);
    }
    for (key, value) in own() {
        if let Value::Object(inner) = value {
            table(text, &[path, key].concat());
            lines(text, inner);
        }
    }
}

fn table(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push('[');
    text.push_str(name);
    text.push_str("]\n");
}

fn lines(text: &mut String, all: &Map<String, Value>) {
    for (key, value) in all {
        line(text, key, value);
    }
}

fn line(text: &mut String, key: &str, value: &Value) {
    text.push_str(key);
    text.push_str(" = ");
    inline(text, value);
    text.push('\n');
}

/// A value in one line. What JSON escapes in texts, TOML escapes likewise, and DEL besides.
fn inline(text: &mut String, value: &Value) {
    match value {
        Value::Array(elements) => {
            text.push('[');
            for (number, element) in elements.iter().enumerate() {
                if number > 0 {
                    text.push_str(", ");
                }
                inline(text, element);
            }
            text.push(']');
        }
        Value::Object(inner) => {
            text.push_str("{ ");
            for (number, (key, value)) in inner.iter().enumerate() {
                if number > 0 {
                    text.push_str(", ");
                }
                text.push_str(key);
                text.push_str(" = ");
                inline(text, value);
            }
            text.push_str(" }");
        }
        Value::String(string) => {
            let string = serde_json::to_string(string).unwrap_or_default();
            *text += &string.replace('\u{7f}', "\\u007F");
        }
        Value::Bool(is) => *text += if *is { "true" } else { "false" },
        // An experiment has whole numbers alone.
        Value::Number(number) => *text += &number.as_i64().unwrap_or_default().to_string(),
        Value::Null => {}
    }
}
