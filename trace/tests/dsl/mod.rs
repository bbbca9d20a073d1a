//! Traces as text. A line is a call: actor, call, and for recv its room; then
//! the bytes. Or a packet: `segment`, its offset and flags, `datagram`, then
//! the bytes. Behind ` | ` stands what the kernel or the header told. `ended`
//! tells what was missed and dropped; `running` leaves the end out. One
//! millisecond passes between lines.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test takes what it needs; a failed test is a panic"
)]

use std::collections::BTreeMap;

use protocol::{Nanos, Offset, System};
use trace::lane::Span;
use trace::link::{Capture, Ending, Head};
use trace::text::Catalog;
use trace::{Analysis, Call, ClientId, Event, Experiment, Flags, Header, Origin, Reason, Trace};
use trace::{explain, knob};

pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        (rest, ()) = if let [b'\\', b'x', high, low, tail @ ..] = rest {
            let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap();
            let byte = u8::try_from(digit(high) * 16 + digit(low)).unwrap();
            (tail, bytes.push(byte))
        } else {
            (tail, bytes.push(*first))
        };
    }
    bytes
}

fn origin(word: &str) -> Origin {
    match word {
        "c1" => ClientId::FIRST.opener(),
        "c2" => ClientId::SECOND.opener(),
        "s1" => ClientId::FIRST.acceptor(),
        "s2" => ClientId::SECOND.acceptor(),
        other => panic!("{other} is nobody"),
    }
}

fn flags(names: &str) -> Flags {
    let flag = |name| match name {
        "FIN" => Flags::FIN,
        "SYN" => Flags::SYN,
        "RST" => Flags::RST,
        "PSH" => Flags::PSH,
        "ACK" => Flags::ACK,
        other => panic!("{other} is no flag"),
    };
    Flags(names.split(',').map(|name| flag(name).0).sum())
}

fn number(value: &str) -> u32 {
    value.parse().unwrap()
}

/// Captured headers of a segment that acknowledges `ack` and tells that the
/// bytes from `start` to `end` were discarded.
fn duplicate_sack(ack: Offset, start: u32, end: u32) -> Vec<u8> {
    const FIRST: u32 = 4_000_000_000;
    let mut raw = vec![0; 14 + 20 + 20];
    raw[12] = 8;
    raw[14] = 0x45;
    raw[14 + 9] = 6;
    let ack = FIRST + u32::try_from(ack.0).unwrap();
    raw[14 + 20 + 8..][..4].copy_from_slice(&ack.to_be_bytes());
    raw[14 + 20 + 12] = 8 << 4;
    raw.extend([1, 1, 5, 10]);
    raw.extend((FIRST + start).to_be_bytes());
    raw.extend((FIRST + end).to_be_bytes());
    raw
}

/// What stands behind the ` | `.
fn told(event: &mut Event, name: &str, value: &str) {
    let socket = &mut event.socket;
    let header = event.header.get_or_insert_default();
    match name {
        "waiting" => socket.waiting = Some(number(value)),
        "unacked" => socket.unacked = Some(number(value)),
        "unsent" => socket.unsent = Some(number(value)),
        "send-mss" => socket.mss = Some(number(value)),
        "send-window" => socket.window = Some(number(value)),
        "listen-drops" => socket.listen_drops = Some(number(value)),
        "took" => event.took = Nanos::from_millis(number(value).into()),
        "discarded" => {
            let (start, end) = value.split_once("..").unwrap();
            header.raw = duplicate_sack(header.ack, number(start), number(end));
        }
        "accept-queue" => socket.accept_queue = Some(number(value)),
        "length" => socket.length = Some(number(value)),
        "dropped" => socket.dropped = Some(number(value)),
        "segments" => {
            let n = number(value);
            socket.counts = Some(trace::Counts {
                segments_out: n,
                segments_in: n + 1,
                data_out: n - 2,
                data_in: n - 1,
                retransmitted: 1,
            });
        }
        "reason" => {
            let reason = Reason::ALL
                .into_iter()
                .find(|reason| reason.name() == value);
            event.reason = Some(reason.unwrap());
        }
        "asked" => event.asked = number(value),
        "ack" => header.ack = Offset(value.parse().unwrap()),
        "window" => header.window = number(value),
        "mss" => header.mss = Some(value.parse().unwrap()),
        "gso" => header.gso = Some(value.parse().unwrap()),
        // Identification, offset and length of the datagram.
        "fragment" => {
            let mut parts = value.split('/').map(number);
            let mut next = || parts.next().unwrap();
            header.fragment = Some(Box::new(record::Piece {
                identification: next(),
                offset: next(),
                of: next(),
            }));
        }
        "lost" => {
            let transit = header.transit.get_or_insert_default();
            transit.lost = Some(record::Loss::Chance);
        }
        "arrived" => {
            let transit = header.transit.get_or_insert_default();
            transit.arrived = Some(Nanos::from_millis(number(value).into()));
        }
        other => panic!("{other} is nothing to tell"),
    }
}

