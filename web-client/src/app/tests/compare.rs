//! Proving a cause: two runs on one stage.

use trace::cause::{Boundary, Cause, Change};
use trace::lane::Direction;

use super::*;
use trace::counterfactual::Counterfactual;

use crate::comparison::{Difference, Outcome, Tally};
use crate::language::Language;

fn late() -> Counterfactual {
    Counterfactual {
        knob: Knob::ReadDelay,
        value: "0".to_owned(),
    }
}

/// A run of the lesson with a late reader, over and on the stage.
fn over() -> State {
    let mut state = online("#lesson=five-sends&read-delay=200&step=last", true);
    play(&mut state, 1, &events());
    state
}

#[test]
fn a_counterfactual_runs_again_with_one_knob_turned_and_keeps_the_run_before() {
    let mut state = over();
    let (trace, analysis) = (state.trace().unwrap().clone(), state.analysis().clone());
    // What was typed since the run would be a second difference.
    state.update(Message::KnobSet(Knob::Buffer.into(), "5".to_owned()));
    assert_eq!(asked(&state.update(Message::Prove(late()))), ["run 2"]);
    let turned = (state.experiment().read_delay_ms, state.experiment().buffer);
    assert_eq!(turned, (0, 1024));
    assert!(state.earlier().is_none(), "nothing to compare with yet");
    assert_eq!(state.trace(), Some(&trace), "the run before stays");

    let now = &events()[..8];
    play(&mut state, 2, now);
    let earlier = state.earlier().unwrap();
    assert_eq!((&earlier.trace, &earlier.analysis), (&trace, &analysis));
    assert_eq!(earlier.about.number, 1);
    assert_eq!(state.about().number, 2);
    assert_eq!(state.events(), now);
    assert_eq!(state.step(), 8, "at its end");
    assert!(!state.player().is_playing());
    assert_eq!(state.counterfactual(), None, "one counterfactual at a time");
    assert_eq!(
        state.hash(),
        "lesson=five-sends&step=8",
        "the turned knob is back where the lesson has it"
    );
    let tally = |sends, recvs| Tally {
        sends,
        recvs,
        ..Tally::of(state.trace().unwrap(), state.analysis())
    };
    let outcome = state.outcome().unwrap();
    assert_eq!(outcome.now, tally(3, 1));
    assert_eq!((outcome.before.sends, outcome.before.recvs), (5, 3));

    let later = state.trace().cloned();
    state.update(Message::CloseComparison);
    assert_eq!(state.trace(), Some(&trace), "the run before is back");
    assert_eq!(state.analysis(), &analysis);
    assert_eq!(state.experiment().read_delay_ms, 200, "with its knobs");
    assert!(!state.is_changed());
    let numbers: Vec<_> = state.runs().iter().map(|run| run.about.number).collect();
    assert_eq!(numbers, [2], "the later one is kept");
    state.update(Message::Compare(2));
    assert_eq!(state.earlier().unwrap().trace, later.clone().unwrap());
    state.update(Message::ShowRun(2));
    assert!(state.earlier().is_none());
    assert_eq!(state.trace(), later.as_ref());
}

#[test]
fn two_runs_tell_what_was_observed_in_them() {
    use Difference::{Fewer, Later, More, Same, Sooner};
    let check = |before: (usize, usize, u64), now: (usize, usize, u64), is_waiting, expected| {
        let tally = |(moved, lost, slowest): (usize, usize, u64)| Tally {
            moved,
            lost,
            slowest: (slowest > 0).then_some(protocol::Nanos::from_millis(slowest)),
            ..Tally::default()
        };
        let outcome = Outcome {
            before: tally(before),
            now: tally(now),
            is_waiting,
        };
        assert_eq!(outcome.difference(), expected, "{before:?} {now:?}");
    };
    check((5, 0, 0), (0, 0, 0), false, Fewer);
    check((1, 4, 0), (2, 1, 0), false, Fewer);
    check((3, 0, 0), (3, 0, 0), false, Same);
    check((0, 0, 0), (0, 0, 0), true, Same);
    check((0, 0, 0), (1, 0, 0), false, More);
    // Waiting counts where the knob is Nagle's, and before boundaries: a
    // reader that need not wait may take more at once.
    check((2, 0, 44), (2, 0, 3), true, Sooner);
    check((2, 0, 3), (2, 0, 44), true, Later);
    check((2, 0, 44), (2, 0, 43), true, Same);
    check((2, 0, 44), (2, 0, 0), true, Same);
    check((2, 0, 44), (2, 0, 3), false, Same);
    check((1, 0, 44), (5, 0, 3), true, Sooner);
    check((1, 0, 9), (5, 0, 3), true, More);
    check((5, 0, 9), (1, 0, 3), true, Fewer);
}

