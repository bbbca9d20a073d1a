//! What the views read of the state.

use trace::{Analysis, Event, Experiment, Lesson, Trace};

use super::{Aim, Copied, Judged, Link, Opened, State, Status, Tab, lab};
use crate::file::FileError;
use crate::hash::{self, Fault, Look, Place};
use crate::language::Language;
use crate::player::Player;
use crate::runs::{About, Run};
use crate::scene::{self, Axis, Index, StageModel, Target, View, Viewport};
use crate::settings::{Settings, Theme};

impl State {
    /// Counts up whenever something that can be seen changed.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether `Frame` messages are needed: it plays, or has events to analyse or to
    /// search.
    pub fn wants_frames(&self) -> bool {
        let is_moving = self.player.is_playing() || self.stale.is_some();
        is_moving || self.is_searching() || self.has_list_work()
    }

    /// All lessons, in the order of the list.
    pub fn lessons(&self) -> &[Lesson] {
        &self.lessons
    }

    /// The lesson that is open.
    pub fn lesson(&self) -> &Lesson {
        &self.lessons[self.lesson]
    }

    /// Where the lesson stands in the list, from 0.
    pub const fn lesson_index(&self) -> usize {
        self.lesson
    }

    /// The experiment as the knobs stand.
    pub const fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The experiment that the knobs are reset to: the open file's, or the lesson's.
    pub fn origin(&self) -> &Experiment {
        let opened = self.opened.as_ref();
        opened.map_or(&self.lesson().experiment, |opened| &opened.experiment)
    }

    /// Whether the Run button works: the knobs are valid and no run is going on.
    pub fn can_run(&self) -> bool {
        self.refused.is_empty()
            && !self.is_unplanned()
            && self.tab() != Tab::Yours
            && self.invalid.is_none()
            && !matches!(self.status, Status::Starting | Status::Running)
    }

    /// Whether a file is open that says nothing of what was planned: a record
    /// of programs that the lab can't run.
    pub fn is_unplanned(&self) -> bool {
        let trace = self.trace.as_ref();
        self.opened.is_some() && trace.is_some_and(|trace| trace.plan.is_none())
    }

    /// Whether the knobs differ from what is on the stage.
    pub fn is_changed(&self) -> bool {
        let trace = self.trace.as_ref();
        let plan = trace.and_then(|trace| trace.plan.as_ref());
        plan.is_some_and(|plan| *plan != self.experiment)
    }

    /// The connection to the gateway.
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// How far the run is.
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// The place of the run in the gateway's queue, from 1, while it waits
    /// there and is not being started.
    pub fn place(&self) -> Option<u32> {
        self.place.filter(|_| self.status == Status::Starting)
    }

    /// What the gateway could not follow during the run, in English.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// What was observed, if something was run.
    pub const fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// What follows from it; empty without a trace. Up to date after the next
    /// `Frame` while events are coming, always once the run is over.
    pub const fn analysis(&self) -> &Analysis {
        &self.derived.analysis
    }

    /// What is looked up of the trace and its analysis; as up to date as the
    /// analysis.
    pub const fn index(&self) -> &Index {
        &self.derived.index
    }

    /// All events by time; none without a trace.
    pub fn events(&self) -> &[Event] {
        self.trace.as_ref().map_or(&[], |trace| trace.events())
    }

    /// How many events have happened at the cursor.
    pub const fn step(&self) -> usize {
        self.player.step()
    }

    /// Index and event the cursor stands behind; none at step 0.
    pub fn current(&self) -> Option<(usize, &Event)> {
        let index = self.step().checked_sub(1)?;
        Some((index, self.events().get(index)?))
    }

    /// The event to inspect: the selected one, else the current one.
    pub fn focus(&self) -> Option<(usize, &Event)> {
        match self.selection {
            Some(Target::Event(index)) => Some((index, self.events().get(index)?)),
            _ => self.current(),
        }
    }

    /// Cursor, playing, speed.
    pub const fn player(&self) -> &Player {
        &self.player
    }

    /// The view of the stage.
    pub const fn view(&self) -> View {
        self.view
    }

    /// What x means in the Time view: as it was chosen, else what shows more of
    /// the run.
    pub fn axis(&self) -> Axis {
        let better = || Some(scene::better_axis(&self.stage_model()?, self.width));
        self.axis.or_else(better).unwrap_or_default()
    }

    /// Which part of the stage is shown.
    pub const fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// What is selected.
    pub const fn selection(&self) -> Option<Target> {
        self.selection
    }

    /// What the pointer is over.
    pub const fn hover(&self) -> Option<Target> {
        self.hover
    }

