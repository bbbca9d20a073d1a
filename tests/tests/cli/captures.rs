//! `stickylab show` on capture files.

use std::io::Write as _;

use serde_json::Value;
use tempfile::NamedTempFile;
use tests::stickylab;

use super::capture::{Connection, SERVER};
use super::{call, check_error, check_usage};

/// Two connections, one behind the other in a file.
fn two() -> NamedTempFile {
    let first = Connection::new().client(b"hello\nyou\n").server(b"ok\n");
    let first = first.in_order(&[0, 1, 2, 3, 4]).file();
    let second = Connection::to(9)
        .client(b"?")
        .in_order(&[0, 1, 2, 3])
        .file();
    let mut joined = std::fs::read(first.path()).expect("it was written");
    let second = std::fs::read(second.path()).expect("it was written");
    joined.extend(&second[24..]);
    of(&joined)
}

fn of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("room for it");
    file
}

pub(super) fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("a plain path")
}

/// What is printed without errors.
fn shown(arguments: &[&str]) -> String {
    let finished = call(&[&["show"], arguments].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.err.is_empty(), "{finished:?}");
    finished.out.join("\n")
}

pub(super) fn check_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

/// Five connections: more than have lanes below their list.
fn five() -> NamedTempFile {
    let mut joined = std::fs::read(two().path()).expect("it was written");
    for port in [10, 11, 12] {
        let one = Connection::to(port).client(b"x").file();
        joined.extend(&std::fs::read(one.path()).expect("it was written")[24..]);
    }
    of(&joined)
}

#[test]
fn a_capture_is_a_list_of_its_connections() {
    let file = five();
    let text = shown(&[path(&file)]);
    let ends = format!("127.0.0.1:40000 → 127.0.0.1:{SERVER}");
    check_parts(&text, &["5 connections · 21 packets", &ends, "127.0.0.1:9"]);
    check_parts(&text, &["--connection N"]);
    assert!(!text.contains("send()"), "no lanes: {text}");
    let piped = std::fs::read(file.path()).expect("it was written");
    let piped = tests::run(stickylab(&["show", "-"]), &piped);
    assert_eq!(piped.out.join("\n"), text);
    let text = shown(&[path(&file), "--lang", "zh"]);
    check_parts(&text, &["5 个连接 · 21 个包", "发起方 → 接受方", "未结束"]);
}

#[test]
fn one_connection_has_lanes_without_calls() {
    let file = two();
    let text = shown(&[path(&file), "--connection", "0"]);
    let lane = format!("127.0.0.1:40000 → 127.0.0.1:{SERVER}");
    let rows = ["calls were not observed", r"│hello\nyou\n│", "1 segment"];
    check_parts(&text, &[&[lane.as_str()][..], &rows].concat());
    assert!(!text.contains("127.0.0.1:9\n"), "{text}");
    let text = shown(&[path(&file), "--connection", "0", "--framing", "delimiter"]);
    check_parts(&text, &[r"│hello\n│you\n│", "2 messages"]);
    // Each direction has a framing of its own, or that of both.
    let one = [path(&file), "--connection", "0"];
    let own = [
        "--opener-framing",
        "delimiter",
        "--acceptor-framing",
        "fixed-size,size=3",
    ];
    let text = shown(&[&one[..], &own].concat());
    check_parts(
        &text,
        &["2 messages", "framing delimiter →, ← fixed-size,size=3"],
    );
    assert!(!text.contains("with several"), "no recv was seen: {text}");
    let both = ["--framing", "fixed-size,size=3"];
    let text = shown(&[&one[..], &both, &own[..2]].concat());
    check_parts(&text, &["2 messages", "fixed-size,size=3"]);
    let text = shown(&[path(&file), "--all"]);
    check_parts(&text, &[&lane, "127.0.0.1:40000 → 127.0.0.1:9"]);
    let text = shown(&[path(&file), "--connection", "1", "--lang", "zh"]);
    check_parts(&text, &["未观测到调用"]);
    // Below a short list stand the lanes.
    let alone = Connection::new().client(b"hello").file();
    let text = shown(&[path(&alone)]);
    check_parts(&text, &["1 connection · 4 packets", "│hello│"]);
}

/// A framing may go on behind damage, and says what it skipped.
#[test]
fn what_cannot_be_decoded_is_skipped_where_the_framing_goes_on() {
    let stream = b"ab\ntoo long\ncd\n";
    let file = Connection::new().client(stream).file();
    let shown = |framing| shown(&[path(&file), "--framing", framing]);
    let text = shown("delimiter,maximum=3");
    check_parts(&text, &["1 message, refused", "length of 8 at offset 3"]);
    let text = shown("delimiter,maximum=3,resynchronise=true");
    let rows = ["2 messages, 1 skipped", r"│ab\n│too␠long\n│cd\n│"];
    check_parts(&text, &[&rows[..], &["skipped", "offset 3"]].concat());
}

#[test]
fn a_capture_becomes_a_trace_file() {
    let file = two();
    let finished = call(&["show", path(&file), "--json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines: Vec<Value> = finished
        .out
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((count("connection"), count("event")), (2, 9));
    assert_eq!(lines[lines.len() - 1]["why"], "finished");
    let trace = of((finished.out.join("\n") + "\n").as_bytes());
    // It is listed and shown as the capture is.
    let listed = shown(&[path(&trace)]);
    check_parts(&listed, &["2 connections", "127.0.0.1:9", "│?│"]);
    let one = ["--connection", "0", "--framing", "delimiter"];
    let of_trace = shown(&[&[path(&trace)], &one[..]].concat());
    let of_capture = shown(&[&[path(&file)], &one[..]].concat());
    assert_eq!(of_trace, of_capture);
    check_error(
        &["show", path(&trace), "--connection", "7"],
        &["no connection 7", "last is 1"],
    );
}

#[test]
fn packets_of_a_capture_are_written_as_they_were() {
    let file = two();
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("out.pcapng");
    let into = into.to_str().expect("a plain path");
    let finished = call(&["show", path(&file), "--pcapng", into]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.err[0].contains("packets as they were captured"),
        "{finished:?}"
    );
    let events = |path: &str| {
        let finished = call(&["show", path, "--json"]);
        let lines = finished.out.iter();
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let events = lines.filter(|line| line["type"] == "event");
        let events = events.map(|mut event| {
            let header = event["header"].as_object_mut().expect("a header");
            header.remove("comment");
            event
        });
        events.collect::<Vec<_>>()
    };
    assert_eq!(events(into), events(path(&file)));
}

#[test]
fn what_cannot_be_read_is_named() {
    let file = two();
    let whole = std::fs::read(file.path()).expect("it was written");
    let cut = of(&whole[..whole.len() - 1]);
    let finished = call(&["show", path(&cut)]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    check_parts(&finished.out.join("\n"), &["2 connections · 8 packets"]);
    let offset = (whole.len() - 16 - 41).to_string();
    check_parts(
        &finished.err.join("\n"),
        &[path(&cut), "damaged at byte", &offset],
    );
    check_error(
        &["show", path(&file), "--connection", "2"],
        &["no connection 2", "last is 1"],
    );
    let empty = of(&whole[..24]);
    check_parts(&shown(&[path(&empty)]), &["0 connections · 0 packets"]);
    check_error(
        &["show", path(&empty), "--connection", "0"],
        &["it has none"],
    );
    check_usage(
        &["show", path(&file), "--all", "--connection", "1"],
        "cannot be used with",
    );
    check_usage(
        &["show", path(&file), "--framing", "lines"],
        "no framing is called",
    );
}
