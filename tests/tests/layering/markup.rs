//! The page's markup: nothing inline, nothing from elsewhere.

use tests::workspace::read;

/// The tags of `static/index.html`, each as `name attribute="value"…`.
fn tags() -> Vec<String> {
    let html = read("static/index.html");
    let tags = html
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'));
    let tags: Vec<_> = tags
        .map(|(tag, _)| tag.to_owned())
        .filter(|tag| !tag.starts_with(['/', '!']))
        .collect();
    assert!(tags.len() > 100, "{}", tags.len());
    tags
}

/// Names and values of a tag's attributes, as far as they have values.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, behind)) = rest.split_once("=\"") {
        let name = before
            .rsplit(char::is_whitespace)
            .next()
            .unwrap_or_default();
        let (value, next) = behind.split_once('"').expect("a quote is closed");
        found.push((name.to_owned(), value.to_owned()));
        rest = next;
    }
    found
}

#[test]
fn there_is_no_inline_script_style_or_handler() {
    for tag in tags() {
        let name = tag.split(char::is_whitespace).next().unwrap_or_default();
        assert_ne!(name, "style", "{tag}");
        assert!(name != "script" || tag.contains("src=\""), "{tag}");
        for (attribute, value) in attributes(&tag) {
            assert_ne!(attribute, "style", "{tag}");
            assert!(!attribute.starts_with("on"), "{tag}");
            assert!(!value.starts_with("javascript:"), "{tag}");
        }
    }
}

#[test]
fn nothing_is_loaded_from_another_host() {
    for tag in tags() {
        for (attribute, value) in attributes(&tag) {
            let links = ["src", "href", "action", "srcset", "data", "poster"];
            if links.contains(&attribute.as_str()) {
                let elsewhere = value.contains("://") || value.starts_with("//");
                assert!(!elsewhere, "{tag}");
            }
        }
    }
    for file in [
        "static/colours.css",
        "static/panels.css",
        "static/style.css",
        "static/files.css",
        "static/yours.css",
        "static/lab.css",
        "static/series.css",
        "static/boot.js",
        "static/icon.svg",
    ] {
        let text = read(file).replace("http://www.w3.org/2000/svg", "");
        for word in ["http:", "https:", "url(//", "@import"] {
            assert!(!text.contains(word), "{word} in {file}");
        }
    }
}

#[test]
fn every_id_is_there_once_and_every_reference_leads_to_one() {
    let tags = tags();
    let all: Vec<_> = tags.iter().flat_map(|tag| attributes(tag)).collect();
    let ids: Vec<_> = all
        .iter()
        .filter(|(name, _)| name == "id")
        .map(|(_, id)| id)
        .collect();
    let mut once = ids.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
    for (name, value) in &all {
        let references = [
            "aria-labelledby",
            "aria-describedby",
            "for",
            "popovertarget",
        ];
        if references.contains(&name.as_str()) {
            for id in value.split(' ') {
                assert!(ids.iter().any(|other| *other == id), "{name}=\"{value}\"");
            }
        }
    }
}

#[test]
fn no_text_of_the_page_stands_in_its_markup() {
    // But for names that are the same everywhere: of programming languages, formats, keys.
    let html = read("static/index.html");
    let body = html.split_once("<body").expect("a body").1;
    let tagged = body.split('<').filter_map(|rest| rest.split_once('>'));
    let texts = tagged
        .filter(|(tag, _)| *tag != "kbd")
        .map(|(_, text)| text);
    let same_everywhere = ["Python", "Rust", "C", "SVG", "PNG"];
    let words = texts
        .map(str::trim)
        .filter(|text| text.contains(char::is_alphabetic));
    for text in words {
        assert!(same_everywhere.contains(&text), "{text:?}");
    }
}
