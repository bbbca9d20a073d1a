//! The table `cases.txt`: frames in, outcome out. Each case is sent as a whole
//! and in single bytes, over a bridge to a datagram server that echoes.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;

use tests::websocket::{self, LAST, opcode};
use tests::{Datagrams, PATIENCE, Serve};

const TABLE: &str = include_str!("cases.txt");
/// Cases that run at the same time, each over a bridge of its own.
const LANES: usize = 24;
/// Up to so many bytes are sent one by one, more in pieces of some.
const OCTETS: usize = 4096;
const PIECE: usize = 997;
/// Comes to a server behind everything that a case sent to it.
const MARKER: &[u8] = b"nothing further has come";

#[derive(Clone, Debug)]
struct Case {
    number: String,
    /// What the client sends.
    sent: Vec<u8>,
    messages: Vec<Vec<u8>>,
    pongs: Vec<Vec<u8>>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The client closes once everything is back.
    Open,
    /// The close is among what was sent; the answer has this code.
    Closed(Option<u16>),
    /// The server closes with this code.
    Failed(u16),
}

/// Words, with what is quoted in them.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in text.trim().chars() {
        quoted ^= character == '"';
        match words.last_mut() {
            Some(word) if quoted || character != ' ' => word.push(character),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    let mut repeated = Vec::new();
    for word in words {
        match word.split_once('×') {
            Some((count, word)) if !word.is_empty() && !count.contains('"') => {
                let count = count.parse().expect("a count");
                repeated.extend(std::iter::repeat_n(word.to_owned(), count));
            }
            _ => repeated.push(word),
        }
    }
    repeated
}

fn payload(text: &str) -> Vec<u8> {
    let hex = |digits: &str| {
        let digits = digits.as_bytes().chunks(2);
        digits
            .map(|two| {
                let two = std::str::from_utf8(two).expect("hex digits");
                u8::from_str_radix(two, 16).expect("hex digits")
            })
            .collect::<Vec<_>>()
    };
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .flat_map(|part| match part.split_once('*') {
            Some((count, byte)) => hex(byte).repeat(count.parse().expect("a count")),
            None => match part.strip_prefix('x') {
                Some(digits) => hex(digits),
                None => part.trim_matches('"').as_bytes().to_vec(),
            },
        })
        .collect()
}

/// A close's payload: the code in decimal, then a reason.
fn close(text: &str) -> Vec<u8> {
    let (code, reason) = text.split_once(',').unwrap_or((text, ""));
    match code.parse::<u16>() {
        Ok(code) => [&code.to_be_bytes()[..], &payload(reason)].concat(),
        Err(_) => payload(text),
    }
}

fn frame(word: &str) -> Vec<u8> {
    let (kind, content) = word.split_once(':').unwrap_or((word, ""));
    let (kind, reserved) = kind.split_once('/').unwrap_or((kind, "0"));
    let (kind, last) = match kind.strip_suffix('+') {
        Some(kind) => (kind, 0),
        None => (kind, LAST),
    };
    let opcode = match kind {
        "cont" => opcode::CONTINUATION,
        "text" => opcode::TEXT,
        "binary" => opcode::BINARY,
        "close" => opcode::CLOSE,
        "ping" => opcode::PING,
        "pong" => opcode::PONG,
        other => other
            .strip_prefix("op")
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{word} is no frame")),
    };
    let reserved: u8 = reserved.parse().expect("reserved bits");
    let content = match opcode {
        opcode::CLOSE => close(content),
        _ => payload(content),
    };
    websocket::frame(last | reserved << 4 | opcode, &content)
}

fn cases() -> Vec<Case> {
    let lines = TABLE.lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (number, rest) = line.split_once(' ').expect("a number");
            let (frames, outcome) = rest.split_once(" => ").expect("an outcome");
            let mut case = Case {
                number: number.to_owned(),
                sent: words(frames).iter().flat_map(|word| frame(word)).collect(),
                messages: Vec::new(),
                pongs: Vec::new(),
                end: End::Open,
            };
            for word in words(outcome) {
                match word.split_once(':') {
                    None if word == "ok" => {}
                    None if word == "close" => case.end = End::Closed(None),
                    None if word == "pong" => case.pongs.push(Vec::new()),
                    Some(("pong", content)) => case.pongs.push(payload(content)),
                    Some(("close", code)) => case.end = End::Closed(code.parse().ok()),
                    Some(("fail", code)) => case.end = End::Failed(code.parse().expect("a code")),
                    _ => case.messages.push(payload(&word)),
                }
            }
            case
        })
        .collect()
}

/// What came over the WebSocket.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    messages: Vec<Vec<u8>>,
    pongs: Vec<Vec<u8>>,
    /// The close frame's payload.
    close: Option<Vec<u8>>,
}

impl Seen {
    fn read(&mut self, stream: &mut TcpStream) {
        let (kind, content) = websocket::read_frame(stream).expect("a frame");
        match kind {
            opcode::BINARY => self.messages.push(content),
            opcode::PONG => self.pongs.push(content),
            opcode::CLOSE => self.close = Some(content),
            other => panic!("opcode {other} behind {self:?}"),
        }
    }

    /// Whether everything that `case` expects has come.
    fn is_whole(&self, case: &Case) -> bool {
        self.messages.len() == case.messages.len() && self.pongs.last() == case.pongs.last()
    }

