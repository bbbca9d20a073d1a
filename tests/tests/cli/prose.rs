//! What `run` and `show` say beside the lanes, in which language, and what no file
//! makes them say.

use super::runs::{OWN, file};
use super::{call, check_usage};
use tests::{Finished, run, stickylab};

fn in_locale(locale: &str, arguments: &[&str]) -> Finished {
    let mut command = stickylab(arguments);
    command.env("LC_ALL", locale);
    run(command, b"")
}

fn check_first(finished: &Finished, first: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.out[0], first);
}

#[test]
fn the_language_is_what_is_asked_for_else_the_locales() {
    let lesson = "is-nagle-to-blame";
    check_first(&call(&["run", lesson]), "Is Nagle to blame?");
    let chinese = call(&["run", lesson, "--lang", "zh"]);
    let title = chinese.out[0].clone();
    assert!(
        title.contains("Nagle") && title != "Is Nagle to blame?",
        "{title}"
    );
    let text = chinese.out.join("\n");
    for part in ["客户端 1 → 服务端", "5 次 send", "服务端的 recv() 次数："] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for text in ["sends", "client", "recvs", "boundary", "queue", "[terminal"] {
        assert!(
            !chinese.out[2..].join("\n").contains(text),
            "{text} in {chinese:?}"
        );
    }
    check_first(&in_locale("zh_CN.UTF-8", &["run", lesson]), &title);
    check_first(
        &in_locale("zh_CN.UTF-8", &["run", lesson, "--lang", "en"]),
        "Is Nagle to blame?",
    );
    check_first(
        &in_locale("de_DE.UTF-8", &["run", lesson]),
        "Is Nagle to blame?",
    );
    let listed = call(&["lessons", "--lang", "zh"]).out.join("\n");
    assert!(listed.contains(&title), "{listed}");
    check_usage(&["run", lesson, "--lang", "tlh"], "'tlh'");
}

#[test]
fn text_is_shown_where_the_terminal_has_it_and_never_looks_like_hex() {
    let arguments = ["run", "tcp-echo", "--set", r"messages=粘e7|\\"];
    let row = |finished: &Finished| {
        let row = finished.out.iter().find(|line| line.starts_with("send()"));
        row.expect("a row").clone()
    };
    let text = row(&in_locale("C.UTF-8", &arguments));
    assert!(text.starts_with(r"send()     │粘e7\|\\│"), "{text}");
    let hex = row(&in_locale("C", &arguments));
    assert!(hex.starts_with(r"send()     │\e7\b2\98e7\|\\│"), "{hex}");
}

#[test]
fn a_datagram_that_could_not_be_sent_is_told() {
    let too_long = call(&["run", "udp-echo", "--set", "messages=a×65508"]);
    assert_eq!(too_long.code, Some(1), "{too_long:?}");
    let text = too_long.out.join("\n");
    assert!(text.contains("\nfailed     At "), "{text}");
    assert!(text.contains("65,508 B"), "{text}");
    assert_eq!(
        too_long.err,
        ["stickylab: datagrams that could not be sent: 1"]
    );
    let longest = call(&["run", "udp-echo", "--set", "messages=a×65507"]);
    assert_eq!(longest.code, Some(0), "{longest:?}");
}

#[test]
fn an_empty_send_is_a_box() {
    let finished = call(&["run", "empty-send"]);
    let text = finished.out.join("\n");
    for row in ["send()     │before│∅│after│", "recv()     │before│∅│after│"] {
        assert!(text.contains(row), "{row} in {text}");
    }
}

