//! WebSocket frames that break RFC 6455, or keep to it and never end.

use std::io::{self, ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tests::Census;
use tests::websocket::{self, LAST, frame, opcode};

use super::bystander::Bystander;
use super::client::{dial, reset};
use super::victim::Victim;
use super::{ATTACKER, WEBSOCKETS, each, sized};

/// More than any message may have.
const ENDLESS: usize = 64 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// What one session may take at most, in KiB: a message of the largest size,
/// and as much again while it grows.
const MOST: usize = 48 * 1024;
/// A writer without progress for this long is held back by the server.
const STALL: Duration = Duration::from_secs(2);

/// A session that is open, with nothing left to read.
fn session(victim: &Victim) -> TcpStream {
    let door = &victim.door;
    let mut stream = dial(ATTACKER, door.address).expect("it listens");
    let path = match door.name {
        "lab" => "/lab",
        _ => "/bridge/udp-echo",
    };
    websocket::open(&mut stream, &door.address.to_string(), path).expect("an upgrade");
    if door.name == "lab" {
        let (opcode, greeting) = websocket::read_frame(&mut stream).expect("a greeting");
        let text = greeting.escape_ascii();
        assert_eq!(opcode, opcode::TEXT, "the session is refused: {text}");
    }
    stream
}

/// The code of the close that comes, whatever comes before it; none if the
/// connection just ends.
fn close_code(stream: &mut TcpStream) -> io::Result<Option<u16>> {
    loop {
        match websocket::read_frame(stream) {
            Ok((opcode::CLOSE, payload)) => {
                let code = payload.first_chunk().copied();
                return Ok(code.map(u16::from_be_bytes));
            }
            Ok(_) => {}
            Err(error) if is_end(error.kind()) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

/// What is against the rules, and the codes it may be closed with: 1002 for
/// the protocol, 1007 for what is no UTF-8, 1009 for what is too big.
fn offences() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let binary = LAST | opcode::BINARY;
    let mut unmasked = frame(binary, b"hello");
    unmasked[1] &= 0x7f;
    unmasked.drain(2..6);
    let ping = frame(LAST | opcode::PING, &[0; 126]);
    vec![
        ("unmasked", unmasked, &[1002]),
        ("a reserved bit", frame(binary | 0x40, b"hello"), &[1002]),
        ("a reserved opcode", frame(LAST | 0x3, b"hello"), &[1002]),
        ("a reserved control", frame(LAST | 0xb, b"hello"), &[1002]),
        ("a ping in parts", frame(opcode::PING, b"hello"), &[1002]),
        ("a ping of 126 bytes", ping, &[1002]),
        (
            "a continuation of nothing",
            frame(LAST | opcode::CONTINUATION, b"hello"),
            &[1002],
        ),
        (
            "a message inside a message",
            [frame(opcode::BINARY, b"a"), frame(binary, b"b")].concat(),
            &[1002],
        ),
        (
            "text that is none",
            frame(LAST | opcode::TEXT, b"\xff\xfe"),
            &[1007],
        ),
        (
            "a close with half a code",
            frame(LAST | opcode::CLOSE, b"\x03"),
            &[1002],
        ),
        (
            "a close with a code that is none",
            frame(LAST | opcode::CLOSE, b"\0\0"),
            &[1002],
        ),
        ("5 GiB", websocket::head(binary, 5 << 30), &[1009]),
        (
            "the largest length",
            websocket::head(binary, i64::MAX as u64),
            &[1009, 1002],
        ),
        (
            "a negative length",
            websocket::head(binary, u64::MAX),
            &[1009, 1002],
        ),
        ("9 MiB", websocket::head(binary, 9 << 20), &[1009]),
    ]
}

/// Each offence, `times` times.
fn offend(victim: &Victim, times: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let offences = offences();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..times {
        for (what, bytes, codes) in &offences {
            let mut stream = session(victim);
            stream.write_all(bytes).expect("it takes it");
            let code = close_code(&mut stream);
            let code = code.unwrap_or_else(|error| panic!("{what}: it is not closed: {error}"));
            let code = code.unwrap_or_else(|| panic!("{what}: it is not told why"));
            assert!(codes.contains(&code), "{what}: {code}");
            *seen.entry(code).or_insert(0) += 1;
        }
    }
    bystander.leave();
    let all = times * offences.len();
    format!("{all} frames against the rules; closed with {seen:?}")
}

#[test]
fn frames_against_the_rules_end_their_session_only() {
    each(&WEBSOCKETS, |name| {
        // Not that it comes too often is what it is refused for.
        let victim = Victim::start(name, &["--rate-per-source=10000"]);
        victim.withstands("WebSocket offences", 1, sized(2, 40), offend);
    });
}

/// Writes until the peer has ended it, or holds it back.
fn pour(stream: &mut TcpStream, mut piece: impl FnMut() -> Vec<u8>, most: usize) -> usize {
    stream.set_write_timeout(Some(STALL)).expect("an option");
    let mut written = 0;
    while written < most {
        let piece = piece();
        if stream.write_all(&piece).is_err() {
            break;
        }
        written += piece.len();
    }
    written
}

/// A message in parts that never ends.
fn endless(victim: &Victim, count: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let (mut most, mut peak) = (0, 0);
    for _ in 0..count {
        let mut stream = session(victim);
        let begin = frame(opcode::BINARY, b"");
        stream.write_all(&begin).expect("it takes it");
        let piece = frame(opcode::CONTINUATION, &vec![b'x'; PIECE]);
        let written = pour(&mut stream, || piece.clone(), ENDLESS);
        assert!(written < ENDLESS, "{written} bytes of one message taken");
        let now = Census::of(victim.program.id()).expect("it runs");
        (most, peak) = (most.max(written), peak.max(now.resident));
        assert!(now.resident < MOST, "{now}");
        match close_code(&mut stream).expect("it is closed") {
            None | Some(1008 | 1009) => {}
            Some(code) => panic!("closed with {code}"),
        }
    }
    bystander.leave();
    format!("{count} endless messages: ended after at most {most} bytes, {peak} KiB resident")
}

#[test]
fn a_message_without_end_is_ended() {
    each(&WEBSOCKETS, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("endless message", 2, sized(2, 20), endless);
    });
}

/// A message in `count` parts more than one, most of them empty.
fn parts(victim: &Victim, count: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let mut stream = session(victim);
    let begin = frame(opcode::TEXT, b"pa");
    stream.write_all(&begin).expect("it takes it");
    let empty = frame(opcode::CONTINUATION, b"").repeat(64);
    let before = Census::of(victim.program.id()).expect("it runs");
    let written = pour(&mut stream, || empty.clone(), count * 6);
    let after = Census::of(victim.program.id()).expect("it runs");
    assert!(
        after.resident < before.resident + 4096,
        "{before}, then {after}"
    );
    let _ = stream.write_all(&frame(LAST | opcode::CONTINUATION, b"rts"));
    // Whole, or refused: nothing between.
    let ended = match websocket::read_frame(&mut stream) {
        Ok((opcode::BINARY, payload)) => {
            assert_eq!(payload, b"PARTS");
            "it arrived whole"
        }
        Ok((opcode::TEXT, payload)) => {
            let text = String::from_utf8_lossy(&payload);
            assert!(text.contains("not a request"), "{text}");
            "it arrived whole"
        }
        Ok((opcode::CLOSE, payload)) => {
            let code = payload.first_chunk().copied().map(u16::from_be_bytes);
            assert!(matches!(code, Some(1002 | 1008 | 1009)), "{code:?}");
            "it was refused"
        }
        Err(error) if is_end(error.kind()) => "it was refused",
        other => panic!("{other:?}"),
    };
    let trips = bystander.leave().0.len();
    reset(stream);
    format!(
        "a message with {} continuations: {ended}; the other source made {trips} round trips",
        written / 6
    )
}

#[test]
fn a_message_in_many_parts_is_whole_or_refused() {
    each(&WEBSOCKETS, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("64 continuation frames", 64, 64, parts);
        let victim = Victim::start(name, &[]);
        let many = sized(20_000, 2_000_000);
        victim.withstands("endless empty frames", 6_400, many, parts);
    });
}

/// Pings whose pongs nobody reads.
fn ping(victim: &Victim, bytes: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let before = Census::of(victim.program.id()).expect("it runs");
    let mut stream = session(victim);
    let pings = frame(LAST | opcode::PING, &[7; 125]).repeat(500);
    let written = pour(&mut stream, || pings.clone(), bytes);
    let after = Census::of(victim.program.id()).expect("it runs");
    assert!(
        after.resident < before.resident + MOST,
        "{before}, then {after}"
    );
    let trips = bystander.leave().0.len();
    reset(stream);
    format!(
        "{written} bytes of pings, no pong read: {} KiB resident, {} before; \
         the other source made {trips} round trips",
        after.resident, before.resident
    )
}

#[test]
fn pongs_that_nobody_reads_are_not_kept() {
    each(&WEBSOCKETS, |name| {
        let victim = Victim::start(name, &[]);
        let bytes = sized(4 << 20, 256 << 20);
        victim.withstands("ping flood", bytes.min(8 << 20), bytes, ping);
    });
}

/// Messages of the largest size, begun by many and not finished.
fn hoard(victim: &Victim, count: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let before = Census::of(victim.program.id()).expect("it runs");
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = session(victim);
        let claim = websocket::head(LAST | opcode::BINARY, 1 << 20);
        stream.write_all(&claim).expect("it takes it");
        stream.write_all(b"x").expect("it takes it");
        held.push(stream);
    }
    let after = Census::of(victim.program.id()).expect("it runs");
    let each = (after.resident.saturating_sub(before.resident)) / count;
    assert!(each < 512, "{each} KiB for each claim of 1 MiB");
    bystander.leave();
    held.into_iter().for_each(reset);
    format!("{count} messages of 1 MiB begun and not sent: {each} KiB for each")
}

#[test]
fn a_message_that_is_only_claimed_costs_nothing() {
    each(&WEBSOCKETS, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("claimed messages", 25, 25, hoard);
    });
}
