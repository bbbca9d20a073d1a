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

/// The commands of `cargo xtask`, as its source has them.
fn xtask_commands() -> BTreeSet<String> {
    let source = workspace::read("xtask/src/main.rs");
    let (_, commands) = source.split_once("enum Command {").expect("commands");
    let variants = commands.lines().take_while(|line| *line != "}");
    let variants = variants.filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_ascii_alphanumeric())?;
        (end > 0).then(|| line[..end].to_lowercase())
    });
    let commands: BTreeSet<_> = variants.collect();
    assert!(commands.contains("demo"), "{commands:?}");
    commands
}

#[test]
fn every_command_of_xtask_that_is_named_exists() {
    let commands = xtask_commands();
    let mut checked = 0;
    for page in Page::all() {
        let blocks = page.blocks().into_iter().flat_map(|block| block.lines);
        for text in page.spans().into_iter().chain(blocks) {
            let Some(rest) = text.strip_prefix("cargo xtask ") else {
                continue;
            };
            let name = rest.split(' ').next().unwrap_or(rest);
            let exists = commands.contains(name);
            assert!(exists, "{}: cargo xtask has no {name}", page.path);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} commands");
}
