//! An experiment again and again: which runs are asked for, what came of them, one of them
//! on the stage.

use trace::lesson::{Misconception, Shows};

use super::super::repeating::{MOST_ADDED, MOST_VALUE};
use super::*;
use crate::series::{Progress, Series, TIMES};

fn series(state: &State) -> &Series {
    state.series().expect("a series")
}

/// At the lesson that asks how many recv() calls it takes, which claims that it is not one.
fn at_lesson() -> State {
    let mut setup = setup("#lesson=five-sends", true);
    setup.lessons[1].shows = vec![Shows {
        misconception: Misconception::OneSendOneRecv,
        count: Count::ServerRecvs,
        least: 0,
        most: Some(1),
    }];
    let (mut state, _) = State::open(setup);
    state.update(hello());
    state
}

/// The number by which the run that was asked for is known, and what is to be run.
fn next(effects: &[Effect]) -> Option<(u32, Experiment)> {
    effects.iter().find_map(|effect| match effect {
        Effect::SendToGateway(Request::Run { run, experiment }) => {
            Some((*run, (**experiment).clone()))
        }
        _ => None,
    })
}

/// A run in which the server reads all at once, or in three calls.
fn observed(run: u32) -> Vec<Event> {
    if run.is_multiple_of(4) {
        return events();
    }
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"hello"),
        ("c1", Call::Send, b"abc"),
        ("s1", Call::Recv, b"helloabc"),
    ];
    sample::events(calls)
}

/// Plays the runs that are asked for, from this one, until so many are over; what was asked
/// for last.
fn play_all(state: &mut State, mut effects: Vec<Effect>, runs: u32) -> Vec<Effect> {
    for _ in 0..runs {
        let (run, experiment) = next(&effects).expect("a run is asked for");
        state.update(begun(run, &experiment));
        for event in observed(run) {
            state.update(heard(Line::Event(event)));
        }
        effects = state.update(ended());
    }
    effects
}

#[test]
fn two_hundred_runs_are_counted_and_each_bar_has_one_of_them() {
    let mut state = at_lesson();
    let effects = state.update(Message::Repeat);
    assert_eq!(asked(&effects), ["run 1"]);
    assert!(matches!(
        effects.last(),
        Some(Effect::ShowSeries { smoothly: false })
    ));
    assert!(state.is_repeating() && !state.can_repeat() && state.can_run());
    let effects = play_all(&mut state, effects, TIMES);
    assert_eq!(asked(&effects), [""; 0], "no run follows the last");
    let series = series(&state);
    assert_eq!(series.progress(), &Progress::Finished);
    let distribution = series.distribution();
    assert_eq!(distribution.runs(), 200);
    assert_eq!(
        (distribution.runs_with(0, 1), distribution.runs_with(0, 3)),
        (150, 50)
    );
    let [claim] = series.claims() else {
        panic!("one claim");
    };
    assert_eq!(
        (claim.misconception(), claim.runs),
        (Misconception::OneSendOneRecv, 150)
    );
    let bars = trace::distribution::of_counts(&distribution.counts[0].1, 16);
    assert_eq!(series.of_count(0, &bars[0]), Some(1));
    assert_eq!(series.of_count(0, &bars[1]), Some(4));
    let times = trace::distribution::of_times(&distribution.times(), 8);
    assert_eq!(series.of_time(&times[0]), Some(1));
    // Nothing came on the stage by itself.
    assert!(state.trace().is_none());

    // A bar opens its run, to be stepped through as any.
    assert_eq!(state.outcome_on_stage(), None);
    state.update(Message::ShowOutcome(4));
    assert_eq!(state.outcome_on_stage(), Some(4));
    assert_eq!((state.events().len(), state.step()), (16, 0));
    state.update(Message::StepBy(3));
    state.update(Message::ShowOutcome(1));
    assert_eq!((state.outcome_on_stage(), state.runs().len()), (Some(1), 1));
    state.update(Message::ShowOutcome(4));
    assert_eq!(
        (state.outcome_on_stage(), state.step()),
        (Some(4), 3),
        "as it was left"
    );
    assert_eq!(state.runs().len(), 1, "it is there once");
    assert!(state.update(Message::ShowOutcome(201)).is_empty());
    assert!(state.update(Message::ShowOutcome(0)).is_empty());
    assert_eq!(state.outcome_on_stage(), Some(4));
}

