//! The events table: the trace itself, the canvas' accessible mirror. Of a long
//! trace only the rows in sight are elements; a step changes only the rows it
//! passes.

mod built;
mod place;
mod row;

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use trace::Trace;
use trace::text::Catalog;
use web_sys::{Element, HtmlElement};

use built::{Built, Identity, identity};
use place::{is_many, row_at, top_of};

use super::rows::{Mark, marks};
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, SizeObserver, Template};

pub(super) struct Events {
    table: Element,
    body: HtmlElement,
    scroll: HtmlElement,
    empty: HtmlElement,
    row: Template,
    message: Template,
    flag: Template,
    /// The rows that are elements, from this place on.
    first: usize,
    rows: VecDeque<EventRow>,
    step: usize,
    /// Another row is current than the one last brought into sight.
    moved: bool,
    built: Option<Built>,
    /// The panel was scrolled since the rows were laid out.
    scrolled: Rc<Cell<bool>>,
    /// Where the panel was scrolled to, and its height, in CSS pixels.
    sight: (f64, f64),
    /// It has another size than when the current row was last brought into sight.
    resized: Rc<Cell<bool>>,
    _listeners: [Listener; 2],
    _sized: SizeObserver,
}

/// Rows above and below those in sight that are elements, too: until they have come into
/// sight, none are made.
const SPARE: usize = 16;
/// The heading stays at the panel's top edge; its height in CSS pixels.
const HEADING: f64 = 26.0;

/// A row and what it was built from.
struct EventRow {
    element: HtmlElement,
    index: usize,
    event: Identity,
    marks: Vec<Mark>,
}

