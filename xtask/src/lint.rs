//! `cargo xtask lint`: format and lints of everything, warnings denied: the
//! workspace, what is compiled for the page, and the fuzz targets, which are a
//! workspace of their own.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::step::step;
use crate::workspace::{WASM, Workspace};
use crate::{process, web};

/// The other machine that everything native compiles for.
const ARM: &str = "aarch64-unknown-linux-gnu";
/// The C compiler for it, of Debian's package `gcc-aarch64-linux-gnu`.
const ARM_COMPILER: &str = "aarch64-linux-gnu-gcc";

/// Checks format and lints; the first that is wrong is the error.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let fuzz = workspace.root.join("fuzz");
    step("checking the format", || {
        process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
        process::run(process::cargo(&fuzz).args(["fmt", "--check"]))
    })?;
    // The server embeds the page, so there has to be one.
    web::build(workspace)?;
    step("linting the workspace", || {
        let mut clippy = workspace.cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--locked"]);
        process::run(clippy.args(["--", "--deny=warnings"]))
    })?;
    step("linting what is compiled for the page", || {
        let mut clippy = workspace.cargo();
        clippy.args(["clippy", "--locked", "--target", WASM]);
        clippy.args(workspace.wasm_packages()?);
        process::run(clippy.args(["--", "--deny=warnings"]))
    })?;
    check_arm(workspace)?;
    step("linting the fuzz targets", || {
        // With the stable toolchain, which compiles them, too; running them
        // takes the nightly one's instrumentation.
        let mut clippy = process::cargo(&fuzz);
        // In the workspace's target folder: most packages were checked there.
        clippy.args(["clippy", "--all-targets", "--locked", "--target-dir"]);
        clippy.arg(&workspace.target);
        process::run(clippy.args(["--", "--deny=warnings"]))
    })
}

/// Checks that what is native compiles for aarch64, where its standard library and a C
/// compiler for it are installed.
fn check_arm(workspace: &Workspace) -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", ARM]);
    rustc.current_dir(&workspace.root);
    let libraries = process::output(&mut rustc)?;
    let compiler = Command::new(ARM_COMPILER).arg("--version").output();
    if !Path::new(libraries.trim()).is_dir() || compiler.is_err() {
        println!(
            "xtask: not checked for aarch64: that takes `rustup target add {ARM}` and, on Debian, \
             `apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross`"
        );
        return Ok(());
    }
    step("checking what is native for aarch64", || {
        let mut check = workspace.cargo();
        check.args([
            "check",
            "--locked",
            "--target",
            ARM,
            "--package",
            "stickylab",
        ]);
        process::run(&mut check)
    })
}