#[test]
fn a_guess_may_say_how_often_each_number_comes() {
    let mut state = at_lesson();
    state.update(Message::ForecastValue(3));
    state.update(Message::Forecast(1, 120));
    state.update(Message::Forecast(3, 90));
    // More than are left is refused, and kept until it fits.
    assert_eq!((state.forecast(3), state.unguessed()), (None, 80));
    assert_eq!(state.refused_forecast(3), Some(90));
    state.update(Message::Forecast(1, 110));
    assert_eq!(
        (state.forecast(3), state.refused_forecast(3)),
        (Some(90), None)
    );
    state.update(Message::Forecast(1, 120));
    assert_eq!(state.refused_forecast(1), Some(120));
    state.update(Message::Forecast(3, 60));
    assert_eq!(
        (state.forecast(1), state.refused_forecast(1)),
        (Some(120), None)
    );
    assert_eq!(state.unguessed(), 20);
    let effects = state.update(Message::Repeat);
    let effects = play_all(&mut state, effects, 100);
    assert_eq!(series(&state).right(), None, "not before all are over");
    // What is guessed now is about the next series.
    state.update(Message::Forecast(1, 0));
    play_all(&mut state, effects, 100);
    // 150 of 1 and 50 of 3: 120 and 50 were right.
    assert_eq!(series(&state).right(), Some(170));

    // A guess about one run is one about all.
    let mut state = at_lesson();
    let effects = state.update(Message::Guess(3));
    let (run, _) = next(&effects).expect("a run");
    play(&mut state, run, &events());
    let effects = state.update(Message::Repeat);
    play_all(&mut state, effects, TIMES);
    assert_eq!(series(&state).right(), Some(50));
    let mut state = at_lesson();
    let effects = state.update(Message::Repeat);
    play_all(&mut state, effects, TIMES);
    assert_eq!(
        (series(&state).guessed_count(), series(&state).right()),
        (None, None)
    );
}

#[test]
fn a_series_can_be_stopped_and_another_run_stops_it() {
    let mut state = at_lesson();
    let effects = state.update(Message::Repeat);
    let effects = play_all(&mut state, effects, 3);
    let (run, experiment) = next(&effects).expect("the fourth");
    state.update(begun(run, &experiment));
    assert_eq!(asked(&state.update(Message::StopRepeating)), ["stop"]);
    assert_eq!(series(&state).progress(), &Progress::Stopped);
    // Its last lines are no outcome.
    assert_eq!(asked(&state.update(ended())), [""; 0]);
    assert_eq!(series(&state).distribution().runs(), 3);
    assert!(state.can_repeat());

    let effects = state.update(Message::Repeat);
    let effects = play_all(&mut state, effects, 2);
    let (waiting, _) = next(&effects).expect("the third");
    assert_eq!(
        asked(&state.update(Message::Run)),
        ["stop", &format!("run {}", waiting + 1)]
    );
    assert_eq!(series(&state).progress(), &Progress::Stopped);
    play(&mut state, waiting + 1, &events());
    assert_eq!(state.events().len(), 16);
    assert_eq!(series(&state).distribution().runs(), 2);

    // Another lesson is about something else, and what was run stands where it belongs.
    let effects = state.update(Message::Repeat);
    play_all(&mut state, effects, 1);
    let effects = state.update(Message::LessonChosen("udp".to_owned()));
    assert_eq!(asked(&effects)[0], "stop");
    assert!(state.series().is_none() && !state.is_repeating());
    state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(series(&state).distribution().runs(), 1);
}

#[test]
fn a_run_that_the_connection_took_along_is_run_anew() {
    let mut state = at_lesson();
    let effects = state.update(Message::Repeat);
    let effects = play_all(&mut state, effects, 2);
    let (run, experiment) = next(&effects).expect("the third");
    state.update(begun(run, &experiment));
    state.update(heard(Line::Event(events()[2].clone())));
    state.update(Message::LinkDown);
    assert!(state.is_repeating());
    let effects = state.update(hello());
    assert_eq!(asked(&effects), [format!("run {}", run + 1)]);
    play_all(&mut state, effects, TIMES - 2);
    assert_eq!(series(&state).progress(), &Progress::Finished);
}

