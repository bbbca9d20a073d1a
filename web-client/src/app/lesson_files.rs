//! Lesson files: those of the gateway's folder, which are listed with the other lessons, and
//! one that the reader opens in the Lab. The gateway reads them, and says what they have.

use trace::Lesson;
use trace::link::{LessonFile, Lessons, MAX_LESSON_SENT, Request};

use super::{Effect, Forecast, Link, State, Tab};
use crate::file::FileError;
use crate::hash::{Fault, Place};

/// What the name of a lesson file ends in.
const ENDING: &str = ".toml";
/// Most lessons that are kept. Those whose files have gone are among them, because runs
/// name their lesson by its place.
const MOST: usize = 1000;

/// The lessons of the gateway's folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// Where they stand among all lessons, in the order of the list.
    pub listed: Vec<usize>,
    /// How many lessons come with the program: those of the folder stand behind them.
    pub(super) behind: usize,
    /// Files that are no lessons, and why.
    pub broken: Vec<LessonFile>,
    /// How often the gateway has said what is in it.
    pub revision: u32,
    /// Where the address leads, if it is to a lesson that there has not been yet.
    pub(super) wanted: Option<Place>,
    /// The name of the file that the gateway was asked to read.
    pub(super) asked: Option<String>,
}

/// Whether a file of this name is read as a lesson.
pub(super) fn is_lesson_file(name: &str) -> bool {
    let ending = name.len().checked_sub(ENDING.len());
    let ending = ending.and_then(|at| name.get(at..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

impl State {
    /// The lessons of the gateway's folder.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether the lesson in this place does not come with the program.
    pub const fn is_own(&self, lesson: usize) -> bool {
        lesson >= self.folder.behind
    }

    /// Takes what the gateway says of lesson files.
    pub(super) fn take_lessons(&mut self, said: Lessons, effects: &mut Vec<Effect>) {
        if let Some(files) = said.folder {
            self.list_folder(files, effects);
        }
        if let Some(file) = said.read
            && self
                .folder
                .asked
                .take_if(|asked| *asked == file.name)
                .is_some()
        {
            match file.lesson {
                Some(read) => self.begin_with_file(file.name, Lesson::from(*read), effects),
                None => self.refuse_lesson(file),
            }
        }
    }

    fn refuse_lesson(&mut self, file: LessonFile) {
        self.refused_file = Some((file.name.clone(), FileError::Lesson(file.into())));
    }

    /// The gateway refused something; tells whether that was to read a file.
    pub(super) fn is_lesson_refused(&mut self, reason: &str) -> bool {
        let asked = self.folder.asked.take();
        let was_asked = asked.is_some();
        if let Some(name) = asked {
            self.refuse_lesson(LessonFile::refused(&name, reason.to_owned()));
        }
        was_asked
    }

    /// Has the gateway read a lesson file, for the Lab.
    pub(super) fn ask_for_lesson(
        &mut self,
        name: String,
        content: Vec<u8>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), FileError> {
        if content.len() > MAX_LESSON_SENT {
            return Err(FileError::LessonSize);
        }
        let text = String::from_utf8(content).map_err(|_| FileError::NoText)?;
        if !matches!(self.link, Link::Online { .. }) {
            return Err(FileError::Offline);
        }
        // TOML has no control characters. Six bytes each in JSON they could make a longer
        // request than the gateway takes; it refuses DEL as well, and says where.
        let is_forbidden = |c: char| c < ' ' && !"\t\n\r".contains(c);
        let text = text.replace(is_forbidden, "\u{7f}");
        self.folder.asked = Some(name.clone());
        effects.push(Effect::SendToGateway(Request::Read { name, text }));
        Ok(())
    }

    /// Lists these files. A lesson that is open stays open when its file is broken or gone;
    /// it begins anew when it runs something else now.
    fn list_folder(&mut self, files: Vec<LessonFile>, effects: &mut Vec<Effect>) {
        self.folder.revision += 1;
        self.folder.listed.clear();
        self.folder.broken.clear();
        let mut is_other = false;
        let mut asks_otherwise = false;
        for file in files {
            let Some(read) = file.lesson else {
                self.folder.broken.push(file);
                continue;
            };
            let lesson = Lesson::from(*read);
            let known = self.lessons.iter().position(|known| known.id == lesson.id);
            match known {
                Some(at) if self.is_own(at) => {
                    let before = std::mem::replace(&mut self.lessons[at], lesson);
                    if at == self.lesson {
                        let lesson = &self.lessons[at];
                        is_other = before.experiment != lesson.experiment;
                        asks_otherwise = before.predict != lesson.predict;
                    }
                    self.folder.listed.push(at);
                }
                None if self.lessons.len() < MOST => {
                    self.folder.listed.push(self.lessons.len());
                    self.lessons.push(lesson);
                }
                _ => {}
            }
        }
        let is_here = self.tab() == Tab::Learn && self.opened.is_none();
        if asks_otherwise {
            self.forecast = Forecast::default();
            self.guess = None;
            self.about.guess = None;
        }
        if is_here && is_other {
            self.begin_lesson(self.lesson, effects);
        }
        let is_own = self.is_own(self.lesson);
        if is_here && is_own && !self.folder.listed.contains(&self.lesson) {
            self.folder.listed.push(self.lesson);
        }
        self.go_where_wanted(effects);
    }

    /// Goes where the address led when it named a lesson that was not known yet, unless
    /// something else was opened since.
    fn go_where_wanted(&mut self, effects: &mut Vec<Effect>) {
        if let Some(place) = self.folder.wanted.take() {
            let is_waiting = self.faults == [Fault::Lesson(place.lesson.clone())];
            if is_waiting && !self.go_to(&place, effects) {
                self.folder.wanted = Some(place);
            }
        }
    }

    /// The lesson behind this one in the list.
    pub fn next_lesson(&self) -> Option<&Lesson> {
        let listed = &self.folder.listed;
        let next = if self.is_own(self.lesson) {
            let at = listed.iter().position(|at| *at == self.lesson)?;
            *listed.get(at + 1)?
        } else {
            let next = self.lesson + 1;
            if self.is_own(next) {
                *listed.first()?
            } else {
                next
            }
        };
        self.lessons.get(next)
    }
}
