use protocol::System;
use trace::knob::Knob;
use trace::lesson::{Count, Predict};
use trace::link::{Capture, Ending, Line, Request, VERSION};
use trace::{Call, Event, Experiment, Lesson};

use super::*;
use crate::{sample, scene};

fn lessons() -> Vec<Lesson> {
    let mut guess = sample::lesson("five-sends", System::TcpEcho, &["hello", "abc"]);
    guess.predict = Some(Predict {
        count: Count::ServerRecvs,
        choices: vec![1, 5],
    });
    vec![sample::lesson("udp", System::UdpEcho, &["hi"]), guess]
}

fn open(hash: &str, reduced_motion: bool) -> (State, Vec<Effect>) {
    State::open(Setup {
        lessons: lessons(),
        settings: Settings::default(),
        hash: hash.to_owned(),
        reduced_motion,
    })
}

fn heard(line: Line) -> Message {
    Message::Heard(line.into())
}

fn hello() -> Message {
    heard(Line::Hello {
        version: VERSION,
        program: "0.1.0".to_owned(),
        kernel: "Linux 6.18".to_owned(),
    })
}

fn begun(run: u32, experiment: &Experiment) -> Message {
    heard(Line::Run {
        version: VERSION,
        run,
        kernel: "Linux 6.18".to_owned(),
        experiment: experiment.clone(),
        capture: Capture::Unknown,
    })
}

fn ended() -> Message {
    heard(Line::Ended {
        events: 0,
        why: Ending::Finished,
        missed: None,
        dropped: None,
    })
}

/// What was asked of the gateway, in short.
fn asked(effects: &[Effect]) -> Vec<String> {
    let requests = effects.iter().filter_map(|effect| match effect {
        Effect::SendToGateway(Request::Run { run, .. }) => {
            Some(["run ", &run.to_string()].concat())
        }
        Effect::SendToGateway(Request::Send { sends, .. }) => {
            Some(["send ", &sends.len().to_string()].concat())
        }
        Effect::SendToGateway(Request::Close { .. }) => Some("close".to_owned()),
        Effect::SendToGateway(Request::Stop) => Some("stop".to_owned()),
        _ => None,
    });
    requests.collect()
}

