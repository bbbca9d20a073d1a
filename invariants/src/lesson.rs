//! Lesson files: any TOML, as `stickylab run FILE` reads it.

use trace::Lesson;
use trace::lesson::file;

use crate::request;

/// A lesson reads as it was written, and its experiment is judged like any.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(lesson) = file::parse("it", text) else {
        return;
    };
    let json = serde_json::to_string(&lesson).expect("a lesson is JSON");
    let again: Lesson = serde_json::from_str(&json).expect("as it was written");
    assert_eq!(again, lesson);
    // TOML has no number above 63 bits.
    let choices = lesson.predict.iter().flat_map(|predict| &predict.choices);
    if choices.clone().all(|&choice| i64::try_from(choice).is_ok()) {
        let written = toml::to_string(&lesson).expect("a lesson is TOML");
        assert_eq!(toml::from_str::<Lesson>(&written).as_ref(), Ok(&lesson));
    }
    // The file of its experiment says the same.
    let written = file::parse("it", &file::write(&lesson)).expect("it is a lesson");
    assert_eq!(written.experiment, lesson.experiment);
    assert_eq!(written.words, lesson.words);
    request::check_experiment(&lesson.experiment);
}
