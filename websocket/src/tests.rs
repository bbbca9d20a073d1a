//! Literal bytes, most of them RFC 6455's own examples (section 5.7).

use super::*;

const LIMITS: MessageLimits = MessageLimits {
    message: 1 << 20,
    frames: 4,
};

/// One line an item, payloads as Rust writes bytes.
fn shown(item: &Item, bytes: &[u8]) -> String {
    match item {
        Item::Data { payload, text, end } => {
            let kind = if *text { "text" } else { "binary" };
            let end = if *end { " end" } else { "" };
            format!("{kind} \"{}\"{end}", bytes[payload.clone()].escape_ascii())
        }
        Item::Ping(payload) => format!("ping \"{}\"", bytes[payload.clone()].escape_ascii()),
        Item::Pong => "pong".to_owned(),
        Item::Close(None) => "close".to_owned(),
        Item::Close(Some(close)) => format!("close {} {}", close.code, close.reason),
    }
}

/// Everything in `bytes`, given at once; the violation last, or what is left.
fn decoded(bytes: &[u8]) -> Vec<String> {
    let mut decoder = Decoder::new(LIMITS);
    let mut bytes = bytes.to_vec();
    let mut said = Vec::new();
    loop {
        match decoder.decode(&mut bytes) {
            Ok((count, Some(item))) => {
                said.push(shown(&item, &bytes));
                bytes.drain(..count);
            }
            Ok((count, None)) => {
                bytes.drain(..count);
                if !bytes.is_empty() || decoder.missing() > 0 {
                    said.push("more".to_owned());
                }
                return said;
            }
            Err(violation) => {
                said.push(format!("{}: {violation}", violation.code()));
                return said;
            }
        }
    }
}

fn check(bytes: &[u8], expected: &[&str]) {
    assert_eq!(decoded(bytes), expected, "{}", bytes.escape_ascii());
}

#[test]
fn the_accept_of_the_standard() {
    let accepted = accept("dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(accepted.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for wrong in [
        "",
        "dGhlIHNhbXBsZSBub25jZQ",
        "AAAA",
        "dGhlIHNhbXBsZSBub25jZSE=",
        "?",
    ] {
        assert_eq!(accept(wrong), None, "{wrong}");
    }
}

#[test]
fn frames_of_clients() {
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    check(hello, &["text \"Hello\" end"]);
    check(b"\x82\x82\0\0\0\0\xff\0", &["binary \"\\xff\\x00\" end"]);
    check(b"\x82\x80\x01\x02\x03\x04", &["binary \"\" end"]);
    check(
        b"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        &["ping \"Hello\""],
    );
    check(b"\x8a\x80\0\0\0\0", &["pong"]);
    check(b"\x88\x80\0\0\0\0", &["close"]);
    check(b"\x88\x85\0\0\0\0\x03\xe8bye", &["close 1000 bye"]);
    // A ping between the parts of a message.
    check(
        b"\x01\x83\0\0\0\0Hel\x89\x81\0\0\0\0?\x80\x82\0\0\0\0lo",
        &["text \"Hel\"", "ping \"?\"", "text \"lo\" end"],
    );
    // Part of a payload is a piece already.
    check(b"\x82\x85\0\0\0\0He", &["binary \"He\"", "more"]);
    check(b"\x82\x85\0\0\0\0", &["more"]);
}

#[test]
fn lengths_of_three_widths() {
    for (header, length) in [
        (&b"\x82\xfd"[..], 125),
        (b"\x82\xfe\x00\x7e", 126),
        (b"\x82\xfe\xff\xff", 65_535),
        (b"\x82\xff\0\0\0\0\0\x01\0\0", 65_536),
    ] {
        let frame = [header, b"\0\0\0\0", &vec![b'x'; length]].concat();
        let expected = format!("binary \"{}\" end", "x".repeat(length));
        check(&frame, &[&expected]);
    }
    let wasteful = "1002: a frame whose length is not written as it has to be";
    check(b"\x82\xfe\x00\x7d", &[wasteful]);
    check(b"\x82\xff\0\0\0\0\0\0\xff\xff", &[wasteful]);
    check(b"\x82\xff\x80\0\0\0\0\0\0\0", &[wasteful]);
}

