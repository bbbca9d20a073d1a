//! The Lab: its experiment, its clients, what is kept of it.

use super::*;
use trace::ClientId;
use trace::knob::Setting;

fn in_lab() -> State {
    let mut state = online("", true);
    state.update(Message::TabChosen(Tab::Lab));
    state
}

fn of(knob: Knob, client: ClientId) -> Setting {
    Setting::of(knob, client).unwrap()
}

fn set(state: &mut State, setting: impl Into<Setting>, value: &str) -> Vec<Effect> {
    state.update(Message::KnobSet(setting.into(), value.to_owned()))
}

/// What the browser keeps.
fn saved(effects: &[Effect]) -> Option<&Settings> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::SaveSettings(settings) => Some(settings),
        _ => None,
    })
}

#[test]
fn the_lab_runs_an_experiment_of_no_lesson() {
    let mut state = in_lab();
    assert_eq!(state.tab(), Tab::Lab);
    assert_eq!(state.hash(), "lab");
    assert!(state.trace().is_none() && !state.can_guess());
    set(&mut state, Knob::System, "length-prefix");
    set(&mut state, Knob::Buffer, "4");
    assert_eq!(asked(&state.update(Message::Run)), ["run 2"]);
    play(&mut state, 2, &events());
    state.update(Message::Last);
    assert!(state.can_download());
    assert!(!state.is_done("udp") && state.judged().is_none());
    let steps = events().len();
    let expected = format!("lab&step={steps}&system=length-prefix&buffer=4");
    assert_eq!(state.hash(), expected);
    // The lesson is as it was, and the Lab, too.
    state.update(Message::TabChosen(Tab::Learn));
    assert_eq!(state.experiment(), &state.lesson().experiment);
    state.update(Message::TabChosen(Tab::Lab));
    assert_eq!(Knob::Buffer.get(state.experiment()), "4");
    // Its runs lead back to it.
    state.update(Message::TabChosen(Tab::Learn));
    state.update(Message::ShowRun(1));
    assert_eq!(state.tab(), Tab::Lab);
    assert_eq!(state.events().len(), steps);
}

#[test]
fn an_address_of_the_lab_leads_to_it_and_runs_nothing() {
    let (mut state, effects) = open("#lab&system=auth&clients=2&gap.2=7&key.2=x%20y", true);
    assert_eq!(state.tab(), Tab::Lab);
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!(asked(&state.update(hello())), [""; 0]);
    let gaps = state
        .experiment()
        .clients
        .iter()
        .map(|client| client.gap_us);
    assert_eq!(gaps.collect::<Vec<_>>(), [0, 7]);
    assert_eq!(state.experiment().clients[1].key, "x y");
    assert_eq!(state.hash(), "lab&system=auth&clients=2&key2=x%20y&gap.2=7");
    assert_eq!(state.faults(), []);
    let (state, _) = open("#lab&step=1", true);
    assert_eq!(*state.status(), Status::Starting, "a step is one of a run");
    let (state, _) = open("#lab&buffer=0&colour=red", true);
    assert_eq!(state.faults().len(), 2);
}

#[test]
fn the_lab_is_kept_between_visits() {
    let mut state = in_lab();
    let effects = set(&mut state, Knob::Messages, "a\n粘");
    let kept = saved(&effects).expect("it is kept").clone();
    let line = crate::settings::write(&kept);
    let settings = crate::settings::read(&line, Settings::default().language);
    let reopened = |hash: &str| {
        State::open(Setup {
            settings: settings.clone(),
            ..setup(hash, true)
        })
        .0
    };
    let mut state = reopened("");
    state.update(Message::TabChosen(Tab::Lab));
    assert_eq!(Knob::Messages.get(state.experiment()), "a\n粘");
    assert_eq!(
        reopened("#lab").hash(),
        "lab&messages=a%0A%E7%B2%98",
        "a bare address leads to what was kept"
    );
    assert_eq!(reopened("#lab&buffer=3").hash(), "lab&buffer=3");
    // A lesson's knobs are not.
    let mut state = online("", true);
    assert_eq!(saved(&set(&mut state, Knob::Buffer, "4")), None);
}

