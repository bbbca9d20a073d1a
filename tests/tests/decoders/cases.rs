//! The settings of framings that are tried, what is decoded and encoded with each, and what
//! has to come out.

use std::sync::LazyLock;

use protocol::framing::{Decode as _, FrameError};
use protocol::{Decoder, Framing};
use trace::source_code::kind;

use super::boundaries::boundaries;
use super::random::Random;

/// Each kind, and each setting that decides what is written.
pub(super) const FRAMINGS: &[&str] = &[
    "fixed-size",
    "fixed-size,size=5,pad=0,maximum=3",
    "fixed-size,size=1,pad=0xff",
    "delimiter,maximum=12",
    r"delimiter,delimiter=\r\n,maximum=9",
    "delimiter,delimiter=aa",
    "delimiter,delimiter=hex:00,keep=true,maximum=20",
    "delimiter,delimiter=aba,keep=true",
    r"delimiter,escape=\\,maximum=12",
    r"delimiter,escape=\\,keep=true",
    r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r,maximum=15",
    r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r,escape=0x5c,keep=true,maximum=15",
    r"delimiter,delimiter=\r\n,delimiter=\n",
    "delimiter,delimiter=a,delimiter=abc,delimiter=hex:ff00",
    "delimiter,delimiter=hex:22,delimiter=??,delimiter=?/,maximum=20",
    r"delimiter,delimiter=\\",
    r"delimiter,delimiter=\\u000a,maximum=12",
    "length-prefix",
    "length-prefix,maximum=20",
    "length-prefix,width=1,maximum=200",
    "length-prefix,width=1,signed=false",
    "length-prefix,width=2,endian=big,maximum=300",
    "length-prefix,width=2,endian=big,signed=false,counts-header=true,maximum=40",
    "length-prefix,width=3,maximum=40",
    "length-prefix,width=3,signed=false,endian=big,adjustment=-2,maximum=40",
    "length-prefix,width=4,signed=false,endian=big,maximum=40",
    "length-prefix,width=5,endian=big,maximum=40",
    "length-prefix,width=6,signed=false,maximum=40",
    "length-prefix,width=7,maximum=40",
    "length-prefix,width=8,maximum=40",
    "length-prefix,width=8,endian=big,signed=false,maximum=40",
    "length-prefix,width=8,signed=false,adjustment=-5,maximum=40",
    "length-prefix,width=2,offset=3,strip=0,maximum=40",
    "length-prefix,width=2,offset=1,strip=7,maximum=40",
    "length-prefix,width=2,strip=1,counts-header=true,adjustment=3,maximum=40",
    "length-prefix,width=2,strip=6,counts-header=true,maximum=40",
    "length-prefix,width=2,endian=big,adjustment=200,maximum=400",
    "length-prefix,width=8,adjustment=4,maximum=40",
    "length-prefix,width=8,signed=false,endian=big,adjustment=4,maximum=40",
    "length-prefix,width=varint,adjustment=3,maximum=40",
    "length-prefix,width=decimal,adjustment=3,maximum=40",
    "length-prefix,width=2,endian=big,magic=hex:f9beb4d9,offset=6,maximum=40",
    "length-prefix,width=1,magic=ab,offset=2,trailer=3,maximum=40",
    "length-prefix,width=2,checksum=sum8,maximum=40",
    "length-prefix,width=2,checksum=xor8,covers=frame,trailer=3,maximum=40",
    "length-prefix,width=1,checksum=crc16-modbus,maximum=40",
    "length-prefix,width=2,endian=big,checksum=crc16-ccitt-false,covers=frame,maximum=40",
    "length-prefix,width=2,checksum=crc32,checksum-endian=big,trailer=6,strip=4,maximum=40",
    "length-prefix,width=varint",
    "length-prefix,width=varint,maximum=20,adjustment=-3,checksum=crc32",
    "length-prefix,width=varint,magic=x,offset=2,strip=0,maximum=300",
    "length-prefix,width=decimal,maximum=20",
    r"length-prefix,width=decimal,separator=\r\n,maximum=150,trailer=1,offset=1",
    r"length-prefix,width=decimal,separator=ab,magic=\\,offset=1,adjustment=-1,strip=0",
    "marked,maximum=20",
    "marked,end=0x7e,escape=0x7d,escaping=xor,maximum=20",
    "marked,start=2,end=3,escape=0x10,escaping=xor,maximum=20",
    "marked,start=0x0a,end=0x0d,escape=0x5c,maximum=20",
    "cobs,maximum=20",
    "cobs",
    "chunked,maximum=40",
    "chunked,maximum=300",
    "json,maximum=24",
    "json",
    "none",
    "ready-ack",
    "ready-ack,maximum=200",
    "delimiter,maximum=12,resynchronise=true",
    "delimiter,delimiter=aa,maximum=9,resynchronise=true",
    r"delimiter,delimiter=\r\n,keep=true,maximum=9,resynchronise=true",
    r"delimiter,escape=\\,maximum=12,resynchronise=true",
    r"delimiter,delimiter=\n,delimiter=\r\n,delimiter=\r,maximum=15,resynchronise=true",
    "delimiter,delimiter=a,delimiter=abc,delimiter=hex:ff00,maximum=20,resynchronise=true",
    "length-prefix,width=2,endian=big,magic=hex:f9beb4d9,offset=4,maximum=40,resynchronise=true",
    "length-prefix,width=1,magic=a,offset=1,maximum=40,resynchronise=true",
    "length-prefix,width=2,magic=hex:0101,offset=2,checksum=xor8,maximum=40,resynchronise=true",
    "length-prefix,width=1,magic=hex:01,offset=1,checksum=crc16-modbus,trailer=3,covers=frame,maximum=200,resynchronise=true",
    "length-prefix,width=varint,magic=ab,offset=2,strip=0,maximum=30,resynchronise=true",
    "length-prefix,width=decimal,magic=x,offset=1,checksum=sum8,maximum=20,resynchronise=true",
    "marked,maximum=20,resynchronise=true",
    "marked,end=0x7e,escape=0x7d,escaping=xor,maximum=20,resynchronise=true",
    "marked,start=2,end=3,escape=0x10,escaping=xor,maximum=20,resynchronise=true",
    "marked,start=0x0a,end=0x0d,escape=0x5c,maximum=20,resynchronise=true",
    "cobs,maximum=20,resynchronise=true",
];

