//! Lessons of the gateway's folder, and lesson files that are opened.

use trace::lesson::{Group, Reference, Translations, Words};
use trace::link::{LessonFile, Lessons, MAX_LESSON_SENT, ReadLesson};

use super::*;
use crate::catalog;
use crate::file::FileError;
use crate::hash::Fault;
use crate::language::Language;

fn own(id: &str, messages: &[&str]) -> LessonFile {
    let words = Words {
        title: ["Title of ", id].concat(),
        question: "Why?".to_owned(),
        look: "There.".to_owned(),
    };
    LessonFile {
        name: [id, ".toml"].concat(),
        error: None,
        mistake: None,
        lesson: Some(Box::new(ReadLesson {
            about: Reference {
                id: id.to_owned(),
                predict: None,
                duel: None,
                words: Translations::one("en", words),
            },
            group: Group::Own,
            order: 0,
            knobs: vec![Knob::Buffer],
            shows: Vec::new(),
            experiment: Experiment::new(System::TcpEcho, messages),
        })),
    }
}

fn folder(files: &[LessonFile]) -> Message {
    Message::Lessons(Box::new(Lessons {
        folder: Some(files.to_vec()),
        read: None,
    }))
}

fn read(file: LessonFile) -> Message {
    Message::Lessons(Box::new(Lessons {
        folder: None,
        read: Some(file),
    }))
}

/// Titles of the lessons that are listed as the reader's own.
fn titles(state: &State) -> Vec<String> {
    let texts = catalog::texts(Language::default());
    let listed = state.folder().listed.iter();
    let lessons = listed.map(|at| &state.lessons()[*at]);
    lessons
        .map(|lesson| catalog::lesson_text(&texts, Language::default(), lesson, "title"))
        .collect()
}

fn choose(state: &mut State, id: &str) -> Vec<Effect> {
    state.update(Message::LessonChosen(id.to_owned()))
}

#[test]
fn lessons_of_the_folder_are_lessons_like_the_others() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let broken = LessonFile::refused("c.toml", "line 3: no".to_owned());
    state.update(folder(&[
        own("b", &["x"]),
        own("a", &["y"]),
        broken.clone(),
    ]));
    assert_eq!(titles(&state), ["Title of b", "Title of a"]);
    assert_eq!(state.folder().broken, [broken]);
    // The first of them follows the last of the program's.
    choose(&mut state, "five-sends");
    assert_eq!(state.next_lesson().unwrap().id, "b");
    assert_eq!(asked(&choose(&mut state, "b")), ["run 2"]);
    assert_eq!(state.next_lesson().unwrap().id, "a");
    assert_eq!(state.lesson().group, Group::Own);
    assert_eq!(state.lesson().knobs, [Knob::Buffer]);
    // The record says what was asked, because no other program knows the lesson.
    play(&mut state, 2, &events());
    let lesson = state.trace().unwrap().lesson.clone().unwrap();
    assert_eq!(lesson.id, "b");
    assert!(lesson.words.is_some());
    state.update(Message::OpenInLab);
    assert_eq!(state.tab(), Tab::Lab);
    choose(&mut state, "a");
    assert_eq!(state.next_lesson(), None);
}

#[test]
fn a_changed_file_changes_its_lesson_and_no_other() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    state.update(folder(&[own("a", &["x"]), own("b", &["y"])]));
    choose(&mut state, "b");
    play(&mut state, 2, &events());
    // Another lesson, or only other words: the run stays on the stage.
    state.update(folder(&[own("a", &["xx"]), own("b", &["y"])]));
    assert!(state.trace().is_some());
    // Another experiment: the lesson begins anew.
    state.update(folder(&[own("a", &["xx"]), own("b", &["yy"])]));
    assert!(state.trace().is_none());
    assert_eq!(
        state.experiment(),
        &Experiment::new(System::TcpEcho, &["yy"])
    );
    // The runs before are still those of their lesson.
    assert_eq!(state.runs().len(), 2);
    // It stays open when its file is broken, until another is chosen.
    let broken = LessonFile::refused("b.toml", "line 1: no".to_owned());
    state.update(folder(&[own("a", &["xx"]), broken.clone()]));
    assert_eq!((state.lesson().id.as_str(), titles(&state).len()), ("b", 2));
    choose(&mut state, "a");
    state.update(folder(&[own("a", &["xx"]), broken]));
    assert_eq!(titles(&state), ["Title of a"]);
    // A file with the name of one of the program's changes nothing.
    state.update(folder(&[own("udp", &["z"])]));
    assert_eq!(state.lessons()[0].experiment.system, System::UdpEcho);
    // One that was gone comes back to its place.
    let before = state.lessons().len();
    state.update(folder(&[own("b", &["yyy"])]));
    assert_eq!((titles(&state).len(), state.lessons().len()), (2, before));
}

