//! Records of one program alone: where a reader was not watched, messages are found in what
//! was sent.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use protocol::Nanos;
use record::{Calls, Connection, ConnectionId, End, Endpoint, Observed, Origin};
use record::{Head, Party, PartyId, Record, Socket, Timing, Transport};
use trace::duel::{Opponent, of_lanes};
use trace::lane::{Direction, Lane, MessageKind};
use trace::rows::{Layer, Rows};
use trace::{Analysis, Call, Event, Setup, Trace};

const ID: ConnectionId = ConnectionId(1);

/// Calls of the `watched` end: what it sent, and what it received.
fn trace(watched: End, framings: [Option<&str>; 2], calls: &[(Call, &[u8])]) -> Trace {
    let mut record = Record::new(Head::default());
    record.add_party(Party::new(PartyId(1), "client.py"));
    let end = |end| Endpoint {
        party: (end == watched).then_some(PartyId(1)),
        observed: Observed {
            calls: end == watched,
            ..Observed::default()
        },
        ..Endpoint::default()
    };
    record.add_connection(Connection {
        connection: ID,
        transport: Transport::Tcp,
        opener: end(End::Opener),
        acceptor: end(End::Acceptor),
    });
    record.extend(events(watched, calls, 0));
    record.end(record::Ending::Finished, None, None);
    let [opener_framing, acceptor_framing] =
        framings.map(|text| text.map(|text| trace::framing::parse(text).unwrap()));
    let setup = Setup {
        opener_framing,
        acceptor_framing,
        ..Setup::default()
    };
    Trace::of_record(record, setup)
}

/// One call each ten nanoseconds.
fn events(end: End, calls: &[(Call, &[u8])], from: u64) -> Vec<Event> {
    let origin = Origin {
        party: PartyId(1),
        connection: ID,
        end,
    };
    let mut made = Calls::new(origin, None);
    let told = Socket::default();
    let calls = calls.iter().zip(0..);
    let events = calls.map(|((call, bytes), number)| {
        let at = Nanos(from + 10 * number);
        let timing = Timing { at, took: Nanos(1) };
        match call {
            Call::Send => made.send(timing, bytes, Ok(bytes.len()), told),
            Call::Recv => made.recv(timing, 64, Ok(*bytes), told),
            call => made.bare(*call, timing, Ok(()), told),
        }
    });
    events.collect()
}

/// The bodies of messages, and the index of the event with which each was complete.
fn messages(lane: &Lane) -> Vec<(String, usize)> {
    let found = lane.messages.iter();
    let found = found.map(|m| (m.frame.body.escape_ascii().to_string(), m.event));
    found.collect()
}

const LINES: &[(Call, &[u8])] = &[
    (Call::Send, b"one\ntw"),
    (Call::Recv, b"\x02"),
    (Call::Send, b"o\n"),
    (Call::Recv, b"hi"),
];

#[test]
fn messages_are_found_in_what_was_sent() {
    for watched in End::ALL {
        let mut framings = [Some("delimiter"), Some("length-prefix,width=1")];
        if watched == End::Acceptor {
            framings.reverse();
        }
        let trace = trace(watched, framings, LINES);
        let analysis = Analysis::new(&trace);
        let sent = analysis.lane(ID, Direction::from(watched)).unwrap();
        let read = analysis.lane(ID, Direction::from(watched.other())).unwrap();
        let expected = [("one".to_owned(), 0), ("two".to_owned(), 2)];
        assert_eq!(messages(sent), expected, "{watched:?}");
        assert_eq!(messages(read), [("hi".to_owned(), 3)], "{watched:?}");
        for (lane, of, said) in [
            (sent, Layer::Sends, Some("stage.messages-of-sends")),
            (read, Layer::Recvs, None),
        ] {
            let rows = Rows::at_the_end(&trace, lane);
            assert!(rows.layers().contains(&Layer::Messages), "{watched:?}");
            assert!(rows.is_observed(Layer::Messages));
            assert_eq!(rows.messages_of(), Some(of));
            assert_eq!(rows.messages_not_read().map(|told| told.key), said);
            assert_eq!(rows.all_chunks(Layer::Messages).len(), lane.messages.len());
        }
        let explained = trace::explain(&trace, &analysis, 3);
        let keys: Vec<_> = explained.rest.iter().map(|said| said.key).collect();
        assert!(keys.contains(&"explain.message.complete"), "{keys:?}");
        let opponent = Opponent::OneRecv;
        let parted = of_lanes(&trace, &analysis, opponent);
        assert_eq!(parted.len(), 2);
        assert!(parted.iter().all(|duel| duel.duel.parting.is_some()));
        let said = parted[0].sentences(&trace, true).remove(0);
        assert_eq!(said.key, "duel.said-of");
        let names: Vec<_> = said.values.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["from", "to", "name", "what"]);
        assert_eq!(
            parted[0].sentences(&trace, false),
            parted[0].duel.sentences()
        );
    }
}

