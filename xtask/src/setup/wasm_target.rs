//! Makes sure that the compiler can build for the page: its standard library
//! for wasm32 is there, or rustup fetches it, or it is built from source.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::rust_std;
use crate::process;
use crate::step::step;
use crate::workspace::{WASM, Workspace};

/// How long rustup may take; a machine without a way out notices late.
const RUSTUP_LIMIT: Duration = Duration::from_mins(2);

/// Where a missing target may come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// rustup, and where that fails Debian's sources.
    Any,
    /// Debian's sources only.
    Debian,
}

/// Returns once `cargo build --target wasm32-unknown-unknown` can work.
pub(crate) fn ensure(workspace: &Workspace, source: Source) -> Result<()> {
    let sysroot = process::output(rustc(workspace).args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM)
        .join("lib");
    if standard_libraries(&libraries) > 1 {
        rust_std::give_way(&libraries)?;
    }
    if standard_libraries(&libraries) > 0 {
        return Ok(());
    }
    if source == Source::Any {
        match step("adding the wasm target with rustup", || {
            add_with_rustup(workspace)
        }) {
            Ok(()) if standard_libraries(&libraries) > 0 => return Ok(()),
            Ok(()) => println!("xtask: rustup's wasm target is not this compiler's"),
            Err(error) => println!("xtask: {error:#}"),
        }
    }
    let release = release(&process::output(rustc(workspace).arg("-vV"))?)?;
    step(
        "building the wasm target's standard library from Debian's sources",
        || rust_std::build(workspace, &release, &libraries),
    )
    .with_context(|| {
        format!(
            "this machine lacks the target {WASM}; run `rustup target add {WASM}`, or install \
             your distribution's package of it (Debian: libstd-rust-dev-wasm32)"
        )
    })?;
    if standard_libraries(&libraries) == 0 {
        bail!("{} still holds no standard library", libraries.display());
    }
    Ok(())
}

fn rustc(workspace: &Workspace) -> Command {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&workspace.root);
    rustc
}

fn add_with_rustup(workspace: &Workspace) -> Result<()> {
    let Some(rustup) = process::find(&["rustup"]) else {
        bail!("there is no rustup");
    };
    process::run_within(
        Command::new(rustup)
            .args(["target", "add", WASM])
            .current_dir(&workspace.root),
        RUSTUP_LIMIT,
    )
}

/// How many copies of `std` the compiler finds there: it works with exactly one.
fn standard_libraries(libraries: &Path) -> usize {
    let Ok(entries) = fs::read_dir(libraries) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_std))
        .count()
}

/// Whether a file is `std`: rustup's carries a hash in its name, a built one does not.
fn is_std(file: &str) -> bool {
    file.strip_suffix(".rlib")
        .is_some_and(|name| name == "libstd" || name.starts_with("libstd-"))
}

/// The release number in what `rustc -vV` prints.
fn release(verbose_version: &str) -> Result<String> {
    verbose_version
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .map(|release| release.trim().to_owned())
        .context("`rustc -vV` names no release")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_is_recognised() {
        fn check(file: &str, expected: bool) {
            assert_eq!(is_std(file), expected, "{file}");
        }
        check("libstd.rlib", true);
        check("libstd-2c19544a9276d693.rlib", true);
        check("libstd-2c19544a9276d693.rmeta", false);
        check("libstd_detect-9586f799eb204fcc.rlib", false);
        check("libcore-d372cc956b69ec20.rlib", false);
    }

    #[test]
    fn the_release_is_found() {
        fn check(printed: &str, expected: Option<&str>) {
            assert_eq!(release(printed).ok().as_deref(), expected);
        }
        check(
            "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nrelease: 1.95.0\n",
            Some("1.95.0"),
        );
        check(
            "rustc 1.97.0-beta.2\nrelease: 1.97.0-beta.2\r\n",
            Some("1.97.0-beta.2"),
        );
        check("rustc 1.95.0", None);
    }
}
