//! `static/stickylab-framed.lua`: for each framing the messages that our decoder gives,
//! wherever segments end.

use protocol::Framing;
use protocol::framing::{Decode as _, Decoder};
use tests::workspace;

use tempfile::TempDir;
use tests::events::hex;
use tests::stickylab;

use super::capture::{Connection, SERVER, file};
use super::fields;

/// What the dissector is told for connections to [`SERVER`].
fn told(framing: &str, reply: &str) -> Vec<String> {
    let script = workspace::root().join("static/stickylab-framed.lua");
    vec![
        "-X".to_owned(),
        format!("lua_script:{}", script.display()),
        "-d".to_owned(),
        format!("tcp.port=={SERVER},stickylab.framed"),
        "-o".to_owned(),
        format!("stickylab.framed.framing:{framing}"),
        "-o".to_owned(),
        format!("stickylab.framed.reply:{reply}"),
    ]
}

/// Of each connection what the dissector names and what messages it has, in one pass and in
/// two.
fn dissected(connections: &[Connection], framing: &str, reply: &str) -> Vec<[String; 3]> {
    let file = file(connections);
    let told = told(framing, reply);
    let mut arguments: Vec<_> = told.iter().map(String::as_str).collect();
    arguments.extend(["-Y", "stickylab.framed"]);
    let read = |more: &[&str]| {
        let arguments = [&arguments[..], more].concat();
        let names = [
            "tcp.stream",
            "_ws.col.Info",
            "stickylab.framed.message",
            "_ws.expert.message",
        ];
        let mut all = vec![<[Vec<String>; 3]>::default(); connections.len()];
        for packet in fields(file.path(), &arguments, &names) {
            let stream: usize = packet[0].parse().expect("a number");
            for (of_stream, value) in all[stream].iter_mut().zip(&packet[1..]) {
                of_stream.extend((!value.is_empty()).then(|| value.clone()));
            }
        }
        let joined = all.into_iter().map(|stream| {
            let [info, messages, mistakes] = stream;
            [info.join(", "), messages.join(","), mistakes.join(", ")]
        });
        joined.collect::<Vec<_>>()
    };
    let once = read(&[]);
    assert_eq!(read(&["-2"]), once, "the second pass differs");
    once
}

/// The messages that our decoder gives, in hexadecimal; and whether it refused the rest.
fn ours(framing: &Framing, stream: &[u8]) -> (String, bool) {
    let mut decoder = Decoder::new(framing);
    decoder.handle_chunk(stream);
    let mut messages = Vec::new();
    loop {
        match decoder.poll_frame() {
            Ok(Some(frame)) if frame.body.is_empty() => {}
            Ok(Some(frame)) => messages.push(hex(&frame.body)),
            Ok(None) => return (messages.join(","), false),
            Err(_) if framing.resynchronises() => {}
            Err(_) => return (messages.join(","), true),
        }
    }
}

/// Cuts `stream` at every byte, and into all its bytes.
fn check_stream(text: &str, stream: &[u8]) {
    let framing = trace::framing::parse(text).expect("a framing");
    let (messages, is_refused) = ours(&framing, stream);
    assert!(!messages.is_empty(), "{text}: no message");
    let mut connections = vec![Connection::to(SERVER).client(stream)];
    for (client, cut) in (20_000..).zip(1..stream.len()) {
        let connection = Connection::between(client, SERVER);
        connections.push(connection.client(&stream[..cut]).client(&stream[cut..]));
    }
    let bytewise = Connection::between(19_999, SERVER);
    let bytes = stream.chunks(1);
    connections.push(bytes.fold(bytewise, Connection::client));
    for (number, said) in dissected(&connections, text, "none").iter().enumerate() {
        let [info, theirs, _] = said;
        assert_eq!(*theirs, messages, "{text}, connection {number}: {said:?}");
        assert_eq!(info.contains("Refused"), is_refused, "{text}: {said:?}");
    }
}

/// The same of these messages, framed by us.
fn check(text: &str, messages: &[&[u8]]) {
    let framing = trace::framing::parse(text).expect("a framing");
    let whole = messages.iter().map(|message| framing.whole(message));
    let stream: Vec<_> = whole.map(|whole| whole.expect("it can be sent")).collect();
    check_stream(text, &stream.concat());
}

const WORDS: [&[u8]; 3] = [b"hello", b"a", b"abc"];

#[test]
fn a_length_of_any_shape() {
    for text in [
        "length-prefix",
        "length-prefix,width=1,signed=false",
        "length-prefix,width=3,endian=big,counts-header=true",
        "length-prefix,width=5",
        "length-prefix,width=8,endian=big",
        "length-prefix,offset=2,width=2,endian=big,adjustment=-1",
        "length-prefix,offset=1,strip=0,width=2",
        "length-prefix,width=2,strip=3",
        "length-prefix,magic=hex:f9be,offset=3,width=1",
    ] {
        check(text, &WORDS);
    }
    check("length-prefix,width=varint", &[b"hello", &[7; 200], b"abc"]);
}

#[test]
fn digits_and_their_end_and_what_stands_behind_a_message() {
    check("length-prefix,width=decimal,trailer=1", &WORDS);
    check("length-prefix,width=decimal,separator=; ", &WORDS);
    for checksum in ["sum8", "xor8", "crc16-modbus", "crc16-ccitt-false", "crc32"] {
        check(
            &format!("length-prefix,width=2,checksum={checksum}"),
            &WORDS,
        );
    }
    check(
        "length-prefix,width=1,checksum=crc32,covers=frame,checksum-endian=big,trailer=6",
        &WORDS,
    );
}

