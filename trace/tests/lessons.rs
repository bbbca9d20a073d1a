//! The lessons and the code beside them, as the files have them.

mod dsl;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample;
use trace::knob::{self, Knob};
use trace::lesson::{Count, Group, Words, file};
use trace::{Experiment, Lesson};

/// Tests, links and the README name these.
const LESSONS: [&str; 48] = [
    "a-browser-knocks",
    "a-delimiter-inside",
    "a-fragment-is-lost",
    "a-reset-eats-the-reply",
    "accept-queue",
    "auth-accepted",
    "auth-wrong-key",
    "below-zero",
    "characters-are-not-bytes",
    "delimiter",
    "delimiter-at-the-end",
    "does-the-length-count-itself",
    "empty-send",
    "five-sends",
    "fixed-size",
    "flood",
    "half-a-character",
    "half-a-header",
    "head-of-line",
    "is-nagle-to-blame",
    "length-prefix",
    "nagle-for-real",
    "nagle-over-a-link",
    "one-at-a-time",
    "one-message-a-connection",
    "one-send-many-recvs",
    "one-send-three-segments",
    "prove-you-know-the-key",
    "ready-ack",
    "reflect-it",
    "replay-it",
    "short-send",
    "silence-is-no-end",
    "slow-loris",
    "slow-start",
    "tcp-echo",
    "the-first-frame-only",
    "the-last-frame-is-cut",
    "the-other-byte-order",
    "the-push-flag",
    "two-authenticated",
    "two-sizes-of-recv",
    "udp-echo",
    "udp-loses",
    "udp-over-a-link",
    "udp-small-buffer",
    "waiting-for-all-of-it",
    "works-on-localhost",
];
const PROGRAMS: [&str; 9] = [
    "auth",
    "delimiter",
    "fixed-size",
    "length-prefix",
    "mutual",
    "ready-ack",
    "sink",
    "tcp-echo",
    "udp-echo",
];
/// Languages of the snippets and what starts a comment in each.
const LANGUAGES: [(&str, &str); 3] = [("c", "//"), ("py", "#"), ("rs", "//")];
const CALLS: [&str; 6] = ["connect", "accept", "send", "recv", "shutdown", "close"];
const ROLES: [&str; 7] = [
    "challenge",
    "answer",
    "proof",
    "header",
    "body",
    "ready",
    "reply",
];
/// Wider titles are cut in the list of lessons.
const TITLE_WIDTH: usize = 28;
const CODE_WIDTH: usize = 60;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../static")
        .join(name)
}

/// Every file of a folder of `static`: its name and its text.
fn files(name: &str) -> BTreeMap<String, String> {
    let folder = folder(name);
    let entries = fs::read_dir(&folder).expect("the folder is part of the repository");
    entries
        .map(|entry| {
            let entry = entry.expect("the folder can be read");
            let text = fs::read_to_string(entry.path()).expect("files are UTF-8");
            let name = entry.file_name().into_string().expect("names are UTF-8");
            (name, text)
        })
        .collect()
}

/// Every lesson by its file's name without the ending.
fn lessons() -> BTreeMap<String, Lesson> {
    let parsed = files("lessons").into_iter().map(|(name, text)| {
        let stem = name.strip_suffix(".toml").expect("lessons are TOML");
        let lesson = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (stem.to_owned(), lesson)
    });
    parsed.collect()
}

#[test]
fn every_lesson_is_there_and_named_in_kebab_case() {
    let lessons = lessons();
    let names: Vec<_> = lessons.keys().map(String::as_str).collect();
    assert_eq!(names, LESSONS);
    for (name, lesson) in &lessons {
        let words = name.split('-');
        for word in words {
            let lower = word.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(!word.is_empty() && lower, "{name}");
        }
        assert_eq!(lesson.id, "", "{name}: the id is the file's name");
    }
}

#[test]
fn every_group_has_lessons_and_no_two_share_a_place() {
    let mut places = BTreeMap::new();
    for (name, lesson) in lessons() {
        let other = places.insert((lesson.group, lesson.order), name.clone());
        assert_eq!(other, None, "{name} has the same place");
    }
    let groups: BTreeSet<_> = places.keys().map(|(group, _)| *group).collect();
    let all = trace::lesson::Group::ALL.into_iter();
    assert!(
        groups
            .into_iter()
            .eq(all.filter(|group| *group != trace::lesson::Group::Own))
    );
}

#[test]
fn every_experiment_can_be_run() {
    for (name, lesson) in lessons() {
        let valid = lesson.experiment.validate();
        assert_eq!(valid, Ok(()), "{name}");
        let mut clients = lesson.experiment.clients.iter();
        assert!(clients.all(|client| !client.messages.is_empty()), "{name}");
    }
}

