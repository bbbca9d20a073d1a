//! Embeds the page: the folder that `cargo xtask web` assembles, or, where
//! there is none, one page that says so. `STICKYLAB_PAGE` names another
//! folder. Embeds the lessons and the templates of decoders too, for the command line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const NO_PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Sticky Packet Lab: no page</title>
<h1>This build has no page</h1>
<p>The servers and bridges run all the same. To have the page, run
<code>cargo xtask web</code> and build again, or run <code>cargo xtask demo</code>.</p>
</html>
";

fn main() {
    lessons();
    templates();
    page();
}

/// Writes `LESSONS` and `LANGUAGES`, with the texts of the files in `static` and `text`.
fn lessons() {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let place = Path::new(&package).join("..").join("static");
    let folder = place.join("lessons");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder).expect("static/lessons is part of the tree");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut code = String::from("static LESSONS: &[(&str, &str)] = &[\n");
    for file in files {
        let id = file.file_stem().and_then(|stem| stem.to_str());
        let id = id.expect("a lesson's file name is UTF-8");
        let file = file.to_str().expect("cargo's folders are UTF-8");
        writeln!(code, "    ({id:?}, include_str!({file:?})),").expect("a String takes everything");
    }
    code.push_str("];\nstatic LANGUAGES: &[(&str, &[&str])] = &[\n");
    for (tag, files) in languages(&[place.join("text"), Path::new(&package).join("text")]) {
        writeln!(code, "    ({tag:?}, &[").expect("a String takes everything");
        for file in files {
            let file = file.to_str().expect("cargo's folders are UTF-8");
            writeln!(code, "        include_str!({file:?}),").expect("a String takes everything");
        }
        code.push_str("    ]),\n");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("lessons.rs"), code).expect("OUT_DIR can be written");
}

/// Writes `TEMPLATES`, with the files in the folders of `static/decoder`.
fn templates() {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let folder = Path::new(&package).join("../static/decoder");
    println!("cargo::rerun-if-changed={}", folder.display());
    let list = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("the templates are part of the tree");
        let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
        paths.collect::<Vec<PathBuf>>()
    };
    let mut all = BTreeMap::new();
    for language in list(&folder) {
        for file in list(&language) {
            let name = file.strip_prefix(&folder).expect("below the folder");
            let name = name.to_str().expect("a template's name is UTF-8");
            all.insert(name.replace('\\', "/"), file);
        }
    }
    let mut code = String::from("static TEMPLATES: &[(&str, &str)] = &[\n");
    for (name, file) in all {
        let file = file.to_str().expect("cargo's folders are UTF-8");
        writeln!(code, "    ({name:?}, include_str!({file:?})),")
            .expect("a String takes everything");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("templates.rs"), code).expect("OUT_DIR can be written");
}

/// The languages' tags, English first, and the files of each: `<tag>.toml` and
/// `*.<tag>.toml`. A language is one that has a `<tag>.toml` in each of `folders`.
fn languages(folders: &[PathBuf]) -> Vec<(String, Vec<PathBuf>)> {
    let mut languages: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in folders {
        println!("cargo::rerun-if-changed={}", folder.display());
        for entry in fs::read_dir(folder).expect("the texts are part of the tree") {
            let file = entry.expect("a folder can be listed").path();
            let name = file.file_name().and_then(|name| name.to_str());
            let name = name.expect("a text's file name is UTF-8");
            let tag = name.strip_suffix(".toml").expect("texts are TOML");
            let tag = tag.rsplit('.').next().unwrap_or(tag);
            languages.entry(tag.to_owned()).or_default().push(file);
        }
    }
    // The list of the page's languages.
    languages.remove("languages");
    let is_spoken = |tag: &str| {
        folders
            .iter()
            .all(|f| f.join(format!("{tag}.toml")).is_file())
    };
    languages.retain(|tag, files| {
        files.sort();
        is_spoken(tag)
    });
    let mut languages: Vec<_> = languages.into_iter().collect();
    languages.sort_by_key(|(tag, _)| tag != "en");
    languages
}

fn page() {
    println!("cargo::rerun-if-env-changed=STICKYLAB_PAGE");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let place = env::var_os("STICKYLAB_PAGE").map_or_else(beside_the_sources, PathBuf::from);
    // Cargo can only watch what exists: an empty folder is watched until a
    // page is put into it.
    if place.is_dir() || fs::create_dir_all(&place).is_ok() {
        println!("cargo::rerun-if-changed={}", place.display());
    }
    let page = if place.join("index.html").is_file() {
        place
    } else {
        // Every other build of a developer has none; a release is for others.
        if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
            println!(
                "cargo::warning=this program will have no page: run `cargo xtask web` first, \
                 then build or install it again"
            );
        }
        without_page(&out)
    };
    let page = fs::canonicalize(&page).expect("the page's folder was there a moment ago");
    let name = page.display().to_string();
    // Its `load_directory` does the same, with a warning for each file.
    let assets = memory_serve::assets_to_code(&name, &page, &out, true, |_| {});
    fs::write(
        out.join("memory_serve_assets.rs"),
        format!("&[(\"default\", {assets})]"),
    )
    .expect("OUT_DIR can be written");
}

/// `cargo xtask web` puts the page here wherever cargo's target folder is.
fn beside_the_sources() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    Path::new(&package).join("..").join("target").join("page")
}

fn without_page(out: &Path) -> PathBuf {
    let dir = out.join("no-page");
    fs::create_dir_all(&dir).expect("OUT_DIR can be written");
    fs::write(dir.join("index.html"), NO_PAGE).expect("OUT_DIR can be written");
    dir
}
