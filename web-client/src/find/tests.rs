use protocol::System;
use trace::{Analysis, Call, ClientId, Experiment, SERVER, Trace};

use super::*;
use crate::sample;

/// A trace with what the search looks up of it.
struct Record(Trace, Analysis, Index);

impl Record {
    fn new(trace: Trace) -> Self {
        let analysis = Analysis::new(&trace);
        let index = Index::new(&trace, &analysis);
        Self(trace, analysis, index)
    }

    fn go_on(&self, search: &mut Search, piece: usize) {
        search.go_on_for(piece, &self.0, &self.1, &self.2);
    }

    /// The events that are found, from 1, in pieces of any size.
    fn found(&self, criteria: &Criteria) -> Vec<usize> {
        let mut all = Vec::new();
        for piece in [EVENT + 1, 100, PIECE] {
            let mut search = Search::default();
            search.set(criteria.clone());
            while !search.is_complete(self.0.events().len()) {
                self.go_on(&mut search, piece);
            }
            all.push(search.found().iter().map(|event| event + 1).collect());
        }
        assert_eq!(all[0], all[2]);
        assert_eq!(all[1], all[2]);
        all.remove(0)
    }
}

fn text(text: &str) -> Criteria {
    Criteria {
        text: text.to_owned(),
        ..Criteria::default()
    }
}

#[test]
fn text_is_found_in_names_of_calls_and_errors_and_bytes_in_hexadecimal_are_not() {
    let mut trace = sample::five_sends();
    let mut failed = trace.events()[0].clone();
    failed.at = protocol::Nanos(u64::MAX);
    failed.error = Some("Broken pipe".to_owned());
    trace.insert(failed);
    let record = Record::new(trace);
    let events = record.0.events();
    let steps = |wanted: &dyn Fn(&Event) -> bool| -> Vec<usize> {
        let steps = events.iter().zip(1..).filter(|(event, _)| wanted(event));
        steps.map(|(_, step)| step).collect()
    };
    let recvs = steps(&|event| event.call == Call::Recv);
    assert!(!recvs.is_empty());
    assert_eq!(record.found(&text("RECV")), recvs);
    assert_eq!(record.found(&text("recvfrom")), [0; 0], "this is TCP");
    // "recv" in hexadecimal.
    assert_eq!(record.found(&text("0x72656376")), [0; 0]);
    assert_eq!(record.found(&text("broken")), [events.len()]);
    let datagrams = sample::chunked(System::UdpEcho, &["a".to_owned()], &[1], 1);
    let datagrams = Record::new(datagrams);
    assert!(!datagrams.found(&text("recvfrom")).is_empty());
}

#[test]
fn events_are_found_by_party_call_and_kind() {
    let record = Record::new(sample::wired(&sample::five_sends()));
    let events = record.0.events();
    let check = |criteria: Criteria, wanted: &dyn Fn(&Event) -> bool| {
        let expected = events.iter().zip(1..).filter(|(event, _)| wanted(event));
        let expected: Vec<usize> = expected.map(|(_, step)| step).collect();
        assert!(!expected.is_empty() && expected.len() < events.len());
        assert_eq!(record.found(&criteria), expected, "{criteria:?}");
    };
    let party = Some(SERVER);
    let all = Criteria::default();
    let hides_packets = true;
    check(
        Criteria {
            party,
            ..all.clone()
        },
        &|event| event.party == SERVER,
    );
    let call = Some(Call::Recv);
    check(
        Criteria {
            call,
            ..all.clone()
        },
        &|event| event.call == Call::Recv,
    );
    let criteria = Criteria {
        hides_packets,
        ..all.clone()
    };
    check(criteria, &|event| !event.call.is_packet());
    let criteria = Criteria {
        party,
        hides_packets,
        ..all
    };
    check(criteria, &|event| {
        event.party == SERVER && !event.call.is_packet()
    });
}

#[test]
fn bytes_are_found_as_text_and_in_hexadecimal() {
    let record = Record::new(sample::five_sends());
    assert_eq!(record.found(&text("hello")), [3, 6, 7, 8], "HELLO, too");
    assert_eq!(record.found(&text("0x68 65")), [3, 6]);
    assert_eq!(record.found(&text("粘")), [5, 10]);
    assert_eq!(record.found(&text("nowhere")), [0; 0]);
    let all: Vec<_> = (1..=record.0.events().len()).collect();
    assert_eq!(record.found(&text("0x6")), all, "no bytes yet");
}

