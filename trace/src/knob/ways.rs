//! A link's settings for people: of two values with a slash it is said which way each is.

use crate::text::{Catalog, Sentence};

/// Settings of a link, such as `rtt=40ms,loss=20%/0%`, or the value of one of them, in words where
/// the ways have values of their own.
pub fn with_ways(link: &str, catalog: &Catalog) -> String {
    let words = link.split(',').map(|word| {
        let (name, value) = word.rsplit_once('=').unwrap_or(("", word));
        let Some((up, down)) = emulation::ways(value) else {
            return word.to_owned();
        };
        let sentence = Sentence::new("knob.ways")
            .with("up", up.to_owned())
            .with("down", down.to_owned());
        let both = catalog.render(&sentence);
        match name {
            "" => both,
            name => [name, " ", &both].concat(),
        }
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_are_told_apart_and_one_stays_as_it_is() {
        let catalog = Catalog::new([("knob.ways", "{up} to the server and {down} back")]);
        for (link, expected) in [
            ("rtt=40ms,loss=1%", "rtt=40ms,loss=1%"),
            ("20%/0%", "20% to the server and 0% back"),
            (
                "rtt=40ms,loss=20%/0%,seed=7",
                "rtt=40ms,loss 20% to the server and 0% back,seed=7",
            ),
            ("rate=20Mbit/s", "rate=20Mbit/s"),
            ("ocean", "ocean"),
            ("", ""),
        ] {
            assert_eq!(with_ways(link, &catalog), expected);
        }
    }
}