#[test]
fn a_knob_that_changes_nothing_is_told() {
    let finished = call(&["run", "udp-echo", "--set", "nagle=on", "--set", "buffer=4K"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let told = "stickylab: nagle changes nothing here: the system is udp-echo, with framing none";
    assert_eq!(finished.err, [told]);
    assert!(
        finished.out.join("\n").contains("buffer 4096 B"),
        "{finished:?}"
    );
}

#[test]
fn framing_changes_what_is_sent_behind_a_handshake() {
    let finished = call(&["run", "auth-accepted", "--set", "framing=cobs"]);
    assert_eq!((finished.code, &finished.err[..]), (Some(0), &[][..]));
    let text = finished.out.join("\n");
    assert!(text.contains("\\06hello\\00"), "{text}");
}

#[test]
fn what_a_framing_keeps_of_a_frame_is_no_mistake() {
    for framing in [
        "delimiter,keep=true",
        "length-prefix,width=2,strip=0",
        "length-prefix,width=1,offset=1,strip=1",
    ] {
        let framing = format!("framing={framing}");
        let messages = "messages=hi\nyou";
        let all = ["run", "delimiter", "--set", &framing, "--set", messages];
        let text = call(&all).out.join("\n");
        let told = "messages that came out as they were meant: 2";
        assert!(text.contains(told), "{framing}: {text}");
    }
}

/// A lesson of one's own is told from its record as well.
#[test]
fn a_record_has_the_words_of_its_lesson() {
    let own = file(OWN);
    let path = own.path().to_str().expect("a plain path");
    for (lesson, title) in [(path, "Mine"), ("five-sends", "Five sends, one recv?")] {
        let saved = call(&["run", lesson, "--json"]);
        let saved = saved.out.join("\n") + "\n";
        let shown = run(stickylab(&["show", "-"]), saved.as_bytes());
        check_first(&shown, title);
        let chinese = run(stickylab(&["show", "-", "--lang", "zh"]), saved.as_bytes());
        assert_ne!(chinese.out[0], title);
        // Of a lesson that nobody knows the lanes are left.
        let other = saved.replacen("\"id\":\"five-sends\"", "\"id\":\"gone\"", 1);
        if other != saved {
            let shown = run(stickylab(&["show", "-"]), other.as_bytes());
            assert!(shown.out[0].starts_with("tcp-echo · "), "{shown:?}");
        }
    }
}

/// ESC, BEL, C1's CSI and the marks that reorder text, raw.
fn check_harmless(finished: &Finished) {
    let all = [&finished.out[..], &finished.err[..]].concat().join("\n");
    let obeyed = |c: char| c != '\n' && c.is_control() || "\u{202e}\u{200e}\u{61c}".contains(c);
    assert!(!all.contains(obeyed), "{all:?}");
}

#[test]
fn no_terminal_obeys_what_a_file_says() {
    let hostile = "\\u001b]0;x\\u0007\\u009b2J\\u202e\\u200e\\u061c";
    let titled = OWN.replacen("\"Mine\"", &format!("\"{hostile}\""), 1);
    let titled = titled.replacen("\"How many?\"", &format!("\"{hostile}\""), 1);
    let own = file(&titled);
    let path = own.path().to_str().expect("a plain path");
    let shown = call(&["run", path]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.out[0].starts_with(r"\x1B]0;x\x07\xC2\x9B2J"),
        "{shown:?}"
    );
    check_harmless(&shown);
    let saved = call(&["run", "--json", path]);
    assert_eq!(saved.code, Some(0), "{saved:?}");
    check_harmless(&saved);

    let broken = file("title = \"\x1b]0;x\x07\u{9b}2J\u{202e}\u{61c}\nx");
    let path = broken.path().to_str().expect("a plain path");
    let refused = call(&["run", path]);
    assert_eq!(refused.code, Some(1));
    check_harmless(&refused);

    let trace = "{\"type\":\"run\",\"version\":5,\"\\u001b]0;x\\u0007\\u202e\":1}\n\
                 {\"type\":\"event\",\"call\":\"\\u001b]0;x\\u0007\\u009b\\u061c\"}\n";
    let refused = run(stickylab(&["show", "-"]), trace.as_bytes());
    assert_eq!(refused.code, Some(1));
    check_harmless(&refused);
}