#[test]
fn a_message_is_found_where_its_last_part_was_read() {
    use Call::{Recv, Send};
    let mut experiment = Experiment::new(System::LengthPrefix, &["hello"]);
    experiment.buffer = 6;
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Send, b"\x05\0\0\0"),
        ("c1", Send, b"hello"),
        ("s1", Recv, b"\x05\0\0\0he"),
        ("s1", Recv, b"llo"),
    ];
    let record = Record::new(sample::trace(experiment, calls));
    assert_eq!(record.2.messages(), [3]);
    assert_eq!(record.found(&text("hello")), [2, 4]);
    // Not what is half in one and half in another part of an event.
    assert_eq!(record.found(&text("llohello")), [0; 0]);
}

#[test]
fn a_piece_reads_no_more_than_it_may() {
    use Call::Send;
    let long = vec![b'a'; 3 * PIECE];
    let calls: &[(&str, Call, &[u8])] =
        &[("c1", Send, b"b"), ("c1", Send, &long), ("c1", Send, b"ab")];
    let record = Record::new(sample::trace(
        Experiment::new(System::TcpEcho, &["x"]),
        calls,
    ));
    let mut search = Search::default();
    search.set(text("ab"));
    let mut pieces = 0;
    while !search.is_complete(3) {
        let before = (search.next, search.read);
        record.go_on(&mut search, PIECE);
        assert!(search.next > before.0 || search.read - before.1 <= PIECE);
        pieces += 1;
    }
    assert_eq!((pieces, search.found()), (4, &[2][..]));
}

#[test]
fn the_neighbours_of_the_cursor_go_around_and_wait_for_the_search() {
    let record = Record::new(sample::five_sends());
    let events = record.0.events().len();
    let mut search = Search::default();
    search.set(text("hello"));
    assert_eq!(search.neighbour(0, false, events), Match::Unknown);
    record.go_on(&mut search, PIECE);
    // Steps 3, 6, 7 and 8: the events 2, 5, 6 and 7.
    let next = |step| search.neighbour(step, false, events);
    let before = |step| search.neighbour(step, true, events);
    assert_eq!([next(0), next(2), next(3)], [2, 2, 5].map(Match::At));
    assert_eq!([next(8), next(events)], [2, 2].map(Match::At));
    assert_eq!([before(0), before(3)], [7, 7].map(Match::At));
    assert_eq!(
        [before(4), before(6), before(events)],
        [2, 2, 7].map(Match::At)
    );
    search.set(text("nowhere"));
    record.go_on(&mut search, PIECE);
    assert_eq!(search.neighbour(0, false, events), Match::None);
    assert_eq!(search.neighbour(events, true, events), Match::None);
}

#[test]
fn before_the_cursor_is_certain_only_where_the_search_has_been() {
    let record = Record::new(sample::five_sends());
    let mut search = Search::default();
    search.set(Criteria {
        call: Some(Call::Send),
        ..Criteria::default()
    });
    // Four events: one send among them.
    record.go_on(&mut search, 3 * EVENT + 1);
    assert_eq!((search.next, search.found()), (4, &[2, 3][..]));
    let before = |step| search.neighbour(step, true, 16);
    assert_eq!([before(4), before(5)], [2, 3].map(Match::At));
    assert_eq!([before(6), before(3)], [Match::Unknown; 2]);
}

#[test]
fn what_came_anew_is_searched_anew() {
    let record = Record::new(sample::five_sends());
    let mut search = Search::default();
    search.set(text("hello"));
    record.go_on(&mut search, PIECE);
    let all = search.found().to_vec();
    let generation = search.generation();
    search.forget(6);
    assert_eq!(search.found(), [2, 5]);
    assert!(search.generation() > generation);
    assert!(!search.is_complete(record.0.events().len()));
    record.go_on(&mut search, PIECE);
    assert_eq!(search.found(), all);
    let listed = search.listed(&record.0, &record.2);
    assert_eq!(
        (listed.len(), listed.event(1), listed.event(4)),
        (4, Some(5), None)
    );
    assert_eq!((listed.place(5), listed.place(4)), (Ok(1), Err(1)));
    // Without criteria every event is listed.
    search.set(Criteria::default());
    let listed = search.listed(&record.0, &record.2);
    assert_eq!(
        (listed.len(), listed.place(4)),
        (record.0.events().len(), Ok(4))
    );
}

#[test]
fn places_count_the_messages_before_them() {
    let record = Record::new(sample::five_sends());
    let check = |criteria: Criteria| {
        let mut search = Search::default();
        search.set(criteria);
        record.go_on(&mut search, PIECE);
        let listed = search.listed(&record.0, &record.2);
        for place in 0..=listed.len() {
            let before = (0..place).filter_map(|place| listed.event(place));
            let messages = before.filter(|event| record.2.messages().contains(event));
            assert_eq!(listed.messages_before(place), messages.count(), "{place}");
        }
    };
    check(Criteria::default());
    check(Criteria {
        party: Some(SERVER),
        ..Criteria::default()
    });
    check(Criteria {
        party: Some(ClientId::FIRST.party()),
        ..Criteria::default()
    });
}
