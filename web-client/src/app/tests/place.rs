//! The address.

use super::*;
use crate::app::address::MOST_CHANGES;

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

/// A key held down steps thirty times a second.
#[test]
fn the_address_changes_a_few_times_between_two_ticks_at_most() {
    let mut state = online("", false);
    play(&mut state, 1, &events());
    state.update(Message::PlayPause);
    let tick = Message::Tick { elapsed_ms: 500.0 };
    state.update(tick.clone());
    let steps = [1, 2].into_iter().cycle().take(15);
    let effects: Vec<_> = steps
        .flat_map(|step| state.update(Message::StepTo(step)))
        .collect();
    assert_eq!(effects.len(), MOST_CHANGES, "{effects:?}");
    state.update(Message::StepTo(2));
    let last = Effect::SetHash("lesson=udp&step=2".to_owned());
    assert_eq!(state.update(tick).last(), Some(&last));
    let entry = Message::LessonChosen("five-sends".to_owned());
    let is_entry = |effect: &Effect| matches!(effect, Effect::PushHash(_));
    assert!(state.update(entry).iter().any(is_entry));
}

#[test]
fn another_lesson_is_another_entry_and_going_back_shows_the_run_that_was() {
    let mut state = online("#lesson=five-sends&step=6", true);
    play(&mut state, 1, &events());
    state.update(Message::ViewChosen(View::Time));
    let hash = state.hash();
    assert_eq!(hash, "lesson=five-sends&step=6&view=time");
    let effects = state.update(Message::LessonChosen("udp".to_owned()));
    let entry = Effect::PushHash("lesson=udp&view=time".to_owned());
    assert_eq!(effects.last(), Some(&entry));
    play(&mut state, 2, &events()[..4]);
    assert!(state.hash().starts_with("lesson=udp&step="));
    let effects = state.update(Message::HashChanged(hash.clone()));
    assert_eq!(asked(&effects), [""; 0], "no new run");
    assert_eq!((state.about().number, state.step()), (1, 6));
    assert_eq!(state.hash(), hash);
    assert_eq!(state.faults(), []);
}

#[test]
fn what_an_address_names_wrongly_is_told() {
    let state = online("#lesson=none-such", false);
    assert_eq!(state.faults(), [Fault::Lesson("none-such".to_owned())]);
    let mut state = online("#lesson=five-sends&step=7&colour=red", true);
    let faults = [Fault::Unknown("colour".to_owned()), Fault::NewRun];
    assert_eq!(state.faults(), faults);
    state.update(Message::LessonChosen("udp".to_owned()));
    assert_eq!(state.faults(), []);
    state.update(Message::HashChanged("#lesson=nowhere".to_owned()));
    assert_eq!(state.faults(), [Fault::Lesson("nowhere".to_owned())]);
    assert_eq!(state.lesson().id, "udp");
}

#[test]
fn a_link_carries_its_run_and_opens_without_a_gateway() {
    let mut state = online("#lesson=five-sends&step=3", true);
    assert_eq!(state.update(Message::CopyLink), [], "nothing to copy yet");
    play(&mut state, 1, &events());
    state.update(Message::Select(Target::Event(2)));
    let effects = state.update(Message::CopyLink);
    let [Effect::CopyLink { hash, run }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(hash, "lesson=five-sends&step=3&select=event-2");
    state.update(Message::LinkCopied(Copied::WithRun));
    assert_eq!(state.copied(), Some(Copied::WithRun));

    let link = [hash, "&run=packed"].concat();
    let (mut other, effects) = open(&link, true);
    let unpack = Effect::Unpack("packed".to_owned());
    assert_eq!(effects, [Effect::Connect, unpack], "the address stays");
    other.update(Message::LinkDown);
    other.update(Message::Unpacked(Some(run.clone())));
    assert_eq!(other.trace(), state.trace());
    assert_eq!((other.step(), other.selection()), (3, state.selection()));
    assert_eq!(other.hash(), link);
    assert_eq!(other.faults(), []);
    // What is run later is not what the link had.
    other.update(hello());
    other.update(Message::Run);
    play(&mut other, 1, &events());
    assert!(!other.hash().contains("run="));

    // Another run of the lesson that is open already is no step of this one.
    let mut here = online("#lesson=five-sends&step=3", true);
    play(&mut here, 1, &events()[..5]);
    let effects = here.update(Message::HashChanged(link.clone()));
    assert_eq!(effects, [Effect::Unpack("packed".to_owned())]);
    here.update(Message::Unpacked(Some(run.clone())));
    assert_eq!((here.events(), here.about().number), (state.events(), 2));
    // Back from another lesson it is the same run, not one more.
    here.update(Message::LessonChosen("udp".to_owned()));
    let effects = here.update(Message::HashChanged(link.clone()));
    assert_eq!(asked(&effects), ["stop"], "that of udp");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Unpack(_))));
    assert_eq!((here.events(), here.about().number), (state.events(), 2));

    // A run of another lesson than the address names opens as a file does.
    let (mut other, _) = open("#lesson=udp&step=3&run=packed", true);
    other.update(Message::Unpacked(Some(run.clone())));
    assert!(other.opened().is_some());

    // So does one of no lesson.
    let (mut file, _) = open("#run=packed", true);
    file.update(Message::Unpacked(Some(run.clone())));
    assert_eq!(file.events(), state.events());
    assert_eq!(
        file.opened().map(|opened| opened.name.as_str()),
        Some("link")
    );
    assert_eq!(file.hash().matches("run=packed").count(), 1);
    let (again, _) = open(&file.hash(), true);
    assert!(again.unpacking.is_some());

    for nothing in [None, Some(b"nonsense".to_vec()), Some(vec![0xff])] {
        let (mut other, _) = open(&link, true);
        other.update(Message::Unpacked(nothing));
        assert_eq!(other.faults(), [Fault::Run]);
        assert!(other.can_run());
    }
}