/// What has to come out of a line that was put in.
pub(super) struct Case {
    /// What is put in: `D` or `E`, the framing's number, chunks or a message in hexadecimal. A
    /// tilde before a chunk is a silence before it.
    pub(super) line: String,
    /// What comes out.
    pub(super) expected: String,
    /// The expected text of an error has a number that not every language can write.
    pub(super) is_huge: bool,
}

pub(super) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let framings = FRAMINGS.iter().enumerate();
    framings
        .flat_map(|(number, text)| cases(number, text))
        .collect()
});

fn framing(text: &str) -> Framing {
    trace::framing::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn cases(number: usize, text: &str) -> Vec<Case> {
    let framing = framing(text);
    let mut random = Random(u64::try_from(number).expect("few"));
    let special = special(&framing);
    let mut cases = Vec::new();
    for _ in 0..12 {
        let (message, _) = message(&framing, &special, &mut random);
        cases.push(encoded(number, &framing, &message));
    }
    if framing.waits_for_ready() {
        for chunks in conversations(&framing, &special, &mut random) {
            cases.push(decoded(number, &framing, &chunks));
        }
        // A silence in the length, of which more comes before anybody asks what is complete.
        let chunks: [&[u8]; 5] = [b"1", b"2", b"", b"twelve", b" bytes"];
        let mut case = decoded(number, &framing, &chunks.map(<[u8]>::to_vec));
        case.line = case.line.replacen(" 31 32 ", " 31 ~32 ", 1);
        cases.push(case);
    }
    for _ in 0..30 {
        let mut stream = Vec::new();
        for _ in 0..random.below(6) {
            let (message, _) = message(&framing, &special, &mut random);
            if let Ok(parts) = framing.parts(&message) {
                stream.extend_from_slice(&parts.header);
                stream.extend_from_slice(&parts.body);
            }
        }
        cases.push(decoded(number, &framing, &random.cut(&stream)));
        // With one thing wrong in it.
        let at = random.below(stream.len() + 1);
        match random.below(4) {
            0 => stream.truncate(at),
            1 => stream.insert(at, random.choice(&special)),
            2 if at < stream.len() => stream[at] = random.byte(),
            _ if at < stream.len() => stream[at] ^= 1 << random.below(8),
            _ => stream.push(random.byte()),
        }
        cases.push(decoded(number, &framing, &random.cut(&stream)));
        // Of bytes that mean something, behind the front of a stream.
        stream.truncate(random.below(12));
        stream.extend((0..random.below(40)).map(|_| random.choice(&special)));
        cases.push(decoded(number, &framing, &random.cut(&stream)));
    }
    for stream in boundaries(&framing) {
        cases.push(decoded(number, &framing, &random.cut(&stream)));
        let bytewise: Vec<_> = stream.iter().map(|byte| vec![*byte]).collect();
        cases.push(decoded(number, &framing, &bytewise));
    }
    cases
}

/// What a sender sends that waits where it has to, and the same with one thing wrong: an empty
/// chunk is a silence.
fn conversations(framing: &Framing, special: &[u8], random: &mut Random) -> Vec<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for _ in 0..30 {
        let mut chunks = Vec::new();
        for _ in 0..=random.below(4) {
            let (message, is_sent) = message(framing, special, random);
            if !is_sent {
                continue;
            }
            let mut length = framing.parts(&message).expect("it is sent").header.to_vec();
            let ending = random.choice(&[&b""[..], b"", b"", b"\n", b"\r\n"]);
            length.extend_from_slice(ending);
            let whole = |chunk: &Vec<u8>| !chunk.is_empty();
            chunks.extend(random.cut(&length).into_iter().filter(whole));
            if ending.is_empty() {
                chunks.push(Vec::new());
            }
            chunks.extend(random.cut(&message).into_iter().filter(whole));
        }
        all.push(chunks.clone());
        let at = random.below(chunks.len() + 1);
        match random.below(4) {
            0 => chunks.truncate(at),
            1 => chunks.insert(at, Vec::new()),
            2 if at < chunks.len() => drop(chunks.remove(at)),
            _ => chunks.insert(at, vec![random.choice(special)]),
        }
        all.push(chunks);
    }
    // A line of no chunks can't be told from one of an empty one.
    all.retain(|chunks| !chunks.is_empty());
    all
}

