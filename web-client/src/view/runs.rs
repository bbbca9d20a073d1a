//! The list of the visit's runs: what each was and what was counted in it; one
//! is shown, another can be compared with it.

use trace::text::{Catalog, Sentence};
use web_sys::{Element, HtmlElement};

use super::proving::knob_name;
use crate::app::{Message, Opened, State};
use crate::catalog;
use crate::comparison::Tally;
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::runs::turned;
use crate::scene::knob_value;

pub(super) struct Runs {
    panel: HtmlElement,
    list: Element,
    entry: Template,
    /// What the list was built from.
    shown: Option<(u64, Language)>,
    _listeners: [Listener; 2],
}

/// A run as the list has it.
struct Entry<'a> {
    number: u32,
    lesson: usize,
    opened: Option<&'a Opened>,
    trace: &'a trace::Trace,
    analysis: &'a trace::Analysis,
    is_shown: bool,
}

impl Runs {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let list: Element = dom::find("runs-list")?;
        let number = |text: &str| text.parse::<u32>().ok();
        Ok(Self {
            _listeners: [
                dom::on_click(&list, "data-run", dispatch, move |text| {
                    number(text).map(Message::ShowRun)
                }),
                dom::on_click(&list, "data-compare", dispatch, move |text| {
                    number(text).map(Message::Compare)
                }),
            ],
            panel: dom::find("runs")?,
            list,
            entry: Template::find("run-entry")?,
            shown: None,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let is_over = state.can_download();
        dom::set_shown(&self.panel, !state.runs().is_empty());
        let now = (fingerprint(state), state.language());
        if self.shown == Some(now) {
            return;
        }
        self.shown = Some(now);
        dom::clear(&self.list);
        let others = state.runs().iter().map(|run| Entry {
            number: run.about.number,
            lesson: run.lesson,
            opened: run.opened.as_ref(),
            trace: &run.trace,
            analysis: &run.analysis,
            is_shown: false,
        });
        let mut entries: Vec<_> = others.collect();
        if let (Some(trace), true) = (state.trace(), is_over) {
            entries.push(Entry {
                number: state.about().number,
                lesson: state.lesson_index(),
                opened: state.opened(),
                trace,
                analysis: state.analysis(),
                is_shown: true,
            });
        }
        entries.sort_by_key(|entry| entry.number);
        for entry in entries {
            self.add(&entry, is_over, state, catalog);
        }
    }

    fn add(&self, entry: &Entry<'_>, is_over: bool, state: &State, catalog: &Catalog) {
        let item: Element = self.entry.clone_as();
        let (Ok(show), Ok(compare)) = (
            dom::within::<Element>(&item, "[data-run]"),
            dom::within::<HtmlElement>(&item, "[data-compare]"),
        ) else {
            return;
        };
        let number = entry.number.to_string();
        dom::set(&show, "data-run", &number);
        dom::set_bool(&show, "aria-current", entry.is_shown);
        dom::set(&compare, "data-compare", &number);
        dom::set_shown(&compare, !entry.is_shown && is_over);
        dom::set_text(&compare, &catalog.text("runs.compare"));
        dom::set(&compare, "title", &catalog.text("runs.compare.hint"));
        let lesson = &state.lessons()[entry.lesson];
        let title = entry.opened.map_or_else(
            || catalog::lesson_text(catalog, state.language(), lesson, "title"),
            |opened| {
                if opened.is_lab {
                    catalog.text("lab.title")
                } else {
                    opened.name.clone()
                }
            },
        );
        let title = Sentence::new("runs.entry")
            .with("number", u64::from(entry.number))
            .with("title", title);
        let tally = Tally::of(entry.trace, entry.analysis);
        let counts = Sentence::new("runs.calls")
            .with("sends", tally.sends)
            .with("recvs", tally.recvs);
        for (selector, text) in [
            (".run-title", catalog.render(&title)),
            (".run-turned", changes(entry, state, catalog)),
            (".run-counts", catalog.render(&counts)),
        ] {
            if let Ok(element) = dom::within::<Element>(&item, selector) {
                dom::set_text(&element, &text);
            }
        }
        let _ = self.list.append_child(&item);
    }
}

/// The knobs that stand differently from the lesson's.
fn changes(entry: &Entry<'_>, state: &State, catalog: &Catalog) -> String {
    let origin = entry
        .opened
        .map_or(&state.lessons()[entry.lesson].experiment, |opened| {
            &opened.experiment
        });
    let Some(plan) = &entry.trace.plan else {
        return String::new();
    };
    let changes = turned(origin, plan).into_iter().map(|turned| {
        let change = Sentence::new("runs.turned")
            .with("knob", knob_name(turned.knob, catalog))
            .with("value", knob_value(turned.knob, &turned.is, catalog));
        catalog.render(&change)
    });
    changes.collect::<Vec<_>>().join(" · ")
}

/// Changes whenever the list does.
fn fingerprint(state: &State) -> u64 {
    let shown = u64::from(state.about().number) << 1 | u64::from(state.can_download());
    let others = state.runs().iter();
    others.fold(shown, |all, run| {
        all.wrapping_mul(1_000_003)
            .wrapping_add(u64::from(run.about.number))
    })
}
