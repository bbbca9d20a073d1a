//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the top level `Cargo.toml`.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.parent().expect("the package is in a workspace");
    root.to_path_buf()
}

/// A file of the workspace.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Cargo's target folder: the tests' own executable is in its `debug/deps`.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a program knows where it is");
    let target = test.ancestors().nth(3);
    target
        .expect("tests are in target/debug/deps")
        .to_path_buf()
}

/// The folders of the workspace's packages, from its manifest.
pub fn packages() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let members = manifest.split_once("members = [").expect("members").1;
    let members = members.split(']').next().unwrap_or_default();
    let packages: Vec<_> = members.split('"').skip(1).step_by(2).collect();
    assert!(packages.len() >= 9, "{packages:?}");
    packages.into_iter().map(str::to_owned).collect()
}

/// Every file below `folder` whose name ends in `ending`, sorted.
pub fn files(folder: impl AsRef<Path>, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lessons' ids: the names of their files.
pub fn lessons() -> Vec<String> {
    let files = files("static/lessons", ".toml");
    let names = files.iter().filter_map(|file| file.file_stem());
    let mut lessons: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    assert!(lessons.len() >= 12, "only {lessons:?}");
    // Not as their files are: "-" stands in front of ".".
    lessons.sort_unstable();
    lessons
}
