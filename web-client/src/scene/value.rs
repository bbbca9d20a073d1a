//! What a knob is set to, in the words of the page.

use trace::knob::{Domain, Knob, with_ways};
use trace::text::{Catalog, grouped};

/// A knob's value with its unit, or translated.
pub fn knob_value(knob: Knob, value: &str, catalog: &Catalog) -> String {
    match knob.domain() {
        Domain::Text { .. } | Domain::Framing | Domain::Link(_) | Domain::Sizes { .. }
            if value.is_empty() =>
        {
            // What an empty value means, where it is not simply nothing.
            let meaning = catalog.template(&["knob.", knob.name(), ".empty"].concat());
            meaning.unwrap_or("∅").to_owned()
        }
        Domain::Link(_) => with_ways(value, catalog),
        Domain::Text { .. } | Domain::Framing | Domain::Sizes { .. } => value.to_owned(),
        Domain::Number { unit, .. } => number(value, unit),
        Domain::Choice(_) => choice(value, catalog),
        Domain::Lines { .. } => {
            let lines = value.split('\n');
            let lines: Vec<_> = lines.map(|l| if l.is_empty() { "∅" } else { l }).collect();
            lines.join(" · ")
        }
    }
}

/// A number with its unit, such as `65,536 B`; whole milliseconds as such: `60 ms`
/// of 60000 µs.
fn number(value: &str, unit: &str) -> String {
    let Ok(count) = value.parse() else {
        return [value, " ", unit].concat();
    };
    match (count, unit) {
        (_, "") => grouped(count),
        (1.., "µs") if count.is_multiple_of(1_000) => [&grouped(count / 1_000), " ms"].concat(),
        _ => [&grouped(count), " ", unit].concat(),
    }
}

/// A word to choose: those of this page are translated, names of systems and framings are not.
fn choice(word: &str, catalog: &Catalog) -> String {
    let translated = catalog.template(&["choice.", word].concat());
    translated.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_what_it_means() {
        let catalog = crate::sample::catalog();
        let check = |knob, expected: &str| assert_eq!(knob_value(knob, "", &catalog), expected);
        check(Knob::ClientFraming, "as the server");
        check(Knob::RecvSizes, "as the buffer");
        check(Knob::Link, "this machine");
        check(Knob::Messages, "∅");
    }

    #[test]
    fn the_two_ways_of_a_link_are_told_apart() {
        let catalog = crate::sample::catalog();
        let shown = knob_value(Knob::Loss, "20%/0%", &catalog);
        assert_eq!(shown, "20% to the server and 0% back");
    }

    #[test]
    fn numbers_have_the_unit_that_keeps_them_short_and_their_thousands_apart() {
        let check = |value, unit, expected: &str| assert_eq!(number(value, unit), expected);
        check("60000", "µs", "60 ms");
        check("1500", "µs", "1,500 µs");
        check("0", "µs", "0 µs");
        check("1200", "ms", "1,200 ms");
        check("65536", "B", "65,536 B");
        check("1024", "", "1,024");
    }
}
