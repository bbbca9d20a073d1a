//! What an experiment's peers do with their sockets: corks, buffers, keep-alive.

use serde_json::Value;

use super::runs;
use tests::events::{Event, Trace};

/// A run with these knobs.
fn trace(lesson: &str, knobs: &[&str]) -> Trace {
    let set = knobs.iter().flat_map(|knob| ["--set", knob]);
    let arguments: Vec<_> = [lesson].into_iter().chain(set).collect();
    runs::trace(&arguments)
}

/// The bytes of an actor's calls of this name, those of no bytes left out.
fn moved(trace: &Trace, actor: &str, call: &str) -> Vec<String> {
    let calls = trace.calls(actor, call, 1);
    let bytes = calls.iter().map(|event| &event.bytes[..]);
    let moved = bytes.filter(|bytes| !bytes.is_empty());
    moved
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect()
}

/// What was told of an option, in the order of the calls.
fn told(trace: &Trace, actor: &str, option: &str) -> Vec<Value> {
    let own = |event: &&Event| event.actor == actor;
    let options = trace.events.iter().filter(own);
    let values = options.map(|event| event.socket["options"][option].clone());
    values.filter(|value| !value.is_null()).collect()
}

#[test]
fn a_server_answers_all_messages_of_one_recv_with_one_send() {
    let knobs = [
        "system=framed",
        "framing=delimiter",
        "messages=a\nb\nc",
        "gap=0",
        // Late enough for a busy machine.
        "read-delay=1000",
    ];
    let apart = trace("five-sends", &knobs);
    assert_eq!(moved(&apart, "server", "recv"), ["a\nb\nc\n"]);
    assert_eq!(moved(&apart, "server", "send"), ["a\n", "b\n", "c\n"]);
    let together = trace(
        "five-sends",
        &[&knobs[..], &["replies-together=on"]].concat(),
    );
    assert_eq!(moved(&together, "server", "send"), ["a\nb\nc\n"]);
}

#[test]
#[cfg(target_os = "linux")]
fn corks_hold_the_pieces_of_a_message_back() {
    let knobs = ["messages=abcdef", "reply-piece=2", "server-cork=on"];
    let server = trace("tcp-echo", &knobs);
    assert_eq!(moved(&server, "server", "send"), ["AB", "CD", "EF"]);
    assert_eq!(moved(&server, "client1", "recv"), ["ABCDEF"]);
    assert_eq!(told(&server, "server", "cork"), [true, false]);
    let client = trace("length-prefix", &["messages=abc", "cork=on"]);
    assert_eq!(moved(&client, "server", "recv"), ["\u{3}\0\0\0abc"]);
    let sends = client.calls("client1", "send", 1);
    assert_eq!(sends.len(), 2, "a header and a body");
    assert!(
        sends[0].socket["unsent"]
            .as_u64()
            .is_none_or(|unsent| unsent == 4)
    );
}

#[test]
fn a_client_reads_in_pieces_and_late() {
    let knobs = ["messages=abcdef", "client-buffer=4"];
    let trace_of_pieces = trace("tcp-echo", &knobs);
    assert_eq!(moved(&trace_of_pieces, "client1", "recv"), ["ABCD", "EF"]);
    let knobs = [
        "system=tcp-echo",
        "messages=a\nb\nc",
        "gap=20ms",
        "read-delay=0",
        "client-read-delay=1000",
    ];
    let late = trace("five-sends", &knobs);
    assert_eq!(moved(&late, "client1", "recv"), ["ABC"]);
    let truncated = trace("udp-echo", &["messages=abcdef", "client-buffer=4"]);
    assert_eq!(moved(&truncated, "client1", "recv"), ["ABCD"]);
}

#[test]
fn buffers_and_keep_alive_are_set() {
    let knobs = [
        "messages=a",
        "keep-alive=1s",
        "keep-alive-interval=1",
        "keep-alive-probes=3",
        "send-buffer=8K",
        "hold=1500",
    ];
    let kept = trace("tcp-echo", &knobs);
    if cfg!(target_os = "linux") {
        assert_eq!(told(&kept, "client1", "keepalive"), [true]);
        // The kernel doubles it.
        assert_eq!(told(&kept, "client1", "send-buffer"), [16_384]);
    }
    if kept.capture == "on" {
        // A probe repeats the last byte's place and has none (RFC 9293, 3.8.4).
        let probes = kept.calls("client1", "segment", 1);
        let probes = probes.iter().filter(|event| {
            event.bytes.is_empty() && event.at > 900_000_000 && event.at < 1_500_000_000
        });
        assert!(probes.count() >= 1);
    }
    // More than its send buffer does not leave a server in one send, or not at once.
    let knobs = [
        "messages=a×60000",
        "buffer=64K",
        "server-send-buffer=4K",
        "client-read-delay=50",
    ];
    let small = trace("tcp-echo", &knobs);
    let sends = small.calls("server", "send", 1);
    assert!(
        sends
            .iter()
            .any(|send| (send.bytes.len() as u64) < send.asked)
    );
}
