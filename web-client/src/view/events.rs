//! The events table: the trace itself, the canvas' accessible mirror. Rows are
//! built once; a step changes only the rows it passes.

use protocol::Nanos;
use trace::text::Catalog;
use trace::{Call, Event, Origin, Trace};
use web_sys::{Element, HtmlElement};

use super::rows::{Mark, call, caller, is_bare, marks, milliseconds, waited};
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct Events {
    body: Element,
    scroll: HtmlElement,
    empty: HtmlElement,
    row: Template,
    message: Template,
    flag: Template,
    rows: Vec<EventRow>,
    step: usize,
    /// Another row is current than the one last brought into sight.
    moved: bool,
    built: Option<Built>,
    _listeners: [Listener; 1],
}

/// From here on rows out of sight are not laid out.
const MANY: usize = 300;
/// The heading stays at the panel's top edge; its height in CSS pixels.
const HEADING: f64 = 26.0;

/// A row and what it was built from.
struct EventRow {
    element: HtmlElement,
    event: Identity,
    marks: Vec<Mark>,
}

/// What the rows were built from, as far as it takes to tell two runs (or two
/// moments of one) apart without a look at every event.
#[derive(PartialEq, Eq)]
struct Built {
    language: Language,
    ends: Option<(Nanos, Nanos)>,
    events: usize,
    is_over: bool,
    derived: usize,
}

impl Built {
    fn of(state: &State) -> Self {
        let events = state.events();
        let ends = events.first().zip(events.last());
        let lanes = state.analysis().lanes.iter();
        Self {
            language: state.language(),
            ends: ends.map(|(first, last)| (first.at, last.at)),
            events: events.len(),
            is_over: state.trace().is_some_and(|trace| trace.ending().is_some()),
            derived: lanes
                .map(|lane| lane.recvs.len() + lane.messages.len() + lane.wire.len())
                .sum(),
        }
    }
}

/// What a row shows of its event.
type Identity = (Nanos, Origin, Call, u64, usize, u32, bool);

fn identity(event: &Event) -> Identity {
    let failed = event.error.is_some();
    let (offset, length) = (event.offset.0, event.len());
    (
        event.at,
        event.origin(),
        event.call,
        offset,
        length,
        event.asked,
        failed,
    )
}

