//! A trace as a file.

use trace::Trace;
use web_client::file;

/// A trace is written alike by the command line and the page, and reads as it was.
pub(crate) fn check(trace: &Trace) {
    let lines = trace.lines().map(|line| line.to_json() + "\n");
    let lines: String = lines.collect();
    assert_eq!(file::write(trace), lines.as_bytes());
    if trace.ending().is_some() {
        let read = Trace::parse(&lines).expect("as it was written");
        assert_eq!(read, *trace);
    }
}
