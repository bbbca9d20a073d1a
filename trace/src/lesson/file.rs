//! Lessons as files: TOML read so that an error names its line and its key, and a
//! lesson written as such a file. The page only writes them: a reader of TOML would take
//! a twelfth of its program.

#[cfg(not(target_arch = "wasm32"))]
mod read;
#[cfg(not(target_arch = "wasm32"))]
mod source;
mod write;

use std::fmt;

use crate::Experiment;
use crate::link::LessonMistake;
#[cfg(not(target_arch = "wasm32"))]
pub use read::{MAX_LESSON, parse};
pub use write::write;

/// Why a file is no lesson that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError {
    /// The line that it is about, counted from 1.
    pub line: usize,
    /// The key, such as `experiment.clients[0].messages`; empty for the file.
    pub key: String,
    /// What is wrong, in English.
    pub reason: String,
    /// What it is about, from which others find what is wrong with it themselves.
    pub about: Option<About>,
}

/// What is wrong in a lesson file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A framing, as [`crate::framing::parse`] reads it.
    Framing(String),
    /// An experiment that can't be run.
    Experiment(Box<Experiment>),
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.key.is_empty() {
            write!(f, ", key {}", self.key)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for LessonError {}

impl LessonError {
    /// What a page is told of it beside the sentence, if it can find out why by itself.
    pub fn mistake(self) -> Option<LessonMistake> {
        let (framing, experiment) = match self.about? {
            About::Framing(text) => (Some(text), None),
            About::Experiment(experiment) => (None, Some(experiment)),
        };
        Some(LessonMistake {
            line: self.line,
            key: self.key,
            framing,
            experiment,
        })
    }
}

#[cfg(test)]
mod tests;