/// Plays a whole run with the given number.
fn play(state: &mut State, run: u32, events: &[Event]) {
    let experiment = state.experiment().clone();
    state.update(begun(run, &experiment));
    for event in events {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(ended());
}

fn events() -> Vec<Event> {
    sample::five_sends().events().to_vec()
}

fn online(hash: &str, reduced_motion: bool) -> State {
    let (mut state, _) = open(hash, reduced_motion);
    state.update(Message::LinkUp);
    state.update(hello());
    state
}

#[test]
fn the_first_lesson_runs_as_soon_as_the_gateway_is_there() {
    let (mut state, effects) = open("", false);
    let hash = Effect::SetHash("lesson=udp".to_owned());
    assert_eq!(effects, [Effect::Connect, hash]);
    assert_eq!(state.status(), &Status::Starting);
    assert_eq!(asked(&state.update(Message::LinkUp)), [""; 0]);
    assert_eq!(asked(&state.update(hello())), ["run 1"]);
    let experiment = state.experiment().clone();
    // The script sends and says when it would give up waiting.
    assert_eq!(
        asked(&state.update(begun(1, &experiment))),
        ["send 1", "close"]
    );
    let reply = sample::events(&[("c1", Call::Recv, b"HI")]).remove(0);
    let effects = state.update(heard(Line::Event(reply)));
    assert_eq!(
        asked(&effects),
        ["close"],
        "all answered: the client leaves"
    );
    assert_eq!(state.step(), 1, "the cursor stays at the end");
    assert!(state.wants_frames());
    state.update(ended());
    assert_eq!(state.status(), &Status::Done(Ending::Finished));
    assert_eq!(state.step(), 0);
    assert!(state.player().is_playing(), "and then it is shown once");
}

#[test]
fn lines_may_come_out_of_order() {
    let mut state = online("", true);
    let mut shuffled = events();
    shuffled.swap(2, 5);
    shuffled.swap(0, 1);
    play(&mut state, 1, &shuffled);
    assert_eq!(state.events(), events());
    assert_eq!(state.step(), 16, "no motion wanted: the last step");
    assert!(!state.player().is_playing());
    let whole = trace::Analysis::new(state.trace().unwrap());
    assert_eq!(state.analysis(), &whole);
}

#[test]
fn a_selected_event_stays_selected_when_an_earlier_one_comes_late() {
    let mut state = online("", true);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    let mut late = events();
    let early = late.remove(1);
    for event in &late[..4] {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(Message::Select(Target::Event(2)));
    let selected = state.focus().unwrap().1.clone();
    state.update(heard(Line::Event(early)));
    assert_eq!(state.selection(), Some(Target::Event(3)));
    assert_eq!(state.focus().unwrap().1, &selected);
}

#[test]
fn lines_of_an_earlier_run_are_ignored() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    assert_eq!(asked(&state.update(Message::Run)), ["run 2"]);
    let before = state.revision();
    let experiment = state.experiment().clone();
    for late in [
        begun(1, &experiment),
        heard(Line::Event(events().remove(0))),
        ended(),
    ] {
        state.update(late);
    }
    assert_eq!(state.revision(), before);
    assert_eq!(state.status(), &Status::Starting);
    assert_eq!(
        state.events().len(),
        16,
        "the last run stays until the next begins"
    );
    play(&mut state, 2, &events()[..3]);
    assert_eq!(state.events().len(), 3);
    assert_eq!(
        asked(&state.update(Message::LessonChosen("udp".to_owned()))),
        ["run 3"]
    );
}

#[test]
fn a_run_that_goes_on_is_not_started_twice_and_can_be_stopped() {
    let mut state = online("", true);
    assert_eq!(asked(&state.update(Message::Run)), [""; 0]);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    assert!(!state.can_run());
    assert_eq!(asked(&state.update(Message::Run)), [""; 0]);
    assert_eq!(asked(&state.update(Message::Stop)), ["stop"]);
    let effects = state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(asked(&effects), ["stop"], "another lesson leaves the run");
    assert_eq!(state.status(), &Status::Idle);
}

#[test]
fn a_lost_gateway_is_tried_again_ever_more_slowly() {
    let (mut state, _) = open("", true);
    let mut waits = Vec::new();
    for _ in 0..6 {
        state.update(Message::LinkDown);
        state.update(Message::LinkDown);
        let &Link::Gone { retry_ms } = state.link() else {
            panic!("{:?}", state.link());
        };
        waits.push(retry_ms);
        assert!(state.wants_frames());
        let early = Message::Frame {
            elapsed_ms: retry_ms - 1.0,
        };
        assert_eq!(state.update(early), []);
        let late = Message::Frame { elapsed_ms: 2.0 };
        assert_eq!(state.update(late), [Effect::Connect]);
    }
    assert_eq!(waits, [500.0, 1000.0, 2000.0, 4000.0, 5000.0, 5000.0]);
    assert_eq!(asked(&state.update(hello())), ["run 1"], "still wanted");
    state.update(Message::LinkDown);
    assert_eq!(state.link(), &Link::Gone { retry_ms: 500.0 });
    state.update(Message::Frame { elapsed_ms: 600.0 });
    state.update(Message::LinkUp);
    assert_eq!(
        asked(&state.update(hello())),
        ["run 2"],
        "asked for, not begun: asked again"
    );
}

#[test]
fn an_interrupted_run_keeps_what_arrived() {
    let mut state = online("", true);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    for event in &events()[..6] {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(Message::LinkDown);
    assert_eq!(state.status(), &Status::Interrupted);
    assert_eq!(state.step(), 6);
    state.update(Message::StepBy(-2));
    assert_eq!(state.current().unwrap().0, 3);
    assert!(!state.analysis().lanes.is_empty());
    state.update(Message::LinkUp);
    assert_eq!(
        asked(&state.update(hello())),
        [""; 0],
        "not run again by itself"
    );
    assert!(!state.is_done("udp"));
}

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
    assert_eq!(other.lesson().id, "udp");
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

#[test]
fn knobs_that_make_no_sense_say_so_and_do_not_run() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    assert!(!state.is_changed());
    state.update(Message::KnobSet(Knob::Buffer, "0".to_owned()));
    assert!(matches!(
        state.mistake(),
        Some(Mistake::Knob(Knob::Buffer, ..))
    ));
    assert!(!state.can_run() && !state.is_changed());
    assert_eq!(asked(&state.update(Message::Run)), [""; 0]);
    state.update(Message::KnobSet(Knob::Buffer, "5".to_owned()));
    assert_eq!(state.mistake(), None);
    assert!(state.can_run() && state.is_changed());
    assert_eq!(state.experiment_run().buffer, 1024);
    state.update(Message::KnobSet(Knob::Framing, "delimiter".to_owned()));
    assert!(
        matches!(state.mistake(), Some(Mistake::Experiment(_))),
        "no framing over UDP"
    );
    state.update(Message::KnobsReset);
    assert!(state.can_run() && !state.is_changed());
}

#[test]
fn what_the_gateway_refuses_is_told() {
    let mut state = online("", true);
    let refusal = Line::Error {
        message: "too much".to_owned(),
    };
    state.update(heard(refusal));
    assert_eq!(state.status(), &Status::Failed("too much".to_owned()));
    assert!(state.can_run());
    let newer = Line::Hello {
        version: VERSION + 1,
        program: "9.0".to_owned(),
        kernel: String::new(),
    };
    state.update(heard(newer));
    assert!(matches!(state.link(), Link::Outdated { .. }));
}

#[test]
fn whoever_steps_during_a_run_is_not_moved() {
    let mut state = online("", false);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    let events = events();
    for event in &events[..6] {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(Message::StepTo(3));
    for event in &events[6..] {
        state.update(heard(Line::Event(event.clone())));
    }
    state.update(ended());
    assert_eq!(state.step(), 3);
    assert!(!state.player().is_playing());
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
        let shown = |state: &State| scene::stage(state, &catalog, 1100.0);
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
    let effects = state.update(Message::LanguageToggled);
    assert!(matches!(&effects[..], [Effect::SaveSettings(s)] if s.language == Language::Zh));
    state.update(Message::ThemeToggled);
    assert_eq!(state.theme(), Theme::Light);
}
