//! Opens trace and capture files, and saves runs.

use trace::lesson::Reference;
use trace::{ConnectionId, Trace};

use super::derived::Derived;
use super::{Effect, Format, Opened, State, Status};
use crate::file::{self, FileError};
use crate::hash::Stop;
use crate::picture::Picture;
use crate::scene::View;

/// Most characters of a file's name that are kept.
const LONGEST_NAME: usize = 80;

impl State {
    /// Puts the file's run on the stage in place of what is there; a file that
    /// is no trace changes nothing but the notice.
    pub(super) fn open_file(
        &mut self,
        name: &str,
        content: Result<Vec<u8>, FileError>,
        effects: &mut Vec<Effect>,
    ) {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        self.dragging = false;
        match content.and_then(file::read) {
            Ok(content) => {
                self.put_file(name, content.trace, effects);
                self.capture = content.capture.map(|capture| (self.about.number, capture));
            }
            Err(error) => self.refused_file = Some((name, error)),
        }
    }

    /// Shows another connection of the capture that is open.
    pub(super) fn choose_connection(&mut self, number: u32, effects: &mut Vec<Effect>) {
        if self.capture().is_none() {
            return;
        }
        let (Some((_, mut capture)), Some(opened)) = (self.capture.take(), &self.opened) else {
            return;
        };
        let name = opened.name.clone();
        let connection = ConnectionId(number);
        match capture.read(connection) {
            Ok(trace) => {
                self.put_file(name, trace, effects);
                capture.shown = connection;
            }
            Err(error) => self.refused_file = Some((name, error)),
        }
        self.capture = Some((self.about.number, capture));
    }

    /// A file's record comes on the stage.
    fn put_file(&mut self, name: String, trace: Trace, effects: &mut Vec<Effect>) {
        self.stop(effects);
        self.shelve();
        self.forget_run();
        self.refused_file = None;
        // Without a plan there is nothing to run; the knobs stay as they are.
        if let Some(plan) = &trace.plan {
            self.experiment = plan.clone();
        }
        let lesson = self.lesson_of(&trace);
        if let Some(lesson) = lesson {
            self.lesson = lesson;
        }
        self.opened = Some(Opened {
            name,
            experiment: self.experiment.clone(),
            rerun: false,
            is_of_lesson: lesson.is_some(),
        });
        self.check();
        self.put_record(trace, Stop::Last);
    }

    /// A record that did not come from the gateway goes onto the empty stage, as a
    /// run of its own.
    pub(super) fn put_record(&mut self, trace: Trace, stop: Stop) {
        self.status = trace.ending().map_or(Status::Interrupted, Status::Done);
        self.derived = Derived::new(&trace);
        let events = trace.events().len();
        self.trace = Some(trace);
        self.about.number = self.runs.next();
        self.player.go(stop.step(events), events);
    }

    /// The lesson that a file's run is of: the one it names, else one with the same
    /// plan.
    fn lesson_of(&self, trace: &Trace) -> Option<usize> {
        let plan = trace.plan.as_ref()?;
        let named = |id: &str| self.lessons.iter().position(|lesson| lesson.id == id);
        if let Some(lesson) = &trace.lesson {
            return named(&lesson.id);
        }
        let mut lessons = self.lessons.iter();
        lessons.position(|lesson| lesson.experiment == *plan)
    }

    /// What a run's record says of the lesson it is of.
    pub(super) fn reference(&self) -> Option<Reference> {
        let is_of_lesson = self
            .opened
            .as_ref()
            .is_none_or(|opened| opened.is_of_lesson);
        is_of_lesson.then(|| Reference {
            id: self.lesson().id.clone(),
            predict: None,
            words: None,
        })
    }

    /// Whether the run can be saved: its end has been received.
    pub const fn can_download(&self) -> bool {
        matches!(self.status, Status::Done(_)) && self.trace.is_some()
    }

    pub(super) fn download(&self, format: Format, effects: &mut Vec<Effect>) -> bool {
        let (true, Some(trace)) = (self.can_download(), &self.trace) else {
            return false;
        };
        let bytes = match format {
            Format::Trace => file::write(trace),
            Format::Pcapng => trace::pcapng::write(trace, &self.derived.analysis),
        };
        let name = self.file_stem() + format.ending();
        effects.push(Effect::SaveFile { name, bytes });
        false
    }

    /// What the names of the run's files begin with.
    fn file_stem(&self) -> String {
        match &self.opened {
            // The name of the opened file without its ending.
            Some(opened) => {
                let stem = opened.name.rsplit_once('.');
                stem.map_or(&*opened.name, |(stem, _)| stem).to_owned()
            }
            None => ["stickylab-", &self.lesson().id].concat(),
        }
    }

    /// Has what is on the stage kept as a picture.
    pub(super) fn save_picture(&mut self, picture: Picture, effects: &mut Vec<Effect>) -> bool {
        let had_failed = std::mem::take(&mut self.picture_failed);
        if self.trace.is_some() {
            let view = match self.view {
                View::Bytes => "-bytes",
                View::Time => "-time",
            };
            let name = self.file_stem() + view + picture.ending();
            effects.push(Effect::SavePicture { picture, name });
        }
        had_failed
    }
}