#[test]
fn what_the_gateway_refuses_ends_it_and_a_place_in_its_queue_is_told() {
    let mut state = at_lesson();
    let effects = state.update(Message::Repeat);
    let (run, _) = next(&effects).expect("a run");
    state.update(heard(Line::Queued { run, place: 3 }));
    assert_eq!(series(&state).place(), Some(3));
    let message = "run 1: too many runs".to_owned();
    state.update(heard(Line::Error {
        message: message.clone(),
    }));
    assert_eq!(series(&state).progress(), &Progress::Failed(message));
    assert!(state.can_repeat());
}

#[test]
fn each_run_over_a_link_has_other_chances_and_the_knobs_are_said_to_have_changed() {
    let mut state = at_lesson();
    let link = "loss=5%,seed=7".to_owned();
    state.update(Message::KnobSet(Knob::Link.into(), link));
    let mut effects = state.update(Message::Repeat);
    for seed in 7..10 {
        let (run, experiment) = next(&effects).expect("a run");
        let asked = experiment.link.as_deref().map(|link| link.seed);
        assert_eq!(asked, Some(seed));
        assert_eq!(run, u32::try_from(seed).expect("small") - 6);
        effects = play_all(&mut state, effects, 1);
    }
    state.update(Message::StopRepeating);
    state.update(Message::ShowOutcome(3));
    assert!(
        !state.is_series_other(),
        "another seed is no other experiment"
    );
    state.update(Message::KnobSet(Knob::Buffer.into(), "5".to_owned()));
    assert!(state.is_series_other());
}

#[test]
fn traces_are_let_go_of_where_there_is_no_room_for_all() {
    let mut state = at_lesson();
    let mut effects = state.update(Message::Repeat);
    let large = vec![b'x'; 1024 * 1024];
    for run in 1..=20 {
        let (number, experiment) = next(&effects).expect("a run");
        state.update(begun(number, &experiment));
        let end = if run == 18 {
            large.len() / 2
        } else {
            large.len()
        };
        let calls: &[(&str, Call, &[u8])] = &[
            ("c1", Call::Send, &large[..end]),
            ("s1", Call::Recv, &large[..end]),
        ];
        for event in sample::events(calls) {
            state.update(heard(Line::Event(event)));
        }
        effects = state.update(ended());
    }
    let series = series(&state);
    let kept = (1..=20).filter(|run| series.outcome(*run).is_some());
    // 16 MiB: the first of each outcome, and of the others those that came first.
    let kept: Vec<_> = kept.collect();
    assert_eq!(kept, [1, 2, 3, 4, 5, 6, 7, 18]);
    assert_eq!(series.distribution().runs(), 20);
}

#[test]
fn each_refused_guess_waits_until_it_fits() {
    let mut state = at_lesson();
    state.update(Message::ForecastValue(7));
    state.update(Message::Forecast(1, 200));
    state.update(Message::Forecast(5, 30));
    state.update(Message::Forecast(7, 40));
    let refused = |state: &State| [1, 5, 7].map(|value| state.refused_forecast(value));
    assert_eq!(refused(&state), [None, Some(30), Some(40)]);
    state.update(Message::Forecast(1, 170));
    assert_eq!(refused(&state), [None, None, Some(40)]);
    state.update(Message::Forecast(1, 130));
    assert_eq!(refused(&state), [None; 3]);
    assert_eq!((state.forecast(5), state.unguessed()), (Some(30), 0));
    // Nothing is guessed about what is not there.
    assert_eq!(state.update(Message::Forecast(8, 10)), []);
    assert_eq!((state.forecast(8), state.refused_forecast(8)), (None, None));
}

/// At the lesson, behind a run of the one about UDP, with a series that goes on.
fn behind_another() -> (State, u32) {
    let mut state = at_lesson();
    let (run, _) = next(&state.update(Message::LessonChosen("udp".to_owned()))).expect("a run");
    play(&mut state, run, &events());
    let other = state.about().number;
    state.update(Message::LessonChosen("five-sends".to_owned()));
    (state, other)
}