#[test]
fn a_counterfactual_about_waiting_compares_the_slowest_replies() {
    let nagle = Counterfactual {
        knob: Knob::Nagle,
        value: "off".to_owned(),
    };
    let mut state = online("#lesson=five-sends&nagle=on&step=last", true);
    let mut slow = events();
    let reply = slow
        .iter_mut()
        .find(|e| e.call == Call::Recv && e.end == trace::End::Opener);
    reply.unwrap().took = protocol::Nanos(44_000_000);
    play(&mut state, 1, &slow);
    state.update(Message::Prove(nagle));
    play(&mut state, 2, &events());
    let outcome = state.outcome().unwrap();
    let slowest = |tally: Tally| tally.slowest.unwrap().0;
    assert_eq!(slowest(outcome.before), 44_000_000);
    assert_eq!(slowest(outcome.now), 2_000);
    assert_eq!(outcome.difference(), Difference::Sooner);
}

/// What ends a comparison.
#[expect(clippy::needless_pass_by_value, reason = "messages stand in the calls")]
fn check_closed_by(message: Message) {
    let mut state = over();
    state.update(Message::Prove(late()));
    play(&mut state, 2, &events());
    assert!(state.earlier().is_some());
    state.update(Message::StepBy(-3));
    state.update(Message::Select(Target::Event(2)));
    state.update(Message::ViewChosen(View::Time));
    state.update(Message::LanguageChosen(Language::of("zh").unwrap()));
    assert!(state.earlier().is_some(), "looking about does not end it");
    let revision = state.revision();
    state.update(message.clone());
    assert!(state.earlier().is_none(), "{message:?}");
    assert_eq!(state.outcome(), None, "{message:?}");
    assert!(state.revision() > revision, "{message:?}");
}

#[test]
fn a_comparison_ends_with_another_run_lesson_or_knob() {
    check_closed_by(Message::CloseComparison);
    check_closed_by(Message::Run);
    check_closed_by(Message::LessonChosen("udp".to_owned()));
    check_closed_by(Message::KnobSet(Knob::Buffer.into(), "7".to_owned()));
    check_closed_by(Message::KnobsReset);
    check_closed_by(Message::HashChanged("#lesson=udp".to_owned()));
}

#[test]
fn a_counterfactual_waits_for_the_end_of_a_run_and_for_the_gateway() {
    let mut state = online("#lesson=five-sends&step=last", true);
    assert_eq!(asked(&state.update(Message::Prove(late()))), [""; 0]);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    assert_eq!(asked(&state.update(Message::Prove(late()))), [""; 0]);
    state.update(ended());
    state.update(Message::LinkDown);
    assert_eq!(asked(&state.update(Message::Prove(late()))), [""; 0]);
    assert_eq!(state.status(), &Status::Starting);
    assert_eq!(asked(&state.update(hello())), ["run 2"]);
    play(&mut state, 2, &events());
    assert!(state.earlier().is_some());
}

#[test]
fn a_counterfactual_that_is_refused_or_stopped_compares_nothing() {
    let mut state = over();
    let impossible = Counterfactual {
        knob: Knob::Buffer,
        value: "0".to_owned(),
    };
    assert_eq!(asked(&state.update(Message::Prove(impossible))), [""; 0]);
    assert_eq!(state.experiment().buffer, 1024);
    state.update(Message::Prove(late()));
    state.update(heard(Line::Error {
        message: "too many".to_owned(),
    }));
    assert_eq!(asked(&state.update(Message::Run)), ["run 3"]);
    play(&mut state, 3, &events());
    assert!(state.earlier().is_none(), "that run was no proof");
}

