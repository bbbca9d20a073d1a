//! Opens trace and capture files, and saves runs.

use trace::Trace;
use trace::lesson::Reference;

use super::derived::Derived;
use super::lesson_files::is_lesson_file;
use super::{Effect, Format, Opened, State, Status, Tab};
use crate::file::{self, Content, FileError};
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
        if self.is_only_record() {
            // The page is there for the one record.
            self.dragging = false;
            return;
        }
        let is_lesson = is_lesson_file(name);
        let name: String = name.chars().take(LONGEST_NAME).collect();
        self.dragging = false;
        if is_lesson {
            let asked =
                content.and_then(|content| self.ask_for_lesson(name.clone(), content, effects));
            self.refused_file = asked.err().map(|error| (name, error));
            return;
        }
        let done = match content.and_then(file::read) {
            Ok(Content::Run(trace)) => {
                let trace = *trace;
                self.put_file(name.clone(), trace, effects);
                Ok(())
            }
            Ok(Content::Source(source)) => self.put_source(&name, *source, effects),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            self.refused_file = Some((name, error));
        }
    }

    /// A file's run comes on the stage.
    fn put_file(&mut self, name: String, trace: Trace, effects: &mut Vec<Effect>) {
        self.stop(effects);
        self.shelve();
        self.forget_run();
        self.refused_file = None;
        if let Some(plan) = &trace.plan {
            self.experiment = plan.clone();
        }
        let lesson = self.lesson_of(&trace);
        if let Some(lesson) = lesson {
            self.turn_to(lesson);
        }
        self.opened = Some(Opened {
            name,
            experiment: self.experiment.clone(),
            rerun: false,
            is_of_lesson: lesson.is_some(),
            is_lab: false,
        });
        self.check();
        self.yours.tab = Tab::Learn;
        self.put_record(trace, Stop::Step(0));
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
        let lesson = self.lesson();
        // Of one that comes with the program its id tells everything.
        let own = Some(lesson).filter(|_| self.is_own(self.lesson));
        is_of_lesson.then(|| Reference {
            id: lesson.id.clone(),
            predict: own.and_then(|lesson| lesson.predict.clone()),
            duel: own.and_then(|lesson| lesson.duel),
            words: own.map(|lesson| lesson.words.clone()),
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
            Some(opened) if opened.is_lab => "stickylab-lab".to_owned(),
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
