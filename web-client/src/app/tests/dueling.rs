//! A wrong decoder beside the right one.

use trace::duel::Opponent;
use trace::lane::Direction;

use super::*;

/// A run of lines, over.
fn lines() -> State {
    let mut state = online("#lesson=five-sends&framing=delimiter&step=last", true);
    assert!(state.opponents().contains(&Opponent::DelimiterAtEnd));
    assert!(state.duels().is_empty(), "nothing was run");
    let events = sample::events(&[
        ("c1", Call::Send, b"hello\n"),
        ("c1", Call::Send, b"ok\n"),
        ("s1", Call::Recv, b"hello\nok\n"),
    ]);
    play(&mut state, 1, &events);
    state
}

#[test]
fn those_that_fit_the_framing_can_be_chosen() {
    let mut state = lines();
    let fitting = [
        Opponent::OneRecv,
        Opponent::BufferCleared,
        Opponent::OnePerRecv,
        Opponent::DelimiterAtEnd,
        Opponent::SplitEachRecv,
        Opponent::Silence,
    ];
    assert_eq!(state.opponents(), fitting);
    assert!(state.duels().is_empty());
    let before = state.revision();
    state.update(Message::OpponentChosen(Some(Opponent::OneRecv)));
    assert!(state.revision() > before);
    let [duel] = state.duels() else {
        panic!("{:?}", state.duels());
    };
    assert_eq!(duel.direction, Direction::FromOpener);
    let parting = duel.duel.parting.as_ref().unwrap();
    assert_eq!((parting.at, parting.chunk.event), (6, Some(2)));
    // Another choice is another duel.
    state.update(Message::OpponentChosen(Some(Opponent::SplitEachRecv)));
    assert_eq!(state.duels()[0].duel.parting, None);
    state.update(Message::OpponentChosen(None));
    assert!(state.duels().is_empty());
}

#[test]
fn the_choice_stays_with_the_next_run_and_goes_along_with_it() {
    let mut state = lines();
    state.update(Message::OpponentChosen(Some(Opponent::OneRecv)));
    state.update(Message::Run);
    let experiment = state.experiment().clone();
    state.update(begun(2, &experiment));
    for event in sample::events(&[
        ("c1", Call::Send, b"hello\n"),
        ("s1", Call::Recv, b"hello\n"),
    ]) {
        state.update(heard(Line::Event(event)));
    }
    state.update(Message::Frame { elapsed_ms: 16.0 });
    assert_eq!(state.duels()[0].duel.agreed, 1);
    state.update(ended());
    assert_eq!(state.opponent(), Some(Opponent::OneRecv));
    assert_eq!(state.duels()[0].duel.parting, None);
}

#[test]
fn without_a_framing_there_is_nobody_to_choose() {
    let mut state = online("#lesson=five-sends&step=last", true);
    assert_eq!(state.opponents(), []);
    play(&mut state, 1, &events());
    assert_eq!(state.opponents(), []);
    state.update(Message::OpponentChosen(Some(Opponent::OneRecv)));
    assert!(state.duels().is_empty());
}

#[test]
fn a_lesson_opens_its_wrong_decoder_and_another_lesson_puts_it_away() {
    let mut setup = setup("#lesson=five-sends", true);
    setup.lessons[1].duel = Some(Opponent::DelimiterAtEnd);
    let (mut state, _) = State::open(setup);
    assert_eq!(state.opponent(), Some(Opponent::DelimiterAtEnd));
    state.update(Message::LessonChosen("udp".to_owned()));
    assert_eq!(state.opponent(), None);
}
