//! `static/stickylab.lua`: every frame by its length, however it was cut, and
//! the steps of both handshakes.

use super::capture::{Connection, SERVER};
use super::{fields, with_dissector};

const CHALLENGE: [u8; 32] = [0xc5; 32];
const ANSWER: [u8; 16] = [0xa5; 16];

/// A length-prefix frame.
fn frame(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).expect("a short body");
    [&length.to_le_bytes()[..], body].concat()
}

/// What the dissector says of each packet that it has something to say of,
/// and its errors. In two passes, as Wireshark reads a file, and in one.
fn said(connection: &Connection, system: &str, port: u16) -> Vec<String> {
    said_with(connection, system, port, &[])
}

/// The same with some of the dissector's preferences.
fn said_with(
    connection: &Connection,
    system: &str,
    port: u16,
    preferences: &[&str],
) -> Vec<String> {
    let file = connection.file();
    let loaded = with_dissector(system, port);
    let mut arguments: Vec<_> = loaded.iter().map(String::as_str).collect();
    let filter = format!("stickylab.{system}");
    arguments.extend(["-Y", &filter]);
    let preferences = preferences.iter();
    let preferences = preferences.map(|preference| format!("stickylab.{system}.{preference}"));
    let preferences: Vec<_> = preferences.collect();
    for preference in &preferences {
        arguments.extend(["-o", preference]);
    }
    let read = |more: &[&str]| {
        let arguments = [&arguments[..], more].concat();
        let names = ["_ws.col.Info", "_ws.expert.message"];
        let packets = fields(file.path(), &arguments, &names);
        let lines = packets.iter().map(|packet| {
            let [info, mistakes] = &packet[..] else {
                panic!("two fields: {packet:?}");
            };
            match mistakes.as_str() {
                "" => info.clone(),
                mistakes => format!("{info} !{mistakes}"),
            }
        });
        lines.collect::<Vec<_>>()
    };
    let once = read(&[]);
    assert_eq!(read(&["-2"]), once, "the second pass differs");
    once
}

fn check(connection: &Connection, system: &str, expected: &[&str]) {
    assert_eq!(said(connection, system, SERVER), expected, "{system}");
}

#[test]
fn frames_are_named_wherever_segments_end() {
    let pair = [frame("粘".as_bytes()), frame(b"abc")].concat();
    check(
        &Connection::new()
            .client(&frame(b"hello"))
            .client(&[frame(b"a"), frame(b""), pair[..5].to_vec()].concat())
            .client(&pair[5..9])
            .client(&pair[9..]),
        "length-prefix",
        &[
            "Frame of 5 bytes",
            "Frame of 1 byte, Frame of 0 bytes",
            "Frame of 3 bytes",
            "Frame of 3 bytes",
        ],
    );
}

#[test]
fn two_frames_cut_at_every_byte_are_the_same_two() {
    let pair = [frame(b"hello"), frame(b"abc")].concat();
    for cut in 1..pair.len() {
        let connection = Connection::new().client(&pair[..cut]).client(&pair[cut..]);
        let said = said(&connection, "length-prefix", SERVER).join(", ");
        assert_eq!(said, "Frame of 5 bytes, Frame of 3 bytes", "cut at {cut}");
    }
    let mut bytewise = Connection::new();
    for byte in &pair {
        bytewise = bytewise.client(&[*byte]);
    }
    check(
        &bytewise,
        "length-prefix",
        &["Frame of 5 bytes", "Frame of 3 bytes"],
    );
}

/// The length field's settings are preferences.
#[test]
fn a_length_field_may_be_of_another_shape() {
    let check = |bytes: &[u8], preferences: &[&str], expected: &str| {
        let connection = Connection::new().client(bytes);
        let said = said_with(&connection, "length-prefix", SERVER, preferences);
        assert_eq!(said.join(", "), expected, "{preferences:?}");
    };
    let hello = "Frame of 5 bytes";
    check(b"\x05hello", &["width:1"], hello);
    check(b"\0\x05hello", &["width:2", "endian:big"], hello);
    check(b"\x05\0hello", &["width:2"], hello);
    check(b"\0\0\0\x05hello", &["endian:big"], hello);
    check(b"\x05\0\0\0\0\0\0\0hello", &["width:8"], hello);
    check(
        b"\0\0\0\0\0\0\0\x05hello",
        &["width:8", "endian:big"],
        hello,
    );
    check(b"\x07\0hello", &["width:2", "counts_header:TRUE"], hello);
    let long = [&b"\xc8"[..], &[b'x'; 200]].concat();
    check(&long, &["width:1", "signed:FALSE"], "Frame of 200 bytes");
    let negative = "Length of -56, Refused !The length is negative";
    check(&long, &["width:1"], negative);
    let shorter = "Length of 1, Refused !The length is less than its own field";
    check(b"\x01\0x", &["width:2", "counts_header:TRUE"], shorter);
    let unsigned = "Length of 4294967295, Refused !The length is larger than allowed";
    check(b"\xff\xff\xff\xff", &["signed:FALSE"], unsigned);
    let negative = "Length of -1, Refused !The length is negative";
    check(&[0xff; 8], &["width:8"], negative);
    let large = "Length of 18446744073709551615, Refused !The length is larger than allowed";
    check(&[0xff; 8], &["width:8", "signed:FALSE"], large);
}

