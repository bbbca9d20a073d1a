//! What is kept: `--only`, `--max-events`, `--max-bytes`, and the files.

use super::{Place, call, of_type};

/// Two connections: one over TCP with ten sends of four bytes, one of a pair.
const TWO: &str = "
import socket
a, b = socket.socketpair()
a.send(b'pair'); b.recv(10)
listener = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(listener.getsockname())
d, _ = listener.accept()
for n in range(10):
    c.send(b'four'); d.recv(10)
";

#[test]
fn only_what_is_asked_for_is_kept() {
    let place = Place::new();
    let command = ["python3", "-c", TWO];
    let transports = |flags: &[&str]| {
        let (finished, lines) = place.trace(flags, &command);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let connections = of_type(&lines, "connection").into_iter();
        let names = connections.map(|line| line["transport"].as_str().expect("text").to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(transports(&[]), ["unix", "tcp"]);
    assert_eq!(transports(&["--only", "tcp"]), ["tcp"]);
    assert_eq!(
        transports(&["--only", "unix", "--only", "127.0.0.1"]),
        ["unix", "tcp"]
    );
    assert_eq!(transports(&["--only", ":1"]), [""; 0]);
    let finished = call(&["trace", "--only", "8000", "--", "true"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_record_ends_at_its_bounds_and_the_program_goes_on() {
    let place = Place::new();
    for (flags, reason) in [
        (["--max-events", "7"], "calls"),
        (["--max-bytes", "13"], "bytes"),
    ] {
        let (finished, lines) = place.trace(&flags, &["python3", "-c", TWO]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(
            finished.err[0].contains("later calls are missing"),
            "{finished:?}"
        );
        let last = of_type(&lines, "event").pop().expect("events");
        assert_eq!(
            (&last["call"], &last["reason"]),
            (&"cut".into(), &reason.into())
        );
        assert_eq!(lines.last().expect("lines")["why"], "limit");
        let file = place.text("trace.jsonl");
        let shown = call(&["show", &file]);
        assert!(
            shown.out.join("\n").contains("as a record may have"),
            "{shown:?}"
        );
    }
}

#[test]
fn the_first_bytes_of_each_call_are_kept_and_all_are_counted() {
    const LINES: &str = "
import socket
listener = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(listener.getsockname())
d, _ = listener.accept()
for n in range(3):
    c.send(b'four four\\n'); d.recv(100)
c.close(); d.recv(100)
";
    let place = Place::new();
    let command = ["python3", "-c", LINES];
    for (snap, kept, known) in [("3", "666f75", "fou░░░░░░░"), ("0", "", "░░░░░░░░░░")]
    {
        let packets = place.text("snapped.pcapng");
        let flags = ["--snap", snap, "--framing", "fixed-size,size=10"];
        let flags = [&flags[..], &["--pcapng", &packets]].concat();
        let (finished, lines) = place.trace(&flags, &command);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(lines[0]["snap"].to_string(), snap);
        let events = of_type(&lines, "event").into_iter();
        let moved = events.filter(|event| event["length"] == 10);
        let moved = moved.filter(|event| event["bytes"].as_str().unwrap_or_default() == kept);
        let offsets = moved.map(|event| event["offset"].as_u64().unwrap_or(0));
        let mut offsets: Vec<_> = offsets.collect();
        offsets.sort_unstable();
        assert_eq!(offsets, [0, 0, 10, 10, 20, 20], "{lines:?}");
        let shown = call(&["show", &place.text("trace.jsonl"), "--lang", "en"]);
        let shown = shown.out.join("\n");
        for part in [
            known,
            "3 sends",
            "3 recvs",
            "B not kept",
            "30 B not decoded",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        // Wireshark's file has the length and not the bytes.
        let listed = call(&["show", &packets, "--lang", "en"]);
        let listed = listed.out.join("\n");
        assert!(listed.contains("missing") || snap == "0", "{listed}");
        let file = std::fs::read(&packets).expect("a file");
        assert!(!file.windows(4).any(|four| four == b"four"));
        let guessed = call(&["guess", &place.text("trace.jsonl"), "--lang", "en"]);
        if snap == "0" {
            let said = guessed.err.join("\n");
            assert!(said.contains("--snap 0"), "{guessed:?}");
        }
    }
    for wrong in ["-1", "some", "2GiB"] {
        let finished = call(&["trace", &["--snap=", wrong].concat(), "--", "true"]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
    }
}

#[test]
fn the_lanes_come_on_standard_error_and_as_packets() {
    let place = Place::new();
    let packets = place.text("trace.pcapng");
    let flags = [
        "--framing",
        "fixed-size",
        "--pcapng",
        &packets,
        "--only",
        "tcp",
    ];
    let command = ["--", "python3", "-c", TWO];
    let finished = call(&[&["trace"], &flags[..], &command].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    let shown = finished.err.join("\n");
    for part in [
        "1 connection",
        "python3 (127.0.0.1:",
        "framing fixed-size",
        "10 sends",
        "10 recvs",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // With CAP_NET_RAW packets were captured.
    let is_captured = shown.contains("10 segments");
    assert!(shown.contains("synthetic") != is_captured, "{shown}");
    assert!(std::fs::metadata(&packets).expect("a file").len() > 500);
    let finished = call(&[
        "trace",
        "--json",
        "/no/such/folder/x",
        "--",
        "touch",
        &place.text("ran"),
    ]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(!place.path("ran").exists(), "it is not run in vain");
    let said = finished.err.join("\n");
    assert!(said.contains("/no/such/folder/x: No such file"), "{said}");
    assert!(!said.contains(".stickylab-"), "{said}");
}
