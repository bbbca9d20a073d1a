//! Trace files: any text, read by `stickylab show` and by the page.

use trace::Trace;

use crate::analysis;
use crate::written;

/// What is accepted can be written again and shown.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(trace) = Trace::parse(text) {
        written::check(&trace);
        analysis::check_trace(&trace);
    }
}