#[test]
fn clients_come_and_go() {
    let mut state = in_lab();
    assert!(state.can_add_client());
    let first = || of(Knob::Messages, ClientId::FIRST);
    let second = || of(Knob::Messages, ClientId::SECOND);
    state.update(Message::ClientAdded);
    set(&mut state, second(), "two");
    assert_eq!(first().get(state.experiment()), "hello\nworld");
    assert_eq!(second().get(state.experiment()), "two");
    assert!(state.lab_settings().contains(&second()));
    state.update(Message::ClientRemoved(ClientId::FIRST));
    assert_eq!(first().get(state.experiment()), "two");
    assert!(!state.lab_settings().contains(&second()));
    state.update(Message::ClientRemoved(ClientId::FIRST));
    assert_eq!(state.experiment().clients.len(), 1, "the last one stays");
    for _ in 0..20 {
        state.update(Message::ClientAdded);
    }
    assert_eq!(
        state.experiment().clients.len(),
        trace::experiment::MAX_CLIENTS
    );
    assert!(!state.can_add_client());
    // A lesson's clients are its own.
    state.update(Message::TabChosen(Tab::Learn));
    state.update(Message::ClientAdded);
    assert_eq!(state.experiment().clients.len(), 1);
}

#[test]
fn every_mistake_is_told_at_its_field() {
    let mut state = in_lab();
    state.update(Message::ClientAdded);
    let gap = of(Knob::Gap, ClientId::SECOND);
    set(&mut state, Knob::Buffer, "0");
    set(&mut state, gap, "soon");
    assert_eq!(state.mistakes().count(), 2);
    for setting in [Knob::Buffer.into(), gap] {
        let Some(Mistake::Knob(told, ..)) = state.mistake_at(setting) else {
            panic!("{setting}");
        };
        assert_eq!(told, setting);
    }
    assert_eq!(state.mistake_at(of(Knob::Gap, ClientId::FIRST)), None);
    assert!(!state.can_run());
    set(&mut state, Knob::Buffer, "5");
    assert_eq!(state.mistakes().count(), 1);
    // With the client goes what was wrong with it.
    state.update(Message::ClientRemoved(ClientId::SECOND));
    assert!(state.can_run());
    let messages = of(Knob::Messages, ClientId::FIRST);
    set(&mut state, messages, "hex:0");
    assert!(state.mistake_at(messages).is_some());
    state.update(Message::KnobsReset);
    assert!(state.can_run() && state.hash() == "lab");
}

#[test]
fn a_lesson_is_opened_in_the_lab_as_its_knobs_stand() {
    let mut state = online("#lesson=five-sends", true);
    set(&mut state, Knob::Buffer, "6");
    state.update(Message::OpenInLab);
    assert_eq!(state.tab(), Tab::Lab);
    assert_eq!(state.opened().unwrap().name, "five-sends");
    assert_eq!(Knob::Buffer.get(state.experiment()), "6");
    // What it is reset to is the lesson's, in another visit, too.
    state.update(Message::KnobsReset);
    assert_eq!(state.experiment(), &lessons()[1].experiment);
    // Whoever goes back finds the lesson.
    state.update(Message::HashChanged("#lesson=five-sends".to_owned()));
    assert_eq!((state.tab(), state.opened()), (Tab::Learn, None));
}

/// Whatever an experiment has is in its address.
#[test]
fn all_of_a_lesson_is_in_the_address_of_the_lab() {
    for lesson in crate::catalog::lessons() {
        let mut state = online("", true);
        let experiment = lesson.experiment.clone();
        state.begin_in_lab(String::new(), experiment, None, &mut Vec::new());
        let (reached, _) = open(&state.hash(), true);
        for setting in Setting::all(&lesson.experiment) {
            let expected = setting.get(&lesson.experiment);
            let found = setting.get(reached.experiment());
            assert_eq!(found, expected, "{setting} of {}", lesson.id);
        }
        assert_eq!(
            reached.experiment().rules(),
            lesson.experiment.rules(),
            "{}",
            lesson.id
        );
    }
}

/// The name and the lesson of the file that is given to the reader.
fn file(effects: &[Effect]) -> (String, Lesson) {
    let [Effect::SaveLesson { name, lesson }] = effects else {
        panic!("{effects:?}");
    };
    (name.clone(), (**lesson).clone())
}

