use protocol::framing::Decode as _;

use super::*;

/// What is guessed of one direction, behind each of whose turns its sender stopped.
fn guessed(turns: &[&[u8]]) -> Vec<Guess> {
    let bytes = turns.concat();
    let mut ends = Vec::new();
    for turn in turns {
        ends.push(ends.last().unwrap_or(&0) + turn.len());
    }
    let stream = Stream {
        bytes: &bytes,
        turns: ends,
        sends: Vec::new(),
        is_whole: true,
    };
    guess(&[stream])
}

/// The framing that is guessed of these turns gives the messages of the expected one.
fn check(name: &str, turns: &[&[u8]], expected: &str) {
    let bytes = turns.concat();
    let guesses = guessed(turns);
    let expected = crate::framing::parse(expected).unwrap();
    let first = guesses.first();
    let bodies = |framing: &Framing| {
        let mut decoder = protocol::Decoder::new(framing);
        decoder.handle_chunk(&bytes);
        let frames = std::iter::from_fn(|| decoder.poll_frame().ok().flatten());
        frames
            .map(|frame| (frame.range(), frame.body))
            .collect::<Vec<_>>()
    };
    let is_right = first.is_some_and(|guess| bodies(&guess.framing) == bodies(&expected));
    let told: Vec<_> = guesses
        .iter()
        .map(|guess| {
            (
                crate::framing::write(&guess.framing),
                guess.evidence.bits,
                guess.certainty,
            )
        })
        .collect();
    assert!(is_right, "{name}: {told:?}");
}

#[test]
fn lines_of_text() {
    check(
        "memcached",
        &[b"set a 0 0 5\r\nhello\r\n", b"get a\r\n", b"get b\r\n"],
        r"delimiter,delimiter=\r\n",
    );
    check(
        "redis",
        &[
            b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n",
            b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
        ],
        r"delimiter,delimiter=\r\n",
    );
    check(
        "lines",
        &[b"hello\n", b"how are you\n", b"bye\n"],
        "delimiter",
    );
    check(
        "zero-terminated",
        &[b"hello\0", b"how are you\0", b"bye\0"],
        r"delimiter,delimiter=\0",
    );
}

#[test]
fn json_is_more_than_lines() {
    check(
        "json lines",
        &[b"{\"a\":1}\n{\"b\":[2]}\n", b"{\"c\":\"d\"}\n"],
        "json",
    );
    check("json", &[b"{\"a\":1}{\"b\":[2]}", b"{\"c\":\"d\"}"], "json");
    // Numbers in lines are lines.
    check("numbers", &[b"1\n", b"22\n", b"333\n"], "delimiter");
}

#[test]
fn lengths_of_public_protocols() {
    let dns: Vec<Vec<u8>> = [17_u8, 29, 44]
        .map(|length| [&[0, length][..], &vec![7; length.into()]].concat())
        .into();
    let turns: Vec<&[u8]> = dns.iter().map(|turn| &turn[..]).collect();
    check(
        "DNS over TCP",
        &turns,
        "length-prefix,width=2,endian=big,signed=false",
    );
    check(
        "PostgreSQL, from the server",
        &[
            b"R\0\0\0\x08\0\0\0\0S\0\0\0\x16application_name\0\0Z\0\0\0\x05I",
            b"T\0\0\0\x1a\0\x01a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0Z\0\0\0\x05I",
        ],
        "length-prefix,offset=1,width=4,adjustment=-4,endian=big,signed=false",
    );
    check(
        "MySQL",
        &[
            b"\x05\0\0\0\x03SELE",
            b"\x0b\0\0\0\x03SELECT a,b\x04\0\0\x01abcd",
        ],
        "length-prefix,width=3,adjustment=1,signed=false",
    );
    check(
        "TLS",
        &[
            b"\x16\x03\x01\0\x05hello\x16\x03\x03\0\x02ab",
            b"\x17\x03\x03\0\x0dapplication d",
        ],
        "length-prefix,offset=3,width=2,endian=big,signed=false",
    );
    check(
        "HTTP/2 frames",
        &[
            b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0",
            b"\0\0\x05\x00\x01\0\0\0\x01hello",
        ],
        "length-prefix,width=3,endian=big,adjustment=6,signed=false",
    );
    check(
        "AMQP",
        &[
            b"\x01\0\0\0\0\0\x05\0\x0a\0\x0bx\xce",
            b"\x01\0\x01\0\0\0\x08\0\x3c\0\x28\0\0\0a\xce\x02\0\x01\0\0\0\x03abc\xce",
        ],
        "length-prefix,offset=3,width=4,endian=big,signed=false,trailer=1",
    );
    check(
        "Modbus/TCP",
        &[
            b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x02",
            b"\0\x02\0\0\0\x09\x01\x10\0\x01\0\x01\x02\0\x07",
        ],
        "length-prefix,offset=4,width=2,endian=big,signed=false",
    );
    check(
        "9P",
        &[
            b"\x13\0\0\0\x64\xff\xff\0\x20\0\0\x06\x009P2000",
            b"\x0b\0\0\0\x78\x01\0\x01\0\0\0\x0f\0\0\0\x68\x02\0\x01\0\0\0\x02\0ab",
        ],
        "length-prefix,width=4,counts-header=true,signed=false",
    );
    check(
        "Kafka",
        &[
            b"\0\0\0\x0c\0\x12\0\0\0\0\0\x01\0\x02ab",
            b"\0\0\0\x11\0\x03\0\x01\0\0\0\x02\0\x02ab\0\0\0\0\0",
        ],
        "length-prefix,width=4,endian=big,signed=false",
    );
}

