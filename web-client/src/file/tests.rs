use trace::link::{Capture, Ending, Head};
use trace::{Event, RecordError, Trace};

use super::*;
use crate::sample;

fn text(trace: &Trace) -> String {
    String::from_utf8(write(trace)).unwrap()
}

/// What the page writes it reads, and `stickylab show` too.
fn check(trace: &Trace) {
    assert_eq!(parse(&text(trace)), Ok(trace.clone()));
    assert_eq!(Trace::parse(&text(trace)), Ok(trace.clone()));
}

#[test]
fn what_is_written_is_read() {
    check(&sample::five_sends());
    check(&sample::wired(&sample::five_sends()));
    let mut trace = sample::five_sends();
    trace.head.kernel = "a \"quoted\" 粘\n".to_owned();
    trace.end(Ending::Limit, Some(3), Some(u32::MAX));
    check(&trace);
}

#[test]
fn a_run_that_goes_on_has_no_last_line() {
    let plan = sample::five_sends().plan.unwrap();
    let unfinished = Trace::new(plan, Head::new("", Capture::Failed));
    let refused = Err(FileError::Trace(RecordError::Truncated { line: 4 }.into()));
    assert_eq!(parse(&text(&unfinished)), refused);
}

#[test]
fn a_file_with_too_many_events_is_refused() {
    let sample = sample::five_sends();
    let plan = sample.plan.clone().unwrap();
    let mut long = Trace::new(plan, Head::new("", Capture::Unknown));
    for at in 0..=MAX_EVENTS as u64 {
        long.insert(Event {
            at: protocol::Nanos(at),
            ..sample.events()[0].clone()
        });
    }
    long.end(Ending::Finished, None, None);
    let refused = Err(FileError::Trace(
        RecordError::Events { most: MAX_EVENTS }.into(),
    ));
    assert_eq!(parse(&text(&long)), refused);
}

#[test]
fn what_is_no_utf_8_is_replaced() {
    assert_eq!(super::text("粘包".as_bytes().to_vec()), "粘包");
    assert_eq!(super::text(b"a\xffb".to_vec()), "a\u{fffd}b");
}
