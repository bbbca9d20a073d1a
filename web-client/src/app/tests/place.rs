//! The address.

use super::*;

#[test]
fn an_address_leads_to_a_step_of_a_run_with_these_knobs() {
    let mut state = online("#lesson=five-sends&step=6&buffer=5&nonsense=1", false);
    assert_eq!(state.experiment().buffer, 5);
    assert_eq!(state.hash(), "lesson=five-sends&step=6&buffer=5");
    play(&mut state, 1, &events());
    assert_eq!(state.step(), 6);
    assert!(!state.player().is_playing());
    assert_eq!(state.hash(), "lesson=five-sends&step=6&buffer=5");
    let effects = state.update(Message::StepBy(1));
    assert_eq!(
        effects,
        [Effect::SetHash(
            "lesson=five-sends&step=7&buffer=5".to_owned()
        )]
    );
    // What the page wrote itself is no news.
    assert_eq!(state.update(Message::HashChanged(state.hash())), []);
    // Another step of the same run needs no run.
    let effects = state.update(Message::HashChanged(
        "#lesson=five-sends&step=99&buffer=5".to_owned(),
    ));
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!(state.step(), 16);
    assert_eq!(
        effects.last(),
        Some(&Effect::SetHash(
            "lesson=five-sends&step=16&buffer=5".to_owned()
        ))
    );
    // Another knob does.
    let effects = state.update(Message::HashChanged(
        "lesson=five-sends&step=last&buffer=6".to_owned(),
    ));
    assert_eq!(asked(&effects), ["run 2"]);
    let other = online("#lesson=none-such", false);
    assert_eq!(other.lesson().id, "five-sends");
}

#[test]
fn the_address_rests_while_it_plays() {
    let mut state = online("", false);
    play(&mut state, 1, &events());
    for _ in 0..3 {
        assert_eq!(state.update(Message::Frame { elapsed_ms: 250.0 }), []);
    }
    assert_eq!(state.step(), 1);
    let effects = state.update(Message::PlayPause);
    assert_eq!(effects, [Effect::SetHash("lesson=udp&step=1".to_owned())]);
}
