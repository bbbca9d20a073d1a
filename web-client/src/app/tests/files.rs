//! Runs from files and into files.

use super::*;
use trace::lesson::Reference;
use trace::{RecordError, TraceError};

use crate::file::{self, FileError};
use crate::picture::Picture;
use crate::source::Source;

fn text(trace: &Trace) -> String {
    String::from_utf8(file::write(trace)).unwrap()
}

fn read(text: &str) -> Message {
    Message::FileRead {
        name: "run.jsonl".to_owned(),
        content: Ok(text.as_bytes().to_vec()),
    }
}

/// A run of some other experiment than any lesson's.
fn other() -> Trace {
    let mut trace = sample::five_sends();
    trace.plan.as_mut().unwrap().buffer = 77;
    trace.plan.as_mut().unwrap().echo = Some(true);
    trace
}

#[test]
fn a_file_comes_on_the_stage_with_its_knobs() {
    let mut state = online("#lesson=five-sends", false);
    state.update(Message::Guess(3));
    play(&mut state, 1, &events()[..5]);
    state.update(Message::Dragging(true));
    let effects = state.update(read(&text(&other())));
    assert_eq!(asked(&effects), [""; 0]);
    assert!(!state.is_dragging());
    assert_eq!(state.trace(), Some(&other()));
    assert_eq!(state.analysis(), &Analysis::new(&other()));
    assert_eq!(state.experiment(), &other().plan.unwrap());
    assert_eq!(state.status(), &Status::Done(Ending::Finished));
    assert_eq!((state.step(), state.guess()), (0, None));
    assert_eq!(state.opened().unwrap().name, "run.jsonl");
    assert_eq!(state.judged(), None);
    assert_eq!(state.hash(), "", "no link leads to it");
    assert!(!state.is_done("five-sends"));

    state.update(Message::KnobSet(Knob::Buffer.into(), "5".to_owned()));
    state.update(Message::KnobsReset);
    assert_eq!(state.experiment(), &other().plan.unwrap());
    let effects = state.update(Message::Run);
    assert!(matches!(
        &effects[..],
        [Effect::SendToGateway(Request::Run { experiment, .. }), Effect::ShowStage { smoothly: true }]
            if **experiment == other().plan.unwrap()
    ));
    play(&mut state, 2, &events());
    state.update(Message::Last);
    assert!(state.opened().unwrap().rerun);
    assert!(!state.is_done("five-sends"), "that was no lesson's run");
    assert!(!state.hash().contains("step"), "{}", state.hash());
    state.update(Message::LessonChosen("five-sends".to_owned()));
    assert_eq!(state.opened(), None);
    assert_eq!(state.experiment().buffer, 1024);
}

/// The link of a file leads to its lesson with its knobs, or there is none.
#[test]
fn a_file_has_a_link_where_the_link_leads_to_its_experiment() {
    let check = |change: fn(&mut Trace), lesson: &str, expected: &str| {
        let mut trace = sample::five_sends();
        trace.plan = Some(lessons()[1].experiment.clone());
        trace.plan.as_mut().unwrap().buffer = 77;
        trace.lesson = Some(Reference {
            id: "five-sends".to_owned(),
            predict: None,
            duel: None,
            words: None,
        });
        change(&mut trace);
        let mut state = online("#lesson=udp", false);
        state.update(read(&text(&trace)));
        assert_eq!(state.lesson().id, lesson);
        assert_eq!(state.hash(), expected);
        assert_eq!(state.opened().unwrap().is_of_lesson, lesson != "udp");
    };
    check(|_| {}, "five-sends", "lesson=five-sends&buffer=77");
    let framed = |trace: &mut Trace| trace.plan.as_mut().unwrap().echo = Some(true);
    check(framed, "five-sends", "");
    let unknown = |trace: &mut Trace| trace.lesson.as_mut().unwrap().id = "mine".to_owned();
    check(unknown, "udp", "");
    check(|trace| trace.lesson = None, "udp", "");
    let earlier = |trace: &mut Trace| {
        trace.lesson = None;
        trace.plan.as_mut().unwrap().buffer = 1024;
    };
    check(earlier, "five-sends", "lesson=five-sends");
}