/// Bytes that mean something to a framing, and few others.
fn special(framing: &Framing) -> Vec<u8> {
    match framing {
        Framing::LengthPrefix(prefix) => {
            let mut bytes = b"\0\0\0\x01\x03\x05\x7f\x80\xff0129:-".to_vec();
            bytes.extend_from_slice(&prefix.magic);
            bytes.extend_from_slice(&prefix.separator);
            bytes
        }
        Framing::Delimiter(settings) => {
            let mut bytes = b"ab".to_vec();
            for mark in settings.delimiter.iter() {
                bytes.extend_from_slice(mark);
            }
            bytes.extend(settings.escape.map(|escape| escape.0));
            bytes
        }
        Framing::FixedSize(fixed) => vec![fixed.pad, b'a', 0],
        Framing::Marked(settings) => {
            let marks = [settings.end.0, settings.escape.0, b'a', 0xdc, 0xdd, 0xde];
            marks
                .into_iter()
                .chain(settings.start.map(|start| start.0))
                .collect()
        }
        Framing::Cobs(_) => vec![0, 0, 1, 2, 3, 5, 255],
        Framing::Chunked(_) => b"\r\n\r\n0001aF;x \t".to_vec(),
        Framing::Json(_) => b"{}[]\",:0123eE+-.\\u tfn\nae\x1f\xc3\xa9\xed".to_vec(),
        Framing::None => b"ab\0".to_vec(),
        Framing::ReadyAck(_) => b"0123459-\r\nx".to_vec(),
    }
}

/// JSON values and what is nearly one.
pub(super) const VALUES: [&str; 38] = [
    "1",
    "-0",
    "0.5e+3",
    "1e9",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\\\"b\"",
    "\"粘包\"",
    "\"\\u00e9\\ud800\"",
    "[]",
    "[1,2]",
    "[[],[[]]]",
    "{}",
    "{\"a\":1}",
    "{\"a\":[{}],\"b\":null}",
    " [ 1 , 2 ] ",
    "{ \"a\" : 1 , \"b\" : [ ] }",
    "01",
    "1.",
    ".5",
    "1e",
    "-",
    "+1",
    "NaN",
    "Infinity",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "'a'",
    "\"\\x\"",
    "\"\t\"",
    "[1}",
    "\u{feff}1",
];

/// A message, most often one that can be sent; whether it can.
fn message(framing: &Framing, special: &[u8], random: &mut Random) -> (Vec<u8>, bool) {
    let mut message = Vec::new();
    for _ in 0..4 {
        message = if matches!(framing, Framing::Json(_)) {
            random.choice(&VALUES).as_bytes().to_vec()
        } else {
            bytes(special, random)
        };
        if framing.parts(&message).is_ok() {
            return (message, true);
        }
    }
    (message, false)
}

