//! `stickylab guess`: which framing the bytes of a record have.

use tests::events::hex;
use tests::{Finished, run, stickylab};

fn guess(input: &str) -> Finished {
    run(stickylab(&["guess", "-"]), input.as_bytes())
}

/// A trace of one connection, by the calls of its opener.
fn trace(calls: &[(&str, &[u8])]) -> String {
    let mut lines = vec![
        r#"{"type":"run","version":5,"run":0,"kernel":"","capture":"unknown"}"#.to_owned(),
        r#"{"type":"party","party":1,"name":"client"}"#.to_owned(),
        r#"{"type":"connection","connection":1,"transport":"tcp","opener":{"party":1,"address":"127.0.0.1:5000","observed":{"calls":true}},"acceptor":{"address":"127.0.0.1:6379"}}"#.to_owned(),
    ];
    for (at, (call, bytes)) in calls.iter().enumerate() {
        let hex = hex(bytes);
        lines.push(format!(
            r#"{{"type":"event","at":{},"party":1,"connection":1,"end":"opener","call":"{call}","asked":64,"bytes":"{hex}"}}"#,
            (at + 1) * 1000
        ));
    }
    let events = calls.len();
    lines.push(format!(
        r#"{{"type":"ended","events":{events},"why":"finished"}}"#
    ));
    lines.join("\n") + "\n"
}

#[test]
fn each_direction_has_a_framing_of_its_own() {
    let trace = trace(&[
        ("send", b"\0\0\x05hello"),
        ("recv", b"+OK\r\n"),
        ("send", b"\0\0\x03abc\0\0\x02de"),
        ("recv", b"+OK\r\n$5\r\n\x1b[31m\r\n"),
        ("send", b"\0\0\x01x"),
        ("recv", b"-ERR no such thing\r\n"),
    ]);
    let finished = guess(&trace);
    let out = finished.out.join("\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for part in [
        "client 127.0.0.1:5000 → 127.0.0.1:6379: 1 connection, 23 B",
        "  1  length-prefix,endian=big,signed=false,width=3  sure",
        "4 messages in 23 of 23 B; a message ends in 3 of 3 places where the sender waited",
        "hello │ abc │ de │ x",
        r"  1  delimiter,delimiter=\r\n  ",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
    assert!(!out.contains('\u{1b}'), "{out}");
}

#[test]
fn what_has_no_stream_is_said() {
    let finished = guess("");
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let datagrams = trace(&[("send", b"x")]).replace("tcp", "udp");
    let finished = guess(&datagrams);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let said = finished.err.join("\n");
    assert!(said.contains("no connection of a stream"), "{said}");
}

#[test]
fn that_not_all_bytes_were_kept_is_said_first() {
    let whole = trace(&[("send", b"a\n"), ("send", b"bc\n"), ("send", b"def\n")]);
    let cut = whole.replace(r#""capture":"unknown""#, r#""capture":"unknown","snap":64"#);
    let said = "Of each call the first 64 bytes were kept.";
    assert!(!guess(&whole).out.join("\n").contains(said));
    let framing = ["duel", "-", "--framing", "delimiter"];
    for arguments in [&["guess", "-"][..], &framing] {
        let finished = run(stickylab(arguments), cut.as_bytes());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.out[0], said, "{finished:?}");
    }
}