#[test]
fn every_knob_of_a_lesson_can_be_turned() {
    for (name, lesson) in lessons() {
        assert!(!lesson.knobs.is_empty(), "{name}");
        let once: BTreeSet<_> = lesson.knobs.iter().collect();
        assert_eq!(once.len(), lesson.knobs.len(), "{name}: a knob twice");
        for knob in &lesson.knobs {
            assert!(
                knob.applies(&lesson.experiment) || applies_later(*knob, &lesson),
                "{name}: {knob} does nothing"
            );
        }
    }
}

#[test]
fn the_wrong_decoder_of_a_lesson_fits_and_a_count_of_it_has_one() {
    for (name, lesson) in lessons() {
        let framing = lesson.experiment.rules().framing;
        if let Some(opponent) = lesson.duel {
            assert!(opponent.fits(&framing), "{name}: {opponent}");
        }
        let asks = lesson
            .predict
            .is_some_and(|predict| predict.count == Count::Agreed);
        assert!(
            !asks || lesson.duel.is_some(),
            "{name} has no wrong decoder"
        );
    }
}

/// Whether turning another knob of the lesson makes `knob` mean something.
fn applies_later(knob: Knob, lesson: &Lesson) -> bool {
    let others = lesson.knobs.iter().filter(|other| **other != knob);
    others
        .flat_map(|other| match other.domain() {
            knob::Domain::Choice(values) => values.iter().map(|value| (*other, *value)).collect(),
            _ => Vec::new(),
        })
        .any(|(other, value)| {
            let mut experiment: Experiment = lesson.experiment.clone();
            other
                .set(&mut experiment, value)
                .expect("each of its own words");
            knob.applies(&experiment)
        })
}

/// A lesson's words in the language of this tag.
fn words<'a>(lesson: &'a Lesson, tag: &str) -> &'a Words {
    let words = lesson.words.get(tag);
    words.unwrap_or_else(|| panic!("{} has no words in {tag}", lesson.id))
}

#[test]
fn every_language_has_its_own_words() {
    for (name, lesson) in lessons() {
        let english = words(&lesson, "en");
        for (tag, words) in lesson.words.iter() {
            for (text, other) in [
                (&words.title, &english.title),
                (&words.question, &english.question),
                (&words.look, &english.look),
            ] {
                assert!(!text.is_empty() && text.trim() == text, "{name}: {text:?}");
                assert!(tag == "en" || text != other, "{name}: {text:?} is English");
            }
            let title = &words.title;
            assert!(title.chars().count() <= TITLE_WIDTH, "{name}: {title:?}");
        }
    }
}

#[test]
fn chinese_words_are_chinese_and_have_chinese_punctuation() {
    for (name, lesson) in lessons() {
        let chinese = words(&lesson, "zh");
        for text in [&chinese.title, &chinese.question, &chinese.look] {
            let han = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(han, "{name}: {text:?}");
            dsl::check_chinese(&name, text);
        }
    }
}

#[test]
fn words_need_a_language_and_its_tag() {
    let (_, lesson) = lessons().into_iter().next().unwrap();
    let json = serde_json::to_value(&lesson).unwrap();
    let check = |key: &str, value: Option<&str>, expected: Option<&str>| {
        let mut json = json.clone();
        let english = json["en"].clone();
        let lesson = json.as_object_mut().unwrap();
        match value {
            Some("words") => drop(lesson.insert(key.to_owned(), english)),
            Some(value) => drop(lesson.insert(key.to_owned(), value.into())),
            None => drop(lesson.remove(key)),
        }
        let read = serde_json::from_value::<Lesson>(json).err();
        let read = read.map(|error| error.to_string());
        assert_eq!(read.is_some(), expected.is_some(), "{key}: {read:?}");
        let said = read.unwrap_or_default();
        assert!(said.contains(expected.unwrap_or_default()), "{key}: {said}");
    };
    check("pt-BR", Some("words"), None);
    check("zh", None, None);
    check("en", None, None);
    check("English", Some("words"), Some("unknown key `English`"));
    check("knobz", Some("gap"), Some("unknown key `knobz`"));
    check("en-", Some("words"), Some("unknown key `en-`"));
    check(
        "de",
        Some("words?"),
        Some("an unknown key of two or three letters"),
    );
}

#[test]
fn knobs_are_called_as_the_page_calls_them() {
    for (name, lesson) in lessons() {
        for other in ["read delay", "serial", "length unit", "the buffer to"] {
            assert!(
                !words(&lesson, "en").look.contains(other),
                "{name}: {other}"
            );
        }
        for other in ["逐个服务", "分帧方式改", "分帧方式换", "把缓冲区"] {
            assert!(
                !words(&lesson, "zh").look.contains(other),
                "{name}: {other}"
            );
        }
    }
}

