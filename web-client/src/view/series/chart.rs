//! A histogram: a row for each bar, which opens a run of it. Rows stay where they are while
//! their figures change, so that the one that has the focus keeps it.

use web_sys::{Element, HtmlElement};

use crate::dom::{self, Missing, Template};

/// Length of a whole bar in its drawing.
const LENGTH: u64 = 1_000;

/// A bar, with what stands beside it.
pub(super) struct Bar {
    /// What it is of.
    pub(super) label: String,
    /// How long it is in relation to the others.
    pub(super) weight: u64,
    /// How long it was guessed to be.
    pub(super) guessed: Option<u64>,
    /// How many.
    pub(super) count: String,
    /// A run of it, if one is kept.
    pub(super) run: Option<u32>,
    /// Whether that is on the stage.
    pub(super) is_shown: bool,
    /// What the button does, for its title.
    pub(super) hint: String,
}

pub(super) struct Chart {
    frame: HtmlElement,
    title: Element,
    list: Element,
    more: HtmlElement,
    rows: Vec<Element>,
    template: Template,
}

impl Chart {
    /// Appends a chart to `parent`.
    pub(super) fn add(parent: &Element) -> Result<Self, Missing> {
        let frame: HtmlElement = Template::find("chart")?.clone_as();
        let this = Self {
            title: dom::within(&frame, "h3")?,
            list: dom::within(&frame, "ol")?,
            more: dom::within(&frame, "p")?,
            frame,
            rows: Vec::new(),
            template: Template::find("chart-bar")?,
        };
        let _ = parent.append_child(&this.frame);
        Ok(this)
    }

    /// Without bars there is no chart. `more` is said below it, if something.
    pub(super) fn show(&mut self, title: &str, bars: &[Bar], more: &str) {
        dom::set_shown(&self.frame, !bars.is_empty());
        dom::set_text(&self.title, title);
        dom::set_shown(&self.more, !more.is_empty());
        dom::set_text(&self.more, more);
        while self.rows.len() > bars.len() {
            if let Some(row) = self.rows.pop() {
                row.remove();
            }
        }
        while self.rows.len() < bars.len() {
            let row: Element = self.template.clone_as();
            let _ = self.list.append_child(&row);
            self.rows.push(row);
        }
        let longest = bars
            .iter()
            .map(|bar| bar.weight.max(bar.guessed.unwrap_or(0)));
        let longest = longest.max().unwrap_or(0).max(1);
        for (row, bar) in self.rows.iter().zip(bars) {
            fill(row, bar, longest);
        }
    }
}

fn fill(row: &Element, bar: &Bar, longest: u64) {
    let length = |weight: u64| (weight * LENGTH).div_ceil(longest).to_string();
    for (selector, text) in [(".chart-label", &bar.label), (".chart-count", &bar.count)] {
        if let Ok(element) = dom::within::<Element>(row, selector) {
            dom::set_text(&element, text);
        }
    }
    let guessed = bar.guessed.unwrap_or(0);
    for (selector, weight) in [(".chart-found", bar.weight), (".chart-guessed", guessed)] {
        if let Ok(rect) = dom::within::<Element>(row, selector) {
            dom::set(&rect, "width", &length(weight));
        }
    }
    if let Ok(button) = dom::within::<Element>(row, "button") {
        let run = bar.run.map_or_else(String::new, |run| run.to_string());
        dom::set(&button, "data-outcome", &run);
        dom::set_bool(&button, "aria-disabled", bar.run.is_none());
        dom::set_bool(&button, "aria-current", bar.is_shown);
        dom::set(&button, "title", &bar.hint);
    }
}