#[test]
fn a_file_stops_the_run_that_goes_on() {
    let mut state = online("", false);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    state.update(heard(Line::Event(events().remove(0))));
    assert_eq!(asked(&state.update(read(&text(&other())))), ["stop"]);
    state.update(heard(Line::Event(events().remove(1))));
    state.update(ended());
    assert_eq!(state.trace(), Some(&other()), "late lines are not for it");
    assert_eq!((state.step(), state.events().len()), (0, 16));
}

/// A file that is none changes nothing but the notice.
fn check_refused(text: Result<String, FileError>, expected: &FileError) {
    let mut state = online("", true);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    state.update(heard(Line::Event(events().remove(0))));
    state.update(Message::Frame { elapsed_ms: 16.0 });
    let before = (
        state.trace().cloned(),
        state.status().clone(),
        state.hash(),
        state.step(),
        state.experiment().clone(),
    );
    let name = "x".repeat(500);
    let content = text.map(String::into_bytes);
    let effects = state.update(Message::FileRead { name, content });
    assert_eq!(effects, []);
    let (name, error) = state.refused_file().unwrap();
    assert_eq!((name.len(), error), (80, expected));
    let after = (
        state.trace().cloned(),
        state.status().clone(),
        state.hash(),
        state.step(),
        state.experiment().clone(),
    );
    assert_eq!(before, after);
    assert_eq!(state.opened(), None);
    state.update(heard(Line::Event(events().remove(1))));
    assert_eq!(state.events().len(), 2, "the run goes on");
    state.update(Message::Escape);
    assert_eq!(state.refused_file(), None);
}

#[test]
fn a_file_that_is_none_changes_nothing() {
    let good = text(&other());
    let cut = good.rsplit_once("{\"type\":\"ended\"").unwrap().0;
    let trace = FileError::Trace;
    check_refused(
        Ok(cut.to_owned()),
        &trace(RecordError::Truncated { line: 20 }.into()),
    );
    check_refused(Ok(String::new()), &trace(RecordError::Empty.into()));
    check_refused(Err(FileError::TooLarge), &FileError::TooLarge);
}

/// What was dropped.
fn dropped(content: Vec<u8>) -> Message {
    Message::FileRead {
        name: "some.pcap".to_owned(),
        content: Ok(content),
    }
}

#[test]
fn of_a_capture_the_connection_with_the_most_bytes_opens_and_others_can_be_chosen() {
    let mut state = online("", true);
    let content = sample::capture(&[(1, b"one"), (2, b"twenty-two"), (3, b"three"), (1, b"!")]);
    state.update(dropped(content));
    assert_eq!(state.refused_file(), None);
    let shown = |state: &State| {
        let trace = state.trace().expect("a record is on the stage");
        let bytes = trace.events().iter().map(|event| event.bytes.clone());
        let shown = state.source().and_then(Source::shown);
        (
            shown.map(|shown| shown.0),
            bytes.collect::<Vec<_>>().concat(),
        )
    };
    assert_eq!(shown(&state), (Some(1), b"twenty-two".to_vec()));
    assert_eq!(state.tab(), Tab::Yours);
    let listed = state.source().unwrap().connections().iter();
    let listed: Vec<_> = listed
        .map(|one| (one.connection.connection.0, one.summary.bytes[0]))
        .collect();
    assert_eq!(listed, [(0, 4), (1, 10), (2, 5)]);
    assert!(state.can_download() && state.opened().is_some());
    state.update(Message::ConnectionChosen(0));
    assert_eq!(shown(&state), (Some(0), b"one!".to_vec()));
    assert_eq!(state.opened().unwrap().name, "some.pcap");
    assert!(state.runs().is_empty(), "the list has them all");
    // A lesson is no capture; what is open stays open beside it.
    state.update(Message::LessonChosen("five-sends".to_owned()));
    assert!(state.source().is_none() && state.opened().is_none());
    state.update(Message::ConnectionChosen(1));
    assert!(state.opened().is_none(), "nothing of it is on the stage");
    state.update(Message::TabChosen(Tab::Yours));
    assert_eq!(shown(&state), (Some(0), b"one!".to_vec()));
    assert_eq!(state.opened().unwrap().name, "some.pcap");
    assert_eq!(state.hash(), "yours");
    state.update(Message::TabChosen(Tab::Learn));
    assert_eq!(state.lesson().id, "five-sends");
    assert!(state.trace().is_none() && state.can_run());
}

