use super::*;
use crate::link::{Capture, Ending};
use crate::{Call, ClientId, Event, MAX_OFFSET};
use protocol::{Nanos, Offset, System};

fn event(at: u64, offset: u64) -> Event {
    Event {
        offset: Offset(offset),
        asked: 1,
        bytes: vec![b'x'],
        ..Event::new(Nanos(at), ClientId::FIRST.opener(), Call::Send)
    }
}

fn trace() -> Trace {
    let experiment = Experiment::new(System::TcpEcho, &["hi"]);
    let mut trace = Trace::new(experiment, Head::new("Linux 6.18", Capture::On));
    for (at, offset) in [(5, 0), (9, 2), (5, 1), (1, 3)] {
        trace.insert(event(at, offset));
    }
    trace.end(Ending::Finished, Some(0), None);
    trace
}

fn text(trace: &Trace) -> String {
    let lines = trace.lines().map(|line| line.to_json() + "\n");
    lines.collect()
}

#[test]
fn events_are_kept_by_time_and_then_by_arrival() {
    let offsets: Vec<_> = trace().events().iter().map(|e| e.offset.0).collect();
    assert_eq!(offsets, [3, 0, 1, 2]);
}

#[test]
fn lines_round_trip() {
    assert_eq!(Trace::parse(&text(&trace())).unwrap(), trace());
}

#[test]
fn lines_in_another_order_are_the_same_trace() {
    let text = text(&trace());
    let mut lines: Vec<_> = text.lines().collect();
    lines.swap(4, 7);
    assert_eq!(Trace::parse(&lines.join("\n")).unwrap(), trace());
}

fn check_refused(text: &str, part: &str) {
    let error = Trace::parse(text).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
}

#[test]
fn broken_files_say_where() {
    let good = text(&trace());
    for empty in ["", "\n", "\u{feff}", "\u{feff} \r\n\n"] {
        check_refused(empty, "it is empty");
    }
    check_refused("{}", "line 1 is no line");
    check_refused(&good.replace("\"version\":5", "\"version\":6"), "version 6");
    let later = good.replace("\"version\":5", "\"version\":7,\"experiment\":7");
    check_refused(&later, "version 7");
    let (first, rest) = good.split_once('\n').unwrap();
    check_refused(rest, "line 1: a trace has one \"run\" line");
    check_refused(&format!("{good}{first}"), "line 10");
    check_refused(first, "breaks off after line 1");
    check_refused(&good[..good.len() - 4], "line 9 is no line");
    check_refused(&good.replacen('\n', "\n\n", 1), "line 2 is no line");
}

#[test]
fn damaged_files_say_what_is_missing() {
    let good = text(&trace());
    let without: Vec<_> = good.lines().enumerate().filter(|(n, _)| *n != 5).collect();
    let without: Vec<_> = without.into_iter().map(|(_, line)| line).collect();
    check_refused(
        &without.join("\n"),
        "line 8: the trace says 4 events and has 3: lines are missing",
    );
    let event = good.lines().nth(4).unwrap();
    let more = good.replacen(event, &format!("{event}\n{event}"), 1);
    check_refused(
        &more,
        "line 10: the trace says 4 events and has 5: lines were added",
    );
    check_refused(
        &good.replacen(
            "\"event\",\"at\":1,\"party\":1",
            "\"event\",\"at\":1,\"party\":2",
            1,
        ),
        "line 5 names party 2, and no line before it does",
    );
    check_refused(
        &good.replacen("\"connection\":0,\"end\"", "\"connection\":3,\"end\"", 1),
        "line 5 names connection 3, and no line before it does",
    );
    check_refused(
        &good.replacen("\"opener\":{\"party\":1", "\"opener\":{\"party\":9", 1),
        "line 4 names party 9, and no line before it does",
    );
    let far = u64::MAX.to_string();
    check_refused(
        &good.replacen("\"offset\":3", &format!("\"offset\":{far}"), 1),
        "line 5: 18446744073709551615 is no offset",
    );
    let ack = |ack: u64| {
        let header = format!("\"offset\":3,\"header\":{{\"ack\":{ack}}}");
        good.replacen("\"offset\":3", &header, 1)
    };
    check_refused(&ack(MAX_OFFSET + 1), "line 5: 281474976710657 is no offset");
    let send = "\"call\":\"send\"";
    let reason = |becomes: &str| good.replacen(send, becomes, 1);
    let refuse = "\"call\":\"refuse\"";
    check_refused(
        &reason(refuse),
        "line 5: refuse has no reason, and needs one",
    );
    check_refused(
        &reason(&format!("{refuse},\"reason\":\"packets\"")),
        "line 5: refuse has \"packets\" for a reason, which is none of its",
    );
    check_refused(
        &reason(&format!("{send},\"reason\":\"idle\"")),
        "line 5: send has \"idle\" for a reason, which is none of its",
    );
    check_refused(
        &reason(&format!("{refuse},\"reason\":\"bad-mood\"")),
        "line 5 is no line of a trace: unknown variant `bad-mood`",
    );
    assert!(Trace::parse(&reason(&format!("{refuse},\"reason\":\"idle\""))).is_ok());
    assert!(Trace::parse(&ack(MAX_OFFSET)).is_ok());
    check_refused(
        &good.replacen("\"buffer\":1024", "\"buffer\":0", 1),
        "line 1 has no experiment that can be run",
    );
}

#[test]
fn a_byte_order_mark_and_blank_lines_behind_are_no_part_of_a_trace() {
    let good = text(&trace());
    let windows = format!("\u{feff}{}\r\n \r\n", good.replace('\n', "\r\n"));
    for text in [&windows, &format!("{good}\n\n")] {
        assert_eq!(Trace::parse(text).unwrap(), trace());
    }
}
