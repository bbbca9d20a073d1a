//! Records of the reader's own programs: many connections, and while they grow.

use trace::framing::FramingError;
use trace::lane::Direction;
use trace::{Connection, ConnectionId, End, Endpoint, Observed, Origin, Party, PartyId, Transport};

use super::*;
use crate::source::{Order, Source};

pub(super) fn connection(number: u32) -> Connection {
    let end = |party: u32| Endpoint {
        party: Some(PartyId(party)),
        address: Some(["127.0.0.1:", &(number * 10 + party).to_string()].concat()),
        observed: Observed {
            calls: true,
            ..Observed::default()
        },
    };
    Connection {
        connection: ConnectionId(number),
        transport: Transport::Tcp,
        opener: end(1),
        acceptor: end(2),
    }
}

pub(super) fn call(connection: u32, at: u64, call: Call, bytes: &[u8]) -> Event {
    let end = if call == Call::Send {
        End::Opener
    } else {
        End::Acceptor
    };
    let origin = Origin {
        party: PartyId(if end == End::Opener { 1 } else { 2 }),
        connection: ConnectionId(connection),
        end,
    };
    Event {
        bytes: bytes.to_vec(),
        ..Event::new(protocol::Nanos(at), origin, call)
    }
}

/// What the page of `--page` hears first, of a record that grows.
fn served() -> Message {
    served_while(true)
}

pub(super) fn served_while(grows: bool) -> Message {
    heard(Line::Hello {
        version: VERSION,
        program: "0.1.0".to_owned(),
        kernel: "Linux 6.18".to_owned(),
        record: true,
        grows,
    })
}

pub(super) fn record() -> Message {
    heard(Line::Run(Run {
        version: VERSION,
        run: 0,
        head: Head::new("Linux 6.18", Capture::Unknown),
        plan: Plan::default(),
    }))
}

/// A record that has two connections and grows.
pub(super) fn live() -> State {
    live_while(true)
}

fn live_while(grows: bool) -> State {
    let (mut state, _) = open("#yours", false);
    state.update(served_while(grows));
    state.update(record());
    for party in [1, 2] {
        let name = ["program ", &party.to_string()].concat();
        state.update(heard(Line::Party(Party::new(PartyId(party), name))));
    }
    for number in [1, 2] {
        state.update(heard(Line::Connection(connection(number))));
    }
    state
}

pub(super) fn frame(state: &mut State) {
    state.update(Message::Frame { elapsed_ms: 16.0 });
}

pub(super) fn shown(state: &State) -> Option<u32> {
    let shown = state.source().and_then(Source::shown);
    shown.map(|shown| shown.0)
}

#[test]
fn a_page_that_is_served_for_a_record_runs_nothing_and_shows_it() {
    let (mut state, effects) = open("", false);
    assert!(effects.contains(&Effect::Connect));
    let effects = state.update(served());
    assert_eq!(asked(&effects), [""; 0], "no lesson is run");
    assert_eq!((state.tab(), state.is_only_record()), (Tab::Yours, true));
    state.update(Message::TabChosen(Tab::Learn));
    state.update(Message::LessonChosen("udp".to_owned()));
    assert_eq!(state.tab(), Tab::Yours, "there are no lessons");
    assert!(!state.can_run());
    let effects = state.update(Message::Run);
    assert_eq!(asked(&effects), [""; 0]);
}

#[test]
fn a_record_grows_and_the_cursor_follows_until_it_is_told_not_to() {
    let mut state = live();
    assert_eq!(shown(&state), Some(1), "the first one");
    assert_eq!(state.status(), &Status::Running);
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
    state.update(heard(Line::Event(call(2, 6, Call::Send, b"other"))));
    assert!(state.wants_frames());
    frame(&mut state);
    assert_eq!(
        state.events().len(),
        1,
        "the other connection is not on the stage"
    );
    assert_eq!(state.step(), 1);
    let bytes = |state: &State, at: usize| {
        let source = state.source().expect("it is open");
        source.connections()[at].summary.bytes[0]
    };
    assert_eq!((bytes(&state, 0), bytes(&state, 1)), (5, 5));
    state.update(Message::Follow(false));
    state.update(heard(Line::Event(call(1, 9, Call::Recv, b"hel"))));
    frame(&mut state);
    assert_eq!((state.step(), state.events().len()), (1, 2));
    state.update(Message::Follow(true));
    assert_eq!(state.step(), 2);
    // What came is what a file with the same would show.
    assert_eq!(state.analysis(), &Analysis::new(state.trace().unwrap()));
    state.update(ended());
    assert_eq!(state.status(), &Status::Done(Ending::Finished));
    assert!(!state.source().unwrap().is_live());
    assert!(state.can_download());
}

