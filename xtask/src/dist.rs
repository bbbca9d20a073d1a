//! `cargo xtask dist`: one archive with the program, its page inside, its
//! manual pages, completions and all else that belongs beside it, laid out as
//! below `/usr/local`. The same sources make the same archive around the
//! program: files are sorted, owners and times are fixed.

mod check;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::step::step;
use crate::workspace::Workspace;
use crate::{page, process, web};

/// Shells, and where each looks for what completes `stickylab`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/stickylab"),
    ("fish", "share/fish/vendor_completions.d/stickylab.fish"),
    ("zsh", "share/zsh/site-functions/_stickylab"),
];

/// Files of the repository, and where they go.
const FILES: [(&str, &str); 9] = [
    ("LICENSE-APACHE", "share/doc/stickylab/LICENSE-APACHE"),
    ("LICENSE-MIT", "share/doc/stickylab/LICENSE-MIT"),
    ("CHANGELOG.md", "share/doc/stickylab/CHANGELOG.md"),
    ("README.md", "share/doc/stickylab/README.md"),
    ("SECURITY.md", "share/doc/stickylab/SECURITY.md"),
    (
        "packaging/stickylab.service",
        "lib/systemd/system/stickylab.service",
    ),
    (
        "static/stickylab.lua",
        "lib/wireshark/plugins/stickylab.lua",
    ),
    (
        "static/stickylab-framed.lua",
        "lib/wireshark/plugins/stickylab-framed.lua",
    ),
    (
        "static/stickylab-framings.lua",
        "lib/wireshark/plugins/stickylab-framings.lua",
    ),
];

/// Builds the archive, unpacks it into an empty folder and tries what is in it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    web::build(workspace)?;
    step("building stickylab (release)", || {
        let mut cargo = workspace.cargo();
        process::run(cargo.args(["build", "--release", "--locked", "--package=stickylab"]))
    })?;
    let name = name(workspace)?;
    let folder = workspace.target.join("dist");
    let tree = folder.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    assemble(workspace, &tree)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let packed = pack(&tree, &name, time(workspace))?;
    fs::write(&archive, packed).with_context(|| format!("cannot write {}", archive.display()))?;
    fs::remove_dir_all(&tree)?;
    step("trying the archive in an empty folder", || {
        check::run(&archive, &name)
    })?;
    println!("xtask: {}", archive.display());
    Ok(())
}

/// `stickylab-<version>-<target>`.
fn name(workspace: &Workspace) -> Result<String> {
    let mut packages = workspace.packages.iter();
    let program = packages.find(|package| package.name == "stickylab");
    let version = &program.context("there is no package stickylab")?.version;
    let verbose = process::output(Command::new("rustc").arg("-vV"))?;
    let mut lines = verbose.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` names no host")?;
    Ok(format!("stickylab-{version}-{host}"))
}

/// Puts everything below `tree`, as it is to be below a prefix.
fn assemble(workspace: &Workspace, tree: &Path) -> Result<()> {
    let binary = workspace.stickylab("release");
    let put = |from: &Path, to: &str| {
        let place = parent_of(tree.join(to))?;
        fs::copy(from, &place).with_context(|| format!("cannot copy {}", from.display()))
    };
    let program = format!("bin/stickylab{}", std::env::consts::EXE_SUFFIX);
    put(&binary, &program)?;
    for (from, to) in FILES {
        put(&workspace.root.join(from), to)?;
    }
    for (shell, to) in COMPLETIONS {
        let script = process::output(Command::new(&binary).args(["completions", shell]))?;
        fs::write(parent_of(tree.join(to))?, script)?;
    }
    let manual = tree.join("share/man/man1");
    fs::create_dir_all(&manual)?;
    process::run(Command::new(&binary).arg("man").arg(manual))
}

/// `file`, with the folder it is in made.
fn parent_of(file: PathBuf) -> Result<PathBuf> {
    let parent = file.parent().context("the file is below a folder")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    Ok(file)
}

/// The time all files carry, in seconds since 1970: `SOURCE_DATE_EPOCH`, else
/// that of the last commit, else 0.
fn time(workspace: &Workspace) -> u64 {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let commit = || {
        let mut git = Command::new("git");
        git.current_dir(&workspace.root);
        process::output(git.args(["log", "-1", "--format=%ct"])).ok()
    };
    let time = given.or_else(commit);
    time.and_then(|time| time.trim().parse().ok()).unwrap_or(0)
}

/// All files below `tree`, sorted, as a gzipped tar archive (ustar) in which
/// they are below `name`.
fn pack(tree: &Path, name: &str, time: u64) -> Result<Vec<u8>> {
    let mut files = page::files(tree)?;
    files.sort();
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for file in files {
        let bytes = fs::read(tree.join(&file))?;
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(if file.starts_with("bin") {
            0o755
        } else {
            0o644
        });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, Path::new(name).join(&file), &bytes[..])?;
    }
    Ok(archive.into_inner()?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_archive() {
        let folder = std::env::temp_dir().join(format!("xtask-dist-{}", std::process::id()));
        let archive = |order: [&str; 3]| {
            for file in order {
                fs::write(parent_of(folder.join(file)).unwrap(), file).unwrap();
            }
            let packed = pack(&folder, "it", 7).unwrap();
            fs::remove_dir_all(&folder).unwrap();
            packed
        };
        let packed = archive(["share/b", "bin/a", "lib/c"]);
        assert_eq!(packed, archive(["lib/c", "share/b", "bin/a"]));
        let mut read = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let entries = read.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            (path, header.mode().unwrap(), header.mtime().unwrap())
        });
        let expected = [
            ("it/bin/a", 0o755, 7),
            ("it/lib/c", 0o644, 7),
            ("it/share/b", 0o644, 7),
        ];
        let expected = expected.map(|(path, mode, time)| (path.to_owned(), mode, time));
        assert_eq!(entries.collect::<Vec<_>>(), expected);
    }
}
