//! `docs/knobs.md` beside the knobs.

use trace::knob::{Kind, Knob};

use super::check_rows;
use super::markdown::Page;

/// What a knob takes, as the table says it.
fn values(kind: Kind) -> String {
    match kind {
        Kind::Number { least, most, unit } => {
            format!("{least} to {most} {unit}").trim_end().to_owned()
        }
        Kind::Choice(words) => {
            let words = words.iter().map(|word| format!("`{word}`"));
            words.collect::<Vec<_>>().join(", ")
        }
        Kind::Text { .. } => "text".to_owned(),
        Kind::Lines { .. } => "messages, one a line".to_owned(),
    }
}

#[test]
fn every_knob_has_a_row_with_what_it_takes() {
    let page = Page::read("docs/knobs.md");
    check_rows(&page, "Knobs", 0, &Knob::ALL.map(Knob::name));
    for row in page.table("Knobs", 0) {
        let name = row[0].trim_matches('`');
        let knob: Knob = name.parse().expect("the rows are knobs");
        assert_eq!(row[1], values(knob.kind()), "{name}");
    }
}
