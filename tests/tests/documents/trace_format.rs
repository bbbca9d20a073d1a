//! `docs/trace-format.md` beside the lines and requests themselves.

use std::collections::BTreeSet;

use protocol::{Framing, Nanos, Offset, System};
use serde_json::{Value, json};
use trace::duel::Opponent;
use trace::lesson::{Count, Predict, Reference, Words};
use trace::link::{
    Capture, Ended, Ending, Head, LessonFile, Lessons, Line, Plan, Request, Restriction, Run, Send,
    VERSION,
};
use trace::{
    Call, ClientId, Clock, ClockName, Connection, ConnectionId, Counts, End, Endpoint, Event,
    Experiment, Flags, Header, Link, Loss, Note, Observed, Options, Party, PartyId, Piece, Reason,
    Setup, Socket, Transit, Transport,
};

use super::markdown::{Page, spans};
use super::{check_rows, keys, names};

fn page() -> Page {
    Page::read("docs/trace-format.md")
}

fn experiment() -> Experiment {
    Experiment::new(System::TcpEcho, &["m"])
}

/// An event with every field. None is left to a default: a new one has to be
/// named here, and is then looked for in the page.
fn event() -> Event {
    Event {
        at: Nanos(1),
        took: Nanos(1),
        party: PartyId(1),
        connection: ConnectionId(1),
        end: End::Acceptor,
        call: Call::Refuse,
        offset: Offset(1),
        asked: 1,
        bytes: vec![1],
        length: Some(2),
        would_block: 1,
        error: Some("e".to_owned()),
        reason: Some(Reason::Full),
        socket: Socket {
            waiting: Some(1),
            unacked: Some(1),
            unsent: Some(1),
            mss: Some(1),
            window: Some(1),
            accept_queue: Some(1),
            listen_drops: Some(1),
            length: Some(1),
            dropped: Some(1),
            counts: Some(Counts {
                segments_out: 1,
                segments_in: 1,
                data_out: 1,
                data_in: 1,
                retransmitted: 1,
            }),
            options: Some(Options {
                nodelay: Some(true),
                cork: Some(true),
                quickack: Some(true),
                keepalive: Some(true),
                linger: Some(1),
                send_buffer: Some(1),
                receive_buffer: Some(1),
            }),
        },
        header: Some(Header {
            flags: Flags(1),
            ack: Offset(1),
            window: 1,
            mss: Some(1),
            gso: Some(1),
            length: Some(1),
            fragment: Some(Box::new(Piece {
                identification: 1,
                offset: 1,
                of: 1,
            })),
            transit: Some(Transit {
                lost: Some(Loss::Chance),
                arrived: Some(Nanos(1)),
                twice: true,
                late: true,
            }),
            link: Link::RAW,
            comment: Some("c".into()),
            raw: vec![1],
        }),
    }
}

fn head() -> Head {
    Head {
        program: "p".to_owned(),
        kernel: "k".to_owned(),
        boot: "b".to_owned(),
        clock: Some(Clock {
            name: ClockName::Monotonic,
            zero: 1,
        }),
        capture: Capture::On,
        restriction: Some(Restriction::Seccomp),
        snap: Some(1),
        added_per_call: Some(Nanos(1)),
        note: Note::new(["n".to_owned()]),
        note_language: Some("en".to_owned()),
    }
}

fn setup() -> Setup {
    Setup {
        opener_framing: Some(Framing::None),
        acceptor_framing: Some(Framing::None),
        opener_nagle: Some(true),
        acceptor_nagle: Some(true),
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        party: Some(PartyId(1)),
        address: Some("a".to_owned()),
        observed: Observed {
            calls: true,
            queues: true,
            packets: true,
        },
    }
}