#[test]
fn guesses_are_sorted_and_leave_a_choice() {
    for (name, lesson) in lessons() {
        if let Some(predict) = &lesson.predict {
            assert!(predict.choices.len() > 1, "{name}");
            let rising = predict.choices.is_sorted_by(|a, b| a < b);
            assert!(rising, "{name}: {:?}", predict.choices);
        }
    }
}

/// A line of a snippet: the code that is shown, the calls it makes.
fn split_marks<'a>(line: &'a str, comment: &str) -> (&'a str, Vec<&'a str>) {
    let Some(at) = line.rfind(&format!("{comment} @")) else {
        return (line, Vec::new());
    };
    let marks = line[at + comment.len()..].split_whitespace().collect();
    (line[..at].trim_end(), marks)
}

#[test]
fn every_program_has_its_code_in_every_language() {
    let there: BTreeSet<_> = files("code").into_keys().collect();
    let wanted = PROGRAMS.iter().flat_map(|program| {
        ["server", "client"].into_iter().flat_map(move |role| {
            LANGUAGES.map(|(language, _)| format!("{program}.{role}.{language}"))
        })
    });
    assert_eq!(there, wanted.collect());
}

#[test]
fn code_is_short_and_marks_the_calls_it_makes() {
    for (name, text) in files("code") {
        let language = name.rsplit('.').next();
        let known = LANGUAGES.iter().find(|(known, _)| Some(*known) == language);
        let (_, comment) = known.unwrap_or_else(|| panic!("{name}: an unknown language"));
        let lines: Vec<_> = text.lines().collect();
        assert!((6..=16).contains(&lines.len()), "{name}: {}", lines.len());
        assert!(text.ends_with('\n') && !text.contains('\t'), "{name}");
        let mut seen = BTreeSet::new();
        for line in lines {
            let (code, marks) = split_marks(line, comment);
            assert!(code.chars().count() <= CODE_WIDTH, "{name}: {line}");
            assert!(marks.is_empty() || !code.trim().is_empty(), "{name}");
            assert_eq!(code.trim_end(), code, "{name}: {line}");
            for mark in marks {
                let mark = mark.strip_prefix('@').unwrap_or_default();
                let (call, role) = mark.split_once('.').unwrap_or((mark, ROLES[0]));
                assert!(CALLS.contains(&call), "{name}: {line}");
                assert!(ROLES.contains(&role), "{name}: {line}");
                assert!(seen.insert(mark.to_owned()), "{name}: @{mark} twice");
            }
        }
        let server = name.contains(".server.");
        let opens = match (name.starts_with("udp-"), server) {
            (true, _) => "send",
            (false, true) => "accept",
            (false, false) => "connect",
        };
        for call in [opens, if server { "recv" } else { "close" }] {
            let made = seen.iter().any(|mark| mark.split('.').next() == Some(call));
            assert!(made, "{name} makes no {call}");
        }
    }
}

/// A lesson as its file has it, under its name.
fn named((id, lesson): (String, Lesson)) -> Lesson {
    Lesson { id, ..lesson }
}

#[test]
fn every_lesson_is_written_as_it_was_read() {
    for lesson in lessons().into_iter().map(named) {
        let text = file::write(&lesson);
        let read = file::parse(&lesson.id, &text);
        assert_eq!(read.as_ref(), Ok(&lesson), "{text}");
    }
}

proptest! {
    /// With the knobs of another lesson, other words, and another place in the list.
    #[test]
    fn a_changed_lesson_is_written_as_it_is_read(
        lesson in sample::select(lessons().into_iter().map(named).collect::<Vec<_>>()),
        other in sample::select(lessons().into_values().collect::<Vec<_>>()),
        turned in sample::subsequence(Knob::ALL.to_vec(), 0..12),
        [title, question, look] in [any::<String>(), any::<String>(), any::<String>()],
        tag in sample::select(vec!["en", "zh", "de", "pt-BR"]),
        group in sample::select(Group::ALL.to_vec()),
        order in any::<u32>(),
    ) {
        let mut lesson = Lesson { group, order, ..lesson };
        lesson.words.put(tag, Words { title, question, look });
        lesson.predict = other.predict;
        lesson.duel = other.duel;
        lesson.shows.extend(other.shows);
        for knob in turned {
            let value = knob.get(&other.experiment);
            // Not each knob of the other one means something here, or fits the others.
            let mut turned = lesson.experiment.clone();
            if knob.set(&mut turned, &value).is_ok() && turned.validate().is_ok() {
                lesson.experiment = turned;
            }
        }
        let text = file::write(&lesson);
        let read = file::parse(&lesson.id, &text);
        prop_assert_eq!(read.as_ref(), Ok(&lesson), "{}", text);
    }
}
