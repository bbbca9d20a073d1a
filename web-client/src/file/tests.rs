use super::*;
use crate::sample;
use proptest::prelude::*;
use protocol::Offset;
use trace::link::Capture;
use trace::{Actor, Call, ClientId, Counts, Experiment, Flags, Header, Reason, Socket, TraceError};

use crate::app::{Format, Message, Settings, Setup, State, View};

fn text(trace: &Trace) -> String {
    String::from_utf8(write(trace)).unwrap()
}

/// The page and `stickylab show` say the same of a file.
#[expect(clippy::needless_pass_by_value, reason = "results stand in the calls")]
fn check(text: &str, expected: Result<Trace, FileError>) {
    let theirs = Trace::parse(text);
    let same = match (&theirs, &expected) {
        (Ok(theirs), Ok(ours)) => theirs == ours,
        (Err(TraceError::Empty), Err(FileError::Empty)) => true,
        (Err(TraceError::Experiment { error, .. }), Err(FileError::Experiment(ours))) => {
            error == ours
        }
        (Err(TraceError::Client { line, client }), Err(FileError::Client(ours, own))) => {
            (line, client) == (ours, own)
        }
        (Err(TraceError::Offset { line, offset }), Err(FileError::Offset(ours, own))) => {
            (line, offset) == (ours, own)
        }
        (
            Err(TraceError::Count { said, found, .. }),
            Err(FileError::Count {
                said: ours,
                found: own,
            }),
        ) => (said, found) == (ours, own),
        (Err(TraceError::Reason { line, .. }), Err(FileError::Reason(ours)))
        | (Err(TraceError::Line { line, .. }), Err(FileError::Line(ours)))
        | (Err(TraceError::Order { line }), Err(FileError::Order(ours)))
        | (Err(TraceError::Truncated { line }), Err(FileError::Truncated(ours))) => line == ours,
        (Err(TraceError::Version { found }), Err(FileError::Version(ours))) => found == ours,
        _ => false,
    };
    assert!(
        same,
        "stickylab: {theirs:?}, the page: {expected:?}: {text}"
    );
    assert_eq!(parse(text), expected, "{text}");
}

/// What the page writes is what `serde` writes.
fn check_written(trace: &Trace) {
    let lines = trace
        .lines()
        .map(|line| serde_json::to_string(&line).unwrap() + "\n");
    assert_eq!(text(trace), lines.collect::<String>());
}

#[test]
fn lines_are_written_as_serde_writes_them() {
    check_written(&sample::five_sends());
    check_written(&sample::wired(&sample::five_sends()));
    let mut trace = sample::five_sends();
    trace.kernel = "a \"quoted\" 粘\n".to_owned();
    trace.end(Ending::Limit, Some(3), Some(u32::MAX));
    check_written(&trace);
    let unfinished = Trace::new(trace.experiment, String::new(), Capture::Failed);
    check_written(&unfinished);
}

#[test]
fn good_files_are_read_as_stickylab_reads_them() {
    let trace = sample::five_sends();
    check(&text(&trace), Ok(trace.clone()));
    check(&text(&trace).replace('\n', "\r\n"), Ok(trace.clone()));
    check(text(&trace).trim_end(), Ok(trace.clone()));
    check(&[&text(&trace), "\n \r\n"].concat(), Ok(trace.clone()));
    check(&["\u{feff}", &text(&trace)].concat(), Ok(trace.clone()));
    let version_1 = text(&trace)
        .replace("\"version\":4", "\"version\":1")
        .replace(",\"capture\":\"unknown\"", "");
    check(&version_1, Ok(trace.clone()));
    let with_more = text(&trace).replace("\"call\":", "\"colour\":[{}],\"call\":");
    check(&with_more, Ok(trace));
}

#[test]
fn events_may_stand_in_any_order() {
    let trace = sample::five_sends();
    let text = text(&trace);
    let mut lines: Vec<_> = text.lines().collect();
    let events = lines.len() - 1;
    lines[1..events].reverse();
    check(&lines.join("\n"), Ok(trace));
}

