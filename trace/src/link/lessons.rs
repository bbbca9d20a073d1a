//! What a gateway says of lesson files: those of its operator's folder, or the one that a page
//! asked it to read. The page carries no reader of TOML, so it is told what was read.

use serde::{Deserialize, Serialize};

use crate::Experiment;
use crate::claim::Shows;
use crate::knob::Knob;
use crate::reference::{Group, Reference};

/// Largest lesson file that a page may have read, in bytes.
pub const MAX_LESSON_SENT: usize = 64 * 1024;

/// What is said of lesson files, a JSON object whose `type` is `lessons`. One of the two
/// fields is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "lessons")]
pub struct Lessons {
    /// All files of the gateway's folder, in the order of the list: said when a page watches,
    /// and again when one of them changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<Vec<LessonFile>>,
    /// The file that the page asked to have read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<LessonFile>,
}

/// A lesson file, or why it is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonFile {
    /// The file's name, without folders.
    pub name: String,
    /// What is wrong with it, in English, with line and key; left out where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same for a page in another language; left out where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistake: Option<Box<LessonMistake>>,
    /// The lesson; left out where there is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Box<ReadLesson>>,
}

/// What is wrong with a lesson file, from which a page finds why. One of the last two fields is
/// there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonMistake {
    /// The line that it is about, counted from 1.
    pub line: usize,
    /// The key, such as `experiment.clients[0].messages`; empty for the file.
    pub key: String,
    /// What is no framing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<String>,
    /// What can't be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Box<Experiment>>,
}

/// What a page needs of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadLesson {
    /// Its id and words, the guess that it asks for, the wrong decoder that it shows.
    pub about: Reference,
    /// Which part of a list its file names.
    #[serde(default, skip_serializing_if = "is_default")]
    pub group: Group,
    /// Its place there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: u32,
    /// The knobs worth turning.
    pub knobs: Vec<Knob>,
    /// What its runs show to be wrong.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shows: Vec<Shows>,
    /// What it runs.
    pub experiment: Experiment,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Lessons {
    /// Reads what a gateway says; `None` for what is said of something else.
    pub fn parse(json: &str) -> Option<Self> {
        let said: Self = serde_json::from_str(json).ok()?;
        (said.folder.is_some() || said.read.is_some()).then_some(said)
    }

    /// What a gateway says, as its JSON object.
    ///
    /// # Panics
    /// Never: there is no value in it that JSON has no form for.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("keys are texts")
    }
}

impl LessonFile {
    /// The lesson of the file of this name.
    pub fn of(name: &str, lesson: ReadLesson) -> Self {
        Self {
            name: name.to_owned(),
            error: None,
            mistake: None,
            lesson: Some(Box::new(lesson)),
        }
    }

    /// A file that is no lesson, and why.
    pub fn refused(name: &str, error: String) -> Self {
        Self {
            name: name.to_owned(),
            error: Some(error),
            mistake: None,
            lesson: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Lesson;

    #[test]
    fn what_is_said_of_lesson_files_as_it_travels() {
        let text = "knobs = [\"buffer\"]\n[en]\ntitle = \"T\"\nquestion = \"Q\"\nlook = \"L\"\n\
                    [experiment]\nsystem = \"tcp-echo\"\n[[experiment.clients]]\nmessages = [\"a\"]\n";
        let lesson = crate::lesson::file::parse("mine", text).unwrap();
        let file = LessonFile::of("mine.toml", lesson.clone().into());
        let refused = LessonFile::refused("other.toml", "line 1: no".to_owned());
        let said = Lessons {
            folder: Some(vec![file, refused]),
            read: None,
        };
        let json = said.to_json();
        let start =
            r#"{"type":"lessons","folder":[{"name":"mine.toml","lesson":{"about":{"id":"mine","#;
        assert!(json.starts_with(start), "{json}");
        let end = r#"{"name":"other.toml","error":"line 1: no"}]}"#;
        assert!(json.ends_with(end), "{json}");
        let parsed = Lessons::parse(&json).unwrap();
        assert_eq!(parsed, said);
        let read = parsed.folder.unwrap()[0].lesson.clone().unwrap();
        assert_eq!(Lesson::from(*read), lesson);
    }

    #[test]
    fn all_of_a_lesson_travels() {
        let text = "group = \"trust\"\norder = 3\nknobs = []\nduel = \"psh\"\n\
                    [predict]\ncount = \"refusals\"\nchoices = [1]\n\
                    [[shows]]\nmisconception = \"byte-order\"\ncount = \"refusals\"\nleast = 1\n\
                    [de]\ntitle = \"T\"\nquestion = \"Q\"\nlook = \"L\"\n\
                    [experiment]\nsystem = \"tcp-echo\"\n[[experiment.clients]]\nmessages = [\"a\"]\n";
        let lesson = crate::lesson::file::parse("mine", text).unwrap();
        let json = serde_json::to_string(&ReadLesson::from(lesson.clone())).unwrap();
        let read: ReadLesson = serde_json::from_str(&json).unwrap();
        assert_eq!(Lesson::from(read), lesson);
    }

    #[test]
    fn other_lines_are_none() {
        for json in [
            "{\"type\":\"alive\"}",
            "{\"type\":\"lessons\",\"folder\":7}",
            "",
            "[]",
        ] {
            assert_eq!(Lessons::parse(json), None, "{json}");
        }
    }
}