#[test]
fn without_a_framing_nobody_knows_what_the_reader_took_for_a_message() {
    let trace = trace(End::Opener, [None, None], LINES);
    let analysis = Analysis::new(&trace);
    let sent = analysis.lane(ID, Direction::FromOpener).unwrap();
    assert_eq!(messages(sent), []);
    let rows = Rows::at_the_end(&trace, sent);
    assert!(!rows.layers().contains(&Layer::Messages));
    assert_eq!((rows.messages_of(), rows.messages_not_read()), (None, None));
}

#[test]
fn the_senders_close_ends_the_stream_and_what_it_cut_off_is_said_there() {
    for call in [Call::Shutdown, Call::Close] {
        let calls: &[(Call, &[u8])] = &[(Call::Send, b"\x02hi\x05he"), (call, b"")];
        let trace = trace(End::Opener, [Some("length-prefix,width=1"), None], calls);
        let analysis = Analysis::new(&trace);
        let lane = analysis.lane(ID, Direction::FromOpener).unwrap();
        assert_eq!(messages(lane), [("hi".to_owned(), 0)]);
        assert_eq!(lane.failure.as_ref().unwrap().event, 1);
        let refused = Rows::at_the_end(&trace, lane).refused();
        assert_eq!(refused.unwrap().0.end, lane.end());
        let explained = trace::explain(&trace, &analysis, 2);
        let keys: Vec<_> = explained.rest.iter().map(|said| said.key).collect();
        assert!(keys.contains(&"refusal.truncated"), "{keys:?}");
    }
}

#[test]
fn a_length_is_taken_for_whole_where_the_answer_to_it_was_received() {
    let calls: &[(Call, &[u8])] = &[
        (Call::Send, b"5"),
        (Call::Recv, protocol::framing::READY),
        (Call::Send, b"hello"),
    ];
    let trace = trace(End::Opener, [Some("ready-ack"), None], calls);
    let analysis = Analysis::new(&trace);
    let lane = analysis.lane(ID, Direction::FromOpener).unwrap();
    assert_eq!(messages(lane), [("hello".to_owned(), 2)]);
    assert_eq!(lane.messages[0].kind, MessageKind::Message);
    assert_eq!(lane.failure, None);
}

#[test]
fn of_a_reader_that_is_seen_after_all_its_recvs_count() {
    let calls: &[(Call, &[u8])] = &[(Call::Send, b"one\ntwo\nthr"), (Call::Shutdown, b"")];
    let mut trace = trace(End::Opener, [Some("delimiter"), None], calls);
    let mut analysis = Analysis::new(&trace);
    let found = |analysis: &Analysis| {
        let lane = analysis.lane(ID, Direction::FromOpener).unwrap();
        (messages(lane), lane.failure.is_some())
    };
    let two = |at: usize| vec![("one".to_owned(), at), ("two".to_owned(), at)];
    assert_eq!(found(&analysis), (two(0), true));
    for event in events(End::Acceptor, &[(Call::Recv, b"one\ntwo\n")], 100) {
        let from = trace.insert(event);
        analysis.update(&trace, from);
    }
    assert_eq!(found(&analysis), (two(2), false));
    assert!(analysis == Analysis::new(&trace));
}
