//! The address: where it leads, what it keeps, and links to runs.

use trace::Experiment;

use super::{Aim, Effect, State, Status, Tab};
use crate::file;
use crate::hash::{self, Fault, Place, Stop};

/// What the run of a link is called where that is of no lesson.
const LINK: &str = "link";

/// Most changes of the address between two ticks, which are half a second apart.
pub(super) const MOST_CHANGES: usize = 5;

impl State {
    /// Goes where the address says; `false` if it names no lesson. A run that is of
    /// no lesson opens as a file does.
    pub(super) fn go_to(&mut self, place: &Place, effects: &mut Vec<Effect>) -> bool {
        if let (true, false, Some(run)) = (place.lesson.is_empty(), place.is_lab, &place.run) {
            self.choose(self.first_lesson(), effects);
            self.unpacking = Some(place.clone());
            effects.push(Effect::Unpack(run.clone()));
            return true;
        }
        if place.is_yours {
            self.choose_tab(Tab::Yours, effects);
            self.want_above(place.compare);
            return true;
        }
        let mut lessons = self.lessons.iter();
        let lesson = lessons.position(|lesson| lesson.id == place.lesson);
        let lesson = lesson.filter(|_| !place.is_lab);
        let (mut experiment, is_here) = match lesson {
            _ if place.is_lab => (self.lab_at(place), self.tab() == Tab::Lab),
            Some(index) => (
                self.lessons[index].experiment.clone(),
                index == self.lesson && self.opened.is_none(),
            ),
            None => return false,
        };
        let mut faults = place.apply(&mut experiment);
        let same =
            is_here && experiment == self.experiment && !self.is_changed() && place.run.is_none();
        if let (true, Some(_), Some(stop)) = (same, &self.trace, place.step) {
            let events = self.events().len();
            match self.status {
                Status::Running => self.aim = stop.aim(),
                _ => self.player.go(stop.step(events), events),
            }
            self.look_at(place);
            self.note_done(effects);
            return true;
        }
        if let Some(index) = lesson {
            self.choose(index, effects);
        } else {
            self.forget_begun(&experiment);
            self.enter_lab(effects);
        }
        let kept = self.kept(place, lesson, &experiment);
        self.experiment = experiment;
        self.check();
        self.keep_draft(effects);
        if let (Some(number), Some(stop)) = (kept, place.step) {
            // Going back shows the run that was.
            self.put_on_stage(number, effects);
            let events = self.events().len();
            self.player.go(stop.step(events), events);
        } else if let Some(run) = place.run.clone() {
            self.unpacking = Some(place.clone());
            effects.push(Effect::Unpack(run));
        } else {
            match place.step {
                Some(stop) => self.want(stop.aim(), effects),
                None if lesson.is_some() && self.lesson().predict.is_none() => {
                    self.want(Aim::Play, effects);
                }
                None => {}
            }
            if matches!(place.step, Some(Stop::Step(1..))) {
                faults.push(Fault::NewRun);
            }
        }
        self.look_at(place);
        self.faults = faults;
        true
    }

    /// Number of the run of this visit that an address means: the very one that came
    /// in it, else the last of this lesson, or of the Lab, and of this experiment.
    fn kept(&self, place: &Place, lesson: Option<usize>, experiment: &Experiment) -> Option<u32> {
        if let Some(run) = &place.run {
            let linked = self.linked.as_ref().filter(|(_, linked)| linked == run);
            let number = linked.map(|(number, _)| *number)?;
            return self.runs.get(number).map(|run| run.about.number);
        }
        let mut runs = self.runs.all().iter().rev();
        let found = runs.find(|run| {
            let is_of_it = match (lesson, &run.opened) {
                (Some(lesson), None) => run.lesson == lesson,
                (None, Some(opened)) => opened.is_lab,
                _ => false,
            };
            is_of_it && run.trace.plan.as_ref() == Some(experiment)
        });
        found.map(|run| run.about.number)
    }

    /// The stage as the address has it. A selection belongs to a run: it is taken
    /// over only where that is on the stage.
    fn look_at(&mut self, place: &Place) {
        self.view = place.look.view;
        self.axis = place.look.axis;
        self.viewport = place.look.viewport;
        if let Some(target) = place.look.selection {
            self.select(target);
        }
    }

