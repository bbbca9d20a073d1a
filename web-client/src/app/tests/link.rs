//! The line to the gateway and the runs over it.

use super::*;

#[test]
fn a_first_visit_opens_the_lesson_about_streams_and_waits_for_a_guess() {
    let (mut state, effects) = open("", false);
    let hash = Effect::SetHash("lesson=five-sends".to_owned());
    assert_eq!(effects, [Effect::Connect, hash]);
    assert_eq!(asked(&state.update(hello())), [""; 0]);
    assert_eq!((state.status(), state.can_guess()), (&Status::Idle, true));
    assert!(state.is_first_visit());
    state.update(Message::Guess(3));
    play(&mut state, 1, &events());
    state.update(Message::Last);
    assert!(
        state.is_first_visit(),
        "what is said there stays until one goes on"
    );
    // On a later visit it is the first lesson that is not done.
    let mut setup = setup("", false);
    setup.settings = state.settings().clone();
    let (later, _) = State::open(setup);
    assert_eq!(later.lesson().id, "udp");
    assert!(!later.is_first_visit());
    state.update(Message::LessonChosen("udp".to_owned()));
    assert!(!state.is_first_visit());
}

#[test]
fn a_lesson_without_a_guess_runs_as_soon_as_the_gateway_is_there() {
    let (mut state, effects) = open("lesson=udp", false);
    let hash = Effect::SetHash("lesson=udp".to_owned());
    assert_eq!(effects, [Effect::Connect, hash]);
    assert_eq!(state.status(), &Status::Starting);
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
fn the_place_in_the_queue_is_known_while_the_run_waits() {
    let mut state = online("", true);
    let queued = |run, place| heard(Line::Queued { run, place });
    assert_eq!(state.place(), None);
    state.update(queued(1, 3));
    assert_eq!(state.place(), Some(3));
    let before = state.revision();
    state.update(queued(7, 1));
    assert_eq!((state.place(), state.revision()), (Some(3), before));
    state.update(queued(1, 2));
    assert_eq!(state.place(), Some(2));
    // It can be given up, and asked for again.
    assert_eq!(asked(&state.update(Message::Stop)), ["stop"]);
    assert_eq!((state.place(), state.status()), (None, &Status::Idle));
    assert_eq!(asked(&state.update(Message::Run)), ["run 2"]);
    state.update(queued(1, 1));
    assert_eq!(state.place(), None, "of a run that is not wanted any more");
    state.update(queued(2, 1));
    assert_eq!(state.place(), Some(1));
    let experiment = state.experiment().clone();
    state.update(begun(2, &experiment));
    assert_eq!((state.place(), state.status()), (None, &Status::Running));
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
    assert_eq!(
        asked(&state.update(hello())),
        [""; 0],
        "not run again by itself"
    );
    assert!(!state.is_done("udp"));
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
        record: false,
        grows: false,
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
fn what_became_of_a_datagram_follows_the_count_that_comes_with_the_end() {
    use trace::lane::Fate;
    let mut state = online("#lesson=udp", true);
    let experiment = state.experiment().clone();
    state.update(heard(Line::Run(Run {
        version: VERSION,
        run: 1,
        head: Head::new("Linux 6.18", Capture::On),
        plan: Plan::default(),
    })));
    assert_eq!(state.status(), &Status::Running);
    let sent = sample::trace(experiment, &[("c1", Call::Send, b"hi")]);
    for event in sample::wired(&sent).events() {
        state.update(heard(Line::Event(event.clone())));
    }
    // Looked at before the end: nothing new comes with it but the counts.
    state.update(Message::Frame { elapsed_ms: 16.0 });
    let fates = |state: &State| -> Vec<_> {
        let lanes = state.analysis().lanes.iter();
        let packets = lanes.flat_map(|lane| &lane.wire);
        packets.map(|packet| packet.fate).collect()
    };
    assert_eq!(fates(&state), [Fate::Unknown]);
    state.update(heard(Line::Ended(Ended {
        events: 2,
        why: Ending::Finished,
        missed: Some(0),
        dropped: Some(1),
    })));
    assert_eq!(fates(&state), [Fate::Dropped]);
}

#[test]
fn a_run_that_was_to_go_over_a_link_and_did_not_has_none_in_its_plan() {
    let mut state = online("", true);
    play(&mut state, 1, &[]);
    let knob = || Message::KnobSet(Knob::Link.into(), "rtt=40ms".to_owned());
    state.update(knob());
    let linked = state.experiment().clone();
    let run = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::SendToGateway(Request::Run { run, experiment }) => {
                Some((*run, (**experiment).clone()))
            }
            _ => None,
        })
    };
    let (number, asked) = run(&state.update(Message::Run)).expect("a run is asked for");
    assert_eq!(asked, linked);
    let without = Experiment {
        link: None,
        ..linked.clone()
    };
    state.update(begun(number, &without));
    let complaint = || {
        heard(Line::Error {
            message: "there is no link".to_owned(),
        })
    };
    state.update(complaint());
    state.update(ended());
    let plan = state.trace().and_then(|trace| trace.plan.as_ref());
    assert_eq!(plan, Some(&without), "the plan is what was run");
    assert_eq!(state.complaint(), Some("there is no link"));
    // Neither the address nor another run claims it.
    assert_eq!(state.experiment(), &without);
    assert!(!state.hash().contains("40ms"), "{}", state.hash());
    let (number, asked) = run(&state.update(Message::Run)).expect("a run is asked for");
    assert_eq!(asked, without);
    state.update(begun(number, &without));
    state.update(ended());

    // What was set meanwhile stays.
    state.update(knob());
    let (number, _) = run(&state.update(Message::Run)).expect("a run is asked for");
    let later = "rtt=50ms".to_owned();
    state.update(Message::KnobSet(Knob::Link.into(), later));
    state.update(begun(number, &without));
    state.update(ended());
    let plan = state.trace().and_then(|trace| trace.plan.as_ref());
    assert_eq!(plan, Some(&without));
    assert!(state.experiment().link.is_some());
    // A link that was there is in the plan.
    let (number, asked) = run(&state.update(Message::Run)).expect("a run is asked for");
    state.update(begun(number, &asked));
    state.update(ended());
    let plan = state.trace().and_then(|trace| trace.plan.as_ref());
    assert_eq!(plan, Some(&asked));
}