#[test]
fn another_connection_can_be_chosen_while_the_record_grows() {
    let mut state = live();
    state.update(heard(Line::Event(call(2, 6, Call::Send, b"other"))));
    state.update(Message::ConnectionChosen(2));
    assert_eq!(shown(&state), Some(2));
    assert_eq!(state.events().len(), 1);
    assert_eq!(state.status(), &Status::Running);
    state.update(heard(Line::Event(call(1, 7, Call::Send, b"first"))));
    state.update(heard(Line::Event(call(2, 8, Call::Recv, b"other"))));
    frame(&mut state);
    assert_eq!((state.events().len(), state.step()), (2, 2));
    state.update(Message::ConnectionChosen(1));
    assert_eq!(state.events().len(), 1);
    assert!(state.runs().is_empty());
    assert!(!state.take(Message::ConnectionChosen(7), &mut Vec::new()));
    assert_eq!(shown(&state), Some(1));
}

#[test]
fn a_record_that_comes_again_is_not_shown_twice() {
    let mut state = live();
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
    state.update(Message::LinkDown);
    assert_eq!(state.status(), &Status::Interrupted);
    assert_eq!(state.events().len(), 1, "what was there stays");
    state.update(served());
    state.update(record());
    state.update(heard(Line::Connection(connection(1))));
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
    frame(&mut state);
    assert_eq!(state.events().len(), 1);
    assert_eq!(state.source().unwrap().events(), 1);
}

#[test]
fn a_framing_is_set_after_the_fact_and_kept_with_its_connection() {
    let mut state = live();
    for (at, kind) in [(5, Call::Send), (6, Call::Recv)] {
        state.update(heard(Line::Event(call(1, at, kind, b"a\nb\n"))));
        state.update(heard(Line::Event(call(2, at + 2, kind, b"c\n"))));
    }
    state.update(ended());
    let messages = |state: &State| state.analysis().lanes[0].messages.len();
    assert_eq!(messages(&state), 1);
    let to = Direction::FromOpener;
    // What is being typed sets nothing.
    state.update(Message::FramingTyped(to, "delim".to_owned()));
    assert_eq!(state.framing_typed(to), Some("delim"));
    assert_eq!(state.framing_typed(Direction::FromAcceptor), None);
    assert_eq!(
        (state.framing_text(to).0.as_str(), messages(&state)),
        ("none", 1)
    );
    state.update(Message::FramingSet(to, " delimiter ".to_owned()));
    assert_eq!(state.framing_typed(to), None);
    assert_eq!(messages(&state), 2);
    assert_eq!(state.framing_text(to), ("delimiter".to_owned(), false));
    state.update(Message::FramingSet(to, "lines".to_owned()));
    assert_eq!(state.framing_text(to), ("lines".to_owned(), true));
    let mistake = state.framing_mistake().unwrap();
    assert_eq!(mistake, FramingError::Unknown("lines".to_owned()));
    assert_eq!(messages(&state), 2, "what is none changes nothing");
    let back = Direction::FromAcceptor;
    assert_eq!(state.framing_text(back), ("none".to_owned(), false));
    state.update(Message::ConnectionChosen(2));
    assert_eq!(state.framing_text(to), ("none".to_owned(), false));
    state.update(Message::ConnectionChosen(1));
    assert_eq!(messages(&state), 2);
}