#[test]
fn nobody_guessed_the_run_of_a_proof_and_the_guess_of_the_run_before_stays() {
    let mut state = online("#lesson=five-sends&read-delay=200", true);
    state.update(Message::Guess(5));
    play(&mut state, 1, &events());
    let judged = Some(Judged {
        guess: 5,
        actual: 3,
    });
    assert_eq!(state.judged(), judged);
    state.update(Message::Prove(late()));
    play(&mut state, 2, &events()[..8]);
    assert_eq!((state.judged(), state.guess()), (None, None));
    assert!(state.outcome().is_some());
    state.update(Message::CloseComparison);
    assert_eq!(state.judged(), judged, "it was wrong and stays wrong");
    state.update(Message::ShowRun(2));
    assert_eq!(state.judged(), None);
    // The same experiment again is guessed already.
    state.update(Message::ShowRun(1));
    state.update(Message::Run);
    play(&mut state, 3, &events());
    assert_eq!(state.judged(), judged);
    state.update(Message::KnobSet(Knob::Buffer.into(), "7".to_owned()));
    state.update(Message::Run);
    play(&mut state, 4, &events());
    assert_eq!((state.judged(), state.guess()), (None, None));
}

#[test]
fn a_guess_is_made_before_anything_is_drawn_and_judged_at_the_end() {
    let mut state = online("#lesson=five-sends", false);
    assert!(state.can_guess());
    state.update(Message::Guess(5));
    assert!(!state.can_guess());
    play(&mut state, 1, &events());
    assert_eq!((state.guess(), state.judged()), (Some(5), None), "it plays");
    assert_eq!(asked(&state.update(Message::Guess(3))), [""; 0]);
    state.update(Message::Last);
    assert_eq!(state.judged().map(|judged| judged.actual), Some(3));
    state.update(Message::First);
    assert!(state.judged().is_some(), "it was seen");
    assert!(!state.can_guess(), "everybody sees what happened");
    state.update(Message::KnobSet(Knob::Buffer.into(), "7".to_owned()));
    assert!(state.can_guess(), "another experiment");
    assert_eq!(asked(&state.update(Message::Guess(3))), ["run 2"]);
}

/// The gap between the sends of a lesson about the key is not what it is about.
#[test]
fn what_a_lesson_does_not_ask_for_is_offered_only_where_it_happened() {
    let wired = sample::wired(&sample::five_sends()).events().to_vec();
    let over = |count| {
        let mut setup = setup("#lesson=five-sends&read-delay=200&step=last", true);
        setup.lessons[1].predict.as_mut().unwrap().count = count;
        let (mut state, _) = State::open(setup);
        state.update(hello());
        play(&mut state, 1, &wired);
        state
    };
    let offered = over(Count::ServerRecvs).counterfactual();
    assert!(offered.is_some(), "the lesson is about it");
    let mut state = over(Count::Replied);
    assert_eq!(state.counterfactual(), None, "at the end nothing moved");
    let here = (0..=wired.len()).find_map(|step| {
        state.update(Message::StepTo(step));
        state.counterfactual()
    });
    assert_eq!(here, offered, "where it happened");
}

#[test]
fn the_runs_of_a_visit_are_kept_with_their_lessons_and_files() {
    let mut state = online("", true);
    play(&mut state, 1, &events()[..4]);
    state.update(Message::LessonChosen("five-sends".to_owned()));
    state.update(Message::Guess(3));
    play(&mut state, 2, &events());
    state.update(Message::StepTo(5));
    let numbers = |state: &State| -> Vec<_> {
        let runs = state.runs().iter();
        runs.map(|run| (run.about.number, run.lesson)).collect()
    };
    assert_eq!(numbers(&state), [(1, 0)]);
    state.update(Message::ShowRun(1));
    assert_eq!(numbers(&state), [(2, 1)]);
    assert_eq!(
        (state.lesson().id.as_str(), state.events().len()),
        ("udp", 4)
    );
    state.update(Message::ShowRun(2));
    assert_eq!(
        (state.lesson().id.as_str(), state.step()),
        ("five-sends", 5)
    );
    state.update(Message::Compare(1));
    assert_eq!(state.earlier().map(|run| run.about.number), Some(1));
    for nothing in [
        Message::ShowRun(7),
        Message::Compare(2),
        Message::Compare(7),
    ] {
        state.update(nothing);
        assert_eq!(state.earlier().map(|run| run.about.number), Some(1));
    }
}