fn event(line: &str, at: Nanos, offsets: &mut BTreeMap<(Origin, Call), Offset>) -> Event {
    let (line, aside) = line.split_once(" | ").unwrap_or((line, ""));
    let mut words = line.splitn(3, ' ');
    let origin = origin(words.next().unwrap());
    let name = words.next().unwrap();
    let call = Call::ALL.into_iter().find(|call| call.name() == name);
    let call = call.unwrap_or_else(|| panic!("{name} is no call"));
    let mut event = Event::new(at, origin, call);
    let rest = words.next().unwrap_or_default();
    let mut payload = rest;
    if call.is_packet() {
        event.header = Some(Header {
            window: 65_536,
            ..Header::default()
        });
    }
    if call == Call::Segment {
        let mut parts = rest.splitn(3, ' ');
        event.offset = Offset(parts.next().unwrap().parse().unwrap());
        event.header.as_mut().unwrap().flags = flags(parts.next().unwrap());
        payload = parts.next().unwrap_or_default();
    }
    if call == Call::Recv {
        let (room, bytes) = rest.split_once(' ').unwrap_or((rest, ""));
        event.asked = number(room);
        payload = bytes;
    }
    event.bytes = unescape(payload);
    if call == Call::Send {
        event.asked = u32::try_from(event.len()).unwrap();
    }
    if call != Call::Segment {
        let offset = offsets.entry((origin, call)).or_default();
        event.offset = *offset;
        *offset += event.len();
    }
    let packet = call.is_packet();
    for setting in aside.split_whitespace() {
        let (name, value) = setting.split_once('=').unwrap();
        told(&mut event, name, value);
    }
    event.header = event.header.filter(|_| packet);
    event
}

pub fn trace(system: System, settings: &[&str], script: &str) -> Trace {
    let mut experiment = Experiment::new(system, &["hello"]);
    knob::apply(&mut experiment, settings).unwrap();
    let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
    let mut offsets = BTreeMap::new();
    let (mut over, mut missed, mut dropped) = (true, None, None);
    let lines = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("running", _) => over = false,
            ("ended", told) => {
                for setting in told.split_whitespace() {
                    let (name, value) = setting.split_once('=').unwrap();
                    match name {
                        "missed" => missed = Some(number(value)),
                        "dropped" => dropped = Some(number(value)),
                        other => panic!("{other} is nothing to tell"),
                    }
                }
            }
            _ => {
                let event = event(line, Nanos::from_millis(index as u64), &mut offsets);
                if event.call.is_packet() {
                    trace.head.capture = Capture::On;
                }
                trace.insert(event);
            }
        }
    }
    if over {
        trace.end(Ending::Finished, missed, dropped);
    }
    trace
}

pub fn spans(spans: &[Span]) -> String {
    let spans = spans.iter().map(|span| match span.cut {
        0 => format!("{}..{}", span.start, span.end),
        cut => format!("{}..{}-{cut}", span.start, span.end),
    });
    spans.collect::<Vec<_>>().join(" ")
}

pub fn catalog(language: &str) -> Catalog {
    let path = format!(
        "{}/../static/text/explain.{language}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("the catalog is in static/text");
    let texts: BTreeMap<String, String> = toml::from_str(&text).expect("flat TOML");
    Catalog::new(texts)
}

/// The explanation of one step, sentences joined by spaces.
pub fn explained_in(language: &str, trace: &Trace, step: usize) -> String {
    let explanation = explain(trace, &Analysis::new(trace), step);
    let catalog = catalog(language);
    let mut text = catalog.sentence(&explanation.head);
    for sentence in &explanation.rest {
        text.push(' ');
        text += &catalog.sentence(sentence);
    }
    text
}

pub fn explained(trace: &Trace, step: usize) -> String {
    explained_in("en", trace, step)
}

pub fn check_explained(trace: &Trace, step: usize, expected: &str) {
    assert_eq!(explained(trace, step), expected, "step {step}");
}

/// What the explanation of a step says, and what it must not say.
pub fn check_says(run: &Trace, step: usize, [english, chinese]: [&str; 2], not: &[&str]) {
    for (language, part) in [("en", english), ("zh", chinese)] {
        let text = explained_in(language, run, step);
        assert!(text.contains(part), "step {step}: {text}");
        for wrong in not {
            assert!(!text.contains(wrong), "step {step}: {wrong}: {text}");
        }
    }
}

/// Chinese text has full-width punctuation and one word for one thing.
pub fn check_chinese(name: &str, text: &str) {
    for other in ["接受队列", "读取方", "接收方", "发送方", "服务器"] {
        assert!(!text.contains(other), "{name}: {other}: {text}");
    }
    let han = |c: Option<&char>| c.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(c));
    let chars: Vec<char> = text.chars().collect();
    for (at, mark) in chars.iter().enumerate() {
        let before = han(chars[..at].iter().rfind(|c| **c != ' '));
        let behind = han(chars[at + 1..].iter().find(|c| **c != ' '));
        let wrong = match mark {
            ',' | ';' | ':' | '?' | '!' => before || behind,
            '(' | ')' => before,
            _ => false,
        };
        assert!(!wrong, "{name}: {mark} in {text}");
    }
}
