//! A lesson from its file. What TOML has is handed on as JSON of as many lines as there are
//! keys and values, so that the line of an error in the JSON says which of them it is about.

use std::collections::BTreeSet;

use super::source::{Place, Source};
use super::{About, LessonError};
use crate::lesson::{Lesson, Translations};
use crate::{ClientId, ExperimentError};

/// Largest file that is read, in bytes.
pub const MAX_LESSON: usize = 1024 * 1024;

/// Most guesses that a lesson offers.
const MAX_CHOICES: usize = 12;

/// The keys of a lesson that are no language's tag.
const KEYS: [&str; 7] = [
    "group",
    "order",
    "knobs",
    "predict",
    "shows",
    "duel",
    "experiment",
];

/// A lesson from the text of its file; `id` is the file's name without its ending.
///
/// # Errors
/// The first thing in it that is wrong, with its line: no TOML, a key that there is not, a
/// value that a key does not take, an experiment that can't be run.
pub fn parse(id: &str, text: &str) -> Result<Lesson, LessonError> {
    if text.len() > MAX_LESSON {
        return Err(LessonError {
            line: 1,
            key: String::new(),
            reason: format!(
                "a lesson has at most {MAX_LESSON} bytes, and this file {}",
                text.len()
            ),
            about: None,
        });
    }
    let words = Source::of(text, |key| !KEYS.contains(&key))?;
    let _: Translations = words.read()?;
    let all = Source::of(text, |_| true)?;
    let lesson: Lesson = all.read()?;
    let choices = lesson.predict.as_ref().map(|predict| &predict.choices[..]);
    if let Some((at, reason)) = choices.and_then(refused_choice) {
        let key = ["predict.choices[", &at.to_string(), "]"].concat();
        return Err(all.find(|place| place.key == key).error(reason));
    }
    if let Err(error) = lesson.experiment.validate() {
        let place = all.find(|place| is_about(place, &error));
        let about = About::Experiment(lesson.experiment.into());
        return Err(LessonError {
            about: Some(about),
            ..place.error(error.to_string())
        });
    }
    Ok(Lesson {
        id: id.to_owned(),
        ..lesson
    })
}

/// The first guess that is not offered, by its index, and why.
fn refused_choice(choices: &[u64]) -> Option<(usize, String)> {
    let mut offered = BTreeSet::new();
    choices.iter().enumerate().find_map(|(at, choice)| {
        if at == MAX_CHOICES {
            return Some((at, format!("at most {MAX_CHOICES} guesses are offered")));
        }
        let is_new = offered.insert(choice);
        (!is_new).then(|| (at, format!("the guess {choice} is offered already")))
    })
}

/// Whether a mistake of an experiment is about the value in this place.
fn is_about(place: &Place, error: &ExperimentError) -> bool {
    let of_client =
        |client: ClientId| ["experiment.clients[", &client.index().to_string(), "]"].concat();
    match error {
        ExperimentError::Message {
            client, message, ..
        }
        | ExperimentError::NoMessage {
            client, message, ..
        } => {
            let index = (message - 1).to_string();
            place.key == [&of_client(*client), ".messages[", &index, "]"].concat()
        }
        ExperimentError::NothingToReplay(client) => place.key == of_client(*client) + ".answer",
        ExperimentError::Range { name, .. } => {
            let last = place.key.rsplit('.').next().unwrap_or_default();
            // Keys have the unit behind the name of the knob.
            ["", "-ms", "-us"]
                .iter()
                .any(|unit| last.strip_suffix(unit) == Some(name))
        }
        ExperimentError::Framing(_) | ExperimentError::Datagrams(_) => {
            place.key == "experiment.framing"
        }
        ExperimentError::Clients(_) => place.key == "experiment",
    }
}
