//! The page's state and how it changes: messages in, effects out. It knows no
//! browser; what the browser has to do is returned as an [`Effect`].

mod address;
mod beside;
mod chunk;
mod coding;
mod condition;
mod connecting;
mod derived;
mod dueling;
mod files;
mod finding;
mod following;
mod guessing;
mod inspecting;
mod keyboard;
mod knobs;
mod lab;
mod lesson_files;
mod message;
mod navigation;
mod proving;
mod reading;
mod repeating;
mod running;
#[cfg(test)]
mod tests;
mod yours;

use trace::duel::Opponent;
use trace::knob::{KnobError, Setting};
use trace::source_code::Language;
use trace::{End, Experiment, ExperimentError, Lesson, Nonces, Script, Trace};

pub use crate::runs::{Opened, Status};
pub use chunk::{Chunk, Layer};
pub(crate) use condition::Aim;
pub use condition::{Judged, Link, Mistake};
use derived::Derived;
pub use keyboard::key;
use lab::Lab;
pub use lesson_files::Folder;
pub use message::{ChunkCopied, CodeLanguage, Copied, Effect, Format, Message, Role, Tab};
pub use repeating::MOST_VALUE;
use repeating::{Forecast, Repeated};
use yours::Yours;

use crate::file::FileError;
use crate::find::Search;
use crate::hash::{Fault, Place};
use crate::player::Player;
use crate::runs::{About, Runs};
use crate::scene::{Axis, Target, View, Viewport};
use crate::settings::Settings;

/// The lesson of the first visit.
const OPENING: &str = "five-sends";

/// What the page is given when it opens.
#[derive(Clone, Debug)]
pub struct Setup {
    /// All lessons, in the order of the list.
    pub lessons: Vec<Lesson>,
    /// From the last visit; the browser's language where there was none.
    pub settings: Settings,
    /// What stands behind `#` in the address.
    pub hash: String,
    /// The system asks for reduced motion: runs do not play by themselves.
    pub reduced_motion: bool,
    /// The browser's random source: other nonces at each call.
    pub nonces: fn() -> Nonces,
}

/// The page's state. Read it freely; change it with [`State::update`].
#[derive(Debug)]
pub struct State {
    lessons: Vec<Lesson>,
    lesson: usize,
    experiment: Experiment,
    /// The invalid values that were typed into knobs.
    refused: Vec<(Setting, String, KnobError)>,
    /// What stands in a knob's field that has not been set.
    typed: Option<(Setting, String)>,
    invalid: Option<ExperimentError>,

    link: Link,
    attempts: u32,
    /// Milliseconds since the gateway said something, or an attempt to connect began.
    silent_ms: f64,
    status: Status,
    complaint: Option<String>,
    run: u32,
    /// What that run was asked to be.
    asked: Option<Experiment>,
    /// Whether lines belong to the run asked for last.
    ours: bool,
    /// A run is wanted as soon as the gateway is there.
    wanted: bool,
    /// Where the run asked for last waits in the gateway's queue, from 1.
    place: Option<u32>,
    trace: Option<Trace>,
    derived: Derived,
    /// Where the first event stands that came since it was derived.
    stale: Option<usize>,
    script: Option<Script>,
    nonces: fn() -> Nonces,
    /// What belongs to the run on the stage beside its trace.
    about: About,
    /// All other runs of this visit.
    runs: Runs,
    /// The run asked for last is to be compared with the one on the stage.
    proving: bool,
    /// Number of the run that the one on the stage is compared with.
    compared: Option<u32>,
    /// The runs of one experiment again and again that were asked for last.
    repeated: Option<Repeated>,
    /// What is guessed of such a series.
    forecast: Forecast,

    opened: Option<Opened>,
    /// The list of the reader's connections.
    yours: Yours,
    /// The reader's own experiment.
    lab: Lab,
    /// The lessons of the gateway's folder.
    folder: Folder,
    /// The file that could not be opened last, and why.
    refused_file: Option<(String, FileError)>,
    dragging: bool,

    player: Player,
    aim: Aim,
    view: View,
    /// The axis that was chosen, if one was.
    axis: Option<Axis>,
    viewport: Viewport,
    width: f64,
    selection: Option<Target>,
    hover: Option<Target>,
    guess: Option<u64>,
    /// Nobody had seen the end of a lesson when the page was opened, and no other
    /// lesson was chosen since.
    is_first_visit: bool,
    help: bool,
    code: CodeLanguage,
    role: Role,
    /// Whether a reader and a writer for the framing are shown instead, and in which language.
    decoder: (bool, Language),
    settings: Settings,
    reduced_motion: bool,
    /// What was last put behind `#`.
    hash: String,
    /// How often something was since the last tick.
    hash_changes: usize,
    /// What of the address could not be followed.
    faults: Vec<Fault>,
    /// The place whose run is being unpacked.
    unpacking: Option<Place>,
    /// The run of this number came in an address, packed like this.
    linked: Option<(u32, String)>,
    /// What became of the link that was copied last.
    copied: Option<Copied>,
    /// What is copied of a chunk, if one was chosen.
    copied_layer: Option<Layer>,
    /// What became of the chunk that was copied last.
    chunk_copied: Option<ChunkCopied>,
    /// The browser had no memory for the last picture of the stage.
    picture_failed: bool,
    /// The wrong decoder that is shown beside the right one.
    opponent: Option<Opponent>,
    search: Search,
    /// The cursor goes to the next match, or to the one before it, once that is known.
    seeking: Option<bool>,
    revision: u64,
}

