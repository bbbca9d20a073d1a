//! `docs/knobs.md` beside the knobs.

use emulation::Preset;
use protocol::Framing;
use trace::knob::{Domain, Knob};

use super::check_rows;
use super::markdown::Page;

/// What a knob takes, as the table says it.
fn values(domain: Domain) -> String {
    match domain {
        Domain::Number { least, most, unit } => {
            format!("{least} to {most} {unit}").trim_end().to_owned()
        }
        Domain::Choice(words) => listed(words),
        Domain::Framing => [&listed(&Framing::NAMES), ", and settings behind commas"].concat(),
        Domain::Sizes { most } => format!("at most {most} sizes with spaces between them"),
        Domain::Link(None) => {
            let presets = listed(&Preset::ALL.map(Preset::name));
            [&presets, ", or settings such as `rtt=40ms,loss=1%`"].concat()
        }
        Domain::Link(Some(part)) => part.domain().to_owned(),
        Domain::Text { .. } => "text".to_owned(),
        Domain::Lines { .. } => "messages, one a line".to_owned(),
    }
}

fn listed(words: &[&str]) -> String {
    let words = words.iter().map(|word| format!("`{word}`"));
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_knob_has_a_row_with_what_it_takes() {
    let page = Page::read("docs/knobs.md");
    check_rows(&page, "Knobs", 0, &Knob::ALL.map(Knob::name));
    for row in page.table("Knobs", 0) {
        let name = row[0].trim_matches('`');
        let knob: Knob = name.parse().expect("the rows are knobs");
        assert_eq!(row[1], values(knob.domain()), "{name}");
    }
}
