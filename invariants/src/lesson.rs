//! Lesson files: any TOML, as `stickylab run FILE` reads it.

use stickylab::lessons;
use trace::Lesson;

use crate::request;

/// A lesson reads as it was written, and its experiment is judged like any.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(lesson) = lessons::parse("it", text) else {
        return;
    };
    let json = serde_json::to_string(&lesson).expect("a lesson is JSON");
    let again: Lesson = serde_json::from_str(&json).expect("as it was written");
    assert_eq!(again, lesson);
    // TOML has no number above 63 bits.
    let choices = lesson.predict.iter().flat_map(|predict| &predict.choices);
    if choices.clone().all(|&choice| i64::try_from(choice).is_ok()) {
        let written = toml::to_string(&lesson).expect("a lesson is TOML");
        assert_eq!(lessons::parse("it", &written).as_ref(), Ok(&lesson));
    }
    request::check_experiment(&lesson.experiment);
}
