//! Links of the documents, and flags that they name.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use tests::workspace;

use super::command_line::every_flag;
use super::markdown::Page;

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut checked = 0;
    for page in Page::all() {
        for link in page.links() {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
            let target = match path {
                "" => PathBuf::from(&page.path),
                path => normal(&folder.join(path)),
            };
            let exists = workspace::root().join(&target).exists();
            assert!(exists, "{}: {link}: no such file", page.path);
            if !anchor.is_empty() {
                let target = Page::read(&target.display().to_string());
                let anchors = target.anchors();
                let leads = anchors.iter().any(|other| other == anchor);
                assert!(leads, "{}: {link}: not among {anchors:?}", page.path);
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} links");
}

/// `docs/../README.md` as `README.md`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            component => normal.push(component),
        }
    }
    normal
}

#[test]
fn every_flag_that_is_named_exists() {
    let mut flags = every_flag();
    // Those of `cargo xtask`.
    let source = workspace::read("xtask/src/main.rs");
    let names = source.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    flags.extend(names.map(|name| format!("--{}", name.replace('_', "-"))));
    let mut checked = BTreeSet::new();
    for page in Page::all() {
        // Says what was, too.
        if page.path == "CHANGELOG.md" {
            continue;
        }
        for span in page.spans() {
            if !span.starts_with("--") {
                continue;
            }
            let flag = span.split([' ', '=', '[']).next().unwrap_or(&span);
            assert!(flags.contains(flag), "{}: there is no {flag}", page.path);
            checked.insert(flag.to_owned());
        }
    }
    assert!(checked.len() > 30, "{checked:?}");
}
