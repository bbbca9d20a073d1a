//! Whether the wire can be captured here.

use std::process::Command;

use crate::events::Trace;
use crate::{run, stickylab};

/// Whether runs are captured. Where they are not, what a test needs that for
/// can't be tested, and standard error says why; root always may.
pub fn may_capture() -> bool {
    let finished = run(stickylab(&["run", "five-sends", "--json"]), b"");
    let capture = Trace::read(&finished.out).capture;
    if capture != "on" {
        eprintln!("not run: the wire can't be captured here: {capture}");
        let root = rustix::process::geteuid().is_root();
        assert!(!root, "root may capture: {capture}");
    }
    capture == "on"
}

/// `plain` as a program that may not capture. Who is root has to give the
/// capability up first; who is not has none to begin with.
pub(crate) fn without(plain: &Command) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
        command.arg(plain.get_program());
        command
    } else {
        Command::new(plain.get_program())
    };
    command.args(plain.get_args()).env_remove("RUST_LOG");
    command
}
