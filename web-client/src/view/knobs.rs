//! The knobs worth turning in this lesson: name and value, edited in place.
//! A field opens on a click, sets the knob when it is left or Enter is
//! pressed, and closes on Esc.

use trace::Experiment;
use trace::knob::{Domain, Knob};
use trace::text::Catalog;
use web_sys::{
    Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement,
    KeyboardEvent,
};

use super::framings;
use crate::app::{Message, Mistake, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::scene::knob_value;

pub(super) struct Knobs {
    row: Element,
    knob: Template,
    editor: Template,
    reset: HtmlElement,
    fields: [Template; 4],
    option: Template,
    shown: Vec<Shown>,
    /// What the row was built for.
    built: Option<(String, Language, Vec<Knob>)>,
    /// What it shows.
    source: Option<Source>,
    dispatch: Dispatch,
    _reset: Listener,
}

/// What the row follows from.
#[derive(PartialEq)]
struct Source {
    lesson: String,
    language: Language,
    experiment: Experiment,
    origin: Experiment,
    mistake: Option<Mistake>,
    is_unplanned: bool,
}

impl Source {
    fn of(state: &State) -> Self {
        Self {
            lesson: state.lesson().id.clone(),
            language: state.language(),
            experiment: state.experiment().clone(),
            origin: state.origin().clone(),
            mistake: state.mistake(),
            is_unplanned: state.is_unplanned(),
        }
    }

    /// Whether it is still so. A plan may have a thousand messages: nothing is
    /// copied for it.
    fn is_of(&self, state: &State) -> bool {
        self.lesson == state.lesson().id
            && self.language == state.language()
            && self.experiment == *state.experiment()
            && self.origin == *state.origin()
            && self.mistake == state.mistake()
            && self.is_unplanned == state.is_unplanned()
    }
}

struct Shown {
    knob: Knob,
    button: HtmlElement,
    value: Element,
    editor: HtmlElement,
    field: Field,
    _listeners: Vec<Listener>,
}

#[derive(Clone)]
enum Field {
    Input(HtmlInputElement),
    Choice(HtmlSelectElement),
    Lines(HtmlTextAreaElement),
}

impl Field {
    fn element(&self) -> &HtmlElement {
        match self {
            Self::Input(input) => input,
            Self::Choice(select) => select,
            Self::Lines(area) => area,
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Input(input) => input.value(),
            Self::Choice(select) => select.value(),
            Self::Lines(area) => area.value(),
        }
    }

    fn set_value(&self, value: &str) {
        match self {
            Self::Input(input) => input.set_value(value),
            Self::Choice(select) => select.set_value(value),
            Self::Lines(area) => area.set_value(value),
        }
    }
}

impl Knobs {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let reset: HtmlElement = dom::find("knobs-reset")?;
        Ok(Self {
            row: dom::find("knobs")?,
            knob: Template::find("knob")?,
            editor: Template::find("knob-editor")?,
            _reset: super::header::click(&reset, dispatch, Message::KnobsReset),
            reset,
            fields: [
                Template::find("field-number")?,
                Template::find("field-text")?,
                Template::find("field-choice")?,
                Template::find("field-lines")?,
            ],
            option: Template::find("option")?,
            shown: Vec::new(),
            built: None,
            source: None,
            dispatch: dispatch.clone(),
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        if self
            .source
            .as_ref()
            .is_some_and(|source| source.is_of(state))
        {
            return;
        }
        self.source = Some(Source::of(state));
        let lesson = state.lesson();
        let wanted = wanted(state);
        let key = (lesson.id.clone(), state.language(), wanted);
        if self.built.as_ref() != Some(&key) {
            self.build(&key.2, catalog);
            self.built = Some(key);
        }
        let mistake = state.mistake();
        for shown in &self.shown {
            let value = shown.knob.get(state.experiment());
            let refused = match &mistake {
                Some(Mistake::Knob(knob, typed, _)) if *knob == shown.knob => Some(typed),
                _ => None,
            };
            dom::set_text(&shown.value, &knob_value(shown.knob, &value, catalog));
            dom::set_bool(&shown.button, "data-refused", refused.is_some());
            dom::set_bool(shown.field.element(), "aria-invalid", refused.is_some());
            if shown.editor.hidden() {
                shown.field.set_value(refused.unwrap_or(&value));
            }
        }
        let changed = state.experiment() != state.origin();
        dom::set_shown(&self.reset, changed || mistake.is_some());
    }

    fn build(&mut self, knobs: &[Knob], catalog: &Catalog) {
        // The listeners first: a field that is removed loses the focus.
        for shown in self.shown.drain(..) {
            let Shown {
                button,
                editor,
                _listeners: listeners,
                ..
            } = shown;
            drop(listeners);
            button.remove();
            editor.remove();
        }
        for &knob in knobs {
            if let Ok(shown) = self.make(knob, catalog) {
                let _ = self.row.insert_before(&shown.button, Some(&self.reset));
                let _ = self.row.insert_before(&shown.editor, Some(&self.reset));
                self.shown.push(shown);
            }
        }
    }

    fn make(&self, knob: Knob, catalog: &Catalog) -> Result<Shown, Missing> {
        let name = catalog.text(&["knob.", knob.name()].concat());
        let hint = catalog.text(&["knob.", knob.name(), ".hint"].concat());
        let button: HtmlElement = self.knob.clone_as();
        let editor: HtmlElement = self.editor.clone_as();
        dom::set(&button, "data-knob", knob.name());
        for element in [&button, &editor] {
            dom::set(element, "title", &hint);
            dom::set_text(&dom::within::<Element>(element, ".knob-name")?, &name);
        }
        let field = self.field(knob, catalog);
        dom::set(field.element(), "aria-description", &hint);
        dom::set(field.element(), "data-field", knob.name());
        dom::set(&editor, "data-kind", kind_name(knob.domain()));
        let place: Element = dom::within(&editor, ".knob-field")?;
        let _ = place.append_child(field.element());
        if let Domain::Number { unit, .. } = knob.domain() {
            dom::set_text(&dom::within::<Element>(&editor, ".knob-unit")?, unit);
        }
        editor.set_hidden(true);
        let mut listeners = listeners(knob, &button, &editor, &field, &self.dispatch);
        if let (Domain::Framing, Field::Input(input)) = (knob.domain(), &field) {
            listeners.extend(framings::suggesting(input));
        }
        Ok(Shown {
            knob,
            value: dom::within(&button, ".knob-value")?,
            button,
            editor,
            field,
            _listeners: listeners,
        })
    }

    fn field(&self, knob: Knob, catalog: &Catalog) -> Field {
        let [number, text, choice, lines] = &self.fields;
        match knob.domain() {
            Domain::Number { least, most, .. } => {
                let input: HtmlInputElement = number.clone_as();
                dom::set(&input, "min", &least.to_string());
                dom::set(&input, "max", &most.to_string());
                Field::Input(input)
            }
            Domain::Choice(words) => {
                let select: HtmlSelectElement = choice.clone_as();
                for word in words {
                    let option: Element = self.option.clone_as();
                    dom::set(&option, "value", word);
                    dom::set_text(&option, &knob_value(knob, word, catalog));
                    let _ = select.append_child(&option);
                }
                Field::Choice(select)
            }
            Domain::Framing => {
                let input: HtmlInputElement = text.clone_as();
                dom::set(&input, "list", framings::LIST);
                Field::Input(input)
            }
            Domain::Text { .. } | Domain::Sizes { .. } => Field::Input(text.clone_as()),
            Domain::Lines { .. } => Field::Lines(lines.clone_as()),
        }
    }
}

fn listeners(
    knob: Knob,
    button: &HtmlElement,
    editor: &HtmlElement,
    field: &Field,
    dispatch: &Dispatch,
) -> Vec<Listener> {
    let close = {
        let (button, editor) = (button.clone(), editor.clone());
        move |focus: bool| {
            editor.set_hidden(true);
            button.set_hidden(false);
            if focus {
                let _ = button.focus();
            }
        }
    };
    let before = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let open = {
        let (button, editor, field) = (button.clone(), editor.clone(), field.clone());
        let before = before.clone();
        move |_: Event| {
            button.set_hidden(true);
            editor.set_hidden(false);
            before.replace(field.value());
            let _ = field.element().focus();
            if let Field::Input(input) = &field {
                input.select();
            }
        }
    };
    let set = {
        let (field, dispatch) = (field.clone(), dispatch.clone());
        let before = before.clone();
        move || {
            let value = field.value();
            if before.replace(value.clone()) != value {
                dispatch(Message::KnobSet(knob, value));
            }
        }
    };
    let element = field.element();
    let (left, set_left) = (close.clone(), set.clone());
    let (keyed, typed, restored) = (close, field.clone(), before);
    vec![
        dom::listen(button, "click", open),
        dom::listen(element, "blur", move |_: Event| {
            set_left();
            left(false);
        }),
        dom::listen(element, "keydown", move |event: KeyboardEvent| {
            let lines = matches!(typed, Field::Lines(_)) && !event.ctrl_key();
            match event.key().as_str() {
                "Enter" if !lines && !event.is_composing() => {
                    event.prevent_default();
                    set();
                    keyed(true);
                }
                "Escape" => {
                    event.stop_propagation();
                    typed.set_value(&restored.borrow());
                    keyed(true);
                }
                _ => {}
            }
        }),
    ]
}

/// The lesson's knobs that mean something, and those turned otherwise.
fn wanted(state: &State) -> Vec<Knob> {
    if state.is_unplanned() {
        return Vec::new();
    }
    let (lesson, experiment) = (state.lesson(), state.experiment());
    let turned = |knob: Knob, than: &Experiment| knob.get(experiment) != knob.get(than);
    let listed = lesson.knobs.iter().copied();
    let others = Knob::ALL
        .into_iter()
        .filter(|knob| !lesson.knobs.contains(knob) && turned(*knob, &lesson.experiment));
    listed
        .chain(others)
        .filter(|knob| knob.applies(experiment))
        .collect()
}

const fn kind_name(domain: Domain) -> &'static str {
    match domain {
        Domain::Number { .. } => "number",
        Domain::Choice(_) => "choice",
        Domain::Text { .. } | Domain::Sizes { .. } => "text",
        Domain::Framing => "framing",
        Domain::Lines { .. } => "lines",
    }
}
