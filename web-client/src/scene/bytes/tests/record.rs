//! Records of one's own programs, where nobody planned what was sent.

use trace::link::Head;
use trace::{
    Connection, ConnectionId, End, Endpoint, Event, Observed, Origin, Party, PartyId, Setup,
    Transport,
};

use super::*;
use crate::runs::{About, Run, Status};

/// What a client sent and its server received; `watched` are the calls of both. The client's
/// port is the connection's number and 4000.
fn record(
    number: u32,
    watched: [bool; 2],
    framing: Option<&str>,
    calls: &[(Call, &[u8])],
) -> Trace {
    let framing = framing.map(|text| trace::framing::parse(text).unwrap());
    let setup = Setup {
        opener_framing: framing,
        ..Setup::default()
    };
    let mut trace = Trace::without_plan(setup, Head::new("Linux 6.18", Capture::Unknown));
    let connection = ConnectionId(number);
    let end = |party: u32, port: u32, calls| Endpoint {
        party: Some(PartyId(party)),
        address: Some(["127.0.0.1:", &port.to_string()].concat()),
        observed: Observed {
            calls,
            ..Observed::default()
        },
    };
    trace.add_party(Party::new(PartyId(1), "client.py"));
    trace.add_party(Party::new(PartyId(2), "server.py"));
    trace.add_connection(Connection {
        connection,
        transport: Transport::Tcp,
        opener: end(1, 4_000 + number, watched[0]),
        acceptor: end(2, 9_000, watched[1]),
    });
    for ((call, bytes), at) in calls.iter().zip(0..) {
        let (party, end) = match call {
            Call::Recv => (2, End::Acceptor),
            _ => (1, End::Opener),
        };
        let origin = Origin {
            party: PartyId(party),
            connection,
            end,
        };
        trace.insert(Event {
            bytes: bytes.to_vec(),
            asked: if *call == Call::Send {
                u32::try_from(bytes.len()).unwrap()
            } else {
                64
            },
            ..Event::new(protocol::Nanos(at), origin, *call)
        });
    }
    trace
}

/// How many shapes have the colour of a mistake.
fn bad(list: &DrawList) -> usize {
    let is_bad = |shape: &&Shape| match shape {
        Shape::Circle { fill, stroke, .. } => *fill == Ink::Bad || *stroke == Some(Ink::Bad),
        Shape::Text { ink, .. } | Shape::Line { ink, .. } => *ink == Ink::Bad,
        Shape::Rect { fill, stroke, .. } => *fill == Some(Ink::Bad) || *stroke == Some(Ink::Bad),
        _ => false,
    };
    list.shapes.iter().filter(is_bad).count()
}

fn circles(list: &DrawList) -> usize {
    let is_circle = |shape: &&Shape| matches!(shape, Shape::Circle { radius, .. } if *radius < 4.0);
    list.shapes.iter().filter(is_circle).count()
}

#[test]
fn of_a_reader_that_was_not_watched_the_messages_of_what_was_sent_are_drawn() {
    let calls: &[(Call, &[u8])] = &[(Call::Send, b"one\ntw"), (Call::Send, b"o\n")];
    let said = |framing, step: usize, width: f64| {
        let trace = record(1, [true, false], framing, calls);
        let list = drawn(&trace, step, width);
        check(&list);
        let said = texts(&list);
        said.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |said: &[String], text: &str| said.iter().any(|own| own == text);
    for width in [360.0, 800.0, 1100.0] {
        let all = said(Some("delimiter"), 2, width);
        for text in [
            "calls were not observed",
            "messages are found in what was sent",
            "✓ “one”",
            "✓ “two”",
            "2 messages",
        ] {
            assert!(has(&all, text), "{text:?} is missing in {all:?}");
        }
        assert!(has(&said(Some("delimiter"), 1, width), "1 message"));
        let none = said(None, 2, width);
        assert!(has(&none, "calls were not observed"));
        assert!(!has(&none, "messages"), "{none:?}");
    }
}

#[test]
fn a_boundary_is_a_mistake_only_where_a_framing_says_so() {
    let check_bad = |framing, calls: &[(Call, &[u8])], expected: (usize, usize)| {
        let trace = record(1, [true, true], framing, calls);
        for width in [360.0, 1100.0] {
            let list = drawn(&trace, calls.len(), width);
            check(&list);
            assert_eq!(
                (circles(&list), bad(&list)),
                expected,
                "{framing:?} {width}"
            );
        }
    };
    let glued: &[(Call, &[u8])] = &[
        (Call::Send, b"a\n"),
        (Call::Send, b"b\n"),
        (Call::Recv, b"a\nb\n"),
    ];
    check_bad(None, glued, (1, 0));
    check_bad(Some("none"), glued, (1, 0));
    check_bad(Some("delimiter"), glued, (1, 1));
    let split: &[(Call, &[u8])] = &[
        (Call::Send, b"abc\nd\n"),
        (Call::Recv, b"ab"),
        (Call::Recv, b"c\n"),
        (Call::Recv, b"d\n"),
    ];
    check_bad(None, split, (2, 0));
    // The second chunk ends where a message does.
    check_bad(Some("delimiter"), split, (2, 1));
    let pieces: &[(Call, &[u8])] = &[
        (Call::Send, b"ab"),
        (Call::Send, b"c\n"),
        (Call::Recv, b"abc\n"),
    ];
    check_bad(None, pieces, (1, 0));
    check_bad(Some("delimiter"), pieces, (1, 0));
}

#[test]
fn two_connections_of_the_same_programs_are_told_apart() {
    let calls: &[(Call, &[u8])] = &[(Call::Send, b"hello"), (Call::Recv, b"hello")];
    let [upper, lower] = [1, 2].map(|number| record(number, [true, true], None, calls));
    let earlier = Run {
        about: About::default(),
        lesson: 0,
        opened: None,
        analysis: Analysis::new(&upper),
        trace: upper,
        status: Status::Interrupted,
        step: 0,
    };
    let analysis = Analysis::new(&lower);
    let shot = StageModel {
        earlier: Some(&earlier),
        ..shot(&lower, &analysis, 2)
    };
    let list = draw(&shot, &sample::catalog(), 1100.0, f64::INFINITY);
    check(&list);
    let said = texts(&list);
    for title in [":4001", ":4002"] {
        let title = ["client.py → server.py ", title].concat();
        assert!(said.contains(&title.as_str()), "{title:?}: {said:?}");
    }
}
