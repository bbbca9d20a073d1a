//! Records of other programs than the lab's: no plan, any number of parties and
//! connections, ends that nobody watched.

use std::fs;

use super::call;

/// Three parties; a connection whose two ends were watched, one of which only
/// the acceptor was, and one of which there are only packets.
const THREE: &str = include_str!("../../traces/three-parties.jsonl");

fn shown(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("three.jsonl");
    fs::write(&file, THREE).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let finished = call(&[&["show", file], arguments].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.join("\n")
}

#[test]
fn a_record_of_three_parties_is_drawn_without_a_plan() {
    let text = shown(&[]);
    for part in [
        "3 parties, 3 connections",
        "alice → chat.py",
        "192.0.2.5:5555 → chat.py",
        "10.0.0.7 → chat.py",
        "2 sends",
        "2 messages",
        "1 recv",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What nobody watched has no number; a packet in the file is drawn.
    let not_observed = text.matches("not observed").count();
    assert_eq!(not_observed, 3, "two senders and a reader: {text}");
    assert!(text.contains("│zz\\n│  1 segment"), "{text}");
    for word in ["wrong", "client 1", "server", "0 sends", "unread"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn it_is_exported_with_the_names_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let packets = folder.path().join("three.pcapng");
    shown(&["--pcapng", packets.to_str().expect("UTF-8")]);
    let bytes = fs::read(&packets).expect("it was written");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("send() #1 of alice; read by recv() #1 of chat.py"));
    assert!(text.contains("A record of Sticky Packet Lab."));
}
