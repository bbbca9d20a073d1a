//! The page's panels, one file each. They bind to the markup once, show the
//! state when it changed, and own nothing but what they last showed.

mod beside;
mod code;
mod copying;
mod dueling;
mod events;
mod explain;
mod fields;
mod files;
mod find;
mod framing_form;
mod framings;
mod guesses;
mod header;
mod inspector;
mod kinds;
mod knobs;
mod lab;
mod lessons;
mod mistakes;
mod notes;
mod outgoing;
mod pointer;
mod proving;
mod rows;
mod runs;
mod series;
mod stage;
mod task;
mod transport;
mod wording;
mod yours;

use trace::text::Catalog;
use web_sys::{Element, HtmlElement};

use crate::app::State;
use crate::dom::{self, Dispatch, Missing};
use crate::language::Language;
use crate::picture::Picture;

/// All panels.
pub struct Views {
    header: header::Header,
    lessons: lessons::Lessons,
    task: task::Task,
    knobs: knobs::Knobs,
    lab: lab::LabView,
    stage: stage::Stage,
    transport: transport::Transport,
    explain: explain::Explain,
    proving: proving::Proving,
    series: series::SeriesView,
    runs: runs::Runs,
    notes: notes::Notes,
    yours: yours::YoursView,
    dueling: dueling::Dueling,
    files: files::Files,
    find: find::Find,
    events: events::Events,
    inspector: inspector::Inspector,
    code: code::Code,
    language: Option<Language>,
}

impl Views {
    /// Binds all panels to the markup.
    pub fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        Ok(Self {
            header: header::Header::bind(dispatch)?,
            lessons: lessons::Lessons::bind(dispatch)?,
            task: task::Task::bind(dispatch)?,
            knobs: knobs::Knobs::bind(dispatch)?,
            lab: lab::LabView::bind(dispatch)?,
            stage: stage::Stage::bind(dispatch)?,
            transport: transport::Transport::bind(dispatch)?,
            explain: explain::Explain::bind(dispatch)?,
            proving: proving::Proving::bind(dispatch)?,
            series: series::SeriesView::bind(dispatch)?,
            runs: runs::Runs::bind(dispatch)?,
            notes: notes::Notes::bind()?,
            yours: yours::YoursView::bind(dispatch)?,
            dueling: dueling::Dueling::bind(dispatch)?,
            files: files::Files::bind(dispatch)?,
            find: find::Find::bind(dispatch)?,
            events: events::Events::bind(dispatch)?,
            inspector: inspector::Inspector::bind(dispatch)?,
            code: code::Code::bind(dispatch)?,
            language: None,
        })
    }

    /// Whether everything has to be shown though the state is the same.
    pub fn are_dirty(&self) -> bool {
        self.stage.is_dirty()
    }

    /// Whether a panel was scrolled to where it has nothing to show yet.
    pub fn are_scrolled(&self) -> bool {
        self.events.is_scrolled()
    }

    /// Shows what has come into sight by scrolling.
    pub fn look(&mut self, state: &State, catalog: &Catalog) {
        self.events.look(state, catalog);
    }

    /// Brings the stage into sight.
    pub fn show_stage(&self, smoothly: bool) {
        self.stage.show_whole(smoothly);
    }

    /// Brings what came of many runs into sight.
    pub fn show_series(&self, smoothly: bool) {
        self.series.scroll(smoothly);
    }

    /// Lets the user type what is searched for in the events.
    pub fn focus_search(&self) {
        self.find.focus();
    }

    /// Gives the user what is on the stage as a picture of this format and name, and
    /// tells whether the browser could make it.
    pub fn save_picture(
        &self,
        file: (Picture, String),
        state: &State,
        catalog: &Catalog,
        done: impl FnOnce(bool) + 'static,
    ) {
        self.stage.save_picture(file, state, catalog, done);
    }

    /// Brings the elements up to date.
    pub fn show(&mut self, state: &State, catalog: &Catalog) {
        if self.language != Some(state.language()) {
            self.language = Some(state.language());
            translate(state.language(), catalog);
        }
        self.header.show(state, catalog);
        self.lessons.show(state, catalog);
        self.task.show(state, catalog);
        self.knobs.show(state, catalog);
        self.lab.show(state, catalog);
        self.transport.show(state, catalog);
        self.explain.show(state, catalog);
        self.proving.show(state, catalog);
        self.series.show(state, catalog);
        self.runs.show(state, catalog);
        self.notes.show(state, catalog);
        self.yours.show(state, catalog);
        self.dueling.show(state, catalog);
        self.files.show(state, catalog);
        self.find.show(state, catalog);
        self.events.show(state, catalog);
        self.inspector.show(state, catalog);
        self.code.show(state, catalog);
        self.stage.show(state, catalog);
        // Measured once everything is written: each turn from writing to
        // reading costs a layout of the whole page.
        self.stage.measure();
        self.lessons.scroll(state);
        self.explain.measure(state);
        self.transport.measure();
        self.events.scroll(state, catalog);
        self.code.scroll();
    }

    /// Paints the canvases.
    pub fn paint(&mut self, state: &State, catalog: &Catalog) {
        let palette = self.stage.paint(state, catalog);
        self.transport.paint(state, palette);
    }
}

/// Fills in the texts that the markup names.
fn translate(language: Language, catalog: &Catalog) {
    let html: Option<Element> = dom::document().document_element();
    if let Some(html) = html {
        dom::set(&html, "lang", language.tag());
    }
    dom::document().set_title(&catalog.text("page.title"));
    for element in dom::all::<HtmlElement>("[data-text]") {
        let key = element.get_attribute("data-text").unwrap_or_default();
        dom::set_text(&element, &catalog.text(&key));
    }
    for (named, attribute) in [
        ("data-text-title", "title"),
        ("data-text-aria-label", "aria-label"),
        ("data-text-placeholder", "placeholder"),
        ("data-text-done", "data-done"),
        ("data-text-refused", "data-refused"),
    ] {
        for element in dom::all::<Element>(&["[", named, "]"].concat()) {
            let key = element.get_attribute(named).unwrap_or_default();
            dom::set(&element, attribute, &catalog.text(&key));
        }
    }
}
