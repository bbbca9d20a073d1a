//! Builds Rust's standard library for wasm32 and puts it where the compiler
//! looks: for machines that reach a Debian mirror and crates, but not rustup's server.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian;
use crate::process;
use crate::step::step;
use crate::workspace::{WASM, Workspace};

/// Lists the files that were built here, beside them.
const LIST: &str = "built-from-source.txt";

/// The only settings of the outer cargo that the library's build may see:
/// where crates come from and how to reach them.
const KEPT: [&str; 5] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
];

/// Fills `libraries` with the standard library of the compiler `release`.
pub(super) fn build(workspace: &Workspace, release: &str, libraries: &Path) -> Result<()> {
    let scratch = workspace.scratch("rust-std")?;
    fs::remove_dir_all(&scratch)?;
    fs::create_dir_all(&scratch)?;

    let package = step("downloading Debian's rust-src", || {
        debian::fetch_rust_src(release, &scratch)
    })?;
    let unpacked = scratch.join("unpacked");
    step("unpacking rust-src", || {
        process::run(
            Command::new("dpkg-deb")
                .arg("--extract")
                .args([&package, &unpacked]),
        )
    })?;
    let library = library_in(&unpacked)?;
    let target = scratch.join("target");
    step("compiling the standard library for wasm32", || {
        process::run(&mut cargo(&library, &target))
    })?;
    install(&target.join(WASM).join("release/deps"), libraries)?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// The package has its sources under `usr/src/rustc-<version>`, and a symbolic
/// link to them that leads nowhere useful when it is merely unpacked.
fn library_in(unpacked: &Path) -> Result<PathBuf> {
    let sources = unpacked.join("usr/src");
    fs::read_dir(&sources)
        .with_context(|| format!("cannot read {}", sources.display()))?
        .flatten()
        .map(|entry| entry.path().join("library"))
        .find(|library| library.join("sysroot/Cargo.toml").is_file())
        .context("rust-src holds no library/sysroot/Cargo.toml")
}

fn cargo(library: &Path, target: &Path) -> Command {
    let mut cargo = process::cargo(library);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(steers_the_build) {
            cargo.env_remove(name);
        }
    }
    cargo
        .args(["build", "--release", "--manifest-path"])
        .arg(library.join("sysroot/Cargo.toml"))
        .args(["--target", WASM, "--features", "compiler-builtins-mem"])
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "RUSTFLAGS",
            "-Cembed-bitcode=yes -Zforce-unstable-if-unmarked",
        );
    cargo
}

fn steers_the_build(variable: &str) -> bool {
    let cargo =
        variable.starts_with("CARGO_") && !KEPT.iter().any(|kept| variable.starts_with(kept));
    cargo
        || variable.starts_with("RUSTC")
        || variable.starts_with("RUSTFLAGS")
        || variable == "MAKEFLAGS"
}

/// Copies the compiled crates beside their place and renames them into it, so
/// that a copy that was interrupted never looks complete.
fn install(compiled: &Path, libraries: &Path) -> Result<()> {
    let place = libraries
        .parent()
        .context("the library folder has a parent")?;
    let draft = place.join(format!("lib.{}", std::process::id()));
    let copy = || -> Result<()> {
        fs::create_dir_all(&draft)?;
        let mut list = String::new();
        for entry in fs::read_dir(compiled)? {
            let (file, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            if let (Some(name), true) = (name.to_str(), is_rlib(&file)) {
                fs::copy(&file, draft.join(name))?;
                list.push_str(name);
                list.push('\n');
            }
        }
        if list.is_empty() {
            bail!("nothing was compiled in {}", compiled.display());
        }
        fs::write(draft.join(LIST), list)?;
        if libraries.exists() {
            fs::remove_dir_all(libraries)?;
        }
        fs::rename(&draft, libraries)?;
        Ok(())
    };
    copy()
        .inspect_err(|_| {
            // Only tidiness: the error itself is what the caller needs.
            let _ = fs::remove_dir_all(&draft);
        })
        .with_context(|| {
            format!(
                "cannot put the standard library into {} (is the compiler's folder writable for you?)",
                libraries.display()
            )
        })
}

/// Removes what [`build`] once put into `libraries`: rustup has added its own
/// since, and the compiler refuses to choose between two.
pub(super) fn give_way(libraries: &Path) -> Result<()> {
    let list = libraries.join(LIST);
    let built = fs::read_to_string(&list).with_context(|| {
        format!(
            "{} holds more than one standard library; remove that folder and try again",
            libraries.display()
        )
    })?;
    println!("xtask: removing the built standard library for wasm32, since rustup's is there now");
    for name in built.lines() {
        fs::remove_file(libraries.join(name))?;
    }
    fs::remove_file(list)?;
    Ok(())
}

fn is_rlib(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "rlib")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_library_gives_way() {
        let dir = env::temp_dir().join(format!("xtask-give-way-{}", std::process::id()));
        let (compiled, libraries) = (dir.join("deps"), dir.join("wasm/lib"));
        fs::create_dir_all(&compiled).unwrap();
        for file in ["libstd.rlib", "libcore-1.rlib", "libcore-1.rmeta"] {
            fs::write(compiled.join(file), "").unwrap();
        }
        let check = |expected: &[&str]| {
            let mut found: Vec<_> = fs::read_dir(&libraries)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            assert_eq!(found, expected);
        };
        install(&compiled, &libraries).unwrap();
        check(&[LIST, "libcore-1.rlib", "libstd.rlib"]);
        fs::write(libraries.join("libstd-2.rlib"), "").unwrap();
        give_way(&libraries).unwrap();
        check(&["libstd-2.rlib"]);
        assert!(give_way(&libraries).is_err());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn only_what_fetches_crates_is_kept() {
        fn check(variable: &str, expected: bool) {
            assert_eq!(steers_the_build(variable), expected, "{variable}");
        }
        check("CARGO_ENCODED_RUSTFLAGS", true);
        check("CARGO_BUILD_TARGET", true);
        check("CARGO_PROFILE_RELEASE_LTO", true);
        check("RUSTFLAGS", true);
        check("RUSTC_WRAPPER", true);
        check("MAKEFLAGS", true);
        check("CARGO_HOME", false);
        check("CARGO_HTTP_PROXY", false);
        check("CARGO", false);
        check("RUSTUP_TOOLCHAIN", false);
        check("PATH", false);
    }
}