    /// The address names a lesson that there is not; the gateway may still say that it has it.
    pub(super) fn miss(&mut self, place: Place) {
        self.faults = vec![Fault::Lesson(place.lesson.clone())];
        self.folder.wanted = Some(place);
    }

    pub(super) fn handle_hash(&mut self, hash: &str, effects: &mut Vec<Effect>) -> bool {
        let hash = hash.trim_start_matches('#');
        if hash == self.hash || hash == self.hash() {
            return false;
        }
        let place = Place::parse(hash);
        let gone = self.go_to(&place, effects);
        if !gone && !place.lesson.is_empty() {
            self.miss(place);
        }
        // The address no longer holds what was written to it last.
        hash.clone_into(&mut self.hash);
        true
    }

    /// Keeps the address current, but changes it a few times between two ticks at most,
    /// and not while a run plays: browsers limit that (Chromium to 200 times in ten
    /// seconds). Another lesson is another entry of the history.
    pub(super) fn keep_hash(&mut self, effects: &mut Vec<Effect>) {
        // What is being unpacked is still in the address.
        if self.player.is_playing() || self.unpacking.is_some() {
            return;
        }
        let hash = self.hash();
        if hash == self.hash {
            return;
        }
        let before = hash::lesson(&self.hash);
        let now = hash::lesson(&hash);
        let is_other = !before.is_empty() && !now.is_empty() && before != now;
        if !is_other && self.hash_changes >= MOST_CHANGES {
            // The next tick brings it up to date.
            return;
        }
        self.hash_changes += 1;
        self.hash.clone_from(&hash);
        effects.push(if is_other {
            Effect::PushHash(hash)
        } else {
            Effect::SetHash(hash)
        });
    }

    /// Asks for a link to the run on the stage, with the run in it if that fits.
    pub(super) fn copy_link(&mut self, effects: &mut Vec<Effect>) -> bool {
        let (true, Some(trace)) = (self.can_download(), &self.trace) else {
            return false;
        };
        let run = file::write(trace);
        let hash = self.hash();
        let hash = hash.split("&run=").next().unwrap_or_default().to_owned();
        effects.push(Effect::CopyLink { hash, run });
        false
    }

    /// The run of the address is unpacked: it goes onto the stage, without a gateway.
    pub(super) fn open_linked(&mut self, run: Option<Vec<u8>>, effects: &mut Vec<Effect>) -> bool {
        let Some(place) = self.unpacking.take() else {
            return false;
        };
        let text = run.and_then(|run| String::from_utf8(run).ok());
        let Some(trace) = text.as_ref().and_then(|text| file::parse(text).ok()) else {
            self.faults.push(Fault::Run);
            return true;
        };
        // Of another lesson, or of programs that the lab can't run.
        let named = trace.lesson.as_ref().map(|lesson| &lesson.id);
        let is_of_lesson = trace.plan.is_some()
            && (place.is_lab || named.is_none_or(|id| *id == self.lesson().id));
        let is_of_none = place.lesson.is_empty() && !place.is_lab;
        if let (true, Some(text)) = (is_of_none || !is_of_lesson, text) {
            self.open_file(LINK, Ok(text.into_bytes()), effects);
            self.linked = place.run.clone().map(|run| (self.about.number, run));
            self.look_at(&place);
            return true;
        }
        if let Some(plan) = &trace.plan {
            self.experiment = plan.clone();
            self.check();
        }
        self.put_record(trace, place.step.unwrap_or(Stop::Last));
        self.linked = place.run.clone().map(|run| (self.about.number, run));
        self.look_at(&place);
        self.note_done(effects);
        true
    }
}

impl Stop {
    const fn aim(self) -> Aim {
        match self {
            Self::Step(number) => Aim::Step(number),
            Self::Last => Aim::Last,
        }
    }

    pub(super) const fn step(self, events: usize) -> usize {
        match self {
            Self::Step(number) => number,
            Self::Last => events,
        }
    }
}
