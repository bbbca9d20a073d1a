//! `stickylab show`: a saved run as `run` prints it, and files that are none.

use super::{call, check_error, check_usage};
use tests::stickylab;

/// A run's lines, each with its line feed.
fn saved(lesson: &[&str]) -> String {
    let finished = call(&[&["run", "--json"], lesson].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.join("\n") + "\n"
}

fn file(text: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("room for it");
    file
}

#[test]
fn a_saved_run_is_shown_as_run_shows_it() {
    // Late enough that both runs have the same recvs on a busy machine.
    let lesson = ["is-nagle-to-blame", "--set", "read-delay=1000"];
    let text = saved(&lesson);
    let file = file(text.as_bytes());
    let path = file.path().to_str().expect("a plain path");
    let shown = call(&["show", path]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.err.is_empty(), "{shown:?}");

    let run = call(&[&["run"], &lesson[..]].concat());
    // All but what takes another time each time.
    let same = |out: &[String]| {
        let table = out.iter().position(|line| line.ends_with(" in the kernel"));
        let answer = out
            .iter()
            .position(|line| line.starts_with("recv() calls of "));
        let (table, answer) = (table.expect("a table"), answer.expect("an answer"));
        let lines = out[..table].iter().chain(&out[answer..]);
        let lines = lines.filter(|line| !line.starts_with("tcp-echo · "));
        lines.cloned().collect::<Vec<_>>()
    };
    assert_eq!(same(&shown.out), same(&run.out));
    assert_eq!(shown.out[0], "Is Nagle to blame?");
    let what = "tcp-echo · buffer 1024 B · read delay 1000 ms";
    assert!(
        shown.out.iter().any(|line| line.starts_with(what)),
        "{shown:?}"
    );

    let piped = tests::run(stickylab(&["show", "-"]), text.as_bytes());
    assert_eq!(piped.code, Some(0), "{piped:?}");
    assert_eq!(piped.out, shown.out);
}

#[test]
fn what_a_record_says_of_itself_stands_above_it() {
    let note = r#""note":["broke: c1:4","\u001b[31mred"]"#;
    let text = tests::recorded::client(&[(0, b"hello")]);
    let text = text.replacen("\"run\":0", &format!("\"run\":0,{note}"), 1);
    let shown = tests::run(stickylab(&["show", "-"]), text.as_bytes());
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let [first, second, third, ..] = &shown.out[..] else {
        panic!("three lines: {shown:?}");
    };
    assert_eq!(first, "broke: c1:4");
    assert!(
        second.ends_with("[31mred") && !second.contains('\u{1b}'),
        "{second:?}"
    );
    assert_eq!(third, "");
    // As JSON it is where it was.
    let shown = tests::run(stickylab(&["show", "--json", "-"]), text.as_bytes());
    assert!(shown.out[0].contains(r#""note":["broke"#), "{shown:?}");
}

#[test]
fn every_lesson_can_be_saved_and_shown() {
    for lesson in tests::workspace::lessons() {
        let text = saved(&[&lesson]);
        let shown = tests::run(stickylab(&["show", "-"]), text.as_bytes());
        assert_eq!(shown.code, Some(0), "{lesson}: {shown:?}");
        assert!(
            shown.out.iter().any(|line| line == "client 1 → server"),
            "{lesson}"
        );
    }
}

/// What is no trace is refused in one line that names the file.
fn check_refused(text: &[u8], parts: &[&str]) {
    let file = file(text);
    let path = file.path().to_str().expect("a plain path");
    check_error(&["show", path], &[&[path], parts].concat());
    let shown = tests::run(stickylab(&["show", "-"]), text);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(shown.out.is_empty(), "{shown:?}");
    assert!(shown.err[0].contains("standard input"), "{shown:?}");
}

/// Of a trace that was cut off what stands before that is shown, and one error.
fn check_truncated(whole: &str, text: &[u8], error: &str) {
    let rows = |out: &[String]| {
        let rows = out.iter().filter(|line| line.starts_with("send()"));
        rows.cloned().collect::<Vec<_>>()
    };
    let complete = tests::run(stickylab(&["show", "-"]), whole.as_bytes());
    let shown = tests::run(stickylab(&["show", "-"]), text);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert_eq!(rows(&shown.out), rows(&complete.out), "{shown:?}");
    assert!(!rows(&shown.out).is_empty(), "{shown:?}");
    let [said] = &shown.err[..] else {
        panic!("{shown:?}");
    };
    for part in [error, "standard input", "what stands before that is shown"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn what_is_no_trace_is_named_with_where() {
    let good = saved(&["five-sends"]);
    let lines = good.lines().count();
    let cut = &good[..good.len() - 20];
    check_refused(b"", &["it is empty"]);
    check_refused(b"\n", &["it is empty"]);
    let neither = "neither a trace nor a capture";
    for text in [&b"hello\n"[..], b"[1]\n", b"\"text\"\n", b"\xef\xbb\xbf1\n"] {
        check_refused(text, &[neither, "JSON object"]);
    }
    check_refused(b"{\"type\":7}\n", &["line 1"]);
    check_refused(b"\x7fELF\xff\n", &[neither, "UTF-8 at byte 4"]);
    let last = good.trim_end().rfind('\n').expect("more than one line");
    let broken = &good.as_bytes()[..=last];
    check_truncated(&good, cut.as_bytes(), &format!("line {lines}"));
    check_truncated(
        &good,
        broken,
        &format!("breaks off after line {}", lines - 1),
    );
    let first = good.lines().next().expect("lines");
    check_refused(first.as_bytes(), &["breaks off after line 1"]);
    let twice = good.repeat(2);
    check_refused(twice.as_bytes(), &[&format!("line {}", lines + 1)]);
    let later = good.replacen("\"version\":5", "\"version\":6", 1);
    check_refused(later.as_bytes(), &["version 6", "up to 5", "update"]);
    let larger = good.replacen("\"buffer\":1024", "\"buffer\":0", 1);
    check_refused(larger.as_bytes(), &["line 1", "buffer is 0"]);
    let wrong = good.replacen("\"call\":\"connect\"", "\"call\":\"dial\"", 1);
    check_refused(wrong.as_bytes(), &["line 5", "dial"]);
}

#[test]
fn what_is_read_is_never_written_over() {
    let text = saved(&["five-sends"]);
    let file = file(text.as_bytes());
    let path = file.path().to_str().expect("a plain path");
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other");
    std::fs::hard_link(path, &other).expect("a link");
    for name in [path, other.to_str().expect("a plain path")] {
        check_error(&["show", path, "--pcapng", name], &[name, "name another"]);
        let left = std::fs::read(path).expect("it is there");
        assert_eq!(left, text.as_bytes());
    }
    check_usage(&["show", path, "--pcapng", "-"], "name a file");
    let into = folder.path().join("run.pcapng");
    // A longer one is replaced as a whole.
    std::fs::write(&into, vec![b'x'; 100_000]).expect("room for it");
    let into = into.to_str().expect("a plain path");
    let shown = call(&["show", path, "--pcapng", into]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let written = std::fs::read(into).expect("it is written");
    assert!(written.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && written.len() < 100_000);
}

#[test]
fn what_can_not_be_read_is_named() {
    check_error(&["show", "/no/such/file"], &["/no/such/file"]);
    check_error(&["show", "/"], &["cannot read /"]);
    // Never ends.
    check_error(&["show", "/dev/zero"], &["/dev/zero", "67108864 bytes"]);
}
