//! Guesses, knobs, stepping, selection, settings.

use super::*;
use crate::language::Language;
use crate::settings::Theme;

#[test]
fn a_guess_comes_first_and_the_kernel_judges_it() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let effects = state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!((state.status(), state.events().len()), (&Status::Idle, 0));
    assert_eq!(asked(&state.update(Message::Guess(5))), ["run 2"]);
    assert_eq!(state.judged(), None);
    play(&mut state, 2, &events());
    let judged = Judged {
        guess: 5,
        actual: 3,
    };
    assert_eq!(state.judged(), Some(judged));
    assert!(state.is_done("five-sends"));
}

#[test]
fn a_lesson_is_done_once_its_end_was_seen() {
    let mut state = online("", false);
    play(&mut state, 1, &events());
    assert!(!state.is_done("udp"));
    let effects = state.update(Message::Last);
    assert!(state.is_done("udp"));
    let saved = |effect: &Effect| matches!(effect, Effect::SaveSettings(_));
    assert_eq!(effects.iter().filter(|e| saved(e)).count(), 1);
    assert!(!state.update(Message::Last).iter().any(saved));
}

#[test]
fn knobs_that_make_no_sense_say_so_and_do_not_run() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    assert!(!state.is_changed());
    state.update(Message::KnobSet(Knob::Buffer.into(), "0".to_owned()));
    assert!(matches!(
        state.mistake(),
        Some(Mistake::Knob(
            Setting {
                knob: Knob::Buffer,
                ..
            },
            ..
        ))
    ));
    assert!(!state.can_run() && !state.is_changed());
    assert_eq!(asked(&state.update(Message::Run)), [""; 0]);
    state.update(Message::KnobSet(Knob::Buffer.into(), "5".to_owned()));
    assert_eq!(state.mistake(), None);
    assert!(state.can_run() && state.is_changed());
    let ran = state.trace().and_then(|trace| trace.plan.as_ref());
    assert_eq!(ran.unwrap().buffer, 1024);
    state.update(Message::KnobSet(
        Knob::Framing.into(),
        "delimiter".to_owned(),
    ));
    assert!(
        matches!(state.mistake(), Some(Mistake::Experiment(_))),
        "no framing over UDP"
    );
    state.update(Message::KnobsReset);
    assert!(state.can_run() && !state.is_changed());
}

#[test]
fn stepping_back_shows_exactly_what_stepping_forward_showed() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let catalog = sample::catalog();
    for (view, axis) in [
        (View::Bytes, Axis::Time),
        (View::Time, Axis::Time),
        (View::Time, Axis::Step),
    ] {
        state.update(Message::ViewChosen(view));
        state.update(Message::AxisChosen(axis));
        state.update(Message::First);
        let shown = |state: &State| {
            scene::stage(
                state.stage_model().as_ref(),
                view,
                axis,
                &catalog,
                1100.0,
                f64::INFINITY,
            )
        };
        let mut forward = vec![shown(&state)];
        for _ in 0..16 {
            state.update(Message::StepBy(1));
            forward.push(shown(&state));
        }
        for (pair, event) in forward.windows(2).zip(state.events()) {
            let bytes = view == View::Bytes && event.is_empty();
            assert!(bytes || pair[0] != pair[1], "{view:?}: {event:?} shows");
        }
        for list in forward.iter().rev() {
            assert_eq!(&shown(&state), list);
            state.update(Message::StepBy(-1));
        }
    }
}

#[test]
fn selection_help_and_settings() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    state.update(Message::Select(Target::Event(99)));
    assert_eq!(state.selection(), None);
    state.update(Message::Select(Target::Event(2)));
    assert_eq!(state.focus().unwrap().0, 2);
    state.update(Message::Help);
    state.update(Message::Escape);
    assert!(!state.is_help_open() && state.selection().is_some());
    state.update(Message::Escape);
    assert_eq!(state.focus().unwrap().0, 15);
    let chinese = Language::of("zh").unwrap();
    let effects = state.update(Message::LanguageChosen(chinese));
    assert!(matches!(&effects[..], [Effect::SaveSettings(s)] if s.language == chinese));
    assert_eq!(state.update(Message::LanguageChosen(chinese)), []);
    state.update(Message::ThemeToggled);
    assert_eq!(state.theme(), Theme::Light);
}

#[test]
fn what_would_be_sent_follows_what_is_typed() {
    let mut state = online("", true);
    let shown = |state: &State| state.outgoing(Knob::Messages.into()).expect("messages");
    assert_eq!(state.outgoing(Knob::Buffer.into()), None);
    let before = shown(&state).expect("they can be sent");
    assert!(
        state
            .update(Message::KnobTyped(
                Knob::Messages.into(),
                "hex:ff".to_owned()
            ))
            .is_empty()
    );
    let typed = shown(&state).expect("it can be sent");
    assert_eq!(
        (typed.rows.len(), &typed.rows[0].body[..]),
        (1, &b"\xff"[..])
    );
    assert!(!state.is_changed(), "it is not set");
    state.update(Message::KnobTyped(
        Knob::Messages.into(),
        "hex:f".to_owned(),
    ));
    assert!(matches!(shown(&state), Err(Mistake::Experiment(_))));
    assert_eq!(state.mistake(), None, "it is not set");
    let many = "1\n".repeat(1_000);
    state.update(Message::KnobTyped(Knob::Messages.into(), many.clone()));
    assert!(matches!(
        shown(&state),
        Err(Mistake::Knob(
            Setting {
                knob: Knob::Messages,
                ..
            },
            ..
        ))
    ));
    // What was refused stays in the field.
    state.update(Message::KnobSet(Knob::Messages.into(), many));
    assert!(matches!(
        shown(&state),
        Err(Mistake::Knob(
            Setting {
                knob: Knob::Messages,
                ..
            },
            ..
        ))
    ));
    state.update(Message::KnobsReset);
    assert_eq!(shown(&state), Ok(before));
}
