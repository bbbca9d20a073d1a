//! The sentences in both languages.

use std::collections::{BTreeMap, BTreeSet};

use crate::duel::Opponent;
use crate::text::{Catalog, Sentence};

fn texts(language: &str) -> BTreeMap<String, String> {
    let files = match language {
        "en" => [
            include_str!("../../../../static/text/duel.en.toml"),
            include_str!("../../../../static/text/explain.en.toml"),
        ],
        _ => [
            include_str!("../../../../static/text/duel.zh.toml"),
            include_str!("../../../../static/text/explain.zh.toml"),
        ],
    };
    let files = files.into_iter();
    let texts = files.map(|text| toml::from_str::<BTreeMap<_, _>>(text).expect("flat TOML"));
    texts.flatten().collect()
}

/// A sentence in English, and in Chinese at least without a hole.
pub(super) fn rendered(sentence: &Sentence) -> String {
    let [english, chinese] = ["en", "zh"].map(|language| {
        let text = Catalog::new(texts(language)).sentence(sentence);
        assert!(!text.contains(['{', '[']), "{language}: {text}");
        text
    });
    assert!(!chinese.is_ascii(), "{chinese}");
    english
        .replace(['\u{a0}', '\u{202f}'], " ")
        .replace('−', "-")
}

fn fields(text: &str) -> BTreeSet<&str> {
    let fields = text.split('{').skip(1);
    fields
        .filter_map(|field| field.split(['|', '}']).next())
        .collect()
}

#[test]
fn both_languages_have_the_same_keys_and_values() {
    let [english, chinese] = ["en", "zh"].map(texts);
    let of_duels = |texts: &BTreeMap<String, String>| {
        let keys = texts.keys().filter(|key| key.starts_with("duel."));
        keys.cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(of_duels(&english), of_duels(&chinese));
    for key in of_duels(&english) {
        let (a, b) = (&english[&key], &chinese[&key]);
        assert!(fields(b).is_subset(&fields(a)), "{key}: {a} / {b}");
    }
    for opponent in Opponent::ALL {
        assert!(english.contains_key(opponent.sentence().key), "{opponent}");
    }
}
