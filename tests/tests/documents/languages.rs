//! `README.zh.md` beside `README.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::Page;

fn both() -> [Page; 2] {
    ["README.md", "README.zh.md"].map(Page::read)
}

/// The commands of a block without their comments, which are in a language.
fn commands(page: &Page) -> Vec<(String, Vec<String>)> {
    let blocks = page.blocks().into_iter();
    let blocks = blocks.map(|block| {
        let lines = block.lines.iter();
        let bare = lines.map(|line| match line.split_once(" # ") {
            Some((command, _)) if block.language == "sh" => command.trim_end().to_owned(),
            _ => line.clone(),
        });
        let bare = bare.collect();
        (block.language, bare)
    });
    blocks.collect()
}

/// How often each code span is there.
fn counted(page: &Page) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for span in page.spans() {
        *counts.entry(span).or_default() += 1;
    }
    counts
}

#[test]
fn both_have_the_same_headings() {
    let [english, chinese] = both();
    let levels = |page: &Page| -> Vec<usize> {
        let headings = page.headings().into_iter();
        headings.map(|(level, _)| level).collect()
    };
    assert_eq!(levels(&english), levels(&chinese));
    assert!(levels(&english).len() >= 10);
}

#[test]
fn both_have_the_same_commands() {
    let [english, chinese] = both();
    assert_eq!(commands(&english), commands(&chinese));
    assert!(commands(&english).len() >= 8);
}

#[test]
fn both_name_the_same_things_and_lead_to_the_same_places() {
    let [english, chinese] = both();
    let (first, second) = (counted(&english), counted(&chinese));
    let spans = first.keys().chain(second.keys());
    let differ: BTreeSet<_> = spans
        .filter(|&span| first.get(span) != second.get(span))
        .collect();
    assert!(differ.is_empty(), "not as often in both: {differ:?}");
    let files = |page: &Page| -> Vec<String> {
        let links = page.links().into_iter();
        // Each leads to the other, and to its own headings.
        let mut links: Vec<_> = links
            .filter(|link| !link.starts_with('#') && !link.starts_with("README"))
            // The page's picture is in a language, too.
            .map(|link| link.replace(".zh.", "."))
            .collect();
        links.sort();
        links
    };
    assert_eq!(files(&english), files(&chinese));
    let own = |page: &Page| page.links().iter().filter(|l| l.starts_with('#')).count();
    assert_eq!(own(&english), own(&chinese));
}

#[test]
fn each_leads_to_the_other_in_front() {
    let [english, chinese] = both();
    assert_eq!(english.links()[0], "README.zh.md");
    assert_eq!(chinese.links()[0], "README.md");
}