#[test]
fn an_address_leads_to_a_lesson_that_comes_later() {
    let (mut state, _) = open("#lesson=mine&buffer=7", true);
    assert_eq!(state.faults(), [Fault::Lesson("mine".to_owned())]);
    state.update(hello());
    state.update(folder(&[own("other", &["x"])]));
    assert_eq!(state.faults(), [Fault::Lesson("mine".to_owned())]);
    state.update(folder(&[own("mine", &["x"])]));
    assert_eq!(state.lesson().id, "mine");
    assert_eq!((state.experiment().buffer, state.faults().len()), (7, 0));
    // Whoever has gone elsewhere stays there.
    let (mut state, _) = open("#lesson=mine", true);
    state.update(hello());
    choose(&mut state, "udp");
    state.update(folder(&[own("mine", &["x"])]));
    assert_eq!(state.lesson().id, "udp");
}

/// A file of a teacher's that has all that a lesson can have.
fn full(name: &str) -> LessonFile {
    let text = "group = \"trust\"\norder = 3\nknobs = [\"gap\"]\nduel = \"psh\"\n\
                [predict]\ncount = \"refusals\"\nchoices = [1, 2]\n\
                [[shows]]\nmisconception = \"byte-order\"\ncount = \"refusals\"\nleast = 1\n\
                [de]\ntitle = \"粘 \\\"T\\\"\"\nquestion = \"Q\"\nlook = \"L\"\n\
                [experiment]\nsystem = \"tcp-echo\"\n[[experiment.clients]]\nmessages = [\"a\"]\n";
    let id = name.trim_end_matches(".toml");
    let lesson = trace::lesson::file::parse(id, text).unwrap();
    LessonFile::of(name, lesson.into())
}

#[test]
fn a_teachers_lesson_is_saved_under_its_name_with_all_that_it_has() {
    let expected = Lesson::from(*full("mine.toml").lesson.unwrap());
    let check = |state: &mut State| {
        state.update(Message::KnobSet(Knob::Buffer.into(), "7".to_owned()));
        let effects = state.update(Message::SaveLesson);
        let [Effect::SaveLesson { name, lesson }] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(name, "mine.toml");
        let text = trace::lesson::file::write(lesson);
        let mut read = trace::lesson::file::parse("mine", &text).unwrap();
        assert_eq!(read.experiment.buffer, 7);
        read.experiment = expected.experiment.clone();
        assert_eq!(read, expected, "{text}");
    };
    // From the folder.
    let mut state = online("", true);
    play(&mut state, 1, &events());
    state.update(folder(&[full("mine.toml")]));
    choose(&mut state, "mine");
    state.update(Message::OpenInLab);
    check(&mut state);
    // From a file that is opened, and in another visit, in which nobody has said anything of it.
    let mut state = online("", true);
    play(&mut state, 1, &events());
    drop_file(&mut state, "mine.toml", b"");
    state.update(read(full("mine.toml")));
    check(&mut state);
    let line = crate::settings::write(&state.settings);
    let (mut again, _) = State::open(Setup {
        settings: crate::settings::read(&line, Language::default()),
        ..setup("#lab", true)
    });
    assert_eq!(again.opened().unwrap().name, "mine.toml");
    check(&mut again);
}

#[test]
fn a_copy_of_one_of_the_programs_lessons_is_no_other_in_another_visit() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    drop_file(&mut state, "udp.toml", b"");
    state.update(read(full("udp.toml")));
    let begun = Lesson::from(*full("udp.toml").lesson.unwrap());
    let line = crate::settings::write(&state.settings);
    let (again, _) = State::open(Setup {
        settings: crate::settings::read(&line, Language::default()),
        ..setup("#lab", true)
    });
    for mut state in [state, again] {
        assert_eq!(state.opened().unwrap().name, "udp.toml");
        state.update(Message::KnobSet(Knob::Buffer.into(), "7".to_owned()));
        let effects = state.update(Message::SaveLesson);
        let [Effect::SaveLesson { name, lesson }] = &effects[..] else {
            panic!("{effects:?}");
        };
        // The program has one of this name.
        assert_eq!(name, "my-udp.toml");
        assert_eq!((lesson.experiment.buffer, &lesson.words), (7, &begun.words));
        state.update(Message::KnobsReset);
        assert_eq!(state.experiment(), &begun.experiment);
    }
}

fn drop_file(state: &mut State, name: &str, content: &[u8]) -> Vec<Effect> {
    state.update(Message::FileRead {
        name: name.to_owned(),
        content: Ok(content.to_vec()),
    })
}

