//! `stickylab duel`: where wrong decoders part from the right one, on real records.

use std::fs;

use serde_json::Value;
use tests::events::hex;
use tests::{Finished, run, stickylab};

use super::call;

/// A trace of one connection, by the calls of its acceptor; a millisecond passes between
/// two.
fn trace(recvs: &[&[u8]]) -> String {
    let mut lines = vec![
        r#"{"type":"run","version":5,"run":0,"kernel":"","capture":"unknown"}"#.to_owned(),
        r#"{"type":"party","party":1,"name":"server"}"#.to_owned(),
        r#"{"type":"connection","connection":1,"transport":"tcp","opener":{"address":"127.0.0.1:5000"},"acceptor":{"party":1,"address":"127.0.0.1:6379","observed":{"calls":true}}}"#.to_owned(),
    ];
    for (at, bytes) in recvs.iter().enumerate() {
        let hex = hex(bytes);
        lines.push(format!(
            r#"{{"type":"event","at":{},"party":1,"connection":1,"end":"acceptor","call":"recv","asked":64,"bytes":"{hex}"}}"#,
            (at + 1) * 1_000_000
        ));
    }
    let events = recvs.len();
    lines.push(format!(
        r#"{{"type":"ended","events":{events},"why":"finished"}}"#
    ));
    lines.join("\n") + "\n"
}

fn duel(input: &str, arguments: &[&str]) -> Finished {
    let mut command = stickylab(&[&["duel", "-"], arguments].concat());
    command.env("LC_ALL", "C.UTF-8");
    run(command, input.as_bytes())
}

