//! A user without privileges.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::{Finished, run};

/// The variable in which scripts have the program under test.
pub const PROGRAM: &str = "PROGRAM";

/// Runs the program as a user without privileges; where this one has none, as this one.
pub fn by_somebody(command: Command) -> Finished {
    if !rustix::process::geteuid().is_root() {
        return run(command, b"");
    }
    // Where others may look.
    let folder = tempfile::tempdir().expect("a folder");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), mode.clone()).expect("it is ours");
    let program = folder.path().join("stickylab");
    // By a process of its own: a child of another test would keep the file open for writing.
    let mut copy = Command::new("cp");
    copy.arg(command.get_program()).arg(&program);
    assert_eq!(run(copy, b"").code, Some(0), "there is room");
    fs::set_permissions(&program, mode).expect("it is ours");
    let mut other = Command::new("setpriv");
    other.args(["--reuid=65533", "--regid=65533", "--clear-groups"]);
    other.args(["--inh-caps=-all", "--bounding-set=-all"]);
    other.arg(&program).args(command.get_args());
    other.env("LC_ALL", "C.UTF-8");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other.env(PROGRAM, &program);
    run(other, b"")
}