#[test]
fn a_tally_counts_what_the_clients_sent_and_the_server_got() {
    let trace = sample::five_sends();
    let mut analysis = Analysis::new(&trace);
    for lane in &mut analysis.lanes {
        let change = |change| Boundary {
            offset: protocol::Offset(5),
            change,
            cause: Cause::Unknown,
            event: 2,
        };
        lane.boundaries = vec![change(Change::Vanished), change(Change::Lost)];
        if lane.direction == Direction::FromOpener {
            lane.boundaries.push(change(Change::Appeared));
        }
    }
    let tally = Tally {
        sends: 5,
        recvs: 3,
        moved: 2,
        lost: 1,
        slowest: Some(protocol::Nanos(2_000)),
    };
    assert_eq!(Tally::of(&trace, &analysis), tally);
    assert_eq!(tally.changed(), 3);
}

#[test]
fn the_code_follows_the_program_that_called_and_packets_change_nothing() {
    let mut events = events();
    let packet = Event {
        bytes: b"hello".to_vec(),
        header: Some(trace::Header::default()),
        ..Event::new(events[2].at, trace::ClientId::FIRST.opener(), Call::Segment)
    };
    events.insert(3, packet);
    let mut state = online("", true);
    play(&mut state, 1, &events);
    let role = |state: &mut State, step| {
        state.update(Message::StepTo(step));
        state.role()
    };
    assert_eq!(role(&mut state, 2), Role::Server, "accept");
    assert_eq!(role(&mut state, 3), Role::Client, "send");
    state.update(Message::CodeRole(Role::Server));
    assert_eq!(role(&mut state, 4), Role::Server, "a packet");
    assert_eq!(state.current().unwrap().1.call, Call::Segment);
    assert_eq!(role(&mut state, 5), Role::Client, "send");
    assert_eq!(role(&mut state, 0), Role::Client, "nothing has happened");
    state.update(Message::CodeRole(Role::Server));
    state.update(Message::Help);
    assert_eq!(state.role(), Role::Server, "what was chosen stays");
}

#[test]
fn the_knob_offered_is_that_of_the_event_in_focus_else_of_the_first_that_has_one() {
    use Call::{Recv, Send};
    let mut state = online(
        "#lesson=five-sends&read-delay=200&buffer=8&messages=hello%0Aabc%0A0123456789&step=last",
        true,
    );
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Send, b"hello"),
        ("c1", Send, b"abc"),
        ("s1", Recv, b"helloabc"),
        ("c1", Send, b"0123456789"),
        ("s1", Recv, b"01234567"),
        ("s1", Recv, b"89"),
    ];
    let experiment = state.experiment().clone();
    let mut events = sample::wired(&sample::trace(experiment, calls))
        .events()
        .to_vec();
    for event in events.iter_mut().filter(|event| event.call == Recv) {
        event.asked = 8;
    }
    play(&mut state, 1, &events);
    let recvs = events.iter().enumerate().filter(|(_, e)| e.call == Recv);
    let recvs: Vec<_> = recvs.map(|(index, _)| index).collect();
    let trace = state.trace().unwrap().clone();
    let analysis = state.analysis().clone();
    let late = trace::counterfactual::counterfactual_at(&trace, &analysis, recvs[0]);
    let small = trace::counterfactual::counterfactual_at(&trace, &analysis, recvs[1]);
    assert_eq!(small.as_ref().unwrap().knob, Knob::Buffer);
    assert_ne!(late.as_ref().unwrap().knob, Knob::Buffer);
    assert_eq!(
        state.counterfactual(),
        late,
        "at the end: the first of the run"
    );
    state.update(Message::Select(Target::Event(recvs[1])));
    assert_eq!(state.counterfactual(), small);
    state.update(Message::ClearSelection);
    state.update(Message::StepTo(recvs[1] + 1));
    assert_eq!(state.counterfactual(), small);
    state.update(Message::StepTo(recvs[0] + 1));
    assert_eq!(state.counterfactual(), late);
    state.update(Message::First);
    assert_eq!(state.counterfactual(), late);
    let counterfactual = state.counterfactual().unwrap();
    state.update(Message::Prove(counterfactual));
    assert_eq!(state.counterfactual(), None, "while it runs");
}
