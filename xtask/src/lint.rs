//! `cargo xtask lint`: format and lints of everything, warnings denied: the
//! workspace, what is compiled for the page, and the fuzz targets, which are a
//! workspace of their own.

use anyhow::Result;

use crate::step::step;
use crate::workspace::{WASM, Workspace};
use crate::{process, web};

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