impl State {
    /// The page as it opens, and what to do first.
    ///
    /// # Panics
    ///
    /// Without lessons there is no page.
    pub fn open(setup: Setup) -> (Self, Vec<Effect>) {
        let experiment = setup.lessons[0].experiment.clone();
        let lab = Lab::kept(&setup.settings, &setup.lessons);
        let folder = Folder {
            behind: setup.lessons.len(),
            ..Folder::default()
        };
        let mut state = Self {
            lessons: setup.lessons,
            lesson: 0,
            experiment,
            refused: Vec::new(),
            typed: None,
            invalid: None,
            link: Link::Connecting,
            attempts: 0,
            silent_ms: 0.0,
            status: Status::Idle,
            complaint: None,
            run: 0,
            asked: None,
            ours: false,
            wanted: false,
            place: None,
            trace: None,
            derived: Derived::default(),
            stale: None,
            script: None,
            nonces: setup.nonces,
            about: About::default(),
            runs: Runs::default(),
            proving: false,
            compared: None,
            repeated: None,
            forecast: Forecast::default(),
            opened: None,
            yours: Yours::default(),
            lab,
            folder,
            refused_file: None,
            dragging: false,
            player: Player::default(),
            aim: Aim::Play,
            view: View::default(),
            axis: None,
            viewport: Viewport::default(),
            width: 960.0,
            selection: None,
            hover: None,
            guess: None,
            is_first_visit: false,
            help: false,
            code: CodeLanguage::default(),
            role: Role::default(),
            decoder: (false, Language::Python),
            settings: setup.settings,
            reduced_motion: setup.reduced_motion,
            hash: String::new(),
            hash_changes: 0,
            faults: Vec::new(),
            unpacking: None,
            linked: None,
            copied: None,
            copied_layer: None,
            chunk_copied: None,
            picture_failed: false,
            opponent: None,
            search: Search::default(),
            seeking: None,
            revision: 0,
        };
        let mut effects = vec![Effect::Connect];
        let place = Place::parse(&setup.hash);
        if !state.go_to(&place, &mut effects) {
            state.begin_lesson(state.first_lesson(), &mut effects);
            if !place.lesson.is_empty() {
                state.miss(place);
            }
        }
        state.is_first_visit = state.settings.done.is_empty();
        state.keep_hash(&mut effects);
        (state, effects)
    }

