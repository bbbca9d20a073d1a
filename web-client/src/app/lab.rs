//! The Lab: an experiment of the reader's own, with every knob there is. It is kept between
//! visits, and in the address.

use protocol::System;
use trace::experiment::MAX_CLIENTS;
use trace::knob::{Knob, Setting};
use trace::lesson::{Group, Translations};
use trace::link::{LessonFile, Lessons};
use trace::{Client, ClientId, Experiment, ExperimentError, Lesson};

use super::{Effect, Mistake, Opened, State, Status, Tab};
use crate::hash::{self, Place};
use crate::settings::Settings;

/// Longest text of an experiment, or of the lesson that it began with, that is kept between
/// visits, in bytes.
const LONGEST: usize = 100_000;

/// The reader's own experiment.
#[derive(Clone, Debug)]
pub(super) struct Lab {
    /// As its knobs stand.
    draft: Experiment,
    /// What it is reset to: the lesson's that it began with, however its knobs stood.
    origin: Experiment,
    /// Id of the lesson, or name of the file, that it began with; empty for none.
    name: String,
    /// That lesson: what a file has of it that this experiment is saved in.
    lesson: Option<Box<Lesson>>,
    /// The same as [`Settings::begun`] has it.
    begun: String,
}

/// What the Lab begins with.
pub(super) fn base() -> Experiment {
    Experiment::new(System::TcpEcho, &["hello", "world"])
}

impl Lab {
    /// The one of the last visit, as its settings have it; `lessons` are the program's.
    pub(super) fn kept(settings: &Settings, lessons: &[Lesson]) -> Self {
        let mut draft = base();
        // What is no knob any more stays as it is at first.
        let _ = Place::parse(&settings.lab).apply(&mut draft);
        let nothing = Self::nothing(draft.clone());
        let begun = &settings.begun;
        let known = lessons.iter().find(|lesson| lesson.id == *begun);
        let known = known.map(|lesson| (begun.clone(), lesson.clone()));
        let file = || {
            let file = Lessons::parse(begun)?.read?;
            Some((file.name, Lesson::from(*file.lesson?)))
        };
        known.or_else(file).map_or(nothing, |(name, lesson)| Self {
            draft,
            origin: lesson.experiment.clone(),
            name,
            lesson: Some(Box::new(lesson)),
            begun: begun.clone(),
        })
    }

    /// An experiment that began with nothing.
    fn nothing(draft: Experiment) -> Self {
        Self {
            draft,
            origin: base(),
            name: String::new(),
            lesson: None,
            begun: String::new(),
        }
    }
}

impl State {
    /// The Lab comes into sight, as it was left; nothing is run.
    pub(super) fn enter_lab(&mut self, effects: &mut Vec<Effect>) {
        self.stop(effects);
        self.shelve();
        self.forget_run();
        self.faults.clear();
        self.refused_file = None;
        self.is_first_visit = false;
        self.status = Status::Idle;
        self.opened = Some(Opened {
            name: self.lab.name.clone(),
            experiment: self.lab.origin.clone(),
            rerun: false,
            is_of_lesson: false,
            is_lab: true,
        });
        self.experiment = self.lab.draft.clone();
        self.yours.tab = Tab::Lab;
        self.check();
    }

    /// The Lab with this experiment, which began with the lesson or file of that name.
    pub(super) fn begin_in_lab(
        &mut self,
        name: String,
        experiment: Experiment,
        lesson: Option<Lesson>,
        effects: &mut Vec<Effect>,
    ) {
        let begun = match &lesson {
            // A copy of it that was changed has its name, too.
            Some(lesson) if self.of_program(&lesson.id) == Some(lesson) => lesson.id.clone(),
            Some(lesson) => {
                let file = LessonFile::of(&name, lesson.clone().into());
                let read = Some(file);
                let begun = Lessons { folder: None, read }.to_json();
                // One that is longer is forgotten when the page is left.
                Some(begun)
                    .filter(|begun| begun.len() <= LONGEST)
                    .unwrap_or_default()
            }
            None => String::new(),
        };
        let origin = lesson.as_ref().map(|lesson| lesson.experiment.clone());
        self.lab = Lab {
            draft: experiment.clone(),
            origin: origin.unwrap_or(experiment),
            name,
            lesson: lesson.map(Box::new),
            begun,
        };
        self.enter_lab(effects);
        self.keep_draft(effects);
    }

