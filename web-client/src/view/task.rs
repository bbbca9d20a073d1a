//! The lesson's title and question, the guess, and the Run button.

use std::cell::RefCell;
use std::rc::Rc;

use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlButtonElement, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::header::click;
use super::wording;
use crate::app::{Message, Opened, State, Status};
use crate::catalog;
use crate::dom::{self, Dispatch, Listener, Missing, Template};

pub(super) struct Task {
    intro: HtmlElement,
    title: Element,
    question: Element,
    predict: HtmlElement,
    chips: Element,
    chip: Template,
    other: HtmlInputElement,
    /// Beside the question, and below the Lab's form in narrow windows.
    runs: [RunButtons; 2],
    choices: Vec<u64>,
    buttons: Vec<Element>,
    lesson: String,
    _listeners: [Listener; 3],
}

/// *Run*, and *Stop* in its place while something runs.
struct RunButtons {
    run: HtmlButtonElement,
    stop: HtmlElement,
    text: Element,
    _listeners: [Listener; 2],
}

impl Task {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let chips: Element = dom::find("chips")?;
        let other: HtmlInputElement = dom::find("other")?;
        let guess = |text: &str| text.trim().parse().ok().map(Message::Guess);
        let typed = {
            let (other, dispatch) = (other.clone(), dispatch.clone());
            // Enter always submits; losing the focus only submits a value that Enter has not.
            let counted = Rc::new(RefCell::new(String::new()));
            move |by_enter: bool| {
                let value = other.value();
                let is_new = counted.replace(value.clone()) != value;
                if let (true, Some(message)) = (is_new || by_enter, guess(&value)) {
                    dispatch(message);
                }
            }
        };
        let entered = typed.clone();
        let listeners = [
            dom::on_click(&chips, "data-guess", dispatch, guess),
            dom::listen(&other, "change", move |_: Event| typed(false)),
            dom::listen(&other, "keydown", move |event: KeyboardEvent| {
                if event.key() == "Enter" {
                    event.prevent_default();
                    entered(true);
                }
            }),
        ];
        Ok(Self {
            intro: dom::find("intro")?,
            title: dom::find("title")?,
            question: dom::find("question")?,
            predict: dom::find("predict")?,
            chips,
            chip: Template::find("chip")?,
            other,
            runs: [
                RunButtons::bind(["run", "stop", "run-text"], dispatch)?,
                RunButtons::bind(["lab-run", "lab-stop", "lab-run-text"], dispatch)?,
            ],
            choices: Vec::new(),
            buttons: Vec::new(),
            lesson: String::new(),
            _listeners: listeners,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let is_first = state.is_first_visit() && state.opened().is_none();
        dom::set_shown(&self.intro, is_first);
        dom::set_text(&self.title, &title(state, catalog));
        let shown = Some(state.lesson()).filter(|_| state.opened().is_none());
        let language = shown.and_then(|lesson| catalog::lesson_language(state.language(), lesson));
        for element in [&self.title, &self.question] {
            dom::set_language(element, language);
        }
        if let Some(opened) = state.opened() {
            let kernel = state
                .trace()
                .map_or_else(String::new, |t| wording::kernel(&t.head.kernel));
            let key = if opened.is_lab && opened.name.is_empty() {
                "lab.about"
            } else if opened.is_lab {
                "lab.about.begun"
            } else if opened.rerun {
                "file.rerun"
            } else if state.is_only_record() {
                "yours.served"
            } else if state.is_unplanned() {
                "file.record"
            } else if kernel.is_empty() {
                "file.shown-unknown"
            } else {
                "file.shown"
            };
            let about = Sentence::new(key)
                .with("kernel", kernel)
                .with("name", begun_with(state, opened, catalog));
            dom::set_text(&self.question, &catalog.render(&about));
        } else {
            let question =
                catalog::lesson_text(catalog, state.language(), state.lesson(), "question");
            dom::set_text(&self.question, &question);
        }
        let lesson = Some(state.lesson()).filter(|_| state.opened().is_none());
        let predict = lesson.and_then(|lesson| lesson.predict.as_ref());
        dom::set_shown(&self.predict, predict.is_some());
        let choices = predict.map_or(&[][..], |predict| &predict.choices);
        if self.choices != choices {
            self.build(choices);
        }
        if self.lesson != state.lesson().id {
            self.lesson.clone_from(&state.lesson().id);
            self.other.set_value("");
        }
        // Not disabled: the one that has the focus keeps it.
        let is_late = !state.can_guess();
        for (button, choice) in self.buttons.iter().zip(&self.choices) {
            dom::set_bool(button, "aria-pressed", state.guess() == Some(*choice));
            dom::set_bool(button, "aria-disabled", is_late);
        }
        self.other.set_read_only(is_late);
        let other = state.guess().filter(|guess| !choices.contains(guess));
        if let Some(label) = self.other.parent_element() {
            dom::set_bool(&label, "data-chosen", other.is_some());
        }
        if let Some(other) = other
            && self.other.value().is_empty()
        {
            self.other.set_value(&other.to_string());
        }

        for buttons in &self.runs {
            buttons.show(state, catalog);
        }
    }

    fn build(&mut self, choices: &[u64]) {
        self.choices = choices.to_vec();
        dom::clear(&self.chips);
        self.buttons.clear();
        for choice in choices {
            let chip: Element = self.chip.clone_as();
            let number = choice.to_string();
            dom::set(&chip, "data-guess", &number);
            dom::set_text(&chip, &number);
            let _ = self.chips.append_child(&chip);
            self.buttons.push(chip);
        }
    }
}

impl RunButtons {
    /// Those of these ids: *Run*, *Stop*, and the text of the first.
    fn bind([run, stop, text]: [&str; 3], dispatch: &Dispatch) -> Result<Self, Missing> {
        let run: HtmlButtonElement = dom::find(run)?;
        let stop: HtmlElement = dom::find(stop)?;
        Ok(Self {
            _listeners: [
                click(&run, dispatch, Message::Run),
                click(&stop, dispatch, Message::Stop),
            ],
            run,
            stop,
            text: dom::find(text)?,
        })
    }

