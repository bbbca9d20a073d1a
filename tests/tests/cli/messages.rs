//! How messages may be written: of a size, random, from a file.

use std::io::Write as _;

use super::runs::{file, trace};
use super::{call, check_error};

/// What client 1 sent with `messages` set to this.
fn sent(messages: &str) -> Vec<u8> {
    let setting = format!("messages={messages}");
    let trace = trace(&["five-sends", "--set", &setting, "--set", "gap=0"]);
    let sends = trace.calls("client1", "send", 1);
    sends.iter().flat_map(|event| event.bytes.clone()).collect()
}

#[test]
fn messages_of_a_size_are_told_apart_by_their_letters() {
    assert_eq!(sent("3×2B"), b"aabbcc");
    assert_eq!(sent("2x1K"), [[b'a'; 1024], [b'b'; 1024]].concat());
}

#[test]
fn random_bytes_are_the_same_for_the_same_seed() {
    let first = 0xe220_a839_7b1d_cdaf_u64.to_le_bytes();
    assert_eq!(sent("random:8"), first);
    assert_eq!(sent("random:70,seed=3"), sent("random:70,seed=3"));
    assert_ne!(sent("random:70,seed=3"), sent("random:70,seed=4"));
}

#[test]
fn a_message_may_be_in_a_file() {
    let mut named = tempfile::NamedTempFile::new().expect("a file");
    let bytes = b"two\nlines \xff\x00";
    named.write_all(bytes).expect("it is written");
    let path = named.path().display();
    assert_eq!(sent(&format!("file:{path}")), bytes);
    assert_eq!(
        sent(&format!("a\\nfile:{path}×2")),
        [b"a", &bytes[..], bytes].concat()
    );
    check_error(
        &["run", "five-sends", "--set", "messages=file:/dev/zero"],
        &["/dev/zero is no message", "262144 bytes"],
    );
    check_error(
        &["run", "five-sends", "--set", "messages=file:/no/such/file"],
        &["cannot read /no/such/file", "No such file"],
    );
}

#[test]
fn a_lesson_names_no_file() {
    let text = tests::workspace::read("static/lessons/five-sends.toml");
    let text = text.replace("\"hello\"", "\"file:/etc/hostname\"");
    let lesson = file(&text);
    let path = lesson.path().to_str().expect("a path");
    let part = "file: is read on the command line alone";
    check_error(&["run", path], &["client 1, message 1", part]);
    // Neither does one whose other messages are set.
    check_error(&["run", path, "--set", "buffer=5"], &[part]);
}

#[test]
fn what_is_no_message_is_refused_with_what_would_be_one() {
    for (messages, part) in [
        ("random:", "random:64,seed=7"),
        ("random:5,seed", "random:64,seed=7"),
        ("hex:0", "pairs of hexadecimal digits"),
        ("1001×1B", "at most 1000 messages"),
        ("1×257K", "message length"),
        ("random:257K", "message length"),
    ] {
        let setting = format!("messages={messages}");
        check_error(&["run", "five-sends", "--set", &setting], &[part]);
    }
    let help = call(&["run", "--help"]).out.join("\n");
    assert!(help.contains("at most 1000 messages, one a line"), "{help}");
}
