use protocol::System;
use trace::link::{Capture, Ended, Ending, Head, Line, Plan, Run, VERSION};
use trace::{Call, ClientId, Event, Experiment, Reason, parties};

use super::exit::{Exit, Killed};
use super::said::{LeftOut, Reading};

fn experiment() -> Experiment {
    Experiment::new(System::TcpEcho, &["hello"])
}

fn begin(run: u32) -> Line {
    Line::Run(Run {
        version: VERSION,
        run,
        head: Head::new("test", Capture::Unknown),
        plan: Plan::default(),
    })
}

fn connection() -> Line {
    let trace = trace::Trace::new(experiment(), Head::default());
    Line::Connection(trace.connections[0].clone())
}

fn event(at: u64) -> Line {
    let origin = ClientId::FIRST.opener();
    Line::Event(Event::new(protocol::Nanos(at), origin, Call::Connect))
}

fn ended(events: u32) -> Line {
    Line::Ended(Ended {
        events,
        why: Ending::Finished,
        missed: None,
        dropped: None,
    })
}

/// A run with one event, up to it.
fn one_event() -> Vec<Line> {
    let parties = parties(&experiment()).into_iter().map(Line::Party);
    let mut lines = vec![begin(7)];
    lines.extend(parties);
    lines.extend([connection(), event(5)]);
    lines
}

/// A run of which these lines were read, all of them good.
fn read(lines: &[Line]) -> Reading {
    let mut reading = Reading::new(7);
    for line in lines {
        assert_eq!(reading.read(&line.to_json()), Ok(Some(line.clone())));
    }
    reading
}

fn exit(killed: Option<Killed>) -> Exit {
    Exit {
        status: None,
        killed,
    }
}

/// How a run ends, and the message before that.
fn end(lines: &[Line]) -> (Option<&str>, Option<(Ending, u32)>) {
    let (mut message, mut ending) = (None, None);
    for line in lines {
        match line {
            Line::Error { message: said } => message = Some(said.as_str()),
            Line::Ended(ended) => ending = Some((ended.why, ended.events)),
            Line::Event(event) => assert_eq!(event.call, Call::Cut),
            other => panic!("{other:?}"),
        }
    }
    (message, ending)
}

#[test]
fn a_run_that_ends_by_itself_needs_no_other_end() {
    let mut reading = read(&one_event());
    let left_out = LeftOut { left_out: 3 };
    let json = serde_json::to_string(&left_out).expect("JSON");
    assert_eq!(reading.read(&json), Ok(None));
    assert_eq!(reading.left_out, 3);
    assert_eq!(reading.read(&ended(1).to_json()), Ok(Some(ended(1))));
    assert!(reading.end(&exit(None)).is_empty());
    // Nothing counts behind the end.
    assert_eq!(reading.read(&event(9).to_json()), Ok(None));
    assert!(reading.fail("x").is_empty());
}

#[test]
fn a_process_that_ends_before_its_run_is_an_end_with_its_reason() {
    let mut reading = read(&one_event());
    let lines = reading.end(&exit(None));
    let message = "run 7: its process ended before it did";
    assert_eq!(end(&lines), (Some(message), Some((Ending::Crashed, 1))));
    assert!(reading.end(&exit(None)).is_empty(), "told once");
    // One that did not begin has no end either.
    let mut reading = read(&[]);
    assert_eq!(end(&reading.end(&exit(None))), (Some(message), None));
    let mut reading = Reading::new(0);
    let lines = reading.end(&exit(Some(Killed::Silent)));
    let message = "its process went on for longer than a run may and was killed";
    assert_eq!(end(&lines), (Some(message), None));
}

#[test]
fn a_run_that_was_refused_is_told_once() {
    let refused = Line::Error {
        message: "no port".to_owned(),
    };
    let mut reading = read(&[refused]);
    reading.refuse();
    assert!(reading.end(&exit(None)).is_empty());
    // An error while it goes on is none.
    let mut reading = read(&one_event());
    reading.refuse();
    assert_eq!(reading.end(&exit(None)).len(), 2);
}

#[test]
fn a_reader_that_is_too_slow_is_the_limit_that_the_record_names() {
    let mut reading = read(&one_event());
    let lines = reading.end(&exit(Some(Killed::Unread)));
    let [Line::Event(cut), Line::Ended(ended)] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!((cut.call, cut.reason), (Call::Cut, Some(Reason::Unread)));
    assert_eq!((cut.at.0, ended.events, ended.why), (5, 2, Ending::Limit));
}

#[test]
fn lines_that_no_run_has_are_refused() {
    fn check(before: &[Line], json: &str, part: &str) {
        let refused = read(before).read(json);
        let why = refused.expect_err(json);
        assert!(why.contains(part), "{part:?} in {why}");
    }
    let lines = one_event();
    check(&[], "", "EOF");
    check(&[], "{\"type\":\"run\"}", "missing field");
    check(&[], &begin(8).to_json(), "another run");
    check(&[], &event(1).to_json(), "begin");
    check(&[], &ended(0).to_json(), "begin");
    check(&lines[..1], &event(1).to_json(), "party");
    check(&lines, &begin(7).to_json(), "line 6");
    check(&lines, &ended(2).to_json(), "2");
    check(&lines, &Line::Alive.to_json(), "line");
    check(&lines, "{\"type\":\"event\",\"at\":", "EOF");
    let mut far = Event::new(protocol::Nanos(0), ClientId::FIRST.opener(), Call::Send);
    far.offset = protocol::Offset(u64::MAX);
    check(&lines, &Line::Event(far).to_json(), "offset");
}
