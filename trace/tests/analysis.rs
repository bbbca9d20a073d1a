//! Literal traces in, derived facts out. A line is a call: actor, call, and
//! for recv its room; then the bytes. One millisecond passes between lines.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use protocol::{Nanos, Offset, System};
use trace::lane::{Direction, MessageKind, Span, Verdict};
use trace::link::{Capture, Ending};
use trace::text::Catalog;
use trace::{Actor, Analysis, Call, ClientId, Event, Experiment, Trace, explain, knob};

fn unescape(text: &str) -> Vec<u8> {
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

fn trace(system: System, settings: &[&str], script: &str) -> Trace {
    let mut experiment = Experiment::new(system, &["hello"]);
    for setting in settings {
        knob::apply(&mut experiment, setting).unwrap();
    }
    let mut trace = Trace::new(experiment, "test".to_owned(), Capture::Unknown);
    let mut offsets: BTreeMap<(Actor, ClientId, Call), Offset> = BTreeMap::new();
    let lines = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        let mut words = line.splitn(3, ' ');
        let (actor, client) = match words.next().unwrap() {
            "c1" => (Actor::Client1, ClientId::One),
            "c2" => (Actor::Client2, ClientId::Two),
            "s1" => (Actor::Server, ClientId::One),
            "s2" => (Actor::Server, ClientId::Two),
            other => panic!("{other} is nobody"),
        };
        let call = match words.next().unwrap() {
            "connect" => Call::Connect,
            "accept" => Call::Accept,
            "send" => Call::Send,
            "recv" => Call::Recv,
            "shutdown" => Call::Shutdown,
            "close" => Call::Close,
            other => panic!("{other} is no call"),
        };
        let rest = words.next().unwrap_or_default();
        let (asked, bytes) = if call == Call::Recv {
            let (room, bytes) = rest.split_once(' ').unwrap_or((rest, ""));
            (room.parse().unwrap(), unescape(bytes))
        } else {
            let bytes = unescape(rest);
            (u32::try_from(bytes.len()).unwrap(), bytes)
        };
        let offset = offsets.entry((actor, client, call)).or_default();
        let event = Event {
            offset: *offset,
            asked,
            bytes,
            ..Event::new(Nanos::from_millis(index as u64), actor, client, call)
        };
        *offset += event.len();
        trace.insert(event);
    }
    trace.end(Ending::Finished, None, None);
    trace
}

fn spans(spans: &[Span]) -> String {
    let spans = spans.iter().map(|span| match span.cut {
        0 => format!("{}..{}", span.start, span.end),
        cut => format!("{}..{}-{cut}", span.start, span.end),
    });
    spans.collect::<Vec<_>>().join(" ")
}

/// The lanes as text: sends, recvs, messages with their verdicts, failure.
fn lanes(trace: &Trace) -> String {
    let mut text = String::new();
    for lane in Analysis::new(trace).lanes {
        let way = match lane.direction {
            Direction::ToServer => "->",
            Direction::ToClient => "<-",
        };
        let messages = lane.messages.iter().map(|message| {
            let body = message.frame.body.escape_ascii();
            let kind = match message.kind {
                MessageKind::Message => String::new(),
                kind => format!("{kind:?} "),
            };
            match message.verdict {
                Verdict::Whole => format!("{kind}{body}"),
                verdict => format!("{kind}{body}:{verdict:?}"),
            }
        });
        let messages = messages.collect::<Vec<_>>().join(" ");
        let (sends, recvs) = (spans(&lane.sends), spans(&lane.recvs));
        write!(
            text,
            "{}{way} [{sends}] [{recvs}] [{messages}]",
            lane.client
        )
        .unwrap();
        if let Some(failure) = lane.failure {
            write!(text, " {}@{}", failure.error, failure.event).unwrap();
        }
        text.push('\n');
    }
    text
}