    /// Changes the state by a message; returns what has to be done, in order.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let mut effects = Vec::new();
        let before = self.step();
        if self.take(message, &mut effects) {
            self.revision += 1;
        }
        if self.step() != before {
            self.chunk_copied = None;
            self.follow();
            self.keep_in_sight();
        }
        self.keep_hash(&mut effects);
        effects
    }

    /// Whether anything that can be seen changed.
    fn take(&mut self, message: Message, effects: &mut Vec<Effect>) -> bool {
        match message {
            Message::LinkDown => self.handle_link_down(),
            Message::Line(line) => return self.handle_line(*line, effects),
            Message::Lessons(said) => self.take_lessons(*said, effects),
            Message::Tick { elapsed_ms } => return self.handle_tick(elapsed_ms, effects),
            Message::Frame { elapsed_ms } => return self.handle_frame(elapsed_ms, effects),
            Message::LessonChosen(id) => {
                let index = self.lessons.iter().position(|lesson| lesson.id == id);
                let Some(index) = index.filter(|_| !self.is_only_record()) else {
                    return false;
                };
                self.begin_lesson(index, effects);
            }
            Message::KnobSet(setting, value) => self.set_knob(setting, value, effects),
            Message::KnobTyped(setting, value) => return self.type_knob(setting, value),
            Message::KnobsReset => self.reset_knobs(effects),
            Message::OpenInLab => return self.open_in_lab(effects),
            Message::SaveLesson => return self.save_lesson(effects),
            Message::ClientAdded => return self.add_client(effects),
            Message::ClientRemoved(client) => return self.remove_client(client, effects),
            Message::Prove(counterfactual) => return self.prove(&counterfactual, effects),
            Message::KeepAbove => return self.keep_above(),
            Message::CloseComparison => return self.close_comparison(effects),
            Message::ShowRun(number) => return self.show_run(number, effects),
            Message::Compare(number) => return self.compare(number),
            Message::Repeat => return self.repeat(effects),
            Message::StopRepeating => return self.stop_repeating(effects),
            Message::ShowOutcome(run) => return self.show_outcome(run, effects),
            Message::Forecast(value, runs) => return self.set_forecast(value, runs),
            Message::ForecastValue(value) => return self.add_forecast(value),
            Message::FileRead { name, content } => self.open_file(&name, content, effects),
            Message::TabChosen(tab) => return self.choose_tab(tab, effects),
            Message::ConnectionChosen(number) => return self.choose_connection(number),
            Message::ListSearched(text) => self.search_list(text),
            Message::ListOrdered(order) => self.order_list(order),
            Message::Follow(follows) => self.follow_record(follows),
            Message::FramingSet(direction, text) => return self.set_framing(direction, &text),
            Message::FramingTyped(direction, text) => return self.type_framing(direction, text),
            Message::OpponentChosen(opponent) => return self.choose_opponent(opponent),
            Message::GuessFramings => return self.guess_framings(),
            Message::Download(format) => return self.download(format, effects),
            Message::Picture(picture) => return self.save_picture(picture, effects),
            Message::PictureFailed => self.picture_failed = true,
            Message::CopyLink => return self.copy_link(effects),
            Message::LinkCopied(copied) => self.copied = Some(copied),
            Message::CopyLayer(layer) => {
                self.copied_layer = Some(layer);
                self.chunk_copied = None;
            }
            Message::CopyChunk(notation) => {
                self.copy_chunk(notation, effects);
                return false;
            }
            Message::ChunkCopied(copied) => self.chunk_copied = Some(copied),
            Message::Unpacked(run) => return self.open_linked(run, effects),
            Message::Find(find) => return self.find(find, effects),
            Message::Dragging(dragging) => {
                return std::mem::replace(&mut self.dragging, dragging) != dragging;
            }
            Message::Guess(guess) => {
                if !self.can_guess() {
                    return false;
                }
                self.guess = Some(guess);
                self.want_in_sight(effects);
            }
            Message::Run => self.want_in_sight(effects),
            Message::Stop => self.stop(effects),
            Message::HashChanged(hash) => return self.handle_hash(&hash, effects),
            other => return self.navigate(&other, effects),
        }
        true
    }

    fn handle_frame(&mut self, elapsed_ms: f64, effects: &mut Vec<Effect>) -> bool {
        let refreshed = self.refresh();
        let searched = self.go_on_searching(effects);
        let moved = self.player.advance(elapsed_ms, self.events().len());
        if moved {
            self.note_done(effects);
        }
        let listed = self.work_on_list();
        refreshed || searched || moved || listed
    }

    /// The code panel follows the program that made the current call.
    fn follow(&mut self) {
        self.role = match self.current() {
            Some((_, event)) if event.call.is_packet() => return,
            Some((_, event)) if event.end == End::Acceptor => Role::Server,
            Some(_) => Role::Client,
            None => return,
        };
    }

    /// What opens where no lesson is named: the one that shows what the page is
    /// about, until it was done; then the first that was not.
    fn first_lesson(&self) -> usize {
        let at = |wanted: &dyn Fn(&Lesson) -> bool| self.lessons.iter().position(wanted);
        let opening = at(&|lesson| lesson.id == OPENING && !self.is_done(&lesson.id));
        let undone = || at(&|lesson| !self.is_done(&lesson.id));
        opening.or_else(undone).unwrap_or_default()
    }

    /// Opens a lesson; what asks for no guess is run at once.
    fn begin_lesson(&mut self, index: usize, effects: &mut Vec<Effect>) {
        self.choose(index, effects);
        if self.lesson().predict.is_none() {
            self.want(Aim::Play, effects);
        }
    }

    /// The page is about this lesson; what was guessed of another is not about it.
    fn turn_to(&mut self, index: usize) {
        if self.lesson != index {
            self.forecast = Forecast::default();
        }
        self.lesson = index;
    }

    /// Knobs as the lesson has them, nothing run, nothing selected.
    fn choose(&mut self, index: usize, effects: &mut Vec<Effect>) {
        self.stop(effects);
        self.shelve();
        self.faults.clear();
        self.opened = None;
        self.refused_file = None;
        self.is_first_visit = false;
        self.yours.tab = Tab::Learn;
        self.lesson = index;
        self.experiment = self.lesson().experiment.clone();
        self.forecast = Forecast::default();
        self.choose_opponent(self.lesson().duel);
        self.check();
        self.forget_run();
        self.status = Status::Idle;
    }
}