/// What the file says that is given to the reader.
fn written(effects: &[Effect]) -> String {
    let (_, mut lesson) = file(effects);
    lesson.words = crate::catalog::lesson_words(&lesson);
    trace::lesson::file::write(&lesson)
}

/// Each lesson of the program, opened in the Lab and changed there, is that lesson again in
/// the file that it is saved as: with its words in each language, its guess, its wrong decoder
/// and what it claims.
#[test]
fn a_lesson_that_is_saved_from_the_lab_is_the_same_but_for_its_experiment() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../static/lessons/");
    for lesson in crate::catalog::lessons() {
        let id = &lesson.id;
        let (mut state, _) = State::open(Setup {
            lessons: crate::catalog::lessons(),
            ..setup(&["#lesson=", id].concat(), true)
        });
        state.update(Message::OpenInLab);
        set(&mut state, Knob::Buffer, "77");
        let effects = state.update(Message::SaveLesson);
        assert_eq!(file(&effects).0, ["my-", id, ".toml"].concat());
        let text = written(&effects);
        let read = trace::lesson::file::parse(id, &text);
        let read = read.unwrap_or_else(|error| panic!("{id}: {error}\n{text}"));
        let source = std::fs::read_to_string([folder, id, ".toml"].concat()).unwrap();
        let mut expected = trace::lesson::file::parse(id, &source).unwrap();
        expected.words = crate::catalog::lesson_words(&lesson);
        assert!(expected.words.iter().count() >= 2, "{id}");
        expected.experiment.buffer = 77;
        assert_eq!(read, expected, "{id}");
    }
}

#[test]
fn the_lab_knows_in_another_visit_which_lesson_it_began_with() {
    let mut state = online("#lesson=five-sends", true);
    state.update(Message::OpenInLab);
    let effects = set(&mut state, Knob::Buffer, "7");
    let line = crate::settings::write(saved(&effects).expect("it is kept"));
    let reopened = |hash: &str| {
        let settings = crate::settings::read(&line, Settings::default().language);
        let setup = Setup {
            settings,
            ..setup(hash, true)
        };
        State::open(setup).0
    };
    for hash in ["#lab", state.hash().as_str()] {
        let mut again = reopened(hash);
        assert_eq!(again.opened().unwrap().name, "five-sends", "{hash}");
        let (name, lesson) = file(&again.update(Message::SaveLesson));
        assert_eq!(name, "my-five-sends.toml");
        assert_eq!(lesson.predict, lessons()[1].predict);
        assert_eq!(lesson.experiment.buffer, 7);
        again.update(Message::KnobsReset);
        assert_eq!(again.experiment(), &lessons()[1].experiment);
    }
    // An address with another experiment began with nothing.
    let mut other = reopened("#lab&buffer=9");
    let (name, lesson) = file(&other.update(Message::SaveLesson));
    assert_eq!((name.as_str(), lesson.predict), ("my-lesson.toml", None));
}

#[test]
fn an_experiment_is_saved_as_a_lesson() {
    let mut state = in_lab();
    state.update(Message::ClientAdded);
    set(&mut state, Knob::Framing, "cobs");
    set(&mut state, of(Knob::Cut, ClientId::SECOND), "1");
    let effects = state.update(Message::SaveLesson);
    let (name, mut lesson) = file(&effects);
    assert_eq!(name, "my-lesson.toml");
    assert_eq!(
        lesson.knobs,
        [Knob::Framing, Knob::Clients, Knob::Messages2]
    );
    let words = trace::lesson::Words {
        title: "t".to_owned(),
        question: "q".to_owned(),
        look: "l".to_owned(),
    };
    lesson.words = trace::lesson::Translations::one("en", words).unwrap();
    let text = trace::lesson::file::write(&lesson);
    let read = trace::lesson::file::parse("", &text).unwrap();
    assert_eq!(read, lesson);
    assert_eq!(read.experiment, *state.experiment());
    // Nothing is saved that can't be run.
    set(&mut state, Knob::Buffer, "0");
    assert_eq!(state.update(Message::SaveLesson), []);
}
