//! The knobs worth turning in this lesson: name and value, edited in place.
//! A field opens on a click, sets the knob when it is left or Enter is
//! pressed, and closes on Esc.

use std::cell::RefCell;
use std::rc::Rc;

use trace::Experiment;
use trace::knob::{Domain, Knob, Setting};
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::fields::{Field, Fields, kind_name};
use super::kinds::Kinds;
use super::{framings, outgoing};
use crate::app::{Message, Mistake, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::scene::knob_value;

pub(super) struct Knobs {
    row: Element,
    knob: Template,
    editor: Template,
    reset: HtmlElement,
    fields: Fields,
    outgoing: outgoing::Templates,
    shown: Vec<Shown>,
    /// The lesson, with the knobs that it lists, and the language that the row is made for.
    built: Option<(String, Vec<Knob>, Language)>,
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
    typed: Option<(Setting, String)>,
    is_unplanned: bool,
    /// How often the gateway had said what its lessons are.
    revision: u32,
}

impl Source {
    fn of(state: &State) -> Self {
        Self {
            lesson: state.lesson().id.clone(),
            language: state.language(),
            experiment: state.experiment().clone(),
            origin: state.origin().clone(),
            mistake: state.mistake(),
            typed: state.typed().cloned(),
            is_unplanned: state.is_unplanned(),
            revision: state.folder().revision,
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
            && self.typed.as_ref() == state.typed()
            && self.is_unplanned == state.is_unplanned()
            && self.revision == state.folder().revision
    }
}

struct Shown {
    knob: Knob,
    button: HtmlElement,
    value: Element,
    editor: HtmlElement,
    field: Field,
    /// What the knob is set to.
    current: Rc<RefCell<String>>,
    /// In front of the field of a framing or a link: its names.
    kinds: Option<Kinds>,
    /// Below the field: what is sent.
    outgoing: Option<HtmlElement>,
    listeners: Vec<Listener>,
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
            fields: Fields::find()?,
            outgoing: outgoing::Templates::find()?,
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
        let made_for = (lesson.id.clone(), lesson.knobs.clone(), state.language());
        if self.built.as_ref() != Some(&made_for) {
            self.arrange(&[], catalog);
            self.built = Some(made_for);
        }
        let active = dom::document().active_element();
        self.arrange(&wanted(state, self.held(active.as_ref())), catalog);
        let mistake = state.mistake();
        for shown in &self.shown {
            let value = shown.knob.get(state.experiment());
            let refused = match &mistake {
                Some(Mistake::Knob(knob, typed, _)) if knob.knob == shown.knob => Some(typed),
                _ => None,
            };
            dom::set_text(&shown.value, &knob_value(shown.knob, &value, catalog));
            dom::set_bool(&shown.button, "data-refused", refused.is_some());
            dom::set_bool(shown.field.element(), "aria-invalid", refused.is_some());
            if let Some(kinds) = &shown.kinds {
                kinds.show(&value);
            }
            let current = refused.unwrap_or(&value);
            shown.current.replace(current.clone());
            // What is being typed is not overwritten.
            let field: &Element = shown.field.element();
            if active.as_ref() != Some(field) && shown.field.value() != *current {
                shown.field.set_value(current);
            }
            if let (Some(list), Some(outgoing)) =
                (&shown.outgoing, state.outgoing(shown.knob.into()))
            {
                self.outgoing.show(list, &outgoing, catalog);
            }
        }
        let changed = state.experiment() != state.origin();
        dom::set_shown(&self.reset, changed || mistake.is_some());
    }

    /// The knob whose value or field has the focus.
    fn held(&self, active: Option<&Element>) -> Option<Knob> {
        let active = active?;
        let has_focus = |shown: &&Shown| {
            let button: &Element = &shown.button;
            button == active || shown.editor.contains(Some(active))
        };
        self.shown.iter().find(has_focus).map(|shown| shown.knob)
    }

    /// Makes what there is not yet of these knobs, and keeps what there is already: one of
    /// them may have the focus.
    fn arrange(&mut self, knobs: &[Knob], catalog: &Catalog) {
        self.shown.retain_mut(|shown| {
            let is_wanted = knobs.contains(&shown.knob);
            if !is_wanted {
                // The listeners first: a field that is removed loses the focus.
                shown.listeners.clear();
                shown.button.remove();
                shown.editor.remove();
            }
            is_wanted
        });
        for (at, &knob) in knobs.iter().enumerate() {
            let there = self.shown.get(at);
            if there.is_some_and(|shown| shown.knob == knob) {
                continue;
            }
            let Ok(shown) = self.make(knob, catalog) else {
                return;
            };
            let next = there.map_or(&self.reset, |next| &next.button);
            for element in [&shown.button, &shown.editor] {
                let _ = self.row.insert_before(element, Some(next));
            }
            self.shown.insert(at, shown);
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
        let field = self.fields.make(knob, catalog);
        dom::set(field.element(), "aria-description", &hint);
        dom::set(field.element(), "data-field", knob.name());
        dom::set(&editor, "data-kind", kind_name(knob.domain()));
        let place: Element = dom::within(&editor, ".knob-field")?;
        let _ = place.append_child(field.element());
        let current: Rc<RefCell<String>> = Rc::default();
        let set = setter(knob, &field, &current, &self.dispatch);
        let kinds = Kinds::make(
            &self.fields,
            knob.into(),
            &name,
            (&place, &field),
            set.clone(),
            catalog,
        );
        let outgoing = matches!(field, Field::Lines(_)).then(|| self.outgoing.list());
        if let Some(list) = &outgoing {
            let _ = place.append_child(list);
        }
        if let Domain::Number { unit, .. } = knob.domain() {
            dom::set_text(&dom::within::<Element>(&editor, ".knob-unit")?, unit);
        }
        editor.set_hidden(true);
        let mut listeners = listeners(knob, (&button, &editor, &field), &set, &self.dispatch);
        if let (Domain::Framing, Field::Input(input)) = (knob.domain(), &field) {
            listeners.extend(framings::suggesting(input));
        }
        Ok(Shown {
            knob,
            value: dom::within(&button, ".knob-value")?,
            button,
            editor,
            field,
            current,
            kinds,
            outgoing,
            listeners,
        })
    }
}

/// Sets the knob to what stands in its field, unless it is set to that already.
fn setter(
    knob: Knob,
    field: &Field,
    current: &Rc<RefCell<String>>,
    dispatch: &Dispatch,
) -> Rc<dyn Fn()> {
    let (field, current, dispatch) = (field.clone(), current.clone(), dispatch.clone());
    Rc::new(move || {
        let value = field.value();
        if current.replace(value.clone()) != value {
            dispatch(Message::KnobSet(knob.into(), value));
        }
    })
}

fn listeners(
    knob: Knob,
    (button, editor, field): (&HtmlElement, &HtmlElement, &Field),
    set: &Rc<dyn Fn()>,
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
    // What stood in the field when it was opened.
    let before: Rc<RefCell<String>> = Rc::default();
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
    let element = field.element();
    let input = {
        let (field, dispatch) = (field.clone(), dispatch.clone());
        move || {
            if matches!(field, Field::Lines(_)) {
                dispatch(Message::KnobTyped(knob.into(), field.value()));
            }
        }
    };
    let undone = input.clone();
    let left_editor = editor.clone();
    let (left, set_left) = (close.clone(), set.clone());
    let (keyed, set, typed, restored) = (close, set.clone(), field.clone(), before);
    vec![
        dom::listen(button, "click", open),
        dom::listen(element, "input", move |_: Event| input()),
        dom::listen(editor, "focusout", move |event: Event| {
            // From the list of names to the field, or back.
            if dom::goes_within(&event, &left_editor) {
                return;
            }
            set_left();
            left(false);
        }),
        // In the field, or in the list of names.
        dom::listen(editor, "keydown", move |event: KeyboardEvent| {
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
                    undone();
                    set();
                    keyed(true);
                }
                _ => {}
            }
        }),
    ]
}

/// The lesson's knobs that mean something, and those turned otherwise. The one that has
/// the focus keeps its place.
fn wanted(state: &State, held: Option<Knob>) -> Vec<Knob> {
    if state.is_unplanned() {
        return Vec::new();
    }
    let (lesson, experiment) = (state.lesson(), state.experiment());
    let is_turned = |knob: Knob| knob.get(experiment) != knob.get(&lesson.experiment);
    let is_held = |knob: Knob| held == Some(knob);
    let listed = lesson.knobs.iter().copied();
    let others = Knob::ALL
        .into_iter()
        .filter(|knob| !lesson.knobs.contains(knob) && (is_turned(*knob) || is_held(*knob)));
    listed
        .chain(others)
        .filter(|knob| knob.applies(experiment) || is_held(*knob))
        .collect()
}