/// Up to a few hundred bytes, all random or all special.
fn bytes(special: &[u8], random: &mut Random) -> Vec<u8> {
    let length = match random.below(8) {
        0 => 0,
        1 => 250 + random.below(10),
        _ => random.below(24),
    };
    let is_random = random.below(2) == 0;
    let mut byte = || {
        if is_random {
            random.byte()
        } else {
            random.choice(special)
        }
    };
    (0..length).map(|_| byte()).collect()
}

/// Hexadecimal digits; a dash for no bytes.
fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    tests::events::hex(bytes)
}

fn encoded(number: usize, framing: &Framing, message: &[u8]) -> Case {
    let expected = match framing.parts(message) {
        // The message itself has to wait for the answer.
        Ok(parts) if framing.waits_for_ready() => format!("ok {}", hex(&parts.header)),
        Ok(parts) => format!("ok {}", hex(&[parts.header, parts.body].concat())),
        Err(_) => "refused".to_owned(),
    };
    let line = format!("E {number} {}", hex(message));
    Case {
        line,
        expected,
        is_huge: false,
    }
}

fn decoded(number: usize, framing: &Framing, chunks: &[Vec<u8>]) -> Case {
    let mut chunks = chunks.to_vec();
    if matches!(framing, Framing::None) {
        // An empty chunk is the end of a stream.
        chunks.retain(|chunk| !chunk.is_empty());
        if chunks.is_empty() {
            chunks.push(b"a".to_vec());
        }
    }
    let line = chunks
        .iter()
        .map(|chunk| hex(chunk))
        .collect::<Vec<_>>()
        .join(" ");
    let line = format!("D {number} {line}");
    let mut decoder = Decoder::new(framing);
    let mut said = Vec::new();
    let mut is_huge = false;
    let mut refused = |error: &FrameError| {
        if let FrameError::TooLarge { length, .. } | FrameError::Negative { length, .. } = error {
            is_huge |= i64::try_from(*length).is_err();
        }
        format!("error {} {} {error}", kind(error), error.offset())
    };
    let goes_on = framing.resynchronises();
    let mut drain = |decoder: &mut Decoder, said: &mut Vec<String>| loop {
        match decoder.poll_frame() {
            Ok(Some(frame)) => said.push(format!("m:{}", hex(&frame.body))),
            Ok(None) => return true,
            Err(error) => {
                said.push(refused(&error));
                if !goes_on {
                    return false;
                }
            }
        }
    };
    let mut is_well = true;
    for chunk in chunks {
        if chunk.is_empty() && framing.waits_for_ready() {
            decoder.handle_quiet();
        }
        decoder.handle_chunk(&chunk);
        is_well = drain(&mut decoder, &mut said);
        if let Some(reply) = decoder.poll_reply().filter(|_| is_well) {
            said.push(format!("r:{}", hex(reply)));
            is_well = drain(&mut decoder, &mut said);
        }
        if !is_well {
            break;
        }
        said.push("/".to_owned());
    }
    if is_well {
        let ended = decoder.handle_eof();
        if drain(&mut decoder, &mut said) {
            said.push(match ended {
                Err(error) => refused(&error),
                Ok(()) => "ok".to_owned(),
            });
        }
    }
    Case {
        line,
        expected: said.join(" "),
        is_huge,
    }
}

#[test]
fn the_cases_have_messages_and_every_kind_of_refusal() {
    let said: Vec<_> = CASES.iter().map(|case| &case.expected).collect();
    for kind in [
        "negative",
        "too-large",
        "shorter-than-header",
        "below-adjustment",
        "endless-varint",
        "unexpected",
        "checksum",
        "undecodable",
        "not-json",
        "non-numeric",
        "leftover",
        "truncated",
    ] {
        let word = format!("error {kind} ");
        let found = said.iter().filter(|said| said.contains(&word)).count();
        assert!(found >= 5, "{kind}: {found}");
    }
    for (number, framing) in FRAMINGS.iter().enumerate() {
        let of = |case: &&Case| case.line.split(' ').nth(1) == Some(&number.to_string());
        let all: Vec<_> = CASES.iter().filter(of).collect();
        let count = |word: &str| {
            all.iter()
                .filter(|case| case.expected.contains(word))
                .count()
        };
        assert!(count("m:") >= 10, "{framing}: {}", count("m:"));
        // Of frames of one byte nothing is wrong, nor where there are none.
        let is_any = framing.contains("size=1,") || *framing == "none";
        assert!(
            is_any || count("error") >= 10,
            "{framing}: {}",
            count("error")
        );
        assert!(count("ok ") >= 3, "{framing}");
    }
}
