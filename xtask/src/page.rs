//! Moves a drafted folder into place file by file: what did not change keeps
//! its time stamp, so that the server that embeds it is not built again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Copies the folder `from` to `to`, without hidden files and without the top level folders `without`.
pub(crate) fn copy_tree(from: &Path, to: &Path, without: &[&str]) -> Result<()> {
    for file in files(from)? {
        let top = file.iter().next().and_then(|name| name.to_str());
        let nested = file.iter().count() > 1;
        let hidden = file
            .iter()
            .any(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden || (nested && top.is_some_and(|top| without.contains(&top))) {
            continue;
        }
        let copy = to.join(&file);
        create_parent(&copy)?;
        fs::copy(from.join(&file), &copy)
            .with_context(|| format!("cannot write {}", copy.display()))?;
    }
    fs::create_dir_all(to)?;
    Ok(())
}

/// Makes `place` hold exactly the files of `draft`, then removes `draft`.
/// Each file is replaced in one step, and only when its content changed.
pub(crate) fn publish(draft: &Path, place: &Path) -> Result<()> {
    fs::create_dir_all(place)?;
    let wanted: BTreeSet<PathBuf> = files(draft)?.into_iter().collect();
    for file in &wanted {
        let (new, old) = (draft.join(file), place.join(file));
        if fs::read(&old).ok() == Some(fs::read(&new)?) {
            continue;
        }
        create_parent(&old)?;
        fs::rename(&new, &old).with_context(|| format!("cannot replace {}", old.display()))?;
    }
    for file in files(place)? {
        if !wanted.contains(&file) {
            fs::remove_file(place.join(file))?;
        }
    }
    remove_empty_folders(place)?;
    fs::remove_dir_all(draft)?;
    Ok(())
}

fn remove_empty_folders(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_empty_folders(&path)?;
            if fs::read_dir(&path)?.next().is_none() {
                fs::remove_dir(path)?;
            }
        }
    }
    Ok(())
}

/// Every file below `dir`, relative to it.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    fn walk(dir: &Path, below: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
        let entries = fs::read_dir(dir.join(below))
            .with_context(|| format!("cannot read {}", dir.join(below).display()))?;
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.path().is_dir() {
                walk(dir, &path, found)?;
            } else {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(dir, Path::new(""), &mut found)?;
    Ok(found)
}

fn create_parent(file: &Path) -> Result<()> {
    let parent = file
        .parent()
        .with_context(|| format!("{} has no parent", file.display()))?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    /// Writes `files` (path and content) below `dir`, all with an old time stamp.
    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = dir.join(path);
            create_parent(&path).unwrap();
            fs::write(&path, content).unwrap();
            let old = SystemTime::now() - Duration::from_hours(1);
            fs::File::open(&path).unwrap().set_modified(old).unwrap();
        }
    }

    fn read(dir: &Path) -> Vec<(String, String)> {
        let mut all: Vec<_> = files(dir)
            .unwrap()
            .into_iter()
            .map(|file| {
                let content = fs::read_to_string(dir.join(&file)).unwrap();
                (file.to_str().unwrap().to_owned(), content)
            })
            .collect();
        all.sort();
        all
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_copy_leaves_out_what_is_compiled_in() {
        let dir = scratch("copy");
        write(
            &dir.join("static"),
            &[
                ("index.html", "page"),
                ("fonts/a.woff2", "font"),
                ("lessons/one.toml", "no"),
                (".hidden", "no"),
            ],
        );
        copy_tree(&dir.join("static"), &dir.join("page"), &["lessons"]).unwrap();
        let expected = [("fonts/a.woff2", "font"), ("index.html", "page")]
            .map(|(path, content)| (path.to_owned(), content.to_owned()));
        assert_eq!(read(&dir.join("page")), expected);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn only_changed_files_are_touched() {
        let dir = scratch("publish");
        let (draft, place) = (dir.join("draft"), dir.join("place"));
        write(
            &place,
            &[("same", "1"), ("changed", "1"), ("old/deep/gone", "1")],
        );
        let before = fs::metadata(place.join("same"))
            .unwrap()
            .modified()
            .unwrap();
        fs::create_dir_all(draft.join("new")).unwrap();
        for (path, content) in [("same", "1"), ("changed", "2"), ("new/file", "3")] {
            fs::write(draft.join(path), content).unwrap();
        }

        publish(&draft, &place).unwrap();

        let expected = [("changed", "2"), ("new/file", "3"), ("same", "1")]
            .map(|(path, content)| (path.to_owned(), content.to_owned()));
        assert_eq!(read(&place), expected);
        let after = fs::metadata(place.join("same"))
            .unwrap()
            .modified()
            .unwrap();
        assert_eq!(before, after);
        assert!(!draft.exists() && !place.join("old").exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
