//! Packets, what the kernel holds, changed boundaries, two runs.

use trace::Counts;
use trace::cause::{Boundary, Cause, Change};
use trace::lane::Fate;
use trace::link::Ending;

use super::*;
use crate::runs::{About, Run, Status};

#[test]
fn packets_stand_at_their_offsets_between_sends_and_recvs() {
    let trace = sample::wired(&sample::five_sends());
    let analysis = Analysis::new(&trace);
    let end = trace.events().len();
    for width in [360.0, 800.0, 1100.0, 1600.0] {
        let list = drawn(&trace, end, width);
        check(&list);
        assert_eq!(ghosts(&list), 0);
        let lane = &analysis.lanes[0];
        assert_eq!(lane.wire.len(), 5);
        for (send, packet) in lane.sends.iter().zip(&lane.wire) {
            let (above, own) = (hit(&list, send.event), hit(&list, packet.span.event));
            assert!((above.x - own.x).abs() < 1e-9 && (above.width - own.width).abs() < 1e-9);
            assert!(above.y < own.y && own.y < hit(&list, lane.recvs[0].event).y);
        }
    }
    let list = drawn(&trace, end, 1100.0);
    let texts = texts(&list);
    for text in ["wire", "segments", "segment #1 · 5 B", "5 segments"] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
}

#[test]
fn what_is_sent_again_is_marked_below_and_not_drawn_twice() {
    let mut trace = sample::wired(&sample::five_sends());
    let first = trace
        .events()
        .iter()
        .find(|e| e.call == Call::Segment && !e.is_empty());
    let mut again = first.unwrap().clone();
    again.at = protocol::Nanos(again.at.0 + 3_000);
    trace.insert(again);
    trace.end(Ending::Finished, Some(3), None);
    let list = drawn(&trace, trace.events().len(), 1100.0);
    check(&list);
    let texts = texts(&list);
    for text in [
        "6 segments",
        "capture missed 3",
        "1 sent again",
        "#2 sent again",
    ] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
    let marks = list.shapes.iter().filter(|shape| {
        matches!(
            shape,
            Shape::Rect {
                fill: Some(Ink::Bad),
                ..
            }
        )
    });
    assert_eq!(marks.count(), 1);
}

fn check_note(capture: Capture, expected: &str) {
    let mut trace = sample::five_sends();
    trace.head.capture = capture;
    for width in [360.0, 640.0, 1100.0] {
        let list = drawn(&trace, 16, width);
        check(&list);
        assert!(
            texts(&list).contains(&expected),
            "{expected}: {:?}",
            texts(&list)
        );
    }
}

#[test]
fn a_wire_that_was_not_captured_says_why() {
    check_note(Capture::NeedsCapNetRaw, "not captured: needs CAP_NET_RAW");
    check_note(
        Capture::Unsupported,
        "not captured: this system has no packet sockets",
    );
    check_note(Capture::Failed, "not captured");
    check_note(Capture::Unknown, "not captured");
}

#[test]
fn the_kernels_counts_stand_beside_and_are_called_counts() {
    let mut trace = sample::five_sends();
    let mut close = trace.events()[15].clone();
    assert_eq!(
        (close.call, close.origin()),
        (Call::Close, ClientId::FIRST.opener())
    );
    close.at = protocol::Nanos(close.at.0 + 1);
    close.socket.counts = Some(Counts {
        data_out: 5,
        ..Counts::default()
    });
    trace.insert(close);
    let counted = "counts only: 5 data segments out, 0 sent again";
    for width in [360.0, 640.0, 1100.0] {
        let list = drawn(&trace, 17, width);
        check(&list);
        assert!(texts(&list).contains(&counted), "{:?}", texts(&list));
        assert_eq!(ghosts(&list), 0);
        assert!(ghosts(&drawn(&trace, 16, width)) > 0, "not known yet");
    }
}

/// What is said to be in the kernel, at each step of `trace`.
fn held(trace: &Trace) -> Vec<String> {
    let steps = 0..=trace.events().len();
    let said = steps.map(|step| {
        let list = drawn(trace, step, 1100.0);
        let held = texts(&list).into_iter().filter(|text| {
            let ours = ["queue:", "no ACK", "in the kernel", "not read:"];
            ours.iter().any(|own| text.contains(own))
        });
        held.collect::<Vec<_>>().join(" | ")
    });
    said.collect()
}