#[test]
fn numbers_that_are_not_offered_can_be_added_to_the_guess() {
    let mut state = at_lesson();
    assert_eq!(state.forecast_values(), [1, 5]);
    for value in [7, 5, 7, MOST_VALUE + 1, 0] {
        state.update(Message::ForecastValue(value));
    }
    assert_eq!(state.forecast_values(), [1, 5, 7, 0]);
    state.update(Message::Forecast(7, 200));
    assert_eq!((state.forecast(7), state.unguessed()), (Some(200), 0));
    // As many as there is room for.
    for value in 100..200 {
        state.update(Message::ForecastValue(value));
    }
    assert!(!state.can_add_forecast());
    assert_eq!(state.forecast_values().len(), 2 + MOST_ADDED);
    // Another lesson has none of them, nor has one that asks for nothing any.
    state.update(Message::LessonChosen("udp".to_owned()));
    state.update(Message::ForecastValue(9));
    assert_eq!(state.forecast_values(), [0; 0]);
    state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(state.forecast_values(), [1, 5]);
}

#[test]
fn a_run_of_another_lesson_ends_the_series_and_no_guess_goes_along() {
    let (mut state, other) = behind_another();
    state.update(Message::Forecast(1, 120));
    let effects = state.update(Message::Repeat);
    play_all(&mut state, effects, 2);
    assert_eq!(asked(&state.update(Message::ShowRun(other))), ["stop"]);
    assert_eq!(state.lesson().id, "udp");
    assert!(!state.is_repeating() && state.can_repeat());
    assert_eq!((state.forecast(1), state.unguessed()), (None, TIMES));
    // What came until then is where it belongs.
    state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(series(&state).progress(), &Progress::Stopped);
    assert_eq!(series(&state).distribution().runs(), 2);

    let (mut state, other) = behind_another();
    let (run, _) = next(&state.update(Message::Run)).expect("a run");
    play(&mut state, run, &events());
    let own = state.about().number;
    state.update(Message::Compare(other));
    state.update(Message::Repeat);
    assert_eq!(asked(&state.update(Message::CloseComparison)), ["stop"]);
    assert_eq!(state.lesson().id, "udp");
    assert!(!state.is_repeating());

    // A run of the same lesson leaves it alone, and the guess about it.
    state.update(Message::ShowRun(own));
    state.update(Message::Forecast(1, 120));
    let (run, _) = next(&state.update(Message::Run)).expect("a run");
    play(&mut state, run, &events());
    state.update(Message::Repeat);
    assert_eq!(asked(&state.update(Message::ShowRun(own))), [""; 0]);
    assert!(state.is_repeating());
    assert_eq!(state.forecast(1), Some(120));
}

#[test]
fn a_lesson_file_that_is_refused_ends_no_series() {
    let mut state = at_lesson();
    state.update(Message::Repeat);
    state.update(Message::FileRead {
        name: "mine.toml".to_owned(),
        content: Ok(b"a = 1".to_vec()),
    });
    let message = "this gateway reads no files".to_owned();
    state.update(heard(Line::Error { message }));
    assert_eq!(series(&state).progress(), &Progress::GoesOn);
    assert!(state.refused_file().is_some());
}

#[test]
fn a_series_without_the_link_that_it_was_to_have_asks_for_none_any_more() {
    let mut state = at_lesson();
    let link = Message::KnobSet(Knob::Link.into(), "rtt=40ms".to_owned());
    state.update(link);
    let effects = state.update(Message::Repeat);
    let (run, asked) = next(&effects).expect("a run is asked for");
    assert!(asked.link.is_some());
    let without = Experiment {
        link: None,
        ..asked
    };
    state.update(begun(run, &without));
    let message = "there is no link".to_owned();
    state.update(heard(Line::Error { message }));
    assert_eq!(state.complaint(), Some("there is no link"));
    let effects = state.update(ended());
    let (_, asked) = next(&effects).expect("a run is asked for");
    assert_eq!(asked.link, None);
    assert_eq!(state.experiment().link, None);
    assert!(!state.is_series_other());
    let trace = series(&state).outcome(1).expect("it is kept");
    assert_eq!(
        trace.plan.as_ref().map(|plan| plan.link.is_some()),
        Some(false)
    );
}
