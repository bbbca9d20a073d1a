use super::*;
use crate::{Capture, Clock, ClockName, Ending, Note};

/// What a program keeps of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aim: Option<String>,
}

fn check_line(line: &Line<Plan>, json: &str) {
    assert_eq!(line.to_json(), json);
    assert_eq!(&Line::parse(json).unwrap(), line);
}

#[test]
fn lines_as_they_travel() {
    check_line(
        &Line::Queued { run: 7, place: 2 },
        r#"{"type":"queued","run":7,"place":2}"#,
    );
    check_line(&Line::Alive, r#"{"type":"alive"}"#);
    check_line(
        &Line::Ended(Ended {
            events: 3,
            why: Ending::TimedOut,
            missed: Some(0),
            dropped: None,
        }),
        r#"{"type":"ended","events":3,"why":"timed-out","missed":0}"#,
    );
    check_line(
        &Line::Hello {
            version: 1,
            program: "0.1.0".to_owned(),
            kernel: "Linux 6.18".to_owned(),
            record: false,
            grows: false,
        },
        r#"{"type":"hello","version":1,"program":"0.1.0","kernel":"Linux 6.18"}"#,
    );
    check_line(
        &Line::Error {
            message: "a \"quoted\" 粘".to_owned(),
        },
        r#"{"type":"error","message":"a \"quoted\" 粘"}"#,
    );
}

#[test]
fn a_plan_stands_in_the_run_line_beside_the_head() {
    let mut run = Run {
        version: VERSION,
        run: 0,
        head: Head::default(),
        plan: Plan::default(),
    };
    check_line(
        &Line::Run(run.clone()),
        r#"{"type":"run","version":5,"run":0,"kernel":"","capture":"unknown"}"#,
    );
    run.head = Head {
        program: "p 1".to_owned(),
        kernel: "Linux 6.18".to_owned(),
        boot: "b".to_owned(),
        clock: Some(Clock {
            name: ClockName::Monotonic,
            zero: 5,
        }),
        capture: Capture::On,
        restriction: None,
        snap: Some(16),
        added_per_call: Some(protocol::Nanos(14_000)),
        note: Note::new(["n".to_owned()]),
        note_language: Some("en".to_owned()),
    };
    run.plan.aim = Some("a".to_owned());
    check_line(
        &Line::Run(run),
        r#"{"type":"run","version":5,"run":0,"program":"p 1","kernel":"Linux 6.18","boot":"b","clock":{"name":"monotonic","zero":5},"capture":"on","snap":16,"added-per-call":14000,"note":["n"],"note-language":"en","aim":"a"}"#,
    );
}

#[test]
fn words_are_named_as_in_json() {
    for capture in Capture::ALL {
        let json = serde_json::to_string(&capture).unwrap();
        assert_eq!(json, format!("\"{}\"", capture.name()));
    }
    for clock in ClockName::ALL {
        let json = serde_json::to_string(&clock).unwrap();
        assert_eq!(json, format!("\"{}\"", clock.name()));
    }
    for ending in Ending::ALL {
        let json = serde_json::to_string(&ending).unwrap();
        assert_eq!(json, format!("\"{}\"", ending.name()));
    }
}

#[test]
fn lines_name_what_they_lack() {
    for (json, part) in [
        (r#"{"type":"ended","events":3}"#, "missing field `why`"),
        (r#"{"type":"later"}"#, "unknown variant `later`"),
        (r#"{"events":3}"#, "missing field `type`"),
        (r#"{"type":"run"}"#, "missing field `version`"),
        (r#"{"type":"event","at":-1}"#, "invalid value"),
        (
            r#"{"type":"run","version":5,"note":["","","","","","","","","","","","","","","","",""]}"#,
            "a note has at most 16 lines",
        ),
    ] {
        let error = Line::<Plan>::parse(json).unwrap_err().to_string();
        assert!(error.contains(part), "{json}: {error}");
    }
}

const FILE: &str = r#"{"type":"run","version":5,"aim":"a"}
{"type":"party","party":1,"name":"client.py"}
{"type":"party","party":2,"name":"server.py"}
{"type":"connection","connection":1,"transport":"tcp","opener":{"party":1},"acceptor":{"party":2}}
{"type":"event","at":9,"party":2,"connection":1,"end":"acceptor","call":"recv","bytes":"6869"}
{"type":"event","at":5,"party":1,"connection":1,"end":"opener","call":"send","bytes":"6869"}
{"type":"ended","events":2,"why":"finished"}
"#;

#[test]
fn a_file_is_read_without_knowing_its_plan() {
    let reader = Reader::<Plan>::new(FILE).unwrap();
    let (record, plan) = reader.read(2).unwrap();
    assert_eq!(plan.aim.as_deref(), Some("a"));
    let calls: Vec<_> = record.events().iter().map(|e| e.call.name()).collect();
    assert_eq!(calls, ["send", "recv"], "by time");
    assert_eq!(record.parties.len() + record.connections.len(), 3);
    assert_eq!(record.ending(), Some(Ending::Finished));
    let reader = Reader::<serde::de::IgnoredAny>::new(FILE).unwrap();
    assert_eq!(reader.read(1).unwrap_err(), RecordError::Events { most: 1 });
}

#[test]
fn a_length_is_that_of_a_call_of_which_less_was_kept() {
    let snapped = FILE.replace("\"aim\":\"a\"", "\"snap\":2");
    let longer = |file: &str, fields: &str| file.replace("\"bytes\":\"6869\"", fields);
    let read = |text: &str| Reader::<Plan>::new(text).unwrap().read(9);
    let (record, _) = read(&longer(&snapped, r#""bytes":"6869","length":900"#)).unwrap();
    assert_eq!(record.head.snap, Some(2));
    assert!(record.events().iter().all(|event| event.len() == 900));
    let (record, _) = read(&longer(&snapped, r#""length":7"#)).unwrap();
    assert!(record.events().iter().all(|event| event.not_kept() == 7));
    for (file, fields, part) in [
        (FILE, r#""bytes":"6869","length":900"#, "has no \"snap\""),
        (&snapped, r#""bytes":"6869","length":2"#, "a length of 2"),
        (
            &snapped,
            r#""bytes":"686970","length":9"#,
            "3 bytes and a length",
        ),
        (&snapped, r#""length":9,"error":"no""#, "that succeeded"),
    ] {
        let error = read(&longer(file, fields)).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains(part), "{error}");
    }
}

#[test]
fn parties_and_connections_stand_once_and_before_their_events() {
    let refused = |text: &str| {
        let reader = Reader::<Plan>::new(text).unwrap();
        reader.read(9).unwrap_err().to_string()
    };
    for (number, expected) in [
        (2, "line 3 names party 1, and no line before it does"),
        (4, "line 4 names connection 1, and no line before it does"),
        (7, "the trace breaks off after line 6"),
    ] {
        let lines = FILE.lines().enumerate();
        let kept = lines.filter(|(index, _)| index + 1 != number);
        let kept: Vec<_> = kept.map(|(_, line)| line).collect();
        let error = refused(&kept.join("\n"));
        assert!(error.contains(expected), "{error}");
    }
    for line in FILE.lines().skip(1).take(3) {
        let twice = FILE.replace(line, &format!("{line}\n{line}"));
        let error = refused(&twice);
        assert!(
            error.contains("each party and each connection once"),
            "{error}"
        );
    }
}