fn lesson() -> Reference {
    let words = Words {
        title: "t".to_owned(),
        question: "q".to_owned(),
        look: "l".to_owned(),
    };
    Reference {
        id: "l".to_owned(),
        predict: Some(Predict {
            count: Count::ServerRecvs,
            choices: vec![1],
        }),
        duel: Some(Opponent::Psh),
        words: serde_json::from_value(json!({ "en": words })).ok(),
    }
}

/// A line of each kind in which no field is left out.
pub(super) fn full_lines() -> Vec<Line> {
    let lines = vec![
        Line::Hello {
            version: VERSION,
            program: "p".to_owned(),
            kernel: "k".to_owned(),
            record: true,
            grows: true,
        },
        Line::Queued { run: 1, place: 1 },
        Line::Alive,
        Line::Run(Run {
            version: VERSION,
            run: 1,
            head: head(),
            plan: Plan {
                experiment: Some(experiment()),
                lesson: Some(Box::new(lesson())),
                setup: setup(),
            },
        }),
        Line::Party(Party {
            party: PartyId(1),
            name: "n".to_owned(),
            process: Some(1),
            command: vec!["c".to_owned()],
            proxy: true,
        }),
        Line::Connection(Connection {
            connection: ConnectionId(1),
            transport: Transport::Tcp,
            opener: endpoint(),
            acceptor: endpoint(),
        }),
        Line::Event(event()),
        Line::Ended(Ended {
            events: 1,
            why: Ending::Finished,
            missed: Some(1),
            dropped: Some(1),
        }),
        Line::Error {
            message: "m".to_owned(),
        },
    ];
    for line in &lines {
        // A new kind has to be added above.
        match line {
            Line::Hello { .. }
            | Line::Queued { .. }
            | Line::Alive
            | Line::Run(_)
            | Line::Party(_)
            | Line::Connection(_)
            | Line::Event(_)
            | Line::Ended(_)
            | Line::Error { .. } => {}
        }
    }
    lines
}

pub(super) fn object(line: &Line) -> Value {
    serde_json::from_str(&line.to_json()).expect("JSON")
}

#[test]
fn every_field_of_every_line_has_a_row() {
    let page = page();
    for line in full_lines() {
        let (heading, table) = match line {
            Line::Hello { .. } => ("The lab's WebSocket", 0),
            Line::Queued { .. } => ("The lab's WebSocket", 1),
            Line::Alive => ("The lab's WebSocket", 2),
            Line::Error { .. } => ("The lab's WebSocket", 3),
            Line::Run(_) => ("`run`", 0),
            Line::Party(_) => ("`party`", 0),
            Line::Connection(_) => ("`connection`", 0),
            Line::Event(_) => ("`event`", 0),
            Line::Ended(_) => ("`ended`", 0),
        };
        let line = object(&line);
        check_rows(&page, heading, table, &keys(&line));
    }
    let lessons = Lessons {
        folder: Some(Vec::new()),
        read: Some(LessonFile::refused("a.toml", "no".to_owned())),
    };
    let lessons = serde_json::to_value(lessons).expect("JSON");
    check_rows(&page, "The lab's WebSocket", 4, &keys(&lessons));
    let event = serde_json::to_value(event()).expect("JSON");
    check_rows(&page, "`socket`", 0, &keys(&event["socket"]));
    check_rows(&page, "`socket`", 1, &keys(&event["socket"]["options"]));
    check_rows(&page, "`header`", 0, &keys(&event["header"]));
    check_rows(&page, "`fragment`", 0, &keys(&event["header"]["fragment"]));
    check_rows(&page, "`transit`", 0, &keys(&event["header"]["transit"]));
    let named = all_spans(&page);
    let end = serde_json::to_value(endpoint()).expect("JSON");
    let setup = serde_json::to_value(setup()).expect("JSON");
    let head = serde_json::to_value(head()).expect("JSON");
    let parts = [
        &event["socket"]["counts"],
        &end,
        &end["observed"],
        &setup,
        &head["clock"],
    ];
    for inner in parts {
        for key in keys(inner) {
            assert!(named.contains(&key), "{key}");
        }
    }
}