#[test]
fn broken_files_are_refused_as_stickylab_refuses_them() {
    let good = text(&sample::five_sends());
    let (run, rest) = good.split_once('\n').unwrap();
    let cut = good.rsplit_once("{\"type\":\"ended\"").unwrap().0;
    check("", Err(FileError::Empty));
    check("{}", Err(FileError::Line(1)));
    for empty in ["\n", " \r\n\n", "\u{feff}", "\u{feff}\n"] {
        check(empty, Err(FileError::Empty));
    }
    check(&good.replacen('\n', "\n\n", 1), Err(FileError::Line(2)));
    check(&["\n", &good].concat(), Err(FileError::Line(1)));
    check(&good[..good.len() - 4], Err(FileError::Line(18)));
    check(&[&good, "{}\n"].concat(), Err(FileError::Line(19)));
    check(&[&good, "\n", run].concat(), Err(FileError::Line(19)));
    check(cut, Err(FileError::Truncated(17)));
    check(run, Err(FileError::Truncated(1)));
    check(rest, Err(FileError::Order(1)));
    check(&[&good, run].concat(), Err(FileError::Order(19)));
    check(&[run, "\n", &good].concat(), Err(FileError::Order(2)));
    check(&[&good, rest].concat(), Err(FileError::Order(19)));
    let unreadable = run.replace("\"buffer\":", "\"bufer\":");
    check(&[run, "\n", &unreadable].concat(), Err(FileError::Line(2)));
    check(&[&good, &*unreadable].concat(), Err(FileError::Line(19)));
    let hello = r#"{"type":"hello","version":2,"program":"0.1.0","kernel":"Linux"}"#;
    check(&[hello, "\n", &good].concat(), Err(FileError::Order(1)));
    let later = good.replace("\"version\":4", "\"version\":5");
    check(&later, Err(FileError::Version(5)));
    for (is, becomes) in [
        ("\"system\":\"tcp-echo\"", "\"system\":\"quic-echo\""),
        ("\"buffer\":", "\"bufer\":"),
        ("\"turns\":", "\"turn\":"),
        ("\"backlog\":5", "\"backlog\":5,\"backlog\":5"),
        ("\"backlog\":5", "\"backlog\":-5"),
        (
            "\"clients\":",
            "\"framing\":{\"kind\":\"none\",\"colour\":1},\"clients\":",
        ),
        (
            "\"clients\":",
            "\"framing\":{\"kind\":\"none\",\"width\":3},\"clients\":",
        ),
        ("\"length-unit\":\"bytes\"", "\"length-unit\":\"feet\""),
        ("\"kernel\":", "\"colonel\":"),
        ("\"buffer\":1024", "\"buffer\":null"),
        ("\"nagle\":false", "\"nagle\":null"),
        ("\"capture\":\"unknown\"", "\"capture\":null"),
        ("\"clients\":", "\"framing\":[\"none\"],\"clients\":"),
    ] {
        let broken = good.replace(is, becomes);
        assert_ne!(broken, good, "{is}");
        check(&broken, Err(FileError::Line(1)));
    }
    let connect = "\"call\":\"connect\"";
    for field in [
        "\"took\":null",
        "\"offset\":null",
        "\"bytes\":null",
        "\"socket\":null",
        "\"socket\":[]",
        "\"socket\":{\"counts\":[1,2,3,4,5]}",
        "\"header\":[]",
        "\"header\":{\"ack\":null}",
    ] {
        let broken = good.replacen(connect, &[connect, ",", field].concat(), 1);
        check(&broken, Err(FileError::Line(2)));
    }
    for field in [
        "\"error\":null",
        "\"header\":null",
        "\"socket\":{\"waiting\":null,\"counts\":null}",
    ] {
        let read = good.replacen(connect, &[connect, ",", field].concat(), 1);
        check(&read, Ok(sample::five_sends()));
    }
    check("[9]", Err(FileError::Line(1)));
    let broken = good.replacen("\"bytes\":\"68", "\"bytes\":\"6", 1);
    check(&broken, Err(FileError::Line(4)));
}

