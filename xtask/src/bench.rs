//! `cargo xtask bench`: runs the benchmarks of the tests package against release builds.

use std::ffi::OsString;

use anyhow::Result;

use crate::step::step;
use crate::workspace::Workspace;
use crate::{process, web};

/// Runs `cargo bench` with `args`, after building what the benchmarks start.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    if !workspace.page().join("index.html").is_file() {
        web::build(workspace)?;
    }
    step("building the servers (release)", || {
        process::run(
            workspace
                .cargo()
                .args(["build", "--release", "--package=stickylab"]),
        )
    })?;
    step("running the benchmarks", || {
        process::run(
            workspace
                .cargo()
                .args(["bench", "--package=tests"])
                .args(args)
                .env("STICKYLAB_BIN", workspace.stickylab("release")),
        )
    })
}