fn check(system: System, settings: &[&str], script: &str, expected: &str) {
    let found = lanes(&trace(system, settings, script));
    let expected: Vec<_> = expected.lines().map(str::trim).collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn glued_and_split_chunks() {
    check(
        System::TcpEcho,
        &[],
        "c1 send hello
         c1 send abc
         s1 recv 1024 helloabc
         c1 send 12345678
         s1 recv 5 12345
         s1 recv 5 678
         c1 send x
         s1 recv 5 x",
        "1-> [0..5 5..8 8..16 16..17] [0..8 8..13 13..16 16..17] [helloabc:Glued(2) 12345:Part 678:Part x]",
    );
}

#[test]
fn frames_are_found_wherever_the_chunks_end() {
    check(
        System::LengthPrefix,
        &[r"messages=hello\n\nab"],
        r"c1 send \x05\x00\x00\x00
          c1 send hello
          c1 send \x00\x00\x00\x00
          c1 send \x02\x00\x00\x00
          c1 send ab
          s1 recv 1024 \x05\x00
          s1 recv 1024 \x00\x00hello\x00\x00\x00\x00\x02\x00\x00
          s1 recv 1024 \x00ab
          s1 recv 1024",
        "1-> [0..4 4..9 9..13 13..17 17..19] [0..2 2..16 16..19] [hello  ab]",
    );
}

#[test]
fn a_length_in_characters_derails_the_stream() {
    check(
        System::LengthPrefix,
        &["messages=粘包", "length-unit=characters"],
        r"c1 send \x02\x00\x00\x00
          c1 send 粘包
          s1 recv 1024 \x02\x00\x00\x00粘包
          s1 close",
        r"1-> [0..4 4..10] [0..10] [\xe7\xb2:Wrong] negative length -2054363752 at offset 6@2",
    );
}

#[test]
fn the_handshake_comes_before_the_frames() {
    let challenge = "0123456789abcdef0123456789ABCDEF";
    let right = protocol::auth::Key::default().answer(challenge.as_bytes().try_into().unwrap());
    for (verdict, answer) in [("true", right), ("false", [b'x'; 16])] {
        let mut escaped = String::new();
        for byte in answer {
            write!(escaped, r"\x{byte:02x}").unwrap();
        }
        let script = format!(
            r"s1 send {challenge}
              c1 recv 1024 {challenge}
              c1 send {escaped}
              c1 send \x05\x00\x00\x00
              c1 send hello
              s1 recv 1024 {escaped}\x05\x00\x00\x00hello
              s1 send HELLO
              c1 recv 1024 HELLO"
        );
        let lanes = lanes(&trace(System::Auth, &[], &script));
        assert!(
            lanes.contains(&format!("Answer {{ right: {verdict} }}")),
            "{lanes}"
        );
        // Behind a wrong answer nothing is decoded.
        assert_eq!(lanes.contains(" hello]\n"), verdict == "true", "{lanes}");
        assert!(
            lanes.contains(&format!("[Challenge {challenge} HELLO]")),
            "{lanes}"
        );
    }
}

#[test]
fn ready_marks_the_end_of_a_length() {
    check(
        System::ReadyAck,
        &[],
        "c1 send 5
         s1 recv 1024 5
         s1 send ready
         c1 recv 1024 ready
         c1 send hello
         s1 recv 1024 hello
         s1 recv 1024",
        "1-> [0..1 1..6] [0..1 1..6] [hello]
         1<- [0..5] [0..5] [Ready ready]",
    );
}

#[test]
fn a_body_that_does_not_wait_for_ready_is_left_over() {
    check(
        System::ReadyAck,
        &[],
        "c1 send 5
         c1 send hello
         s1 recv 1024 5hello
         s1 close",
        "1-> [0..1 1..6] [0..6] [] 5 bytes left over at offset 1: sent before the length was answered@2",
    );
}

#[test]
fn datagrams_keep_their_boundaries_and_lose_their_ends() {
    check(
        System::UdpEcho,
        &[],
        "c1 send 0123456789
         c1 send
         c1 send abc
         c1 send lost
         s1 recv 8 01234567
         s1 recv 8
         s1 recv 8 abc",
        "1-> [0..10 10..10 10..13 13..17] [0..8-2 10..10 10..13] [01234567:Cut(2)  abc]",
    );
}

#[test]
fn two_clients_have_lanes_of_their_own() {
    check(
        System::TcpEcho,
        &["clients=2"],
        "c1 send a
         c2 send b
         s1 recv 1024 a
         s1 send A
         c1 recv 1024 A",
        "1-> [0..1] [0..1] [a]
         1<- [0..1] [0..1] [A]
         2-> [0..1] [] []",
    );
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_truncated() {
    check(
        System::LengthPrefix,
        &[],
        r"c1 send \x05\x00\x00\x00
          c1 send hel
          s1 recv 1024 \x05\x00\x00\x00hel
          s1 recv 1024",
        "1-> [0..4 4..7] [0..7] [] stream ended inside the frame at offset 4: 3 of 5 bytes@3",
    );
}

fn catalog(language: &str) -> Catalog {
    let path = format!(
        "{}/../static/text/explain.{language}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("the catalog is in static/text");
    let texts: BTreeMap<String, String> = toml::from_str(&text).expect("flat TOML");
    Catalog::new(texts)
}

#[test]
fn every_explanation_has_words_in_both_languages_and_no_words_are_left_over() {
    let known: BTreeSet<&str> = trace::explain::KEYS.iter().copied().collect();
    for language in ["en", "zh"] {
        let catalog = catalog(language);
        assert_eq!(catalog.keys().collect::<BTreeSet<_>>(), known, "{language}");
    }
}

#[test]
fn templates_of_both_languages_use_the_same_values() {
    let (en, zh) = (catalog("en"), catalog("zh"));
    let fields = |text: &str| {
        let fields = text
            .split('{')
            .skip(1)
            .filter_map(|f| f.split(['|', '}']).next());
        fields.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    for key in en.keys() {
        let (a, b) = (en.template(key).unwrap(), zh.template(key).unwrap());
        assert!(fields(b).is_subset(&fields(a)), "{key}: {a} / {b}");
    }
}

/// The explanation of one step in English, sentences joined by spaces.
fn explained(trace: &Trace, step: usize) -> String {
    let explanation = explain(trace, &Analysis::new(trace), step);
    let catalog = catalog("en");
    let mut text = catalog.render(&explanation.head);
    for sentence in &explanation.rest {
        text.push(' ');
        text += &catalog.render(sentence);
    }
    text
}

fn check_explained(trace: &Trace, step: usize, expected: &str) {
    assert_eq!(explained(trace, step), expected, "step {step}");
}

#[test]
fn explanations_say_what_happened_in_this_run() {
    let trace = trace(
        System::TcpEcho,
        &[],
        r"c1 connect
          c1 send hello
          c1 send abc
          s1 accept
          s1 recv 1024 helloabc
          c1 send 粘x
          s1 recv 2 \xe7\xb2
          s1 recv 2 \x98x
          c1 shutdown
          s1 recv 2
          s1 close",
    );
    check_explained(
        &trace,
        0,
        "Nothing has happened yet: 11 calls to come. Step forward with →.",
    );
    check_explained(
        &trace,
        1,
        "client 1 called connect(). The kernels shake hands without the server's program; \
         accept() picked the connection up 3.00 ms later.",
    );
    check_explained(
        &trace,
        3,
        "send() #2 handed 3 bytes to the kernel. It came out of recv() #1, together with \
         bytes of 1 other send.",
    );
    check_explained(
        &trace,
        4,
        "accept() gave the server the connection of client 1. 8 bytes were sent before \
         anybody accepted: the kernel kept them.",
    );
    check_explained(
        &trace,
        5,
        "recv(1024) of server returned 8 bytes. It holds bytes of 2 sends, #1 to #2, in one \
         piece: they stuck together because they were waiting together.",
    );
    check_explained(
        &trace,
        6,
        "send() #3 handed 4 bytes to the kernel. It came out in 2 pieces: recv() #2 to #3.",
    );
    check_explained(
        &trace,
        7,
        "recv(2) of server returned 2 bytes. It is 2 of the 4 bytes of send() #3: a piece, \
         not the message. The buffer was full; 2 more bytes have to wait for the next recv(). \
         It ends inside a character: 粘 is 3 bytes.",
    );
    check_explained(
        &trace,
        10,
        "recv() of server returned 0: client 1 has sent all it will.",
    );
    check_explained(&trace, 11, "server closed its socket. The run is over.");
}

#[test]
fn explanations_of_framing_and_refusal() {
    let trace = trace(
        System::LengthPrefix,
        &["messages=粘包", "length-unit=characters"],
        r"c1 send \x02\x00\x00\x00
          c1 send 粘包
          s1 recv 4 \x02\x00\x00\x00
          s1 recv 9 粘包
          s1 close",
    );
    assert_eq!(Analysis::new(&trace).role(&trace, 2), Some("header"));
    assert_eq!(Analysis::new(&trace).role(&trace, 3), Some("body"));
    check_explained(
        &trace,
        3,
        "recv(4) of server returned 4 bytes. It is exactly send() #1. The buffer was full; \
         6 more bytes have to wait for the next recv(). No message is complete yet: the \
         framing says there is more to come.",
    );
    let fourth = explained(&trace, 4);
    assert!(
        fourth.contains("What came out is not what the client meant."),
        "{fourth}"
    );
    assert!(fourth.contains("at offset 6"), "{fourth}");
    let closed = explained(&trace, 5);
    assert!(
        closed.contains("It could not go on with this stream."),
        "{closed}"
    );
}

#[test]
fn behind_a_wrong_answer_no_message_is_spoken_of() {
    let script = format!(
        r"s1 send {challenge}
          c1 send {answer}
          c1 send \x02\x00\x00\x00hi
          s1 recv 1024 {answer}\x02\x00\x00\x00hi
          s1 close",
        challenge = "c".repeat(32),
        answer = "a".repeat(16),
    );
    let trace = trace(System::Auth, &[], &script);
    check_explained(
        &trace,
        4,
        "recv(1024) of server returned 22 bytes. The answer is not the one the server's key \
         gives. It holds bytes of 2 sends, #1 to #2, in one piece: they stuck together \
         because they were waiting together.",
    );
    let closed = explained(&trace, 5);
    assert!(
        closed.contains("did not prove that it knows the key"),
        "{closed}"
    );
}