#[test]
fn delimiters() {
    check("delimiter", &WORDS);
    check(r"delimiter,delimiter=\r\n", &WORDS);
    check(r"delimiter,delimiter=\r\n,keep=true", &WORDS);
    check("delimiter,delimiter=hex:00ff", &WORDS);
    check(r"delimiter,escape=92", &[b"a\nb", b"\\", b"c"]);
    let several = r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r";
    check_stream(several, b"one\r\ntwo\nthree\rfour\n");
}

#[test]
fn marks_and_stuffed_bytes() {
    check("marked", &[b"a\xc0b", b"\xdb", b"c"]);
    check(
        "marked,end=0x7e,escape=0x7d,escaping=xor",
        &[b"a~b", b"}", b"c"],
    );
    check("marked,start=1,end=2,escape=3", &[b"\x01\x02\x03", b"b"]);
    check("cobs", &[b"a\0b", b"\0", b"c"]);
}

#[test]
fn chunks_values_and_records() {
    check("chunked", &WORDS);
    check_stream(
        "chunked",
        b"5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n3\r\nabc\r\n",
    );
    check("json", &[br#"{"a":"}"}"#, b"[1,[2]]", br#""x\"y""#]);
    check("fixed-size,size=6", &WORDS);
}

#[test]
fn behind_what_is_wrong_nothing_is_decoded_or_what_follows_the_next_mark() {
    check_stream("length-prefix,width=1", b"\x02hi\xffhello");
    check_stream("delimiter,maximum=4", b"one\nmuch too long\ntwo\n");
    check_stream("cobs", b"\x03ab\0\x09a\0\x02c\0");
    check_stream("json", b"[1] nonsense [2]");
    check_stream("cobs,resynchronise=true", b"\x03ab\0\x09a\0\x02c\0");
    check_stream(
        "delimiter,maximum=4,resynchronise=true",
        b"one\nmuch too long\ntwo\n",
    );
    check_stream("marked,resynchronise=true", b"ab\xc0c\xdb\x01d\xc0ef\xc0");
    check_stream(
        "length-prefix,width=1,magic=hex:abcd,offset=2,resynchronise=true",
        b"\xab\xcd\x02hi\x01\x02\xab\xcd\x03abc\xab\xcd\xff\xab\xcd\x01x",
    );
}

#[test]
fn each_direction_has_its_own_and_a_setting_that_cannot_be_is_told() {
    let connection = || {
        let connection = Connection::to(SERVER).client(b"\0\x05hel").server(b"o");
        connection.client(b"lo").server(b"k\nno\n")
    };
    let framing = "length-prefix,width=2,endian=big";
    let said = dissected(&[connection()], framing, "delimiter");
    let words = "Frame of 5 bytes, Frame of 2 bytes, Frame of 2 bytes";
    assert_eq!(
        said,
        [[words, "68656c6c6f,6f6b,6e6f", ""].map(str::to_owned)]
    );
    let said = dissected(&[connection()], "length-prefix,wide=2", "none");
    let mistake = r#"framing: "wide=2" sets nothing of length-prefix"#;
    assert!(said[0][2].contains(mistake), "{said:?}");
}

/// What a file's first comment says is given to tshark as it stands there.
#[test]
fn the_advice_in_a_runs_file_takes_its_messages_apart() {
    for text in [
        r"framing=delimiter,delimiter=\r\n",
        "framing=length-prefix,width=3,endian=big,checksum=crc32",
        "framing=cobs",
    ] {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("run.pcapng");
        let named = path.to_str().expect("a plain path");
        let run = [
            "run",
            "length-prefix",
            "--set",
            text,
            "--pcapng",
            named,
            "--json",
        ];
        let finished = tests::run(stickylab(&run), b"");
        assert_eq!(finished.code, Some(0), "{text}: {finished:?}");
        let written = std::fs::read(&path).expect("it was written");
        let written = String::from_utf8_lossy(&written);
        let (_, advice) = written.split_once("taken apart by: ").expect("advice");
        let advice: String = advice.chars().take_while(|c| !c.is_control()).collect();
        // Words in quotes stand between spaces.
        let advice = advice.split(' ').map(|word| word.trim_matches('\''));
        let script = workspace::root().join("static/stickylab-framed.lua");
        let script = format!("lua_script:{}", script.display());
        let arguments: Vec<_> = ["-X", &script].into_iter().chain(advice).collect();
        let wanted = ["stickylab.framed.message", "_ws.expert.severity"];
        let messages = fields(&path, &arguments, &wanted);
        let messages: Vec<_> = messages.iter().map(|values| values[0].as_str()).collect();
        let trace = tests::events::Trace::read(&finished.out);
        let framing = text.strip_prefix("framing=").expect("it begins so");
        let framing = trace::framing::parse(framing).expect("a framing");
        let sends = trace
            .events
            .iter()
            .filter(|event| event.is("client1", "send"));
        let sent: Vec<u8> = sends.flat_map(|event| event.bytes.clone()).collect();
        let (expected, _) = ours(&framing, &sent);
        let messages: Vec<_> = messages.into_iter().filter(|one| !one.is_empty()).collect();
        assert_eq!(messages.join(","), expected, "{text}");
    }
}