    /// What the stage is drawn from; none before anything was run.
    pub fn stage_model(&self) -> Option<StageModel<'_>> {
        Some(StageModel {
            trace: self.trace()?,
            analysis: self.analysis(),
            index: self.index(),
            step: self.step(),
            viewport: self.viewport(),
            selection: self.selection(),
            hover: self.hover(),
            earlier: self.earlier(),
            earlier_index: self.above_index(),
            duels: self.duels(),
        })
    }

    /// What was guessed of the run on the stage, or of the one that begins.
    pub fn guess(&self) -> Option<u64> {
        self.guess.or(self.about.guess)
    }

    /// Whether the lesson asks for a guess and it is still one: nothing of this
    /// experiment was drawn yet.
    pub fn can_guess(&self) -> bool {
        self.lesson().predict.is_some()
            && self.opened.is_none()
            && self.can_run()
            && (self.trace.is_none() || self.is_changed())
    }

    /// The guess and what happened, once the run was stepped or played to its end;
    /// none while two runs are compared.
    pub fn judged(&self) -> Option<Judged> {
        let (Some(trace), None) = (&self.trace, self.compared) else {
            return None;
        };
        if !self.about.is_seen || self.opened.is_some() {
            return None;
        }
        let count = self.lesson().predict.as_ref()?.count;
        Some(Judged {
            guess: self.about.guess?,
            actual: self.derived.count(trace, count, self.lesson().duel),
        })
    }

    /// Whether the run on the stage was stepped or played to its end.
    pub const fn is_seen(&self) -> bool {
        self.about.is_seen
    }

    /// What belongs to the run on the stage beside its trace.
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// The other runs of this visit, by their numbers.
    pub fn runs(&self) -> &[Run] {
        self.runs.all()
    }

    /// Whether the help is open.
    pub const fn is_help_open(&self) -> bool {
        self.help
    }

    /// The page's language.
    pub const fn language(&self) -> Language {
        self.settings.language
    }

    /// The page's colours.
    pub const fn theme(&self) -> Theme {
        self.settings.theme
    }

    /// Whether the page says what it is: nobody had seen the end of a lesson with this
    /// browser when it was opened, and no other lesson was chosen since.
    pub const fn is_first_visit(&self) -> bool {
        self.is_first_visit
    }

    /// What is kept for the next visit.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the lesson was run and seen to its end.
    pub fn is_done(&self, lesson: &str) -> bool {
        self.settings.done.iter().any(|done| done == lesson)
    }

    /// The run, or the connection of the same record, that the one on the stage is compared with.
    pub fn earlier(&self) -> Option<&Run> {
        self.above().or_else(|| self.runs.get(self.compared?))
    }

    /// The trace file that was opened, until a lesson is.
    pub const fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// The file that could not be opened, and why.
    pub fn refused_file(&self) -> Option<(&str, &FileError)> {
        let (name, error) = self.refused_file.as_ref()?;
        Some((name, error))
    }

    /// Whether files are dragged over the page.
    pub const fn is_dragging(&self) -> bool {
        self.dragging
    }

    /// What belongs behind `#` now. With a file open it names no step: the
    /// steps of its run are not those of a run of the lesson. It is empty if the
    /// file's run is of no lesson, or of one whose knobs do not lead to it.
    pub fn hash(&self) -> String {
        let step = match (&self.status, &self.trace) {
            _ if self.opened.is_some() && self.tab() != Tab::Lab => None,
            (Status::Done(_) | Status::Interrupted, Some(_)) => Some(self.step()),
            (Status::Starting | Status::Running, _) => match self.aim {
                Aim::Step(step) => Some(step),
                _ => None,
            },
            _ => None,
        };
        let look = Look {
            view: self.view,
            axis: self.axis,
            viewport: self.viewport,
            // Of a run that is still going on, events change their places.
            selection: self.selection.filter(|_| self.can_download()),
        };
        let mut hash = String::new();
        if self.tab() == Tab::Yours {
            hash += hash::YOURS;
            hash += &self.write_above();
        } else if self.tab() == Tab::Lab {
            hash = hash::write_lab(&lab::base(), &self.experiment, step, &look);
        } else if self
            .opened
            .as_ref()
            .is_none_or(|opened| opened.is_of_lesson)
        {
            hash = hash::write(self.lesson(), &self.experiment, step, &look);
        }
        if self.opened.is_some() && self.tab() == Tab::Learn {
            let mut reached = self.lesson().experiment.clone();
            let _ = Place::parse(&hash).apply(&mut reached);
            if reached != self.experiment {
                hash.clear();
            }
        }
        let linked = self.linked.as_ref();
        if let Some((_, run)) = linked.filter(|(number, _)| *number == self.about.number) {
            hash += "&run=";
            hash += run;
        }
        hash
    }

    /// What of the address could not be followed.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether the browser had no memory for the last picture of the stage.
    pub const fn has_picture_failed(&self) -> bool {
        self.picture_failed
    }

    /// What became of the link to the run on the stage that was copied last.
    pub const fn copied(&self) -> Option<Copied> {
        self.copied
    }
}