/// What is printed of `recvs` has all of `parts`.
fn check(recvs: &[&[u8]], arguments: &[&str], parts: &[&str]) {
    let finished = duel(&trace(recvs), arguments);
    let out = finished.out.join("\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for part in parts {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
    assert!(!out.contains('\u{1b}'), "{out}");
}

/// One line on standard error that has all of `parts`, and exit code 1.
fn check_refused(recvs: &[&[u8]], arguments: &[&str], parts: &[&str]) {
    let finished = duel(&trace(recvs), arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said = finished.err.join("\n");
    for part in parts {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

#[test]
fn all_that_fit_are_told_of() {
    check(
        &[b"hello\nfi", b"ne\n"],
        &["--framing", "delimiter"],
        &[
            "127.0.0.1:5000 → server 127.0.0.1:6379: 2 messages in 11 B and 2 × recv()",
            "one-recv          parts at recv() #1, offset 6, with the first message",
            "                  It took all of recv() #1, 8 bytes, for one message.",
            "buffer-cleared    parts at recv() #1, offset 6, behind 1 message that is right",
            "one-per-recv      survives by luck: 2 of 2 messages right",
            "split-each-recv   parts at recv() #1, offset 8, behind 1 message that is right",
            "psh               needs captured packets",
        ],
    );
}

#[test]
fn one_is_drawn_beside_the_right_one() {
    check(
        &[b"hello\nok\n"],
        &["--framing", "delimiter", "--against", "one-recv"],
        &[
            "recv()     │hello\\n ok\\n│",
            "right      │hello\\n│ok\\n│  delimiter",
            "wrong      │hello\\n ok\\n│  one-recv",
            "\n                   ▲",
            "why        It took all of recv() #1, 9 bytes, for one message. In fact a message of 6",
        ],
    );
    check(
        &[b"\x05\0\0\0hello\x02\0", b"\0\0ok"],
        &["--framing", "length-prefix", "--against", "rest-dropped"],
        &[
            r"recv()     │\05\00\00\00hello \02\00│",
            r"right      │\05\00\00\00hello│",
            r"wrong      │\05\00\00\00hello│××××××│",
            "× dropped by the wrong",
        ],
    );
    check(
        &[b"hello\nok\n"],
        &["--framing=delimiter", "--against=one-recv", "--lang=zh"],
        &[
            "原因       它把 recv() #1 的全部 9 字节当作一条消息。",
            "正确",
            "错误",
        ],
    );
    // Far behind in a long stream what is drawn is what is near the parting.
    let many = "line\n".repeat(10_000);
    let chunks: Vec<_> = many.as_bytes().chunks(5).collect();
    let with_last = [&chunks[..], &[b"two\nlines\n"]].concat();
    check(
        &with_last,
        &["--framing=delimiter", "--against=one-recv"],
        &[
            "parts at recv() #10,001, offset 50,004, behind 10,000 messages that are right",
            "offset 49990",
        ],
    );
}

#[test]
fn other_chunks_than_the_recorded_ones() {
    let frames: &[&[u8]] = &[b"\x05\0\0\0hello", b"\x02\0\0\0ok"];
    let framing = ["--framing", "length-prefix", "--against", "header-whole"];
    check(
        frames,
        &framing,
        &["survives by luck: 2 of 2 messages right"],
    );
    let cut = [&framing[..], &["--chunks", "2"]].concat();
    let parts = [
        "parts at chunk #4, offset 7, with the first message",
        "why        Its recv() of the 4-byte header returned 2 bytes, and it took `05 00` for the",
    ];
    check(frames, &cut, &parts);
    let exact = [&framing[..], &["--chunks", "9,6"]].concat();
    check(frames, &exact, &["2 × chunk", "survives by luck"]);
}

#[test]
fn silence_is_as_long_as_is_said() {
    let lines: &[&[u8]] = &[b"hello\n", b"ok\n"];
    let silence = ["--framing", "delimiter", "--against", "silence"];
    check(lines, &silence, &["parts at recv() #1, offset 6"]);
    let short = [&silence[..], &["--silence", "1ms"]].concat();
    let parts = ["parts at recv() #2, offset 9, behind 1 message that is right"];
    // The record ends when the last one came: no pause was seen behind it.
    check(lines, &short, &parts);
    let cut = [&silence[..], &["--chunks", "1"]].concat();
    check_refused(
        lines,
        &cut,
        &["silence needs the times at which bytes came"],
    );
}

#[test]
fn json_has_one_object_for_each() {
    let arguments = ["--framing", "delimiter", "--json", "--against=one-recv"];
    let arguments = [&arguments[..], &["--against", "split-each-recv"]].concat();
    let finished = duel(&trace(&[b"hello\nok\n"]), &arguments);
    let lines: Vec<Value> = finished
        .out
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let [one, split] = &lines[..] else {
        panic!("two lines: {finished:?}");
    };
    assert_eq!(
        (&one["against"], &one["agreed"]),
        (&"one-recv".into(), &0.into())
    );
    assert_eq!(one["direction"], "opener");
    assert_eq!(one["parting"]["offset"], 6);
    assert_eq!(
        one["parting"]["right"]["message"],
        serde_json::json!([0, 6])
    );
    assert_eq!(
        one["parting"]["wrong"]["message"],
        serde_json::json!([0, 9])
    );
    assert_eq!(
        (&split["messages"], &split["parting"]),
        (&2.into(), &Value::Null)
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let hello: &[&[u8]] = &[b"hello\n"];
    check_refused(hello, &[], &["say it with --framing", "stickylab guess"]);
    check_refused(
        hello,
        &["--framing", "delimiter", "--against", "other-endian"],
        &[
            "other-endian is no mistake",
            "one-recv, buffer-cleared",
            "split-each-recv",
        ],
    );
    check_refused(
        hello,
        &["--framing", "delimiter", "--against", "psh"],
        &["psh needs captured packets"],
    );
    check_refused(hello, &["--connection", "7"], &["no connection 7"]);
    check_refused(
        hello,
        &["--framing", "delimiter", "--direction", "acceptor"],
        &["no bytes of a stream"],
    );
    super::check_usage(
        &["duel", "-", "--against", "one_recv"],
        "did you mean one-recv?",
    );
    super::check_usage(&["duel", "-", "--chunks", "0"], "write recorded, whole");
    super::check_usage(&["duel", "-", "--silence", "2h"], "at most 1h");
}

#[test]
fn a_run_of_a_lesson_has_its_framing_with_it() {
    let lesson = call(&["run", "length-prefix", "--json"]);
    assert_eq!(lesson.code, Some(0), "{lesson:?}");
    let finished = duel(&(lesson.out.join("\n") + "\n"), &[]);
    let out = finished.out.join("\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // Whatever the recvs were like: no length is the same from behind or with its header, and
    // none is too large.
    for part in [
        "framed by",
        "length-prefix",
        "other-endian      parts at recv() #",
        "header-count      parts at recv() #",
        "allocate-first    survives by luck: 4 of 4 messages right",
        "wait-all          survives by luck: 4 of 4 messages right",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
}

/// The chat whose server takes one recv for one message, traced: its mistake is found, and
/// a buffer would have been right.
#[cfg(target_os = "linux")]
#[test]
fn the_mistake_of_a_program_is_found_in_its_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("chat.jsonl");
    let file = file.to_str().expect("UTF-8");
    let chat = tests::workspace::root().join("docs/examples/chat.py");
    let chat = chat.to_str().expect("UTF-8");
    let mut command = stickylab(&["trace", "--json", file, "--", "python3", chat]);
    command.env("PATH", tests::python::path()).env("HOME", "/");
    let traced = run(command, b"");
    assert_eq!(traced.code, Some(0), "{traced:?}");
    let record = fs::read_to_string(file).expect("it was written");
    let finished = duel(
        &record,
        &["--framing", "delimiter", "--against", "one-recv"],
    );
    let out = finished.out.join("\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(out.contains("6 messages in 44 B"), "{out}");
    // The server is busy while the client sends, so lines meet in its queue.
    assert!(out.contains("one-recv          parts at recv() #"), "{out}");
    assert!(out.contains("for one message. In fact"), "{out}");
    let finished = duel(&record, &["--framing=delimiter", "--chunks=6,13,5,9,7,4"]);
    let lucky = "one-recv          survives by luck: 6 of 6 messages right";
    assert!(
        finished.out.iter().any(|line| line == lucky),
        "{finished:?}"
    );
}
