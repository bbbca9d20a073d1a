//! `stickylab trace`: programs of other languages under trace do what they do without
//! it, and the record has every byte that they say they passed.

#[path = "tracer/attached.rs"]
mod attached;
#[path = "tracer/bounds.rs"]
mod bounds;
#[path = "tracer/chat.rs"]
mod chat;
#[path = "tracer/conduct.rs"]
mod conduct;
#[path = "tracer/endings.rs"]
mod endings;
#[path = "tracer/held.rs"]
mod held;
#[path = "tracer/interfaces.rs"]
mod interfaces;
#[path = "tracer/link.rs"]
mod link;
#[path = "tracer/live.rs"]
mod live;
#[path = "tracer/page.rs"]
mod page;
#[path = "tracer/real.rs"]
mod real;
#[path = "tracer/spoken.rs"]
mod spoken;
#[path = "tracer/terminal.rs"]
mod terminal;
#[path = "tracer/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::{Finished, python, run};

/// Where a test keeps its programs and what is recorded.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// Compiles a C program of `tests/tests/tracer/programs`.
    fn compile(&self, name: &str, flags: &[&str]) -> String {
        let source = programs().join(format!("{name}.c"));
        let program = self.text(&format!("{name}{}", flags.concat()));
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-Wall", "-Werror", "-pthread", "-o", &program]);
        compiler.arg(source).args(flags);
        let output = compiler.output().expect("a C compiler");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        program
    }

    /// Traces a command with flags; the record's lines are those of a file.
    fn trace(&self, flags: &[&str], command: &[&str]) -> (Finished, Vec<Value>) {
        let file = self.text("trace.jsonl");
        let first = ["trace", "--json", &file];
        let finished = call(&[&first[..], flags, &["--"], command].concat());
        (finished, read(Path::new(&file)))
    }
}

fn programs() -> PathBuf {
    tests::workspace::root().join("tests/tests/tracer/programs")
}

/// The product, with an environment in which Python makes no connection before the
/// script does: without `HOME` it asks the name service where that is.
fn stickylab(arguments: &[&str]) -> Command {
    let mut command = tests::stickylab(arguments);
    command.env("HOME", "/").env("PATH", python::path());
    command
}

fn call(arguments: &[&str]) -> Finished {
    run(stickylab(arguments), b"")
}

/// The lines of a trace that `stickylab show` accepts.
fn read(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// The bytes of each call, by end and call, in the order of the events.
type Said = BTreeMap<(String, String), Vec<String>>;

/// What events say that was passed; connections by their numbers in order.
fn recorded(lines: &[Value]) -> Said {
    let mut said = Said::new();
    for event in of_type(lines, "event") {
        let call = event["call"].as_str().expect("a call");
        if matches!(call, "send" | "recv") && event["error"].is_null() {
            let end = event["end"].as_str().expect("an end").to_owned();
            let bytes = event["bytes"].as_str().unwrap_or("").to_owned();
            said.entry((end, call.to_owned())).or_default().push(bytes);
        }
    }
    said
}

/// What a program says that it passed: lines such as `opener send 6869`.
fn spoken(finished: &Finished) -> Said {
    let mut said = Said::new();
    for line in &finished.out {
        let mut words = line.split(' ');
        let (Some(end), Some(call)) = (words.next(), words.next()) else {
            panic!("{line:?} in {finished:?}");
        };
        let bytes = words.next().unwrap_or("").to_owned();
        let key = (end.to_owned(), call.to_owned());
        said.entry(key).or_default().push(bytes);
    }
    said
}
