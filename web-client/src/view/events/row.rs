//! A row of the table.

use trace::text::Catalog;
use trace::{Event, Trace};
use web_sys::{Element, HtmlElement};

use super::Events;
use crate::dom;
use crate::view::rows::{Mark, call, caller, is_bare, milliseconds, waited};

/// The text with no-break spaces between numbers and their units.
fn with_units(text: &str) -> String {
    let mut parts = text.split(' ').peekable();
    let mut whole = String::with_capacity(text.len() + 4);
    while let Some(part) = parts.next() {
        whole += part;
        if let Some(next) = parts.peek() {
            let is_number = part.ends_with(|last: char| last.is_ascii_digit());
            let is_unit = ["B", "ms"].contains(next);
            whole.push(if is_number && is_unit { '\u{a0}' } else { ' ' });
        }
    }
    whole
}

impl Events {
    pub(super) fn build_row(
        &self,
        (place, index): (usize, usize),
        event: &Event,
        trace: &Trace,
        catalog: &Catalog,
    ) -> HtmlElement {
        let row: HtmlElement = self.row.clone_as();
        let step = (index + 1).to_string();
        dom::set(&row, "data-step", &step);
        dom::set(&row, "aria-rowindex", &(place + 2).to_string());
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
            (".when", with_units(&milliseconds(event.at))),
            (".who", actor),
            (".what", with_units(&what)),
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

    pub(super) fn fill_marks(&self, row: &Element, marks: &[Mark], catalog: &Catalog) {
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
                Mark::Flag { key, tone } => {
                    let flag: Element = self.flag.clone_as();
                    dom::set(&flag, "data-flag", tone.name());
                    dom::set_text(&flag, &catalog.text(key));
                    let _ = flags.append_child(&flag);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_unit_stay_on_one_line() {
        let check = |text, expected: &str| assert_eq!(with_units(text), expected);
        check(
            "segment · PSH,ACK · 1,024 B",
            "segment · PSH,ACK · 1,024\u{a0}B",
        );
        check(
            "recv(9) → 5 · 15 B waited",
            "recv(9) → 5 · 15\u{a0}B waited",
        );
        check("+0.118 ms", "+0.118\u{a0}ms");
        check("the B side", "the B side");
    }
}