impl Events {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let body: HtmlElement = dom::find("events")?;
        let scroll: HtmlElement = dom::find("events-scroll")?;
        let step = |step: &str| step.parse().ok().map(Message::StepTo);
        let scrolled = Rc::new(Cell::new(false));
        let (flag, woken) = (scrolled.clone(), dispatch.clone());
        let resized = Rc::new(Cell::new(false));
        let (sized, wake) = (resized.clone(), dispatch.clone());
        Ok(Self {
            _listeners: [
                dom::on_click(&body, "data-step", dispatch, step),
                dom::listen(&scroll, "scroll", move |_: web_sys::Event| {
                    flag.set(true);
                    woken(Message::Scrolled);
                }),
            ],
            _sized: SizeObserver::new(&scroll, move || {
                sized.set(true);
                wake(Message::Scrolled);
            })?,
            resized,
            table: dom::within(&scroll, "table")?,
            body,
            scroll,
            empty: dom::find("events-empty")?,
            row: Template::find("event-row")?,
            message: Template::find("message-badge")?,
            flag: Template::find("flag")?,
            first: 0,
            rows: VecDeque::new(),
            step: 0,
            moved: false,
            built: None,
            scrolled,
            sight: (0.0, 0.0),
        })
    }

    /// Whether other rows have come into sight.
    pub(super) fn is_scrolled(&self) -> bool {
        self.scrolled.get() || self.resized.get()
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        dom::set_shown(&self.empty, state.events().is_empty());
        dom::set_shown(&self.scroll, !state.events().is_empty());
        let built = Built::of(state);
        let is_new = self.built.as_ref() != Some(&built);
        if is_new {
            if self.built.as_ref().map(|b| b.language) != Some(built.language) {
                self.keep(0..0);
            }
            // The current row has another place.
            self.moved |= self.built.as_ref().map(|b| b.found) != Some(built.found);
            self.built = Some(built);
            dom::set_bool(&self.table, "data-many", is_many(state));
            // The heading is a row, too.
            let count = state.listed().len() + 1;
            dom::set(&self.table, "aria-rowcount", &count.to_string());
        }
        self.moved |= self.mark(state.step());
        if self.moved && is_many(state) {
            self.follow(state);
        }
        self.lay(state, catalog, is_new);
    }

    /// Brings the rows up to date with where the panel is scrolled to.
    pub(super) fn look(&mut self, state: &State, catalog: &Catalog) {
        self.scrolled.set(false);
        self.measure();
        let resized = self.resized.take();
        self.moved |= resized;
        if is_many(state) {
            if resized {
                self.follow(state);
            }
            self.lay(state, catalog, false);
        }
        if resized {
            self.scroll(state, catalog);
        }
    }

    fn measure(&mut self) {
        let height = self.scroll.client_height();
        self.sight = (self.scroll.scroll_top().into(), height.into());
    }

    /// Makes elements of the rows in sight; those that are kept are compared
    /// with their events if these may be `new`.
    fn lay(&mut self, state: &State, catalog: &Catalog, new: bool) {
        let Some(trace) = state.trace() else {
            self.keep(0..0);
            return;
        };
        let listed = state.listed();
        let count = listed.len();
        let range = if is_many(state) {
            let (top, height) = self.sight;
            let first = row_at(listed, top - HEADING);
            let last = (row_at(listed, top + height) + 1).min(count);
            if !new && self.first <= first && last <= self.first + self.rows.len() {
                return;
            }
            first.saturating_sub(SPARE)..(last + SPARE).min(count)
        } else {
            0..count
        };
        self.keep(range.clone());
        if new {
            self.compare(state, trace, catalog);
        }
        while self.first > range.start {
            self.first -= 1;
            let row = self.build(self.first, trace, state, catalog);
            let before = self.rows.front().map(|row| row.element.clone());
            let before = before.as_ref().map(AsRef::as_ref);
            let _ = self.body.insert_before(&row.element, before);
            self.rows.push_front(row);
        }
        while self.first + self.rows.len() < range.end {
            let row = self.build(self.first + self.rows.len(), trace, state, catalog);
            let _ = self.body.append_child(&row.element);
            self.rows.push_back(row);
        }
        let style = self.body.style();
        for (side, height) in [
            ("padding-top", top_of(listed, range.start)),
            (
                "padding-bottom",
                top_of(listed, count) - top_of(listed, range.end),
            ),
        ] {
            let height = if is_many(state) { height } else { 0.0 };
            let _ = style.set_property(side, &format!("{height}px"));
        }
    }

    /// Removes the rows at all other places.
    fn keep(&mut self, range: Range<usize>) {
        while self.first < range.start
            && let Some(row) = self.rows.pop_front()
        {
            row.element.remove();
            self.first += 1;
        }
        while self.first + self.rows.len() > range.end
            && let Some(row) = self.rows.pop_back()
        {
            row.element.remove();
        }
        if self.rows.is_empty() {
            self.first = range.start;
        }
    }

    /// Builds those rows anew that are not as they should be.
    fn compare(&mut self, state: &State, trace: &Trace, catalog: &Catalog) {
        for at in 0..self.rows.len() {
            let place = self.first + at;
            let Some(index) = state.listed().event(place) else {
                return;
            };
            let row = &self.rows[at];
            let is_same = row.index == index && row.event == identity(&trace.events()[index]);
            if !is_same {
                let row = self.build(place, trace, state, catalog);
                let old = &self.rows[at].element;
                let _ = old.replace_with_with_node_1(&row.element);
                self.rows[at] = row;
                continue;
            }
            let marks = marks(trace, state.analysis(), state.index(), index);
            if row.marks != marks {
                self.fill_marks(&row.element, &marks, catalog);
                self.rows[at].marks = marks;
            }
        }
    }

    /// The row at a place where one is listed.
    fn build(&self, place: usize, trace: &Trace, state: &State, catalog: &Catalog) -> EventRow {
        let index = state.listed().event(place).unwrap_or_default();
        let event = &trace.events()[index];
        let element = self.build_row((place, index), event, trace, catalog);
        let marks = marks(trace, state.analysis(), state.index(), index);
        self.fill_marks(&element, &marks, catalog);
        if index < self.step {
            dom::set(&element, "data-when", "past");
        }
        if index + 1 == self.step {
            dom::set(&element, "aria-current", "step");
        }
        EventRow {
            element,
            index,
            event: identity(event),
            marks,
        }
    }

    /// The rows up to `step` have happened, the last of them just now; tells
    /// whether that is another one.
    fn mark(&mut self, step: usize) -> bool {
        let before = std::mem::replace(&mut self.step, step);
        if before == step {
            return false;
        }
        let passed = before.min(step)..before.max(step);
        for row in &self.rows {
            let index = row.index;
            if passed.contains(&index) {
                let when = if step > before { "past" } else { "future" };
                dom::set(&row.element, "data-when", when);
            }
            if index + 1 == before {
                let _ = row.element.remove_attribute("aria-current");
            } else if index + 1 == step {
                dom::set(&row.element, "aria-current", "step");
            }
        }
        true
    }

    /// The place of the current row, or of the last before it that is listed.
    fn place(&self, state: &State) -> Option<usize> {
        let current = self.step.checked_sub(1)?;
        match state.listed().place(current) {
            Ok(place) => Some(place),
            Err(behind) => behind.checked_sub(1),
        }
    }

    /// Brings the current one of many rows into sight.
    fn follow(&mut self, state: &State) {
        let (top, height) = self.sight;
        let listed = state.listed();
        let to = match self.place(state) {
            None => 0.0,
            Some(at) => {
                let (above, below) = (top_of(listed, at), top_of(listed, at + 1));
                // The heading hides what is above it.
                let lowest = below + HEADING + 4.0 - height;
                if above < top {
                    above
                } else if lowest > top {
                    lowest
                } else {
                    return;
                }
            }
        };
        self.sight.0 = to;
    }

    /// Brings the current row into sight: scrolls the panel, never the page.
    pub(super) fn scroll(&mut self, state: &State, catalog: &Catalog) {
        let moved = std::mem::take(&mut self.moved);
        if is_many(state) {
            let wanted = self.sight;
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a panel")]
            if moved && (f64::from(self.scroll.scroll_top()) - wanted.0).abs() >= 1.0 {
                self.scroll.set_scroll_top(wanted.0.round() as i32);
            }
            self.measure();
            if self.sight != wanted {
                self.lay(state, catalog, false);
            }
            return;
        }
        if !moved {
            return;
        }
        let current = self.place(state).and_then(|at| self.rows.get(at));
        let Some(row) = current else {
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
