//! `stickylab run --times`: many runs, and what they came to.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Signal;
use serde_json::Value;
use tests::events::Trace;
use tests::{Finished, Program, stickylab};

use super::{call, check_error, check_usage};

/// The lines of `--json`: the runs, and what they came to.
fn read(finished: &Finished) -> (Vec<Value>, Value) {
    let lines = finished.out.iter();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut lines: Vec<_> = lines.collect();
    let last = lines.pop().expect("a last line");
    assert_eq!(last["type"], "distribution", "{last}");
    for (line, run) in lines.iter().zip(1..) {
        assert_eq!(line["type"], "outcome", "{line}");
        assert_eq!(line["run"], run, "{line}");
    }
    (lines, last)
}

fn number(value: &Value, name: &str) -> u64 {
    let number = value[name].as_u64();
    number.unwrap_or_else(|| panic!("{name} in {value}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value[name].as_array();
    list.unwrap_or_else(|| panic!("{name} in {value}"))
}

/// What came of the runs is what was said of each of them.
fn check_sums(outcomes: &[Value], distribution: &Value) {
    assert_eq!(distribution["runs"], outcomes.len());
    let mut counts = BTreeMap::<u64, (u64, u64)>::new();
    let mut sizes = BTreeMap::<u64, u64>::new();
    for outcome in outcomes {
        let recvs = number(&outcome["counts"][0], "value");
        let run = number(outcome, "run");
        counts.entry(recvs).or_insert((0, run)).0 += 1;
        let own = list(outcome, "sizes");
        assert_eq!(own.len() as u64, recvs, "{outcome}");
        for size in own {
            *sizes.entry(size.as_u64().expect("a size")).or_default() += 1;
        }
    }
    let values = list(&distribution["counts"][0], "values");
    let told = values.iter().map(|value| {
        let of = |name| number(value, name);
        (of("value"), (of("runs"), of("example")))
    });
    assert_eq!(told.collect::<BTreeMap<_, _>>(), counts, "{distribution}");
    let told = list(distribution, "sizes").iter();
    let told = told.map(|size| (number(size, "size"), number(size, "calls")));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), sizes, "{distribution}");
}

#[test]
fn the_distribution_is_that_of_the_runs_and_each_example_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("kept");
    let keep = folder.to_str().unwrap();
    let finished = call(&[
        "run",
        "five-sends",
        "--set",
        "read-delay=0",
        "--times",
        "12",
        "--busy",
        "2",
        "--json",
        "--keep",
        keep,
    ]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let (outcomes, distribution) = read(&finished);
    assert_eq!(outcomes.len(), 12);
    check_sums(&outcomes, &distribution);
    let [told] = &finished.err[..] else {
        panic!("one line: {finished:?}");
    };
    // A trace for each distinct sequence, which has these sizes.
    let sequences = list(&distribution, "sequences");
    let kept = fs::read_dir(&folder).unwrap().count();
    assert_eq!(kept, sequences.len(), "{told}");
    assert!(told.contains(&format!("kept {kept} trace")), "{told}");
    for sequence in sequences {
        let path = folder.join(format!("run-{}.jsonl", sequence["example"]));
        let shown = call(&["show", path.to_str().unwrap(), "--json"]);
        let trace = Trace::read(&shown.out);
        let recvs = trace.calls("server", "recv", 1);
        let sizes = recvs.iter().map(|event| event.bytes.len());
        let sizes: Vec<_> = sizes.filter(|size| *size > 0).collect();
        assert_eq!(Value::from(sizes.clone()), sequence["sizes"]);
        assert_eq!(sizes.iter().sum::<usize>(), 20);
    }
    // What is there is not written over.
    check_error(
        &["run", "five-sends", "--times", "2", "--keep", keep],
        &[keep, "is not empty"],
    );
}

#[test]
fn a_reader_that_comes_late_enough_makes_one_outcome_of_all_runs() {
    let arguments = [
        "run",
        "five-sends",
        "--set",
        "read-delay=1000",
        "--times",
        "2",
    ];
    let finished = call(&arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let text = finished.out.join("\n");
    for part in [
        "2 runs\n\nrecv() calls of the server\n  1  █",
        "█  2 · 100 %  run 1\n",
        "  20 B  █",
        "median ",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let chinese = call(&[&arguments[..], &["--lang", "zh"]].concat());
    assert!(chinese.out[0] == "2 次运行", "{chinese:?}");
}

#[test]
fn ctrl_c_stops_and_shows_what_there_is() {
    let arguments = ["run", "five-sends", "--times", "10000", "--json"];
    let program = Program::start(&mut stickylab(&arguments));
    program
        .out
        .wait_for("a third run", |line| line.contains("\"run\":3,"));
    program.signal(Signal::INT);
    let finished = program.finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let (outcomes, distribution) = read(&finished);
    assert!((3..10_000).contains(&outcomes.len()));
    check_sums(&outcomes, &distribution);
    assert_eq!(
        distribution["unfinished"], 0,
        "the run that was stopped is left out"
    );
    let said = format!("stopped after {} of 10000 runs", outcomes.len());
    assert!(finished.err[0].contains(&said), "{finished:?}");
}

#[test]
fn numbers_are_within_bounds_and_flags_go_together() {
    fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["run", "five-sends"], more].concat()
    }
    check_usage(&run(&["--times", "0"]), "0");
    check_usage(&run(&["--times", "10001"]), "10001");
    check_usage(&run(&["--busy", "65"]), "65");
    check_usage(&run(&["--keep", "there"]), "required");
    check_usage(&run(&["--times", "2", "--pcapng", "x.pcapng"]), "--pcapng");
    check_error(
        &run(&["--times", "2", "--keep", "/dev/null/there"]),
        &["cannot write into /dev/null/there"],
    );
}