#[test]
fn a_lesson_file_is_read_by_the_gateway_and_opens_in_the_lab() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let effects = drop_file(&mut state, "mine.TOML", b"a = 1\n\0");
    let request = Request::Read {
        name: "mine.TOML".to_owned(),
        text: "a = 1\n\u{7f}".to_owned(),
    };
    assert!(
        effects.contains(&Effect::SendToGateway(request)),
        "{effects:?}"
    );
    // What was not asked for is not taken.
    state.update(read(own("other", &["x"])));
    assert_eq!(state.tab(), Tab::Learn);
    let answer = LessonFile {
        name: "mine.TOML".to_owned(),
        ..own("mine", &["x", "y"])
    };
    state.update(read(answer.clone()));
    assert_eq!(state.tab(), Tab::Lab);
    assert_eq!(
        state.experiment(),
        &Experiment::new(System::TcpEcho, &["x", "y"])
    );
    assert_eq!(state.opened().unwrap().name, "mine.TOML");
    // It answers once.
    choose(&mut state, "udp");
    state.update(read(answer));
    assert_eq!(state.tab(), Tab::Learn);
}

#[test]
fn a_lesson_file_that_is_none_changes_nothing_but_the_notice() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let refused = |state: &State| state.refused_file().map(|(_, error)| error.clone());
    drop_file(&mut state, "mine.toml", b"a = 1");
    state.update(read(LessonFile::refused(
        "mine.toml",
        "line 1, key a: no".to_owned(),
    )));
    let lesson = |reason: &str| {
        let file = LessonFile::refused("mine.toml", reason.to_owned());
        Some(FileError::Lesson(file.into()))
    };
    assert_eq!(refused(&state), lesson("line 1, key a: no"));
    assert_eq!(state.tab(), Tab::Learn);
    // A gateway that reads none says so.
    drop_file(&mut state, "mine.toml", b"a = 1");
    assert_eq!(refused(&state), None);
    let message = "not a request".to_owned();
    state.update(heard(Line::Error { message }));
    assert_eq!(refused(&state), lesson("not a request"));
    assert_eq!(state.complaint(), None);

    drop_file(&mut state, "mine.toml", &vec![b'#'; MAX_LESSON_SENT + 1]);
    assert_eq!(refused(&state), Some(FileError::LessonSize));
    drop_file(&mut state, "mine.toml", b"\xff");
    assert_eq!(refused(&state), Some(FileError::NoText));
    // The connection is lost before the answer, and then there is none to ask.
    for _ in 0..2 {
        state.update(Message::Escape);
        drop_file(&mut state, "mine.toml", b"a = 1");
        state.update(Message::LinkDown);
        assert_eq!(refused(&state), Some(FileError::Offline));
    }
}

#[test]
fn a_lesson_that_runs_something_else_now_is_run_at_once_if_it_asks_nothing() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    state.update(folder(&[own("a", &["x"])]));
    assert_eq!(asked(&choose(&mut state, "a")), ["run 2"]);
    play(&mut state, 2, &events());
    let effects = state.update(folder(&[own("a", &["xx"])]));
    assert_eq!(asked(&effects), ["run 3"]);
}

/// The file with a question.
fn asking(mut file: LessonFile, choices: &[u64]) -> LessonFile {
    let lesson = file.lesson.as_mut().unwrap();
    lesson.about.predict = Some(Predict {
        count: Count::ServerRecvs,
        choices: choices.to_vec(),
    });
    file
}

#[test]
fn what_was_guessed_is_forgotten_when_the_lesson_asks_something_else() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let [one, other] = [[1, 2], [1, 3]].map(|choices| asking(own("a", &["x"]), &choices));
    state.update(folder(std::slice::from_ref(&one)));
    choose(&mut state, "a");
    state.update(Message::Forecast(2, 50));
    state.update(Message::Guess(2));
    play(&mut state, 2, &events());
    state.update(folder(&[one]));
    assert_eq!((state.guess(), state.forecast(2)), (Some(2), Some(50)));
    state.update(folder(&[other]));
    assert!(state.trace().is_some(), "the same experiment");
    assert_eq!((state.guess(), state.forecast(2)), (None, None));
}

#[test]
fn a_lesson_file_with_a_long_name_is_one() {
    let mut state = online("", true);
    play(&mut state, 1, &events());
    let effects = drop_file(
        &mut state,
        &["x".repeat(80), ".toml".into()].concat(),
        b"a = 1",
    );
    let is_read = |effect: &Effect| matches!(effect, Effect::SendToGateway(Request::Read { .. }));
    assert!(effects.iter().any(is_read), "{effects:?}");
}