#[test]
fn a_frame_of_many_segments_is_one() {
    let large = frame(&vec![b'x'; 100_000]);
    let mut connection = Connection::new();
    for part in large.chunks(30_000) {
        connection = connection.client(part);
    }
    check(&connection, "length-prefix", &["Frame of 100000 bytes"]);
}

#[test]
fn a_wrong_length_is_an_error_and_nothing_behind_it_is_decoded() {
    let behind = "Behind what was refused";
    check(
        &Connection::new()
            .client(&[frame(b"a"), (-5_i32).to_le_bytes().to_vec()].concat())
            .client(&frame(b"hello")),
        "length-prefix",
        &[
            "Frame of 1 byte, Length of -5, Refused !The length is negative",
            behind,
        ],
    );
    check(
        &Connection::new().client(b"GET / HTTP/1.1").client(b"\r\n"),
        "length-prefix",
        &[
            "Length of 542393671, Refused !The length is larger than allowed",
            behind,
        ],
    );
}

#[test]
fn the_handshake_has_two_steps_and_then_frames_and_raw_replies() {
    let sent = [&ANSWER[..], &frame(b"hello"), &frame(b"abc")].concat();
    let steps = [
        "Handshake 1 of 2: challenge",
        "Handshake 2 of 2: answer, Frame of 5 bytes, Frame of 3 bytes",
        "Reply of 8 bytes",
    ];
    check(
        &Connection::new()
            .server(&CHALLENGE)
            .client(&sent)
            .server(b"HELLOABC"),
        "auth",
        &steps,
    );
    // A reply may come in the middle of a frame; cuts may be anywhere.
    for cut in [1, 15, 16, 17, 20, 25, 28] {
        let connection = Connection::new()
            .server(&CHALLENGE[..cut])
            .server(&CHALLENGE[cut..])
            .client(&sent[..cut])
            .server(b"HELLO")
            .client(&sent[cut..])
            .server(b"ABC");
        let mut said = said(&connection, "auth", SERVER);
        said.retain(|words| !words.starts_with("Reply"));
        assert_eq!(said.join(", "), steps[..2].join(", "), "cut at {cut}");
    }
}

#[test]
fn a_mutual_handshake_has_three_steps_however_it_is_cut() {
    let sent = [&[0xa5; 64][..], &frame(b"hello")].concat();
    let steps = [
        "Handshake 1 of 3: challenge",
        "Handshake 2 of 3: nonce and proof of the client, Frame of 5 bytes",
        "Handshake 3 of 3: proof of the server",
        "Reply of 5 bytes",
    ];
    let proof = [0x5a; 32];
    check(
        &Connection::new()
            .server(&CHALLENGE)
            .client(&sent)
            .server(&proof)
            .server(b"HELLO"),
        "mutual",
        &steps,
    );
    for cut in [1, 31] {
        let connection = Connection::new()
            .server(&CHALLENGE[..cut])
            .server(&CHALLENGE[cut..])
            .client(&sent[..32 + cut])
            .client(&sent[32 + cut..])
            .server(&proof[..cut])
            .server(&[&proof[cut..], b"HELLO"].concat());
        let said = said(&connection, "mutual", SERVER);
        assert_eq!(said.join(", "), steps.join(", "), "cut at {cut}");
    }
}

#[test]
fn a_length_is_complete_when_it_is_answered() {
    check(
        &Connection::new()
            .client(b"1")
            .client(b"2")
            .server(b"rea")
            .server(b"dy")
            .client(b"hello")
            .client(b" world!3")
            .server(b"ready")
            .client(b"abc")
            .client(b"0\n")
            .server(b"ready")
            .client(b"five"),
        "ready-ack",
        &[
            "Length 1",
            "Length 12",
            "Ready for 12 bytes",
            "Message of 12 bytes, Length 3",
            "Ready for 3 bytes",
            "Message of 3 bytes",
            "Length 0",
            "Ready for 0 bytes",
            "Refused !A length is digits",
        ],
    );
    for (sent, mistake) in [
        ("5hello", "Bytes before the length was answered"),
        ("-5", "The length is negative"),
        ("1048577", "The length is larger than allowed"),
        (
            "00000000000000000000005",
            "The length is larger than allowed",
        ),
    ] {
        let connection = Connection::new().client(sent.as_bytes());
        check(&connection, "ready-ack", &[&format!("Refused !{mistake}")]);
    }
    check(
        &Connection::new().client(b"5").server(b"what?"),
        "ready-ack",
        &["Length 5", "Refused !The answer to a length is \"ready\""],
    );
}

#[test]
fn the_default_ports_need_no_telling() {
    let sent = frame(b"hello");
    for (system, port, first) in [
        ("length-prefix", 8001, "Frame of 5 bytes"),
        ("ready-ack", 8000, "Refused !A length is digits"),
        ("auth", 8080, "Reply of 9 bytes"),
    ] {
        // Told about another port, so that only the default can have done it.
        let connection = Connection::to(port);
        let connection = match system {
            "auth" => connection.server(&CHALLENGE).server(&sent),
            _ => connection.client(&sent),
        };
        let said = said(&connection, system, 1);
        assert_eq!(said.last().map(String::as_str), Some(first), "{system}");
    }
}