    /// The Lab with the lesson of a file.
    pub(super) fn begin_with_file(
        &mut self,
        name: String,
        lesson: Lesson,
        effects: &mut Vec<Effect>,
    ) {
        self.begin_in_lab(name, lesson.experiment.clone(), Some(lesson), effects);
    }

    /// An address leads to this experiment in the Lab: if that is not the one that is there,
    /// it did not begin with the same lesson.
    pub(super) fn forget_begun(&mut self, experiment: &Experiment) {
        if self.lab.draft != *experiment {
            self.lab = Lab::nothing(experiment.clone());
        }
    }

    /// The program's lesson of this name.
    fn of_program(&self, id: &str) -> Option<&Lesson> {
        let mut known = self.lessons.iter().enumerate();
        let found = known.find(|(at, known)| known.id == id && !self.is_own(*at));
        found.map(|(_, known)| known)
    }

    /// Takes the experiment of a lesson or a file, as its knobs stand, over into the Lab.
    pub(super) fn open_in_lab(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.tab() != Tab::Learn || self.is_unplanned() || self.is_only_record() {
            return false;
        }
        let name = match &self.opened {
            Some(opened) => opened.name.clone(),
            None => self.lesson().id.clone(),
        };
        let experiment = self.experiment.clone();
        let is_of_lesson = self
            .opened
            .as_ref()
            .is_none_or(|opened| opened.is_of_lesson);
        let lesson = is_of_lesson.then(|| self.lesson().clone());
        self.begin_in_lab(name, experiment, lesson, effects);
        true
    }

    /// Gives the Lab's experiment to the reader as the file of a lesson.
    pub(super) fn save_lesson(&self, effects: &mut Vec<Effect>) -> bool {
        if self.tab() != Tab::Lab || self.mistake().is_some() {
            return false;
        }
        let (name, lesson) = match &self.lab.lesson {
            Some(begun) => {
                let lesson = Lesson {
                    experiment: self.experiment.clone(),
                    ..(**begun).clone()
                };
                // The name of one of the program's would be taken for that one.
                let is_taken = self.of_program(&begun.id).is_some();
                let own = if is_taken { "my-" } else { "" };
                ([own, &begun.id, ".toml"].concat(), lesson)
            }
            None => ("my-lesson.toml".to_owned(), self.new_lesson()),
        };
        let lesson = Box::new(lesson);
        effects.push(Effect::SaveLesson { name, lesson });
        false
    }

    /// The Lab's experiment as a lesson that began with nothing, with the knobs that are
    /// turned. It has no words.
    fn new_lesson(&self) -> Lesson {
        let base = base();
        let turned = |knob: &Knob| knob.get(&self.experiment) != knob.get(&base);
        let knobs = Knob::ALL.into_iter();
        let knobs = knobs.filter(|knob| knob.applies(&self.experiment) && turned(knob));
        Lesson {
            id: String::new(),
            group: Group::Own,
            order: 0,
            knobs: knobs.collect(),
            predict: None,
            shows: Vec::new(),
            duel: None,
            words: Translations::default(),
            experiment: self.experiment.clone(),
        }
    }

    /// What a bare address of the Lab leads to, and what one with knobs begins with.
    pub(super) fn lab_at(&self, place: &Place) -> Experiment {
        if place.knobs.is_empty() && place.run.is_none() {
            self.lab.draft.clone()
        } else {
            base()
        }
    }

