//! What whoever made a record says of it, in words.

use serde::{Deserialize, Serialize};

/// Lines of text about a record as a whole, such as what a run in it shows. It is no fact: nothing
/// follows from it. At most [`Note::LINES`] lines of [`Note::LENGTH`] bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Note(Vec<String>);

/// A note is longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note has at most {lines} lines of {length} bytes", lines = Note::LINES, length = Note::LENGTH)]
pub struct LongNote;

impl Note {
    /// Most lines.
    pub const LINES: usize = 16;
    /// Most bytes of a line.
    pub const LENGTH: usize = 1_000;

    /// One of these lines. What is too much of it is left out.
    pub fn new(lines: impl IntoIterator<Item = String>) -> Self {
        let short = lines.into_iter().take(Self::LINES).map(|mut line| {
            if line.len() > Self::LENGTH {
                let dots = '…';
                line.truncate(line.floor_char_boundary(Self::LENGTH - dots.len_utf8()));
                line.push(dots);
            }
            line
        });
        Self(short.collect())
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Note {
    type Error = LongNote;

    fn try_from(lines: Vec<String>) -> Result<Self, LongNote> {
        let is_short = lines.iter().all(|line| line.len() <= Self::LENGTH);
        let is_it = lines.len() <= Self::LINES && is_short;
        is_it.then_some(Self(lines)).ok_or(LongNote)
    }
}

impl From<Note> for Vec<String> {
    fn from(note: Note) -> Self {
        note.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_off_when_it_is_made_and_refused_when_it_is_read() {
        let long = "粘".repeat(Note::LENGTH);
        let note = Note::new(vec![long.clone(); Note::LINES + 1]);
        assert_eq!(note.lines().len(), Note::LINES);
        assert!(note.lines()[0].len() <= Note::LENGTH);
        assert!(note.lines()[0].ends_with("粘…"));
        let json = serde_json::to_string(&note).unwrap();
        assert_eq!(serde_json::from_str::<Note>(&json).unwrap(), note);
        let refused = |lines: &[&str]| {
            let json = serde_json::to_string(lines).unwrap();
            let error = serde_json::from_str::<Note>(&json).unwrap_err();
            assert!(
                error.to_string().starts_with("a note has at most"),
                "{error}"
            );
        };
        refused(&[&long]);
        refused(&[""; Note::LINES + 1]);
    }
}
