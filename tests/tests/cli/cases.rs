//! Situations that people have reported of other tools, each with the right outcome: how
//! frames of all kinds come out of a stream, and what a run on the kernel shows.

use super::capture::Connection;
use super::captures::{check_parts, path};
use super::runs::trace;
use super::{call, check_error};

/// The client's lane of a capture with these segments, as `framing` has it.
fn framed(framing: &str, segments: &[&[u8]]) -> String {
    let connection = segments.iter().fold(Connection::new(), |c, s| c.client(s));
    let file = connection.file();
    let finished = call(&["show", path(&file), "--opener-framing", framing]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.join("\n")
}

/// The row of messages is this, wherever the stream is cut in two.
fn check_messages(framing: &str, stream: &[u8], row: &str) {
    for cut in 1..stream.len() {
        let text = framed(framing, &[&stream[..cut], &stream[cut..]]);
        let found = text.lines().find(|line| line.starts_with("messages"));
        let found = found.unwrap_or_else(|| panic!("{framing}: {text}"));
        assert!(found.contains(row), "{framing} cut at {cut}: {found}");
    }
}

/// What a run of a lesson with these knobs prints.
fn ran(lesson: &str, knobs: &[&str]) -> String {
    let set = knobs.iter().flat_map(|knob| ["--set", knob]);
    let arguments: Vec<_> = ["run", lesson].into_iter().chain(set).collect();
    let finished = call(&arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out.join("\n")
}

/// Case A.
#[test]
fn a_reader_with_two_buffer_sizes_cuts_one_send_and_glues_the_rest() {
    let knobs = [
        "messages=hello\nworld",
        "gap=0",
        "recv-sizes=2 8",
        "read-delay=200",
    ];
    let set = knobs.iter().flat_map(|knob| ["--set", knob]);
    let arguments: Vec<_> = ["five-sends"].into_iter().chain(set).collect();
    let trace = trace(&arguments);
    let recvs = trace.calls("server", "recv", 1);
    let chunks: Vec<_> = recvs.iter().map(|event| &event.bytes[..]).collect();
    assert_eq!(chunks[..2], [&b"he"[..], b"lloworld"]);
}

/// Case B.
#[test]
fn a_browser_at_a_length_prefixed_port_is_named() {
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let text = framed("length-prefix", &[request]);
    check_parts(
        &text,
        &["0 messages, refused", "at offset 0", "GET ", "HTTP"],
    );
}

/// Case C.
#[test]
fn a_client_with_the_other_byte_order_is_told_what_it_meant() {
    let knobs = ["messages=hello", "client-framing=length-prefix,endian=big"];
    let text = ran("length-prefix", &knobs);
    check_parts(&text, &["83,886,080", "Read big-endian it is 5"]);
}

/// Case D.
#[test]
fn a_length_that_counts_its_own_field() {
    let stream = b"\x00\x07hello\x00\x07world";
    let settings = "length-prefix,width=2,endian=big,counts-header=true";
    check_messages(settings, stream, "2 messages");
    // A reader that takes it for the message's alone waits for two bytes too many each time.
    let knobs = [
        "framing=length-prefix,width=2,endian=big",
        "client-framing=length-prefix,width=2,endian=big,counts-header=true",
        "messages=hello\nworld",
    ];
    let text = ran("length-prefix", &knobs);
    check_parts(&text, &["refused", "counts-header=true"]);
}

/// Cases E, F and G.
#[test]
fn lengths_of_other_shapes_and_a_checksum() {
    let three = "length-prefix,width=3,endian=big";
    check_messages(three, b"\x00\x00\x05hello", "1 message");
    let typed = "length-prefix,offset=1,width=2,endian=big,adjustment=-3,strip=3";
    check_messages(typed, b"\x01\x00\x08hello", "1 message");
    let summed = "length-prefix,width=2,endian=big,checksum=xor8";
    check_messages(summed, b"\x00\x05hello\x62", "1 message");
    let text = framed(summed, &[b"\x00\x05hello\x63"]);
    check_parts(&text, &["refused", "0x63", "0x62"]);
}

/// Case H.
#[test]
fn a_varint_in_front_and_what_is_none() {
    let varint = "length-prefix,width=varint";
    let long = [&b"\x05hello\xac\x02"[..], &[b'x'; 300]].concat();
    let text = framed(varint, &[&long]);
    check_parts(&text, &["2 messages"]);
    let text = framed(varint, &[b"\x05hello", &[0xff; 11]]);
    check_parts(&text, &["1 message, refused", "at offset 6", "no varint"]);
}

/// Case I.
#[test]
fn chunked_transfer_coding() {
    let stream = b"5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n";
    let text = framed("chunked", &[stream]);
    check_parts(&text, &["hello", "world", "3 messages"]);
}

/// Case J.
#[test]
fn line_ends_of_three_kinds_make_no_empty_message() {
    let lines = r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r";
    check_messages(lines, b"a\nb\r\nc\rd\r\n", "4 messages");
}

/// Case K.
#[test]
fn marks_with_escaping() {
    let hdlc = "marked,end=0x7e,escape=0x7d,escaping=xor";
    check_messages(hdlc, b"\x7eA\x7d\x5eB\x7e", "1 message");
    check_messages("marked", b"\xc0A\xdb\xdcB\xc0", "1 message");
}

/// Case L: it is sent as it is, and comes out as more messages than were meant.
#[test]
fn a_delimiter_inside_a_message_makes_two_of_it() {
    let text = ran("delimiter", &["messages=a||b\nc"]);
    check_parts(&text, &["2 sends", "3 messages", "wrong"]);
}

/// Case M.
#[test]
fn json_values_back_to_back() {
    check_messages("json", b"{\"a\":1}{\"b\":\"}\"}[2]", "3 messages");
}

/// Cases N and Q.
#[test]
fn a_last_frame_that_is_cut_by_the_end_or_by_a_reset() {
    for (ending, said) in [("finish", "recv"), ("reset", "Connection reset by peer")] {
        let ending = format!("ending={ending}");
        let text = ran("length-prefix", &["messages=0123456789", "cut=7", &ending]);
        check_parts(&text, &["3 of 10 bytes", "at offset 4", said]);
    }
}

/// Case P: the reply is lost with the reset, unless the client was quick.
#[test]
fn a_close_with_unread_bytes_resets() {
    let knobs = ["messages=0123456789×1000", "buffer=100", "close-after=1"];
    let text = ran("tcp-echo", &knobs);
    check_parts(&text, &["9,900 B unread", "Connection reset by peer"]);
}

/// Case R.
#[test]
fn bytes_that_are_no_text_are_four_bytes_everywhere() {
    let text = ran("tcp-echo", &["messages=hex:ff fe 00 80"]);
    assert_eq!(text.matches(r"│\ff\fe\00\80│").count(), 8, "{text}");
    check_error(
        &["run", "tcp-echo", "--set", "messages=hex:f"],
        &["client 1, message 1", "pairs of hexadecimal digits"],
    );
}

/// Case S: what is sent to a closed connection is taken once, and then refused.
#[test]
fn a_write_after_the_peers_close_is_taken_and_the_next_fails() {
    let trace = trace(&[
        "five-sends",
        "--set",
        "system=sink",
        "--set",
        "messages=a\nb\nc",
        "--set",
        "gap=200ms",
        "--set",
        "close-after=1",
        "--set",
        "read-delay=0",
        "--set",
        "writes-on=on",
    ]);
    let sends = trace.calls("client1", "send", 1);
    let errors: Vec<_> = sends.iter().map(|send| send.error.clone()).collect();
    assert_eq!(errors[..2], [None, None], "{errors:?}");
    let error = errors[2].clone().unwrap_or_default();
    assert!(
        error.contains("Broken pipe") || error.contains("reset"),
        "{errors:?}"
    );
}

/// Case T: the kernel tells a connected socket at its next call, and another one never.
#[test]
fn a_datagram_to_a_closed_port_fails_the_next_call() {
    let knobs = [
        "messages=a\nb\nc",
        "gap=0",
        "server-absent=on",
        "connected=on",
    ];
    let set = knobs.iter().flat_map(|knob| ["--set", knob]);
    let arguments: Vec<_> = ["udp-echo"].into_iter().chain(set).collect();
    let trace = trace(&arguments);
    let calls = trace.events.iter().filter(|event| {
        let moves = event.call == "send" || event.call == "recv";
        moves && event.actor == "client1"
    });
    let outcomes: Vec<_> = calls
        .map(|event| (event.call.clone(), event.error.clone()))
        .collect();
    assert_eq!(outcomes[0], ("send".to_owned(), None));
    let (_, error) = &outcomes[1];
    let error = error.clone().unwrap_or_default();
    assert!(error.contains("Connection refused"), "{outcomes:?}");
    assert_eq!(trace.calls("server", "recv", 1).len(), 0);
    // Nobody tells a socket that is not connected.
    let unconnected = [&knobs[..3], &["connected=off"]].concat();
    let text = ran("udp-echo", &unconnected);
    assert!(!text.contains("refused"), "{text}");
    // Over TCP connect() itself fails.
    let text = ran("tcp-echo", &["server-absent=on"]);
    check_parts(&text, &["Connection refused"]);
}

/// Case U.
#[test]
fn a_line_longer_than_allowed_is_refused_wherever_it_is_cut() {
    check_messages("delimiter,maximum=3", b"abcd\nxy\n", "0 messages, refused");
}
