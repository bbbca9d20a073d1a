//! The guess about many runs: in how many of them each number comes.

use std::cell::Cell;
use std::rc::Rc;

use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

use super::super::fields::is_no_number;
use crate::app::{MOST_VALUE, Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};

pub(super) struct Forecast {
    frame: HtmlElement,
    fields: Element,
    field: Template,
    left: Element,
    add: HtmlElement,
    other: HtmlInputElement,
    refused: HtmlElement,
    shown: Vec<Shown>,
    /// What was typed was taken: it may be none.
    is_taken: Rc<Cell<bool>>,
    dispatch: Dispatch,
    _added: Listener,
}

/// The field of a number.
struct Shown {
    value: u64,
    input: HtmlInputElement,
    mistake: HtmlElement,
    listeners: [Listener; 2],
}

impl Shown {
    /// Whether its field says that something is wrong.
    fn is_told(&self) -> bool {
        !self.mistake.hidden()
    }
}

impl Forecast {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let other: HtmlInputElement = dom::find("forecast-other")?;
        let fields: Element = dom::find("forecast-fields")?;
        let refused: HtmlElement = dom::find("forecast-refused")?;
        let (typed, told, known) = (other.clone(), refused.clone(), fields.clone());
        let said = dispatch.clone();
        let added = dom::listen(&other, "change", move |_: Event| {
            let value = typed.value().parse::<u64>().ok();
            let value = value.filter(|value| *value <= MOST_VALUE);
            let is_empty = typed.value().is_empty() && !is_no_number(&typed);
            tell(&typed, &told, value.is_none() && !is_empty);
            let Some(value) = value else {
                return;
            };
            typed.set_value("");
            let own = ["[data-forecast=\"", &value.to_string(), "\"]"].concat();
            match dom::within(&known, &own) {
                Ok(field) => dom::focus_in_place(&field),
                Err(_) => said(Message::ForecastValue(value)),
            }
        });
        Ok(Self {
            frame: dom::find("forecast")?,
            fields,
            field: Template::find("forecast-field")?,
            left: dom::find("forecast-left")?,
            add: dom::find("forecast-add")?,
            other,
            refused,
            shown: Vec::new(),
            is_taken: Rc::default(),
            dispatch: dispatch.clone(),
            _added: added,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let values = state.forecast_values();
        dom::set_shown(&self.frame, !values.is_empty());
        let active = dom::document().active_element();
        self.arrange(&values, active.as_ref());
        dom::set_shown(&self.add, state.can_add_forecast());
        let is_taken = self.is_taken.take();
        for shown in &self.shown {
            let too_many = state.refused_forecast(shown.value);
            // Not while it is typed, unless it was told already.
            let field: &Element = &shown.input;
            let is_left = is_taken || active.as_ref() != Some(field) || shown.is_told();
            let is_no_number = is_left && is_no_number(&shown.input);
            let is_refused = too_many.is_some() || is_no_number;
            dom::set_bool(&shown.input, "aria-invalid", is_refused);
            dom::set_shown(&shown.mistake, is_refused);
            if is_refused {
                let left = u64::from(state.unguessed());
                let said = if is_no_number {
                    Sentence::new("times.forecast.no-number")
                } else {
                    Sentence::new("times.forecast.over").with("n", left)
                };
                dom::set_text(&shown.mistake, &catalog.render(&said));
                dom::set(&shown.input, "aria-describedby", &shown.mistake.id());
            } else {
                let _ = shown.input.remove_attribute("aria-describedby");
            }
            // What is being typed is not overwritten.
            if !is_taken && active.as_ref() == Some(field) {
                continue;
            }
            let runs = too_many.or_else(|| state.forecast(shown.value));
            let runs = runs.map_or_else(String::new, |runs| runs.to_string());
            if shown.input.value() != runs {
                shown.input.set_value(&runs);
            }
        }
        let left = Sentence::new("times.forecast.left").with("n", u64::from(state.unguessed()));
        dom::set_text(&self.left, &catalog.render(&left));
    }

    /// Makes a field for each value, and keeps those that are there already. One that was
    /// added has the focus then.
    fn arrange(&mut self, values: &[u64], active: Option<&Element>) {
        let is_same = |(shown, value): (&Shown, &u64)| shown.value == *value;
        let kept = self
            .shown
            .iter()
            .zip(values)
            .take_while(|pair| is_same(*pair));
        let kept = kept.count();
        let is_added = kept > 0 && kept == self.shown.len() && kept < values.len();
        if kept < self.shown.len() {
            // What was typed was about another lesson.
            self.other.set_value("");
            tell(&self.other, &self.refused, false);
        }
        for gone in self.shown.drain(kept..) {
            let frame = gone.mistake.parent_element();
            // The listener goes first: a field that is removed loses the focus.
            drop(gone.listeners);
            if let Some(frame) = frame {
                frame.remove();
            }
        }
        for &value in &values[kept..] {
            let Ok(shown) = self.make(value) else {
                return;
            };
            self.shown.push(shown);
        }
        let other: &Element = &self.other;
        if let (true, true, Some(last)) = (is_added, active == Some(other), self.shown.last()) {
            dom::focus_in_place(&last.input);
        }
    }

    fn make(&self, value: u64) -> Result<Shown, Missing> {
        let frame: Element = self.field.clone_as();
        let input: HtmlInputElement = dom::within(&frame, "input")?;
        let mistake: HtmlElement = dom::within(&frame, ".forecast-mistake")?;
        let name = value.to_string();
        dom::set_text(&dom::within::<Element>(&frame, "b")?, &name);
        dom::set(&input, "data-forecast", &name);
        dom::set(&mistake, "id", &["forecast-mistake-", &name].concat());
        let (typed, dispatch) = (input.clone(), self.dispatch.clone());
        let is_taken = self.is_taken.clone();
        let changed = dom::listen(&input, "change", move |_: Event| {
            // What is no number is none.
            let runs = typed.value().parse().unwrap_or(0);
            is_taken.set(true);
            dispatch(Message::Forecast(value, runs));
        });
        let (typed, dispatch) = (input.clone(), self.dispatch.clone());
        let left = dom::listen(&input, "blur", move |_: Event| {
            // From nothing to what is no number is no change to the browser.
            if is_no_number(&typed) {
                dispatch(Message::Forecast(value, 0));
            }
        });
        let _ = self.fields.append_child(&frame);
        Ok(Shown {
            value,
            input,
            mistake,
            listeners: [changed, left],
        })
    }
}

/// Says at the field of a further number that what stands there is none, or does not.
fn tell(field: &HtmlInputElement, told: &HtmlElement, is_refused: bool) {
    dom::set_bool(field, "aria-invalid", is_refused);
    dom::set_shown(told, is_refused);
    if is_refused {
        dom::set(field, "aria-describedby", &told.id());
    } else {
        let _ = field.remove_attribute("aria-describedby");
    }
}