    /// Whether nothing has come that `case` does not expect, or in another
    /// order. Of pings that came together the last one alone may be answered
    /// (RFC 6455, section 5.5.3).
    fn is_part(&self, case: &Case) -> bool {
        let mut expected = case.pongs.iter();
        case.messages.starts_with(&self.messages)
            && self
                .pongs
                .iter()
                .all(|pong| expected.any(|other| other == pong))
    }
}

/// Runs one case over the bridge of `lane`, whose server is `server`.
fn check(case: &Case, octets: bool, serve: &Serve, lane: usize, server: &Datagrams) {
    let host = serve.page.to_string();
    let mut stream = TcpStream::connect(serve.page).expect("the page listens");
    stream.set_nodelay(true).expect("an option");
    stream.set_read_timeout(Some(PATIENCE)).expect("an option");
    websocket::open(&mut stream, &host, &format!("/bridge/lane-{lane}")).expect("an upgrade");
    let size = match (octets, case.sent.len() <= OCTETS) {
        (false, _) => case.sent.len(),
        (true, true) => 1,
        (true, false) => PIECE,
    };
    for piece in case.sent.chunks(size.max(1)) {
        // Who has failed does not take what stands behind.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    // What reaches the server is exact, whatever the end is.
    for message in &case.messages {
        let (received, peer) = server.receive_from();
        assert_eq!(received, *message, "{} to the server", case.number);
        server.send_to(&received, peer);
    }
    let mut seen = Seen::default();
    if case.end == End::Open {
        while seen.close.is_none() && !seen.is_whole(case) {
            seen.read(&mut stream);
        }
        let close = websocket::frame(LAST | opcode::CLOSE, &1000_u16.to_be_bytes());
        stream.write_all(&close).expect("it is open");
    }
    while seen.close.is_none() {
        seen.read(&mut stream);
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(
        rest.is_empty(),
        "{} behind the close: {rest:?}",
        case.number
    );
    let (expected, exact) = match case.end {
        End::Open => (Some(1000), true),
        // The echo may be on its way when the connection ends.
        End::Closed(code) => (code, false),
        End::Failed(code) => (Some(code), false),
    };
    let context = format!("{} {octets}: {seen:?}", case.number);
    let code = seen.close.as_deref().and_then(<[u8]>::first_chunk);
    let code = code.map(|code| u16::from_be_bytes(*code));
    assert_eq!(code, expected, "{context}");
    assert!(seen.is_part(case), "{context}");
    assert!(!exact || seen.is_whole(case), "{context}");
    // Its connection has ended: what it sent waits at the server already.
    Datagrams::to(server.address()).send(MARKER);
    assert_eq!(server.receive(), MARKER, "{context}");
}

#[test]
fn every_case_of_the_table_has_its_outcome() {
    let servers: Vec<_> = (0..LANES).map(|_| Datagrams::new()).collect();
    let mut arguments = ["--rate-per-source", "10000"].map(str::to_owned).to_vec();
    for (lane, server) in servers.iter().enumerate() {
        arguments.push("--bridge".to_owned());
        arguments.push(format!("lane-{lane}=udp:{}", server.address()));
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let serve = Serve::start(&arguments);
    let both = cases()
        .into_iter()
        .flat_map(|case| [(case.clone(), false), (case, true)]);
    let left = Mutex::new(both.collect::<VecDeque<_>>());
    std::thread::scope(|scope| {
        for (lane, server) in servers.iter().enumerate() {
            let (left, serve) = (&left, &serve);
            scope.spawn(move || {
                loop {
                    let next = left.lock().expect("no lane has failed").pop_front();
                    let Some((case, octets)) = next else { break };
                    check(&case, octets, serve, lane, server);
                }
            });
        }
    });
}

#[test]
fn the_table_says_what_it_means() {
    let cases = cases();
    let find = |number: &str| {
        let case = cases.iter().find(|case| case.number == number);
        case.unwrap_or_else(|| panic!("{number} is in the table"))
            .clone()
    };
    let of = |section: &str| {
        let section = format!("{section}.");
        cases
            .iter()
            .filter(|case| case.number.starts_with(&section))
            .count()
    };
    assert_eq!((of("3"), of("4"), of("5"), of("6")), (7, 10, 20, 145));
    let case = find("5.6");
    assert_eq!(case.sent[..6], [0x01, 0x84, 0, 0, 0, 0]);
    assert_eq!(case.sent[6..10], *b"one ");
    assert_eq!(case.sent[10..17], [0x89, 0x81, 0, 0, 0, 0, b'p']);
    assert_eq!(
        case.sent[17..26],
        [0x80, 0x83, 0, 0, 0, 0, b't', b'w', b'o']
    );
    assert_eq!(case.messages, [b"one two"]);
    assert_eq!((case.pongs, case.end), (vec![b"p".to_vec()], End::Open));
    assert_eq!(find("3.7").sent[0], 0xf8);
    assert_eq!(find("7.3.4").sent[6..], *b"\x03\xe8bye");
    assert_eq!(find("7.3.2").end, End::Failed(1002));
    assert_eq!(find("9.3.1").messages[0].len(), 64_450);
    assert_eq!(find("9.7.1").messages.len(), 200);
}