#[test]
fn damage_that_leaves_every_line_whole_is_refused_too() {
    let good = text(&sample::five_sends());
    let second = good.lines().nth(1).unwrap();
    let without = good.replacen(&[second, "\n"].concat(), "", 1);
    let count = |said, found| Err(FileError::Count { said, found });
    check(&without, count(16, 15));
    let more = good.replacen(second, &[second, "\n", second].concat(), 1);
    check(&more, count(16, 17));
    let other = good.replacen("\"client\":1", "\"client\":2", 1);
    check(&other, Err(FileError::Client(2, ClientId::Two)));
    let actor = good.replacen("\"actor\":\"client1\"", "\"actor\":\"client2\"", 1);
    check(&actor, Err(FileError::Client(2, ClientId::Two)));
    let with = |field: &str| {
        let connect = "\"call\":\"connect\"";
        good.replacen(connect, &[connect, ",", field].concat(), 1)
    };
    let offset = |offset: u64| with(&format!("\"offset\":{offset}"));
    let ack = |ack: u64| with(&format!("\"header\":{{\"ack\":{ack}}}"));
    for far in [MAX_OFFSET + 1, u64::MAX] {
        check(&offset(far), Err(FileError::Offset(2, far)));
        check(&ack(far), Err(FileError::Offset(2, far)));
    }
    for near in [offset(MAX_OFFSET), ack(MAX_OFFSET)] {
        let read = parse(&near);
        assert!(read.is_ok(), "{read:?}");
        check(&near, read);
    }
    let reason = |becomes: &str| {
        let becomes = [r#""call":"#, becomes].concat();
        good.replacen("\"call\":\"connect\"", &becomes, 1)
    };
    for becomes in [
        r#""refuse""#,
        r#""connect","reason":"idle""#,
        r#""refuse","reason":"time""#,
    ] {
        check(&reason(becomes), Err(FileError::Reason(2)));
    }
    let unknown = reason(r#""refuse","reason":"bad-mood""#);
    check(&unknown, Err(FileError::Line(2)));
    let refusal = reason(r#""refuse","reason":"backoff""#);
    assert!(parse(&refusal).is_ok());
    check(&refusal, parse(&refusal));
    let none = good.replacen("\"buffer\":1024", "\"buffer\":0", 1);
    assert!(matches!(parse(&none), Err(FileError::Experiment(_))));
    check(&none, parse(&none));
}

#[test]
fn a_later_version_is_told_before_what_it_brings() {
    let later = r#"{"type":"run","version":9,"run":"seven","capture":"by-radio"}"#;
    check(later, Err(FileError::Version(9)));
    let hello = r#"{"type":"hello","version":9}"#;
    check(hello, Err(FileError::Version(9)));
}

#[test]
fn a_file_is_bounded() {
    let mut trace = sample::five_sends();
    trace.experiment.buffer = 0;
    assert!(matches!(
        parse(&text(&trace)),
        Err(FileError::Experiment(ExperimentError::Range {
            name: "buffer",
            ..
        }))
    ));
    let good = text(&sample::five_sends());
    let mut lines = good.lines();
    let (run, event) = (lines.next().unwrap(), lines.next().unwrap());
    let ended = lines.next_back().unwrap();
    let with = |events: usize| {
        let ended = ended.replace("\"events\":16", &format!("\"events\":{events}"));
        let events = std::iter::repeat_n(event, events);
        let lines = std::iter::once(run).chain(events).chain([&*ended]);
        parse(&lines.collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(with(MAX_EVENTS).unwrap().events().len(), MAX_EVENTS);
    assert_eq!(with(MAX_EVENTS + 1), Err(FileError::TooManyEvents));
}

proptest! {
    #[test]
    fn whatever_is_in_it_a_file_is_read_or_refused(text in "[ -~\n粘\"{}:,]*") {
        prop_assert_eq!(parse(&text).is_ok(), Trace::parse(&text).is_ok());
    }

    /// One character of a good file replaced: both say the same.
    #[test]
    fn damage_is_judged_alike(at in 0_usize..2_400, by in "[ -~]") {
        let mut damaged = text(&sample::five_sends());
        let at = at.min(damaged.len() - 1);
        prop_assume!(damaged.is_char_boundary(at) && damaged.is_char_boundary(at + 1));
        damaged.replace_range(at..=at, &by);
        match (parse(&damaged), Trace::parse(&damaged)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_err(), "{ours:?} {theirs:?}"),
        }
    }

    /// Offsets, lengths and numbers that no kernel would tell: whatever a file
    /// says, all of the page can be shown with it.
    #[test]
    fn events_that_never_were_do_no_harm(
        system in prop::sample::select(protocol::System::ALL.to_vec()),
        clients in 1_usize..3,
        events in prop::collection::vec(event(), 0..12),
    ) {
        let mut experiment = Experiment::new(system, &["hello", "粘"]);
        let client = experiment.clients[0].clone();
        experiment.clients = vec![client; clients];
        let mut trace = Trace::new(experiment, String::new(), Capture::On);
        for mut event in events {
            // What a file may not hold is refused, and tested above.
            if clients == 1 {
                event.client = ClientId::One;
                event.actor = match event.actor {
                    Actor::Client2 => Actor::Client1,
                    actor => actor,
                };
            }
            trace.insert(event);
        }
        trace.end(Ending::Stopped, Some(u32::MAX), Some(u32::MAX));
        check_written(&trace);
        let (mut state, _) = State::open(Setup {
            lessons: vec![sample::lesson("a", protocol::System::TcpEcho, &["a"])],
            settings: Settings::default(),
            hash: String::new(),
            reduced_motion: false,
            nonces: sample::nonces,
        });
        let name = "run.jsonl".to_owned();
        state.update(Message::FileRead { name, text: Ok(text(&trace)) });
        prop_assert_eq!(state.trace(), Some(&trace));
        let catalog = sample::catalog();
        for view in [View::Bytes, View::Time] {
            state.update(Message::ViewChosen(view));
            state.update(Message::First);
            for step in 0..=trace.events().len() {
                trace::explain(&trace, state.analysis(), step);
                crate::scene::stage(&state, &catalog, 900.0);
                crate::scene::scrubber::draw(&state, 300.0, 30.0);
                state.proof();
                state.update(Message::StepBy(1));
            }
        }
        state.update(Message::Download(Format::Pcapng));
    }
}

fn event() -> impl Strategy<Value = Event> {
    let number = || prop_oneof![0_u64..20, Just(u64::MAX), Just(u64::MAX / 2), any::<u64>()];
    let offset = || prop_oneof![0_u64..20, Just(MAX_OFFSET), 0..=MAX_OFFSET];
    let who = (
        prop::sample::select(Actor::ALL.to_vec()),
        prop::sample::select(ClientId::ALL.to_vec()),
        prop::sample::select(Call::ALL.to_vec()),
    );
    let bytes = prop::collection::vec(prop::sample::select(vec![0, 1, b'h', 0x98, 0xff]), 0..40);
    (
        who,
        (number(), offset(), number(), offset()),
        bytes,
        any::<bool>(),
        any::<u8>(),
    )
        .prop_map(
            |((actor, client, call), (at, offset, other, ack), bytes, header, flags)| {
                let small = u32::try_from(other).unwrap_or(u32::MAX);
                Event {
                    offset: Offset(offset),
                    took: Nanos(other),
                    connection: u16::from(flags / 64),
                    asked: small,
                    bytes,
                    reason: call.is_decision().then(|| {
                        let reasons = Reason::ALL.map(|reason| (reason, reason.call() == call));
                        let fitting = reasons.iter().filter(|(_, fits)| *fits);
                        fitting.cycle().nth(usize::from(flags)).unwrap().0
                    }),
                    error: (small == 7).then(|| "Broken \\ pipe\t\u{1}".to_owned()),
                    socket: Socket {
                        waiting: Some(small),
                        unacked: Some(small),
                        unsent: Some(u32::MAX - small),
                        accept_queue: Some(small),
                        length: Some(small),
                        dropped: (small != 3).then_some(small),
                        counts: header.then(|| Counts {
                            segments_out: small,
                            ..Counts::default()
                        }),
                    },
                    header: header.then(|| Header {
                        flags: Flags(flags),
                        ack: Offset(ack),
                        window: small,
                        ..Header::default()
                    }),
                    ..Event::new(Nanos(at), actor, client, call)
                }
            },
        )
}
