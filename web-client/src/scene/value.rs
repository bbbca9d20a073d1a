//! What a knob is set to, in the words of the page.

use trace::knob::{Domain, Knob};
use trace::text::Catalog;

/// A knob's value with its unit, or translated.
pub fn knob_value(knob: Knob, value: &str, catalog: &Catalog) -> String {
    match knob.domain() {
        Domain::Number { unit: "", .. } | Domain::Text { .. } => value.to_owned(),
        Domain::Number { unit, .. } => [value, " ", unit].concat(),
        Domain::Choice(_) => choice(value, catalog),
        Domain::Lines { .. } => {
            let lines = value.split('\n');
            let lines: Vec<_> = lines.map(|l| if l.is_empty() { "∅" } else { l }).collect();
            lines.join(" · ")
        }
    }
}

/// A word to choose: those of this page are translated, names of systems and framings are not.
fn choice(word: &str, catalog: &Catalog) -> String {
    let translated = catalog.template(&["choice.", word].concat());
    translated.unwrap_or(word).to_owned()
}
