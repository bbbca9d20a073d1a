//! `stickylab lessons` and `stickylab run`.

use super::{call, check_error};
use tests::events::{Trace, ranges};
use tests::workspace::lessons;

/// Runs an experiment to a good end and reads its trace.
pub(super) fn trace(arguments: &[&str]) -> Trace {
    let mut all = vec!["run", "--json"];
    all.extend(arguments);
    let finished = call(&all);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    assert!(finished.err.is_empty(), "{arguments:?}: {finished:?}");
    let trace = Trace::read(&finished.out);
    assert_eq!(trace.why, "finished", "{arguments:?}");
    trace
}

/// The sizes of what the server received, the end of the stream left out.
fn recv_sizes(trace: &Trace) -> Vec<usize> {
    let recvs = trace.calls("server", "recv", 1);
    let sizes = recvs.iter().map(|event| event.bytes.len());
    sizes.filter(|size| *size > 0).collect()
}

#[test]
fn lessons_lists_every_lesson_once() {
    let finished = call(&["lessons"]);
    assert_eq!(finished.code, Some(0));
    let mut listed: Vec<_> = finished
        .out
        .iter()
        .map(|line| {
            let (id, title) = line.split_once("  ").expect("an id and a title");
            assert!(!title.trim().is_empty(), "{line}");
            id.to_owned()
        })
        .collect();
    listed.sort();
    assert_eq!(listed, lessons());
}

#[test]
fn the_recvs_of_five_sends_cover_exactly_the_sends() {
    let trace = trace(&["five-sends"]);
    let sends = trace.calls("client1", "send", 1);
    let recvs = trace.calls("server", "recv", 1);
    assert_eq!(sends.len(), 5);
    assert_eq!(ranges(&sends), [(0, 20)]);
    assert_eq!(ranges(&recvs), ranges(&sends));
}

#[test]
fn five_sends_to_a_late_reader_are_one_recv() {
    // Late enough for a busy machine.
    let trace = trace(&["five-sends", "--set", "read-delay=1000"]);
    assert_eq!(recv_sizes(&trace), [20]);
}

#[test]
fn every_lesson_runs_and_keeps_what_the_kernel_promises() {
    for lesson in lessons() {
        let trace = trace(&[&lesson]);
        let streams = trace.check_promises();
        let sent: usize = streams.iter().map(|(sent, _)| sent.len()).sum();
        let received: usize = streams.iter().map(|(_, received)| received.len()).sum();
        assert!(
            received > 0 && (received <= sent || !trace.experiment["link"].is_null()),
            "{lesson}: {received} of {sent}"
        );
        for client in 1..=trace.clients() {
            let actor = format!("client{client}");
            let closes = trace.calls(&actor, "close", client);
            assert_eq!(closes.len(), 1, "{lesson}: {actor} closes once");
            if trace.experiment["system"] != "udp-echo" {
                for (actor, call) in [
                    (actor.as_str(), "connect"),
                    ("server", "accept"),
                    ("server", "close"),
                ] {
                    let calls = trace.calls(actor, call, client);
                    assert_eq!(calls.len(), 1, "{lesson}: {actor} {call}");
                }
            }
        }
    }
}