#[test]
fn bytes_in_the_kernel_are_told_by_queue_where_the_wire_tells() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"hello"),
        ("c1", Call::Send, b"abc"),
        ("s1", Call::Recv, b"hell"),
        ("s1", Call::Recv, b"oabc"),
    ];
    let trace = sample::trace(Experiment::new(System::TcpEcho, &["hello", "abc"]), calls);
    assert_eq!(
        held(&trace),
        [
            "",
            "in the kernel: 5 B",
            "in the kernel: 8 B",
            "in the kernel: 4 B",
            ""
        ]
    );
    assert_eq!(
        held(&sample::wired(&trace)),
        [
            "",
            "send queue: 5 B",
            "sent, no ACK yet: 5 B",
            "receive queue: 5 B",
            "receive queue: 5 B · send queue: 3 B",
            "receive queue: 5 B · sent, no ACK yet: 3 B",
            "receive queue: 8 B",
            "receive queue: 4 B",
            ""
        ]
    );
}

#[test]
fn a_dropped_datagram_is_crossed_on_the_wire_and_missing_at_the_reader() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"one"),
        ("c1", Call::Send, b"two"),
        ("s1", Call::Recv, b"one"),
    ];
    let experiment = Experiment::new(System::UdpEcho, &["one", "two"]);
    let mut trace = sample::wired(&sample::trace(experiment, calls));
    trace.end(Ending::Finished, Some(0), Some(1));
    let mut analysis = Analysis::new(&trace);
    analysis.lanes[0].wire[1].fate = Fate::Dropped;
    let list = |step| {
        draw(
            &shot(&trace, &analysis, step),
            &sample::catalog(),
            1100.0,
            f64::INFINITY,
        )
    };
    let struck = |list: &DrawList| {
        let struck = list.shapes.iter().filter(|shape| {
            matches!(
                shape,
                Shape::Line {
                    ink: Ink::Bad,
                    ghost: false,
                    ..
                }
            )
        });
        struck.count()
    };
    let whole = list(5);
    check(&whole);
    assert_eq!(struck(&whole), 2, "a cross");
    let texts = texts(&whole);
    for text in [
        "datagram #2 · dropped",
        "1 dropped",
        "2 datagrams",
        "1 recv",
    ] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
    assert!(!texts.contains(&"1 unread"), "{texts:?}");
    assert_eq!(struck(&list(3)), 0, "not yet");
}

#[test]
fn boundaries_that_changed_answer_for_their_recv() {
    let trace = sample::five_sends();
    let mut analysis = Analysis::new(&trace);
    analysis.lanes[0].boundaries = vec![Boundary {
        offset: Offset(5),
        change: Change::Vanished,
        cause: Cause::Unknown,
        event: 5,
    }];
    let list = |step| {
        draw(
            &shot(&trace, &analysis, step),
            &sample::catalog(),
            1100.0,
            f64::INFINITY,
        )
    };
    let mark = |list: &DrawList| {
        list.shapes.iter().find_map(|shape| match shape {
            Shape::Circle {
                x,
                y,
                stroke: Some(Ink::Bad),
                ..
            } => Some((*x, *y)),
            _ => None,
        })
    };
    assert_eq!(mark(&list(5)), None);
    let list = list(6);
    check(&list);
    let (x, y) = mark(&list).unwrap();
    assert!((x - hit(&list, 3).x).abs() < 1e-9, "where send #2 begins");
    assert_eq!(list.target_at(x, y), Some(Target::Event(5)));
}

#[test]
fn two_runs_are_compared_at_the_same_offsets() {
    let mut before = sample::wired(&sample::five_sends());
    before.plan.as_mut().unwrap().read_delay_ms = 30;
    let mut now = sample::five_sends();
    now.plan.as_mut().unwrap().read_delay_ms = 0;
    let earlier = Run {
        about: About::default(),
        lesson: 0,
        opened: None,
        analysis: Analysis::new(&before),
        trace: before,
        status: Status::Interrupted,
        step: 0,
    };
    let analysis = Analysis::new(&now);
    for width in [360.0, 640.0, 1100.0, 1600.0] {
        for step in [0, 6, 16] {
            let shot = StageModel {
                earlier: Some(&earlier),
                ..shot(&now, &analysis, step)
            };
            let both = draw(&shot, &sample::catalog(), width, f64::INFINITY);
            check(&both);
            let said = texts(&both);
            assert!(said.contains(&"before: reader delay = 30 ms"), "{said:?}");
            assert!(said.contains(&"now: reader delay = 0 ms"), "{said:?}");
            let starts = said.iter().filter(|text| text.starts_with("send #1"));
            if width > 1000.0 {
                assert_eq!(starts.count(), 3, "twice to the server, once back");
            }
            // The earlier one is no ghost and does not answer.
            let alone = drawn(&now, step, width);
            assert_eq!(ghosts(&both), ghosts(&alone));
            assert_eq!(both.hits.len(), alone.hits.len());
            assert!((hit(&both, 3).x - hit(&alone, 3).x).abs() < 1e-9);
            assert!(hit(&both, 3).y > hit(&alone, 3).y + 100.0);
        }
    }
}
