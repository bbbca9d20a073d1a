//! Whether the gateway answers, and when it is tried again.

use super::*;

fn tick(state: &mut State, elapsed_ms: f64) -> Vec<Effect> {
    state.update(Message::Tick { elapsed_ms })
}

/// So many seconds, half a second a tick; what the address says is left out.
fn wait(state: &mut State, seconds: f64) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut left = seconds;
    while left > 0.0 {
        effects.extend(tick(state, 500.0));
        left -= 0.5;
    }
    effects.retain(|effect| !matches!(effect, Effect::SetHash(_)));
    effects
}

fn alive() -> Message {
    heard(Line::Alive)
}

fn is_silent(state: &State) -> bool {
    matches!(state.link(), Link::Silent { .. })
}

fn is_gone(state: &State) -> bool {
    matches!(state.link(), Link::Gone { .. })
}

#[test]
fn a_lost_gateway_is_tried_again_ever_more_slowly() {
    let (mut state, _) = open("lesson=udp", true);
    let mut waits = Vec::new();
    for _ in 0..6 {
        state.update(Message::LinkDown);
        state.update(Message::LinkDown);
        let &Link::Gone { retry_ms: Some(ms) } = state.link() else {
            panic!("{:?}", state.link());
        };
        waits.push(ms);
        assert_eq!(tick(&mut state, ms - 1.0), []);
        assert_eq!(tick(&mut state, 2.0), [Effect::Connect]);
        assert!(is_gone(&state), "until it says hello");
    }
    assert_eq!(waits, [500.0, 1000.0, 2000.0, 4000.0, 5000.0, 5000.0]);
    assert_eq!(asked(&state.update(hello())), ["run 1"], "still wanted");
    state.update(Message::LinkDown);
    let retry_ms = Some(500.0);
    assert_eq!(state.link(), &Link::Gone { retry_ms });
    tick(&mut state, 600.0);
    assert_eq!(
        asked(&state.update(hello())),
        ["run 2"],
        "asked for, not begun: asked again"
    );
}

#[test]
fn a_gateway_that_says_nothing_is_noticed_within_five_seconds() {
    let mut state = online("", true);
    for _ in 0..30 {
        wait(&mut state, 1.0);
        assert!(matches!(state.link(), Link::Online { .. }));
        let before = state.revision();
        state.update(alive());
        assert_eq!(state.revision(), before, "nothing to be seen");
    }
    wait(&mut state, 4.0);
    assert!(is_silent(&state));
    let before = state.revision();
    wait(&mut state, 4.0);
    assert_eq!(state.revision(), before, "said once");
    // What is wanted meanwhile begins when it answers again.
    assert_eq!(asked(&state.update(Message::Stop)), ["stop"]);
    assert_eq!(asked(&state.update(Message::Run)), [""; 0]);
    assert_eq!(asked(&state.update(alive())), ["run 2"]);
    let Link::Online { kernel, program } = state.link() else {
        panic!("{:?}", state.link());
    };
    assert_eq!((kernel.as_str(), program.as_str()), ("Linux 6.18", "0.1.0"));
}

#[test]
fn a_run_goes_on_where_it_was_when_the_gateway_answers_again() {
    let mut state = online("", true);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    state.update(heard(Line::Event(events()[0].clone())));
    wait(&mut state, 10.0);
    assert!(is_silent(&state));
    assert_eq!(state.status(), &Status::Running);
    for event in &events()[1..] {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(ended());
    assert!(matches!(state.link(), Link::Online { .. }));
    assert_eq!(state.status(), &Status::Done(Ending::Finished));
    assert_eq!(state.events(), events());
}

#[test]
fn a_silent_connection_is_given_up_and_so_is_an_attempt() {
    let mut state = online("", true);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    let effects = wait(&mut state, 15.0);
    assert_eq!(effects, [Effect::Disconnect]);
    assert_eq!(state.status(), &Status::Interrupted);
    assert_eq!(wait(&mut state, 0.5), [Effect::Connect]);
    // Nobody refuses it and nobody answers.
    assert_eq!(wait(&mut state, 14.5), []);
    assert_eq!(wait(&mut state, 0.5), [Effect::Connect]);
    assert!(is_gone(&state));
    state.update(hello());
    assert!(matches!(state.link(), Link::Online { .. }));
}

#[test]
fn a_first_attempt_that_hangs_is_said_and_goes_on() {
    let (mut state, _) = open("lesson=udp", true);
    assert_eq!(wait(&mut state, 3.0), []);
    assert_eq!(state.link(), &Link::Connecting);
    assert_eq!(wait(&mut state, 1.0), []);
    assert_eq!(state.link(), &Link::Gone { retry_ms: None });
    assert_eq!(asked(&state.update(hello())), ["run 1"]);
}

#[test]
fn a_page_that_slept_does_not_blame_the_gateway() {
    let mut state = online("", true);
    tick(&mut state, 3_600_000.0);
    tick(&mut state, 3_600_000.0);
    assert!(matches!(state.link(), Link::Online { .. }));
    state.update(alive());
    tick(&mut state, 1_000.0);
    assert!(matches!(state.link(), Link::Online { .. }));
}

#[test]
fn the_gateway_is_asked_to_say_that_it_is_there() {
    let (mut state, _) = open("", false);
    let effects = state.update(hello());
    assert_eq!(effects, [Effect::SendToGateway(Request::Watch)]);
}
