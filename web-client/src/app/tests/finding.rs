use super::*;
use crate::find::Find;

/// A run of the lesson about streams that is over, at its first step, in which this text
/// was searched for.
fn searched(text: &str) -> State {
    let mut state = online("#lesson=five-sends&step=last", true);
    play(&mut state, 1, &events());
    state.update(Message::First);
    state.update(Message::Find(Find::Text(text.to_owned())));
    state
}

fn frame(state: &mut State) {
    state.update(Message::Frame { elapsed_ms: 16.0 });
}

#[test]
fn the_search_is_done_in_frames_and_the_cursor_follows_when_it_is_known_where() {
    let mut state = searched("hello");
    assert!(state.is_searching() && state.wants_frames());
    state.update(Message::Find(Find::Next));
    assert_eq!(state.step(), 0, "nothing was looked at yet");
    frame(&mut state);
    assert!(!state.is_searching() && !state.wants_frames());
    assert_eq!((state.step(), state.match_at_cursor()), (3, Some(0)));
    let mut steps = Vec::new();
    for _ in 0..4 {
        state.update(Message::Find(Find::Next));
        steps.push(state.step());
    }
    assert_eq!(steps, [6, 7, 8, 3], "behind the last comes the first");
    state.update(Message::Find(Find::Previous));
    assert_eq!((state.step(), state.match_at_cursor()), (8, Some(3)));
    state.update(Message::StepBy(1));
    assert_eq!(state.match_at_cursor(), None);
}

#[test]
fn a_cursor_that_waits_for_a_match_goes_nowhere_where_there_is_none() {
    let mut state = searched("nowhere");
    state.update(Message::Find(Find::Next));
    frame(&mut state);
    frame(&mut state);
    assert_eq!((state.step(), state.listed().len()), (0, 0));
    // Another search has not asked for it.
    state.update(Message::Find(Find::Text("hello".to_owned())));
    state.update(Message::Find(Find::Next));
    state.update(Message::Find(Find::Text("abc".to_owned())));
    frame(&mut state);
    assert_eq!(state.step(), 0);
}

#[test]
fn escape_clears_the_search_and_then_the_selection() {
    let mut state = searched("hello");
    frame(&mut state);
    assert_eq!(state.listed().len(), 4);
    state.update(Message::Select(Target::Event(2)));
    state.update(Message::Escape);
    assert_eq!(state.listed().len(), events().len());
    assert_eq!(state.search().criteria().text, "");
    assert_eq!(state.selection(), Some(Target::Event(2)));
    state.update(Message::Escape);
    assert_eq!(state.selection(), None);
}

#[test]
fn a_new_run_is_searched_too_and_another_lesson_is_not() {
    let mut state = searched("hello");
    frame(&mut state);
    state.update(Message::Run);
    let experiment = state.experiment().clone();
    state.update(begun(2, &experiment));
    assert_eq!(state.listed().len(), 0);
    for event in events() {
        state.update(heard(Line::Event(event)));
    }
    // An event that comes late takes its place among those that were found.
    frame(&mut state);
    assert_eq!(state.search().found(), [2, 5, 6, 7]);
    let late = Event {
        at: protocol::Nanos(35_000),
        ..events()[2].clone()
    };
    state.update(heard(Line::Event(late)));
    frame(&mut state);
    assert_eq!(state.search().found(), [2, 3, 6, 7, 8]);
    state.update(ended());
    state.update(Message::LessonChosen("udp".to_owned()));
    assert!(!state.search().is_active());
}

#[test]
fn what_is_typed_is_bounded_and_what_is_no_hex_is_said() {
    let mut state = searched(&"粘".repeat(1_000));
    assert_eq!(state.search().criteria().text.chars().count(), 64);
    state.update(Message::Find(Find::Text("0x6".to_owned())));
    frame(&mut state);
    assert!(state.search().is_not_hex());
    assert_eq!(state.listed().len(), events().len());
}