#[test]
fn boundaries_are_counted_a_connection_a_frame() {
    let mut state = live();
    for (at, kind, bytes) in [
        (1, Call::Send, &b"ab"[..]),
        (2, Call::Send, b"cd"),
        (3, Call::Recv, b"abcd"),
    ] {
        let mut event = call(1, at, kind, bytes);
        event.offset = protocol::Offset(if bytes == b"cd" { 2 } else { 0 });
        state.update(heard(Line::Event(event)));
    }
    state.update(heard(Line::Event(call(2, 4, Call::Send, b"x"))));
    state.update(ended());
    let mut frames = 0;
    while state.wants_frames() {
        frame(&mut state);
        frames += 1;
        assert!(frames < 10, "it comes to an end");
    }
    let changed = |at: usize| state.source().unwrap().connections()[at].changed;
    assert_eq!(
        changed(0).map(|changed| (changed.glued, changed.split)),
        Some((1, 0))
    );
    assert_eq!(
        changed(1).map(|changed| (changed.glued, changed.split)),
        Some((0, 0))
    );
    state.update(Message::ListOrdered(Order::Changed));
    assert_eq!(state.list(), [0, 1]);
    state.update(Message::ListSearched(":21".to_owned()));
    assert_eq!(state.list(), [1]);
}

#[test]
fn a_run_of_the_lab_is_a_record_like_any_other() {
    let (mut state, _) = open("#yours", false);
    state.update(served());
    let trace = sample::five_sends();
    for line in trace.lines() {
        state.update(heard(line));
    }
    frame(&mut state);
    assert_eq!(state.events(), trace.events());
    assert_eq!(state.status(), &Status::Done(Ending::Finished));
    assert!(state.source().is_none() && !state.can_run());
}

#[test]
fn without_a_record_the_tab_has_none_and_going_back_is_possible() {
    let mut state = online("#lesson=five-sends", false);
    state.update(Message::TabChosen(Tab::Yours));
    assert!(state.trace().is_none() && state.list().is_empty());
    assert_eq!(state.hash(), "yours");
    assert!(!state.can_run());
    state.update(Message::HashChanged("#lesson=udp".to_owned()));
    assert_eq!(
        (state.tab(), state.lesson().id.as_str()),
        (Tab::Learn, "udp")
    );
    state.update(Message::HashChanged("#yours".to_owned()));
    assert_eq!(state.tab(), Tab::Yours);
    let (opened, _) = open("#yours", false);
    assert_eq!(opened.tab(), Tab::Yours);
    assert_eq!(opened.status(), &Status::Idle, "nothing is run");
    assert!(opened.faults().is_empty());
}

#[test]
fn a_complete_record_opens_at_its_start_and_one_that_grew_stays_at_its_end() {
    for grows in [false, true] {
        let mut state = live_while(grows);
        state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
        state.update(heard(Line::Event(call(1, 6, Call::Recv, b"hello"))));
        frame(&mut state);
        state.update(ended());
        frame(&mut state);
        let last = if grows { 2 } else { 0 };
        assert_eq!((state.step(), state.events().len()), (last, 2));
        // Another connection of it begins where a reader does.
        state.update(Message::ConnectionChosen(2));
        state.update(Message::ConnectionChosen(1));
        assert_eq!((state.step(), state.events().len()), (0, 2));
    }
}

#[test]
fn a_page_that_follows_goes_on_to_the_first_connection_with_bytes() {
    let refused = || Event {
        error: Some("Connection refused (os error 111)".to_owned()),
        ..call(1, 5, Call::Connect, b"")
    };
    let talk = |state: &mut State| {
        state.update(heard(Line::Event(refused())));
        frame(state);
        assert_eq!(shown(state), Some(1));
        for (at, call_made) in [(6, Call::Send), (7, Call::Recv)] {
            state.update(heard(Line::Event(call(2, at, call_made, b"hello"))));
        }
        frame(state);
        state.update(heard(Line::Event(call(1, 8, Call::Send, b"late"))));
        frame(state);
    };
    let mut state = live();
    talk(&mut state);
    assert_eq!((shown(&state), state.events().len()), (Some(2), 2));
    assert_eq!(state.step(), 2, "the cursor follows");
    // What was chosen stays, and so does what nobody follows.
    let mut state = live();
    state.update(Message::ConnectionChosen(2));
    state.update(Message::ConnectionChosen(1));
    talk(&mut state);
    assert_eq!((shown(&state), state.events().len()), (Some(1), 2));
    let mut state = live();
    state.update(Message::Follow(false));
    talk(&mut state);
    assert_eq!(shown(&state), Some(1));
}