#[test]
fn a_capture_that_cannot_be_shown_changes_nothing() {
    let check = |content: Vec<u8>, expected: &FileError| {
        let mut state = online("", true);
        play(&mut state, 1, &events());
        state.update(dropped(content));
        assert_eq!(state.refused_file(), Some(("some.pcap", expected)));
        assert!(state.opened().is_none() && state.source().is_none());
    };
    check(sample::capture(&[]), &FileError::NoConnection);
    check(
        sample::capture(&[])[..10].to_vec(),
        &FileError::NoConnection,
    );
    let many = vec![(1, &b"x"[..]); file::MAX_EVENTS + 1];
    check(sample::capture(&many), &FileError::Packets);
}

#[test]
fn an_error_about_a_file_goes_with_the_next_act() {
    for next in [
        Message::Run,
        Message::LessonChosen("five-sends".to_owned()),
        read(&text(&other())),
    ] {
        let mut state = online("", true);
        play(&mut state, 1, &events());
        state.update(read("{}"));
        let (name, error) = state.refused_file().unwrap();
        let is_line = matches!(
            error,
            FileError::Trace(TraceError::Record(RecordError::Line { line: 1, .. }))
        );
        assert!(is_line && name == "run.jsonl", "{name}: {error:?}");
        state.update(next);
        assert_eq!(state.refused_file(), None);
    }
}

#[test]
fn with_a_file_open_the_lessons_address_leads_to_a_run_of_the_lesson() {
    let mut state = online("#lesson=five-sends&step=last", true);
    let lesson = state.lesson().experiment.clone();
    let mut trace = Trace::new(lesson, Head::new("Linux 1.0", Capture::On));
    trace.end(Ending::Stopped, None, None);
    state.update(read(&text(&trace)));
    let effects = state.update(Message::HashChanged("lesson=five-sends&step=3".to_owned()));
    assert_eq!(asked(&effects), ["run 2"]);
    assert_eq!(state.opened(), None);
}

fn saved(effects: &[Effect]) -> (&str, &[u8]) {
    let [Effect::SaveFile { name, bytes }] = effects else {
        panic!("{effects:?}");
    };
    (name, bytes)
}

#[test]
fn a_run_is_kept_as_a_file() {
    let mut state = online("", true);
    assert_eq!(state.update(Message::Download(Format::Trace)), []);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    assert!(!state.can_download());
    assert_eq!(state.update(Message::Download(Format::Trace)), []);
    for event in events() {
        state.update(heard(Line::Event(event)));
    }
    state.update(ended());
    let effects = state.update(Message::Download(Format::Trace));
    let (name, bytes) = saved(&effects);
    assert_eq!(name, "stickylab-udp.jsonl");
    let read_back = Trace::parse(std::str::from_utf8(bytes).unwrap()).unwrap();
    assert_eq!(Some(&read_back), state.trace());
    let effects = state.update(Message::Download(Format::Pcapng));
    let (name, bytes) = saved(&effects);
    assert_eq!(name, "stickylab-udp.pcapng");
    let expected = trace::pcapng::write(state.trace().unwrap(), state.analysis());
    assert_eq!(bytes, expected);

    state.update(read(&text(&other())));
    let effects = state.update(Message::Download(Format::Pcapng));
    assert_eq!(saved(&effects).0, "run.pcapng");
}

#[test]
fn the_stage_is_kept_as_a_picture_also_while_a_run_goes_on() {
    let mut state = online("", true);
    assert_eq!(state.update(Message::Picture(Picture::Svg)), []);
    let experiment = state.experiment().clone();
    state.update(begun(1, &experiment));
    let saved = |state: &mut State, picture| {
        let effects = state.update(Message::Picture(picture));
        let [
            Effect::SavePicture {
                picture: same,
                name,
            },
        ] = &effects[..]
        else {
            panic!("{effects:?}");
        };
        assert_eq!(*same, picture);
        name.clone()
    };
    assert_eq!(saved(&mut state, Picture::Svg), "stickylab-udp-bytes.svg");
    state.update(Message::ViewChosen(View::Time));
    assert_eq!(saved(&mut state, Picture::Png), "stickylab-udp-time.png");
    state.update(Message::PictureFailed);
    assert!(state.has_picture_failed());
    saved(&mut state, Picture::Svg);
    assert!(!state.has_picture_failed());
}
