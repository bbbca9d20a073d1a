//! Links to the page: what stands behind `#`, which anybody may write.
//!
//! Input: which lesson, then the text.

use std::sync::LazyLock;

use trace::Lesson;
use trace::knob::Knob;
use web_client::hash::{self, Place, Stop};

use crate::input::Input;
use crate::request;

static LESSONS: LazyLock<Vec<Lesson>> = LazyLock::new(stickylab::lessons::all);

/// A link is read or ignored; the link that is written for where it leads
/// leads there too.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let lesson = &LESSONS[input.below(LESSONS.len())];
    let Ok(text) = std::str::from_utf8(input.rest()) else {
        return;
    };
    let place = Place::parse(text);
    let mut experiment = lesson.experiment.clone();
    let _ = place.apply(&mut experiment);
    request::check_experiment(&experiment);
    let step = match place.step {
        Some(Stop::Step(step)) => Some(step),
        Some(Stop::Last) | None => None,
    };
    let written = Place::parse(&hash::write(lesson, &experiment, step, &place.look));
    assert_eq!(written.lesson, lesson.id);
    assert_eq!(written.step, step.map(Stop::Step));
    let mut reached = lesson.experiment.clone();
    assert_eq!(written.apply(&mut reached), []);
    assert_eq!(written.look, place.look);
    assert_eq!(written.unknown, [""; 0]);
    for knob in Knob::ALL {
        let value = knob.get(&experiment);
        // At the end of a line it belongs to the line's end.
        if !value.contains('\r') {
            assert_eq!(knob.get(&reached), value, "{knob}");
        }
    }
}