fn all_spans(page: &Page) -> BTreeSet<String> {
    page.spans().into_iter().collect()
}

#[test]
fn every_word_that_a_line_can_have_is_named() {
    let page = page();
    let reasons = Reason::ALL.map(Reason::name);
    check_rows(&page, "`event`", 1, &reasons);
    let rows = page.table("`event`", 1);
    for (name, row) in names(&rows).iter().zip(&rows) {
        let reason = Reason::ALL.into_iter().find(|reason| reason.name() == name);
        let call = reason.expect("a reason").call();
        assert_eq!(row[1], format!("`{call}`"), "{name}");
    }
    let words = [
        &Call::ALL.map(Call::name)[..],
        &End::ALL.map(End::name),
        &["tcp", "udp", "unix"],
        &Capture::ALL.map(Capture::name),
        &Ending::ALL.map(Ending::name),
        &ClockName::ALL.map(ClockName::name),
    ];
    let named = all_spans(&page);
    for word in words.concat() {
        assert!(named.contains(word), "{word}");
    }
    let version = format!("now {VERSION}");
    assert!(
        page.prose().any(|line| line.contains(&version)),
        "{version}"
    );
}

#[test]
fn every_request_has_a_row_with_its_fields() {
    let client = ClientId::FIRST;
    let requests = [
        Request::Run {
            run: 1,
            experiment: experiment().into(),
        },
        Request::Part {
            client,
            bytes: vec![1],
        },
        Request::Send {
            client,
            sends: vec![Send {
                gap: Nanos(1),
                bytes: vec![1],
                more: true,
            }],
        },
        Request::Close {
            client,
            after: Nanos(1),
        },
        Request::Stop,
        Request::Watch,
        Request::Read {
            name: "a.toml".to_owned(),
            text: "[en]".to_owned(),
        },
    ];
    let page = page();
    let rows = page.table("The lab's WebSocket", 5);
    for request in &requests {
        // A new request has to be added above.
        match request {
            Request::Run { .. }
            | Request::Part { .. }
            | Request::Send { .. }
            | Request::Close { .. }
            | Request::Stop
            | Request::Watch
            | Request::Read { .. } => {}
        }
        let json = serde_json::to_value(request).expect("JSON");
        let name = json["type"].as_str().expect("a name");
        let row = rows.iter().find(|row| row[0] == format!("`{name}`"));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        let mut written = spans(&row[1]);
        written.push("type".to_owned());
        written.sort();
        let mut fields = keys(&json);
        fields.sort();
        assert_eq!(written, fields, "{name}");
    }
    assert_eq!(rows.len(), requests.len());
    let named = all_spans(&page);
    assert!(named.contains("bytes") && named.contains("gap"));
}

#[test]
fn the_smallest_file_is_a_trace() {
    let page = page();
    let blocks = page.blocks();
    let first = blocks.iter().find(|block| block.language == "json");
    let text = first.expect("an example").lines.join("\n");
    let trace = trace::Trace::parse(&text).expect("a trace");
    assert_eq!((trace.plan.is_none(), trace.events().len()), (true, 2));
}

#[test]
fn the_examples_are_lines_and_requests() {
    let mut lines = 0;
    let mut requests = 0;
    for block in page().blocks() {
        if block.language != "json" {
            continue;
        }
        for json in &block.lines {
            if let Ok(line) = Line::parse(json) {
                // As it is printed, without fields that nobody reads.
                let printed = line.to_json();
                assert_eq!(&printed, json);
                lines += 1;
            } else {
                let request = serde_json::from_str::<Request>(json);
                let request = request.unwrap_or_else(|error| panic!("{json}: {error}"));
                if let Request::Run { experiment, .. } = request {
                    assert_eq!(experiment.validate(), Ok(()));
                }
                requests += 1;
            }
        }
    }
    assert_eq!((lines, requests), (10, 4));
}