#[test]
fn what_no_client_may_send() {
    let reserved = "1002: a frame with a reserved bit: no extension was agreed upon";
    for first in [0xc2, 0xa2, 0x92] {
        check(&[first], &[reserved]);
    }
    for opcode in [3, 7, 11, 15] {
        let said = format!("1002: a frame with opcode {opcode}, which has no meaning");
        check(&[0x80 | opcode], &[&said]);
    }
    check(
        b"\x82\x05Hello",
        &["1002: a frame without a mask: a client has to mask"],
    );
    let control = "1002: a control frame in parts or of more than 125 bytes";
    check(b"\x09\x80", &[control]);
    check(b"\x89\xfe\x00\x7e", &[control]);
    check(
        b"\x80\x80\0\0\0\0",
        &["1002: a continuation frame that continues nothing"],
    );
    check(
        b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0",
        &[
            "binary \"\"",
            "1002: a new message before the end of the last one",
        ],
    );
    let code = "1002: a close frame with a code that can't be sent";
    check(b"\x88\x81\0\0\0\0\x03", &[code]);
    for wrong in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535] {
        let frame = [&b"\x88\x82\0\0\0\0"[..], &wrong.to_be_bytes()].concat();
        check(&frame, &[code]);
    }
    check(
        b"\x88\x83\0\0\0\0\x03\xe8\xff",
        &["1007: text that is not UTF-8"],
    );
}

#[test]
fn text_is_utf8_wherever_it_is_cut() {
    let text = "1007: text that is not UTF-8";
    check(
        b"\x81\x83\0\0\0\0\xe7\xb2\x98",
        &["text \"\\xe7\\xb2\\x98\" end"],
    );
    check(
        b"\x01\x81\0\0\0\0\xe7\x80\x82\0\0\0\0\xb2\x98",
        &["text \"\\xe7\"", "text \"\\xb2\\x98\" end"],
    );
    check(b"\x81\x82\0\0\0\0\xe7\xb2", &[text]);
    check(b"\x01\x81\0\0\0\0\xff", &[text]);
    check(
        b"\x01\x81\0\0\0\0\xe7\x00\x81\0\0\0\0x",
        &["text \"\\xe7\"", text],
    );
    // A surrogate, refused at its second byte.
    check(
        b"\x01\x81\0\0\0\0\xed\x00\x81\0\0\0\0\xa0",
        &["text \"\\xed\"", text],
    );
}

#[test]
fn messages_are_bounded_before_they_arrive() {
    check(
        b"\x82\xff\0\0\0\0\0\x10\0\x01\0\0\0\0",
        &["1009: a message of 1048577 bytes: at most 1048576 are taken at once"],
    );
    check(
        b"\x02\x81\0\0\0\0x\x80\xff\0\0\0\0\0\x10\0\0\0\0\0\0",
        &[
            "binary \"x\"",
            "1009: a message of 1048577 bytes: at most 1048576 are taken at once",
        ],
    );
    let part = b"\x00\x80\0\0\0\0";
    let parts = [&b"\x02\x80\0\0\0\0"[..], &part.repeat(4)].concat();
    let mut expected = vec!["binary \"\""; 4];
    expected.push("1008: a message in more than 4 frames");
    check(&parts, &expected);
}

#[test]
fn frames_of_the_server() {
    for (length, expected) in [
        (0, &b"\x82\x00"[..]),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
    ] {
        assert_eq!(Header::new(Opcode::Binary, length).as_ref(), expected);
    }
    for (opcode, first) in [
        (Opcode::Text, 0x81),
        (Opcode::Close, 0x88),
        (Opcode::Pong, 0x8a),
    ] {
        assert_eq!(Header::new(opcode, 1).as_ref(), [first, 1]);
    }
}

#[test]
fn a_reason_is_cut_between_characters() {
    let close = |reason: &str| Close {
        code: code::SIZE,
        reason: reason.to_owned(),
    };
    assert_eq!(close("no").payload(), b"\x03\xf1no");
    // 41 characters of three bytes are 123.
    let payload = close(&"粘".repeat(50)).payload();
    assert_eq!(str::from_utf8(&payload[2..]).unwrap(), "粘".repeat(41));
}