    fn show(&self, state: &State, catalog: &Catalog) {
        let going_on = matches!(state.status(), Status::Starting | Status::Running);
        // The focus stays on the button, whichever of the two it is.
        let active = dom::document().active_element();
        let run: &Element = &self.run;
        let stop: &Element = &self.stop;
        let had_focus = active.is_some_and(|active| active == *run || active == *stop);
        dom::set_shown(&self.run, !going_on);
        dom::set_shown(&self.stop, going_on);
        // A disabled button takes no focus.
        self.run.set_disabled(!state.can_run());
        if had_focus {
            let shown: &HtmlElement = if going_on { &self.stop } else { &self.run };
            dom::focus_in_place(shown);
        }
        let text = if state.trace().is_none() {
            "run"
        } else if state.is_changed() {
            "run.changed"
        } else {
            "run.again"
        };
        dom::set_text(&self.text, &catalog.text(text));
    }
}

/// What the page is about: the lesson, or the file that is open.
pub(super) fn title(state: &State, catalog: &Catalog) -> String {
    match state.opened() {
        Some(_) if state.is_only_record() => super::yours::title(state, catalog),
        Some(opened) if opened.is_lab => catalog.text("lab.title"),
        Some(opened) => opened.name.clone(),
        None => catalog::lesson_text(catalog, state.language(), state.lesson(), "title"),
    }
}

/// The title of the lesson that the Lab's experiment began with, or the name of the file.
fn begun_with(state: &State, opened: &Opened, catalog: &Catalog) -> String {
    let mut lessons = state.lessons().iter();
    let lesson = lessons.find(|lesson| lesson.id == opened.name);
    lesson.map_or_else(
        || opened.name.clone(),
        |lesson| catalog::lesson_text(catalog, state.language(), lesson, "title"),
    )
}