#[test]
fn the_two_connections_that_a_proxy_joins_are_told() {
    let mut state = live();
    let proxy = Party {
        proxy: true,
        ..Party::new(PartyId(9), "stickylab proxy")
    };
    state.update(heard(Line::Party(proxy)));
    let mut near = connection(4);
    near.acceptor.party = Some(PartyId(9));
    let mut far = connection(5);
    far.opener.party = Some(PartyId(9));
    // One to whose server there is no connection, and one that is beside it by chance.
    let mut alone = connection(6);
    alone.acceptor.party = Some(PartyId(9));
    let other = connection(7);
    for connection in [near, far, alone, other] {
        state.update(heard(Line::Connection(connection)));
    }
    let source = state.source().unwrap();
    let pair = |number| source.pair(ConnectionId(number));
    assert_eq!(pair(4), Some((1, End::Acceptor)));
    assert_eq!(pair(5), Some((1, End::Opener)));
    for number in [1, 2, 6, 7, 8] {
        assert_eq!(pair(number), None, "{number}");
    }
}

#[test]
fn what_is_glued_is_counted_anew_when_the_framing_is_another() {
    let mut state = live();
    for (at, kind, bytes) in [
        (1, Call::Send, &b"a\n"[..]),
        (2, Call::Send, b"b\n"),
        (3, Call::Recv, b"a\nb\n"),
    ] {
        let mut event = call(1, at, kind, bytes);
        event.offset = protocol::Offset(if bytes == b"b\n" { 2 } else { 0 });
        state.update(heard(Line::Event(event)));
    }
    state.update(ended());
    let glued = |state: &mut State| {
        for _ in 0..10 {
            frame(state);
        }
        let changed = state.source().unwrap().connections()[0].changed;
        changed.map(|changed| changed.glued)
    };
    assert_eq!(glued(&mut state), Some(1));
    let lines = Message::FramingSet(Direction::FromOpener, "delimiter".to_owned());
    state.update(lines);
    assert_eq!(glued(&mut state), Some(0), "each line is a message");
}

#[test]
fn the_list_says_on_which_connections_a_chosen_framing_fails() {
    let mut state = live();
    for number in 1..=4_u32 {
        let mut known = connection(number);
        if number < 4 {
            known.acceptor.address = Some("127.0.0.1:9000".to_owned());
        }
        // Of one the reader was not watched.
        known.acceptor.observed.calls = number != 2;
        state.update(heard(Line::Connection(known)));
        let bytes: &[u8] = if number == 3 { b"\x02hi" } else { b"\xffno" };
        state.update(heard(Line::Event(call(number, 5, Call::Send, bytes))));
        if number != 2 {
            state.update(heard(Line::Event(call(number, 6, Call::Recv, bytes))));
        }
    }
    state.update(ended());
    let failing = |state: &mut State| {
        let mut frames = 0;
        while state.wants_frames() && frames < 30 {
            frame(state);
            frames += 1;
        }
        let all = state.source().unwrap().connections().iter();
        let failing = all.filter(|listed| listed.fails);
        let failing = failing.map(|listed| listed.connection.connection.0);
        failing.collect::<Vec<_>>()
    };
    assert_eq!(failing(&mut state), [0_u32; 0]);
    state.update(Message::ConnectionChosen(3));
    let to = Direction::FromOpener;
    let short = "length-prefix,width=1,maximum=9".to_owned();
    state.update(Message::FramingSet(to, short));
    // The fourth is to another address.
    assert_eq!(failing(&mut state), [1, 2]);
    state.update(Message::ListOrdered(Order::Fails));
    assert_eq!(state.list(), [0, 1, 2, 3]);
    state.update(Message::ConnectionChosen(1));
    assert!(state.framing_text(to).0.contains("width=1"));
    state.update(Message::FramingSet(to, "none".to_owned()));
    // The third has one of its own, the second that of the address: none by now.
    assert_eq!(failing(&mut state), [0_u32; 0]);
    state.update(Message::ConnectionChosen(3));
    assert!(state.framing_text(to).0.contains("width=1"));
}