    /// Keeps the Lab's experiment for the next visit, if the Lab is what is shown.
    pub(super) fn keep_draft(&mut self, effects: &mut Vec<Effect>) {
        if self.tab() != Tab::Lab {
            return;
        }
        self.lab.draft.clone_from(&self.experiment);
        let text = hash::write_knobs(&base(), &self.experiment);
        let text = text.trim_start_matches('&');
        let kept = &self.settings;
        if text.len() <= LONGEST && (text != kept.lab || self.lab.begun != kept.begun) {
            text.clone_into(&mut self.settings.lab);
            self.settings.begun.clone_from(&self.lab.begun);
            effects.push(Effect::SaveSettings(self.settings.clone()));
        }
    }

    /// Whether the Lab's experiment may have one more client.
    pub fn can_add_client(&self) -> bool {
        self.experiment.clients.len() < MAX_CLIENTS
    }

    /// One more client, which does what the last one does.
    pub(super) fn add_client(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.tab() != Tab::Lab || !self.can_add_client() {
            return false;
        }
        let last = self.experiment.clients.last();
        let added = Client {
            connections: 1,
            ..last.cloned().unwrap_or_default()
        };
        self.change_clients(|clients| clients.push(added), effects);
        true
    }

    /// The experiment without this client. The last one stays.
    pub(super) fn remove_client(&mut self, client: ClientId, effects: &mut Vec<Effect>) -> bool {
        let clients = self.experiment.clients.len();
        if self.tab() != Tab::Lab || clients < 2 || client.index() >= clients {
            return false;
        }
        // What was refused of the clients behind it belongs to others now.
        self.refused
            .retain(|(setting, ..)| setting.client.is_none_or(|refused| refused < client));
        self.change_clients(
            |clients| {
                clients.remove(client.index());
            },
            effects,
        );
        true
    }

    fn change_clients(&mut self, change: impl FnOnce(&mut Vec<Client>), effects: &mut Vec<Effect>) {
        self.compared = None;
        change(&mut self.experiment.clients);
        self.look_for_mistakes();
        self.keep_draft(effects);
    }

    /// The settings of the Lab's form: all that mean something, messages first. Clients are
    /// added and removed: their number is no field.
    pub fn lab_settings(&self) -> Vec<Setting> {
        let all = Setting::all(&self.experiment).filter(|setting| {
            setting.knob != Knob::Clients && setting.knob.applies(&self.experiment)
        });
        let (mut settings, others): (Vec<_>, Vec<_>) =
            all.partition(|setting| setting.knob == Knob::Messages);
        settings.extend(others);
        settings
    }

    /// Whether a setting has another value than at first.
    pub fn is_own_value(&self, setting: Setting) -> bool {
        let mut base = base();
        base.system = self.experiment.system;
        base.clients
            .resize(self.experiment.clients.len(), Client::default());
        setting.get(&base) != setting.get(&self.experiment)
    }

    /// What is wrong with the value of a setting, if something is: told beside it.
    pub fn mistake_at(&self, setting: Setting) -> Option<Mistake> {
        self.mistakes()
            .find(|mistake| place_of(mistake) == Some(setting))
    }
}

/// The setting at which a mistake is told; none where it is of several.
fn place_of(mistake: &Mistake) -> Option<Setting> {
    match mistake {
        Mistake::Knob(setting, ..) => Some(*setting),
        Mistake::Experiment(error) => match error {
            ExperimentError::Message { client, .. } | ExperimentError::NoMessage { client, .. } => {
                Setting::of(Knob::Messages, *client)
            }
            ExperimentError::NothingToReplay(client) => Setting::of(Knob::Answer, *client),
            ExperimentError::Framing(_) => Some(Knob::Framing.into()),
            ExperimentError::Range { name, .. } => {
                let knob: Knob = name.parse().ok()?;
                Some(Setting::of(knob, ClientId::FIRST).unwrap_or_else(|| knob.into()))
            }
            _ => None,
        },
    }
}
