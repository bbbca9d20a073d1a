//! Whether the wire can be captured here.

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
