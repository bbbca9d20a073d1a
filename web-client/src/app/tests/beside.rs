//! Two connections of a record, one above the other.

use super::yours::{call, connection, live, record, served_while, shown};
use super::*;
use trace::lane::Direction;
use trace::{Party, PartyId};

fn above(state: &State) -> Option<u32> {
    state.earlier().map(|run| run.about.number)
}

#[test]
fn a_connection_stays_above_the_next_one() {
    let mut state = live();
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
    state.update(heard(Line::Event(call(2, 6, Call::Send, b"other"))));
    state.update(Message::KeepAbove);
    assert_eq!(above(&state), None, "it is not above itself");
    assert_eq!(state.kept_above().map(|kept| kept.0), Some(1));
    state.update(Message::ConnectionChosen(2));
    assert_eq!((above(&state), shown(&state)), (Some(1), Some(2)));
    let model = state.stage_model().expect("a stage");
    let earlier = model.earlier.expect("the connection above");
    assert_eq!(earlier.trace.events()[0].bytes, b"hello");
    assert_eq!(earlier.analysis, Analysis::new(&earlier.trace));
    assert_eq!(state.outcome(), None, "they are no runs of one experiment");
    assert_eq!(state.hash(), "yours&compare=1,2");
    // The address without them ends it, and so does the button.
    state.update(Message::HashChanged("#yours".to_owned()));
    assert_eq!((above(&state), state.kept_above()), (None, None));
    state.update(Message::KeepAbove);
    state.update(Message::KeepAbove);
    assert_eq!((above(&state), state.kept_above()), (None, None));
    assert_eq!(state.hash(), "yours");
}

#[test]
fn what_stays_above_is_all_of_it_and_framed_as_it_was_said() {
    let mut state = live();
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"a\nb"))));
    state.update(Message::KeepAbove);
    state.update(Message::FramingSet(
        Direction::FromOpener,
        "delimiter".to_owned(),
    ));
    state.update(Message::ConnectionChosen(2));
    state.update(heard(Line::Event(call(1, 7, Call::Recv, b"a\nb"))));
    state.update(ended());
    let run = state.earlier().expect("the connection above");
    assert_eq!(run.trace.events().len(), 2);
    let framing = run.trace.framing(Direction::FromOpener);
    assert_eq!(trace::framing::write(&framing), "delimiter");
}

#[test]
fn it_goes_with_its_record() {
    let mut state = live();
    state.update(heard(Line::Event(call(1, 5, Call::Send, b"hello"))));
    state.update(Message::KeepAbove);
    state.update(served_while(true));
    assert_eq!(state.kept_above(), None);
    let (mut state, _) = open("#yours", false);
    state.update(Message::KeepAbove);
    assert_eq!(state.kept_above(), None, "nothing is open");
}

#[test]
fn an_address_leads_to_two_connections_once_they_are_there() {
    for (asked, found) in [
        ("2,1", (Some(2), Some(1))),
        ("1,9", (None, Some(1))),
        ("1", (None, Some(1))),
        ("x,2", (None, Some(1))),
        ("1,1", (None, Some(1))),
    ] {
        let (mut state, _) = open(&["#yours&compare=", asked].concat(), false);
        state.update(served_while(false));
        state.update(record());
        for party in [1, 2] {
            let party = Party::new(PartyId(party), "program".to_owned());
            state.update(heard(Line::Party(party)));
        }
        for number in [1, 2] {
            state.update(heard(Line::Connection(connection(number))));
        }
        for number in [1, 2] {
            let at = u64::from(number);
            state.update(heard(Line::Event(call(number, at, Call::Send, b"hello"))));
        }
        assert_eq!(above(&state), None, "more may come");
        state.update(heard(Line::Ended(Ended {
            events: 2,
            missed: None,
            dropped: None,
            why: Ending::Finished,
        })));
        assert_eq!((above(&state), shown(&state)), found, "{asked}");
    }
}