impl Events {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let body: Element = dom::find("events")?;
        let step = |step: &str| step.parse().ok().map(Message::StepTo);
        Ok(Self {
            _listeners: [dom::on_click(&body, "data-step", dispatch, step)],
            body,
            scroll: dom::find("events-scroll")?,
            empty: dom::find("events-empty")?,
            row: Template::find("event-row")?,
            message: Template::find("message-badge")?,
            flag: Template::find("flag")?,
            rows: Vec::new(),
            step: 0,
            moved: false,
            built: None,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        dom::set_shown(&self.empty, state.events().is_empty());
        dom::set_shown(&self.scroll, !state.events().is_empty());
        let built = Built::of(state);
        if self.built.as_ref() != Some(&built) {
            if self.built.as_ref().map(|b| b.language) != Some(built.language) {
                self.truncate(0);
            }
            self.built = Some(built);
            match state.trace() {
                Some(trace) => self.build(trace, state, catalog),
                None => self.truncate(0),
            }
        }
        self.mark(state.step());
    }

    /// Keeps the rows that are as they should be and builds the others.
    fn build(&mut self, trace: &Trace, state: &State, catalog: &Catalog) {
        let mut marks = marks(trace, state.analysis());
        for (index, event) in trace.events().iter().enumerate() {
            let marks = std::mem::take(&mut marks[index]);
            let event_id = identity(event);
            match self.rows.get_mut(index) {
                Some(row) if row.event == event_id && row.marks == marks => {}
                Some(row) if row.event == event_id => {
                    row.marks = marks;
                    let (element, marks) = (row.element.clone(), row.marks.clone());
                    self.fill_marks(&element, &marks, catalog);
                }
                _ => {
                    self.truncate(index);
                    let element = self.build_row(index, event, trace, catalog);
                    self.fill_marks(&element, &marks, catalog);
                    let _ = self.body.append_child(&element);
                    self.rows.push(EventRow {
                        element,
                        event: event_id,
                        marks,
                    });
                }
            }
        }
        self.truncate(trace.events().len());
        // Rows out of sight are then not laid out, and their heights are estimates.
        dom::set_bool(&self.body, "data-many", self.rows.len() > MANY);
    }

    fn truncate(&mut self, length: usize) {
        for row in self.rows.drain(length.min(self.rows.len())..) {
            row.element.remove();
        }
        self.step = self.step.min(length);
    }

    fn build_row(
        &self,
        index: usize,
        event: &Event,
        trace: &Trace,
        catalog: &Catalog,
    ) -> HtmlElement {
        let row: HtmlElement = self.row.clone_as();
        let step = (index + 1).to_string();
        dom::set(&row, "data-step", &step);
        dom::set(&row, "data-party", &event.party.0.to_string());
        dom::set(&row, "data-connection", &event.connection.0.to_string());
        dom::set(&row, "data-end", event.end.name());
        dom::set(&row, "data-call", event.call.name());
        dom::set(&row, "data-offset", &event.offset.to_string());
        dom::set(&row, "data-len", &event.len().to_string());
        dom::set(&row, "data-when", "future");
        dom::set_bool(&row, "data-bare", is_bare(event));
        let actor = caller(event, trace, catalog);
        let mut what = call(event, trace, catalog);
        if let Some(waited) = waited(event, trace, catalog) {
            what += &[" · ", &waited].concat();
        }
        for (cell, text) in [
            (".n", step),
            (".when", milliseconds(event.at)),
            (".who", actor),
            (".what", what),
        ] {
            if let Ok(cell) = dom::within::<Element>(&row, cell) {
                cell.set_text_content(Some(&text));
            }
        }
        if let Some(error) = &event.error {
            dom::set(&row, "title", error);
        }
        row
    }

    fn fill_marks(&self, row: &Element, marks: &[Mark], catalog: &Catalog) {
        let (Ok(messages), Ok(flags)) = (
            dom::within::<Element>(row, ".messages"),
            dom::within::<Element>(row, ".flags"),
        ) else {
            return;
        };
        dom::clear(&messages);
        dom::clear(&flags);
        for mark in marks {
            match mark {
                Mark::Message { number, text, hue } => {
                    let badge: Element = self.message.clone_as();
                    dom::set(&badge, "data-message", &number.to_string());
                    dom::set(&badge, "data-hue", &hue.to_string());
                    dom::set_text(&badge, text);
                    let _ = messages.append_child(&badge);
                }
                Mark::Flag { key, good } => {
                    let flag: Element = self.flag.clone_as();
                    dom::set(&flag, "data-flag", if *good { "good" } else { "bad" });
                    dom::set_text(&flag, &catalog.text(key));
                    let _ = flags.append_child(&flag);
                }
            }
        }
    }

    /// The rows up to `step` have happened, the last of them just now.
    fn mark(&mut self, step: usize) {
        let step = step.min(self.rows.len());
        let before = std::mem::replace(&mut self.step, step);
        for row in &self.rows[before.min(step)..before.max(step)] {
            let when = if step > before { "past" } else { "future" };
            dom::set(&row.element, "data-when", when);
        }
        let row = |step: usize| step.checked_sub(1).and_then(|i| self.rows.get(i));
        if before != step
            && let Some(row) = row(before)
        {
            let _ = row.element.remove_attribute("aria-current");
        }
        if let Some(row) = row(step)
            && !row.element.has_attribute("aria-current")
        {
            dom::set(&row.element, "data-when", "past");
            dom::set(&row.element, "aria-current", "step");
            self.moved = true;
        } else if step == 0 && before != 0 {
            self.moved = true;
        }
    }

    /// Brings the current row into sight: scrolls the panel, never the page.
    pub(super) fn scroll(&mut self) {
        if !std::mem::take(&mut self.moved) {
            return;
        }
        let Some(row) = self.step.checked_sub(1).and_then(|at| self.rows.get(at)) else {
            self.scroll.set_scroll_top(0);
            return;
        };
        let row = &row.element;
        let (panel, row) = (
            self.scroll.get_bounding_client_rect(),
            row.get_bounding_client_rect(),
        );
        let above = panel.top() + HEADING - row.top();
        let below = row.bottom() + 4.0 - panel.bottom();
        let by = if above > 0.0 {
            -above
        } else if below > 0.0 {
            below
        } else {
            return;
        };
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a panel")]
        let by = by.round() as i32;
        self.scroll.set_scroll_top(self.scroll.scroll_top() + by);
    }
}