#[test]
fn varints_and_bytes_that_are_escaped() {
    let long = [&[0xac, 2][..], &[b'x'; 300]].concat();
    check(
        "protobuf",
        &[b"\x05hello", &long, b"\x03abc"],
        "length-prefix,width=varint",
    );
    let publish = [&[0x30, 0xc8, 1][..], &[b'm'; 200]].concat();
    check(
        "MQTT",
        &[
            b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02ab",
            &publish,
            b"\xe0\0",
        ],
        "length-prefix,offset=1,width=varint,signed=false",
    );
    check(
        "SLIP",
        &[b"\xc0hello\xc0", b"\xc0ab\xdb\xdcc\xc0", b"\xc0x\xc0"],
        "marked",
    );
    check(
        "HDLC",
        &[b"\x7ehello\x7e", b"\x7eab\x7d\x5ec\x7e", b"\x7ex\x7e"],
        "marked,end=0x7e,escape=0x7d,escaping=xor",
    );
    check(
        "COBS",
        &[b"\x06hello\0", b"\x02a\x03bc\0", b"\x01\x01\0"],
        "cobs",
    );
    check(
        "chunks",
        &[b"5\r\nhello\r\n", b"6\r\n world\r\n0\r\n\r\n"],
        "chunked",
    );
}

#[test]
fn delimiters_and_separators_may_be_those_that_are_there() {
    check(
        "what all turns end with",
        &[
            b"CONNECTED\nversion:1.1\nserver:Lab\n\n\0\n",
            b"MESSAGE\nid:1\n\nhello\0\n",
            b"MESSAGE\nid:2\n\na second line\0\n",
            b"RECEIPT\nreceipt-id:3\n\n\0\n",
        ],
        r"delimiter,delimiter=\0\n",
    );
    let header = |length| format!("Content-Length: {length}\r\nContent-Type: text\r\n\r\n");
    let values = ["a".repeat(120), "b".repeat(7), "c".repeat(33)];
    let values = values.map(|value| header(value.len()) + &value);
    let turns: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
    check(
        "fields of a header around the length",
        &turns,
        r"length-prefix,offset=16,width=decimal,separator=\r\nContent-Type: text\r\n\r\n",
    );
    check(
        "digits and a zero",
        &[b"5\0hello\0", b"11\0how are you\0", b"2\0ok\0"],
        r"length-prefix,width=decimal,separator=\0,trailer=1",
    );
}

/// None is called likely.
fn check_unsure(name: &str, turns: &[&[u8]]) {
    let guesses = guessed(turns);
    let is_sure = |guess: &Guess| guess.certainty != Certainty::Possible;
    assert!(!guesses.iter().any(is_sure), "{name}: {guesses:?}");
}

#[test]
fn what_no_framing_says_is_not_likely() {
    let head =
        |length| format!("HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: {length}\r\n\r\n");
    let answers = ["first\nsecond\n", "a longer page\nof two lines\n", "x\n"];
    let answers = answers.map(|page| head(page.len()) + page);
    let turns: Vec<&[u8]> = answers.iter().map(String::as_bytes).collect();
    check_unsure("line breaks of two kinds", &turns);
    check_unsure(
        "PostgreSQL, to the server: the first message has no type",
        &[
            b"\0\0\0\x16\0\x03\0\0user\0user\0\0\0\0",
            b"Q\0\0\0\x0dselect 1\0",
            b"Q\0\0\0\x1dselect name from item; --\0",
            b"Q\0\0\0\x14update item set\0",
            b"Q\0\0\0\x0dselect 2\0",
            b"X\0\0\0\x04",
        ],
    );
    let answer = |number| [0x30, 0x0c, 2, 1, number, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
    let answers = [1, 2, 3, 4, 5, 6, 7, 8].map(answer);
    let turns: Vec<&[u8]> = answers.iter().map(|answer| &answer[..]).collect();
    let guesses = guessed(&turns);
    let inner = |guess: &Guess| guess.evidence.messages > turns.len();
    let told: Vec<_> = guesses.iter().filter(|guess| inner(guess)).collect();
    assert!(
        told.iter()
            .all(|guess| guess.certainty == Certainty::Possible),
        "{told:?}"
    );
}

#[test]
fn a_number_that_could_not_have_failed_says_nothing() {
    let zeros = [0; 4096];
    let stream = |bytes| Stream {
        bytes,
        turns: Vec::new(),
        sends: Vec::new(),
        is_whole: true,
    };
    let among_zeros = Rarity::of(&[&stream(&zeros)]);
    assert!(among_zeros.of_number(4, 100) < 1.0);
    let all: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let among_all = Rarity::of(&[&stream(&all)]);
    // Three zeros and a byte of at most 127.
    assert!((among_all.of_number(4, 127) - 25.0).abs() < 0.01);
    // Any byte leads somewhere.
    assert!(among_all.of_number(1, 255).abs() < 0.01);
    assert!(among_all.of_number(1, 5000).abs() < 0.01);
    // Every second byte says that another follows, and every second one that none does.
    assert!((among_all.of_varint(1, 5000) - 1.0).abs() < 0.01);
    assert!((among_all.of_varint(2, 1 << 20) - 2.0).abs() < 0.01);
    assert!(among_all.of_varint(10, 5000) > 9.0);
}

#[test]
fn bytes_without_a_framing_are_not_guessed_at() {
    let noise: Vec<u8> = (0..997_u32)
        .map(|n| ((n * n * 31 + n * 7) >> 3).to_le_bytes()[0] | 1)
        .collect();
    let stream = Stream {
        bytes: &noise,
        turns: vec![301, 640, 997],
        sends: Vec::new(),
        is_whole: true,
    };
    let guesses = guess(&[stream]);
    assert!(
        guesses.iter().all(|g| g.certainty == Certainty::Possible),
        "{guesses:?}"
    );
    assert_eq!(guess(&[]), []);
}