/// Those of one client, of all its connections.
fn refusals(trace: &Trace, client: u64) -> Vec<(u64, &str)> {
    let events = trace.events.iter();
    let refused = events.filter(|e| e.is("server", "refuse") && e.client == client);
    refused
        .map(|e| (e.connection, e.reason.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn a_flood_is_refused_from_the_ninth_connection_on_and_keeps_nobody_else_out() {
    let flood = trace(&["flood"]);
    let expected: Vec<_> = (8..24).map(|number| (number, "source-full")).collect();
    assert_eq!(refusals(&flood, 1), expected);
    assert_eq!(refusals(&flood, 2), []);
    let (sent, received) = &flood.check_promises()[1];
    assert_eq!(sent, received);
    assert_eq!(ranges(&flood.calls("client2", "recv", 2)), [(0, 18)]);
    let unlimited = trace(&["flood", "--set", "max-per-source=0"]);
    assert_eq!(refusals(&unlimited, 1), []);
}

#[test]
fn a_slow_client_is_refused_at_the_deadline_and_a_quick_one_is_served_meanwhile() {
    let slow = trace(&["slow-loris"]);
    assert_eq!(refusals(&slow, 1), [(0, "frame-timeout")]);
    assert_eq!(refusals(&slow, 2), []);
    let refused = slow.calls("server", "refuse", 1)[0].at;
    let first = slow.calls("server", "recv", 1)[0].at;
    assert!(refused >= first + 300_000_000, "{first} {refused}");
    let replies = slow.calls("client2", "recv", 2);
    assert_eq!(ranges(&replies), [(0, 11)]);
    assert!(replies[0].at < refused, "meanwhile");
    let patient = trace(&["slow-loris", "--set", "deadline=0", "--set", "gap=1000"]);
    assert_eq!(refusals(&patient, 1), []);
    assert_eq!(ranges(&patient.calls("client1", "recv", 1)), [(0, 18)]);
}

#[test]
fn every_lesson_is_drawn_as_text_without_colours_in_a_pipe() {
    for lesson in lessons() {
        let finished = call(&["run", &lesson]);
        assert_eq!(finished.code, Some(0), "{lesson}: {finished:?}");
        let text = finished.out.join("\n");
        assert!(!text.contains('\x1b'), "{lesson}: {text:?}");
        for lane in ["client 1 → server", "send()", "recv()", "messages"] {
            assert!(text.contains(lane), "{lesson}: {lane} in\n{text}");
        }
    }
}

#[test]
fn a_line_is_no_wider_than_the_terminal() {
    for columns in [60, 100, 200] {
        let mut command = tests::stickylab(&["run", "five-sends"]);
        command.env("COLUMNS", columns.to_string());
        let finished = tests::run(command, b"");
        assert_eq!(finished.code, Some(0));
        let lane = |line: &&String| line.contains('│');
        for line in finished.out.iter().filter(lane) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}

/// What depends on nothing but the bytes is reproduced in every run.
#[test]
fn misconceptions_are_checked_on_this_kernel() {
    let finished = call(&["lessons", "--check", "--times", "2"]);
    let said = finished.out.join("\n");
    for lesson in [
        "half-a-header",
        "half-a-character",
        "one-send-many-recvs",
        "characters-are-not-bytes",
        "does-the-length-count-itself",
        "the-other-byte-order",
        "a-browser-knocks",
        "below-zero",
        "a-delimiter-inside",
        "the-last-frame-is-cut",
        "replay-it",
    ] {
        let line = format!("    reproduced · {lesson} · 2 of 2 runs");
        assert!(said.contains(&line), "{lesson}: {finished:?}");
    }
    assert!(
        said.contains("of 19 misconceptions were reproduced"),
        "{said}"
    );
    let is_whole = !said.contains("not reproduced");
    assert_eq!(finished.code, Some(i32::from(!is_whole)), "{finished:?}");
}

#[test]
fn set_turns_a_knob() {
    let small = trace(&["five-sends", "--set", "buffer=5"]);
    assert!(
        small
            .calls("server", "recv", 1)
            .iter()
            .all(|e| e.asked == 5)
    );
    assert!(recv_sizes(&small).iter().all(|size| *size <= 5));
    assert!(recv_sizes(&small).len() >= 4);
    let larger = trace(&["one-send-many-recvs", "--set", "buffer=64000"]);
    assert_eq!(recv_sizes(&larger).len(), 1);
}

#[test]
fn a_framing_is_set_with_its_settings() {
    let framing = "framing=length-prefix,width=2,endian=big,counts-header=true";
    let trace = trace(&["length-prefix", "--set", framing, "--set", "messages=hello"]);
    for (sent, received) in trace.check_promises() {
        assert_eq!(sent, b"\x00\x07hello");
        assert_eq!(received, sent);
    }
    check_error(
        &[
            "run",
            "length-prefix",
            "--set",
            "framing=length-prefix,width=9",
        ],
        &["framing can't be", "1 to 8 bytes wide"],
    );
}

#[test]
fn set_may_be_given_again() {
    let trace = trace(&[
        "five-sends",
        "--set",
        "messages=ab\ncd",
        "--set",
        "clients=2",
        "--set",
        "serial=off",
        "--set",
        "buffer=3",
    ]);
    assert_eq!(trace.clients(), 2);
    for (sent, received) in trace.check_promises() {
        assert_eq!(sent, b"abcd");
        assert_eq!(received, b"abcd");
    }
}

#[test]
fn a_knob_or_lesson_that_is_none_is_named() {
    check_error(
        &["run", "five-send"],
        &[
            "\"five-send\"",
            "did you mean five-sends?",
            "stickylab lessons",
        ],
    );
    let set = |setting| ["run", "five-sends", "--set", setting];
    check_error(
        &set("bufer=5"),
        &["\"bufer\"", "did you mean buffer?", "read-delay"],
    );
    check_error(&set("buffer=0"), &["buffer", "\"0\"", "1 to 1048576"]);
    check_error(&set("buffer=five"), &["buffer", "\"five\""]);
    check_error(&set("nagle=yes"), &["nagle", "\"yes\"", "on"]);
    check_error(&set("system=smtp"), &["system", "\"smtp\"", "tcp-echo"]);
    check_error(&set("messages2=a"), &["messages2", "clients=2"]);
    check_error(&set("key="), &["key"]);
}

#[test]
fn a_file_for_packets_that_can_not_be_written_is_named_before_the_run() {
    // A run that would take longer than the patience for a program.
    let run = |file| {
        let delay = ["--set", "read-delay=5000", "--set", "buffer=1"];
        [&["run", "five-sends", "--pcapng", file], &delay[..]].concat()
    };
    let started = std::time::Instant::now();
    check_error(&run("/no/such/folder/x"), &["/no/such/folder/x"]);
    check_error(&run("/"), &["cannot write /"]);
    assert!(started.elapsed() < tests::PATIENCE);
    super::check_usage(&run("-"), "name a file");
    let file = file(OWN);
    let path = file.path().to_str().expect("a plain path");
    check_error(&["run", path, "--pcapng", path], &[path, "name another"]);
    let left = std::fs::read_to_string(path).expect("it is there");
    assert_eq!(left, OWN);
}

/// A lesson of one's own, run from its file.
pub(super) const OWN: &str = r#"
group = "streams"
order = 1
knobs = ["buffer"]
[en]
title = "Mine"
question = "How many?"
look = "Count."
[zh]
title = "我的"
question = "几次?"
look = "数一数。"
[experiment]
system = "length-prefix"
buffer = 3
[[experiment.clients]]
messages = ["hello", "粘"]
"#;

pub(super) fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile();
    let file = file.expect("a file");
    std::fs::write(file.path(), text).expect("room for it");
    file
}

#[test]
fn a_file_is_run_as_a_lesson_is() {
    let file = file(OWN);
    let path = file.path().to_str().expect("a plain path");
    let trace = trace(&[path, "--set", "read-delay=1"]);
    let expected = b"\x05\0\0\0hello\x03\0\0\0\xe7\xb2\x98";
    let (sent, received) = &trace.check_promises()[0];
    assert_eq!(sent, expected);
    assert_eq!(received, expected);
    assert!(recv_sizes(&trace).iter().all(|size| *size <= 3));
}

#[test]
fn a_file_that_is_no_lesson_is_named_with_where() {
    let broken = |from: &str, to: &str, parts: &[&str]| {
        let file = file(&OWN.replacen(from, to, 1));
        let path = file.path().to_str().expect("a plain path");
        let finished = call(&["run", path]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let said = finished.err.join("\n");
        for part in parts {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        assert!(said.contains(path), "{said}");
    };
    broken("buffer = 3", "bufer = 3", &["bufer"]);
    broken("buffer = 3", "buffer = ", &["line 15"]);
    broken("length-prefix", "telnet", &["telnet"]);
    broken("title = \"我的\"", "titel = \"我的\"", &["titel"]);
    check_error(&["run", "/no/such/file.toml"], &["/no/such/file.toml"]);
}
