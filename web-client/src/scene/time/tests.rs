use proptest::prelude::*;
use protocol::System;
use trace::link::{Capture, Head};
use trace::{Analysis, Call, Experiment, Trace};

use super::*;
use crate::sample;
use crate::scene::check::{check, ghosts};
use crate::scene::{Index, Target, Viewport};

fn model<'a>(trace: &'a Trace, analysis: &'a Analysis, step: usize) -> StageModel<'a> {
    StageModel::new(trace, analysis, sample::index(trace, analysis), step)
}

fn drawn(trace: &Trace, step: usize, by_step: bool) -> DrawList {
    let analysis = Analysis::new(trace);
    draw(
        &model(trace, &analysis, step),
        &sample::catalog(),
        by_step,
        1100.0,
        f64::INFINITY,
    )
}

#[test]
fn calls_stand_in_the_order_of_their_times() {
    let trace = sample::five_sends();
    for by_step in [false, true] {
        let list = drawn(&trace, 16, by_step);
        check(&list);
        let x = |event| {
            let mut hits = list.hits.iter();
            hits.find(|hit| hit.target == Target::Event(event))
                .unwrap()
                .rect
                .x
        };
        assert!((1..16).all(|event| x(event - 1) < x(event)), "{by_step}");
        assert_eq!(ghosts(&list), 0);
    }
}

#[test]
fn ghosts_come_after_the_cursor_only() {
    let trace = sample::five_sends();
    let list = drawn(&trace, 8, true);
    let analysis = Analysis::new(&trace);
    let model = model(&trace, &analysis, 8);
    let cursor = Scale::new(&model, true, 1100.0).cursor(&model).unwrap();
    for shape in &list.shapes {
        if let Shape::Rect {
            rect, ghost: true, ..
        } = shape
        {
            assert!(rect.x >= cursor, "{rect:?}");
        }
        if let Shape::Area { points, ghost, .. } = shape {
            assert!(
                points
                    .iter()
                    .all(|&(x, _)| if *ghost { x >= cursor } else { x <= cursor })
            );
        }
    }
    assert!(ghosts(&list) > 0);
}

#[test]
fn bytes_under_way_are_counted_between_the_calls() {
    let trace = sample::five_sends();
    let said = |step| {
        let list = drawn(&trace, step, false);
        let texts = list.shapes.into_iter().filter_map(|shape| match shape {
            Shape::Text { text, .. } if text.ends_with("B now") => Some(text),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    assert_eq!(said(5), ["15 B now", "0 B now"]);
    assert_eq!(said(6), ["7 B now", "0 B now"]);
    assert_eq!(said(7), ["7 B now", "8 B now"]);
    assert_eq!(said(16), ["0 B now", "0 B now"]);
}

fn said(trace: &Trace, step: usize, by_step: bool, end: &str) -> Vec<String> {
    let list = drawn(trace, step, by_step);
    let texts = list.shapes.into_iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } if text.ends_with(end) => Some(text),
        _ => None,
    });
    texts.collect()
}

#[test]
fn queues_are_drawn_from_the_kernels_numbers_and_the_packets() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"hello"),
        ("c1", Call::Send, b"abc"),
        ("s1", Call::Recv, b"helloabc"),
    ];
    let trace = sample::trace(Experiment::new(System::TcpEcho, &["hello", "abc"]), calls);
    let trace = sample::wired(&trace);
    // send, segment, ACK; again; recv. The send queue, then the receive queue.
    let now = |step| said(&trace, step, false, "B now");
    assert_eq!(now(0), ["0 B now", "0 B now"]);
    assert_eq!(now(1), ["5 B now", "0 B now"], "handed over");
    assert_eq!(now(2), ["5 B now", "5 B now"], "on the wire: both hold it");
    assert_eq!(now(3), ["0 B now", "5 B now"], "acknowledged");
    assert_eq!(now(4), ["3 B now", "5 B now"]);
    assert_eq!(now(6), ["0 B now", "8 B now"]);
    assert_eq!(now(7), ["0 B now", "0 B now"], "read");
    for by_step in [false, true] {
        let list = drawn(&trace, 7, by_step);
        check(&list);
        let dots = list
            .shapes
            .iter()
            .filter(|shape| matches!(shape, Shape::Circle { radius, .. } if *radius < 3.0));
        assert_eq!(dots.count(), 3, "two sends and a recv were measured");
    }
}

#[test]
fn without_packets_a_level_is_held_at_the_last_number() {
    let mut trace = sample::wired(&sample::five_sends());
    let calls: Vec<_> = trace
        .events()
        .iter()
        .filter(|e| !e.call.is_packet())
        .cloned()
        .collect();
    trace = Trace::new(
        trace.plan.as_ref().unwrap().clone(),
        Head::new("", Capture::NeedsCapNetRaw),
    );
    for event in calls {
        trace.insert(event);
    }
    let list = drawn(&trace, 16, false);
    check(&list);
    let texts: Vec<_> = list
        .shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    // The level is that after the last send until so much can't be there.
    let now = |step| said(&trace, step, false, "B now")[0].clone();
    assert_eq!(now(5), "7 B now", "asked after the send");
    assert_eq!(now(6), "7 B now", "7 of 15 can still be there");
    assert_eq!(now(10), "2 B now", "all but the last send was read");
    assert_eq!(now(11), "3 B now", "asked again");
    assert_eq!(now(12), "0 B now", "all was read");
    for text in [
        "not captured: needs CAP_NET_RAW",
        "send queue",
        "receive queue",
        "to the client",
    ] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
    assert!(
        texts
            .iter()
            .any(|text| text.contains("areas between: the last known"))
    );
}

#[test]
fn a_send_queue_that_was_never_read_is_gone_with_the_other_end() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"hello, world"),
        ("s1", Call::Recv, b"hello"),
        ("s1", Call::Close, b""),
    ];
    let trace = sample::trace(Experiment::new(System::TcpEcho, &["hello, world"]), calls);
    let mut asked = Trace::new(
        trace.plan.as_ref().unwrap().clone(),
        Head::new("", Capture::Failed),
    );
    for event in trace.events() {
        let mut event = event.clone();
        if event.call == Call::Send {
            (event.socket.unacked, event.socket.unsent) = (Some(12), Some(10));
        }
        asked.insert(event);
    }
    let index = Index::new(&asked, &Analysis::new(&asked));
    let changes = index.connection(trace::ConnectionId(0)).send_queue().iter();
    let levels: Vec<_> = changes
        .map(|change| (change.level, change.unsent))
        .collect();
    assert_eq!(levels, [(12, 10), (7, 7), (0, 0)]);
}

#[test]
fn the_legend_says_where_datagrams_levels_are_from() {
    let calls: &[(&str, Call, &[u8])] = &[("c1", Call::Send, b"one"), ("s1", Call::Recv, b"one")];
    let trace = sample::trace(Experiment::new(System::UdpEcho, &["one"]), calls);
    for trace in [sample::wired(&trace), trace] {
        let legend = "areas: sent and not yet read, by the calls of both ends";
        assert_eq!(said(&trace, 2, false, legend), [legend]);
        assert_eq!(said(&trace, 2, false, "the kernel’s own number"), [""; 0]);
    }
}

#[test]
fn calls_of_two_connections_do_not_lie_over_each_other() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Connect, b""),
        ("s1", Call::Accept, b""),
        ("c2", Call::Connect, b""),
        ("c1", Call::Send, b"one"),
        ("s2", Call::Accept, b""),
        ("s1", Call::Recv, b"one"),
        ("c2", Call::Send, b"two"),
        ("s2", Call::Recv, b"two"),
        ("s2", Call::Send, b"TWO"),
        ("c2", Call::Recv, b"TWO"),
    ];
    let mut experiment = Experiment::new(System::Auth, &["one"]);
    experiment.clients.push(experiment.clients[0].clone());
    let mut trace = sample::trace(experiment, calls);
    for measured in [false, true] {
        if measured {
            trace = sample::wired(&trace);
        }
        for width in [360.0, 700.0, 1100.0, 1600.0] {
            for by_step in [false, true] {
                let analysis = Analysis::new(&trace);
                let model = model(&trace, &analysis, trace.events().len());
                for words in [sample::catalog(), sample::chinese()] {
                    for room in [f64::INFINITY, 0.0] {
                        check(&draw(&model, &words, by_step, width, room));
                    }
                }
            }
        }
        let list = drawn(&trace, trace.events().len(), false);
        let halves = trace.events().iter().enumerate();
        let halves = halves.filter(|(_, e)| e.party == trace::SERVER && !e.call.is_packet());
        for (index, event) in halves {
            let hit = list
                .hits
                .iter()
                .find(|hit| hit.target == Target::Event(index));
            let rect = hit.unwrap().rect;
            for (other, second) in trace.events().iter().enumerate() {
                if second.party != trace::SERVER
                    || second.call.is_packet()
                    || second.connection == event.connection
                {
                    continue;
                }
                let hit = list
                    .hits
                    .iter()
                    .find(|hit| hit.target == Target::Event(other));
                let there = hit.unwrap().rect;
                assert!(rect.bottom() <= there.y || there.bottom() <= rect.y);
            }
        }
    }
    assert_eq!(said(&trace, 1, true, "waiting now"), ["0 waiting now"]);
    let all = trace.events().len();
    assert_eq!(said(&trace, all, true, "waiting now"), ["0 waiting now"]);
}

/// The rows of calls: whose, and how many.
fn call_rows(trace: &Trace) -> Vec<(String, String)> {
    let list = drawn(trace, trace.events().len(), true);
    check(&list);
    let texts = list.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } => Some(text.clone()),
        _ => None,
    });
    let texts: Vec<_> = texts.collect();
    // Name, what it shows, and the count are drawn one behind the other.
    let rows = texts.windows(3).filter(|row| row[1] == "calls");
    rows.map(|row| (row[0].clone(), row[2].clone())).collect()
}

#[test]
fn each_call_is_counted_in_one_row_of_its_party() {
    let row = |name: &str, count: &str| (name.to_owned(), count.to_owned());
    let three = sample::three_parties();
    let expected = [row("alice", "2 calls"), row("chat.py", "2 calls")];
    assert_eq!(
        call_rows(&three),
        expected,
        "no call of another end was watched"
    );
    let unobserved = "not observed: no call of this end was watched";
    assert_eq!(said(&three, 5, true, unobserved).len(), 3);
    assert_eq!(
        said(&three, 5, true, "wire").len(),
        2,
        "a packet is in the record"
    );
    // With its calls on the third connection watched chat.py has another row.
    let mut watched = three.clone();
    let mut third = watched.connections[2].clone();
    third.acceptor.observed.calls = true;
    watched.add_connection(third.clone());
    let origin = trace::Origin {
        party: trace::PartyId(1),
        connection: third.connection,
        end: End::Acceptor,
    };
    watched.insert(Event {
        bytes: b"zz\n".to_vec(),
        ..Event::new(protocol::Nanos(15_000), origin, Call::Recv)
    });
    let expected = [
        row("alice", "2 calls"),
        row("chat.py", "2 calls"),
        row("chat.py", "1 call"),
    ];
    assert_eq!(call_rows(&watched), expected);
}

#[test]
fn many_events_cost_no_more_than_the_screen_is_wide() {
    let trace = sample::chunked(System::TcpEcho, &["x".repeat(20_000)], &[2], 1);
    let list = drawn(&trace, 5_000, false);
    check(&list);
    assert!(list.shapes.len() < 2_000, "{}", list.shapes.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_canvas(
        messages in prop::collection::vec("[a-z粘包]{0,12}", 0..30),
        sizes in prop::collection::vec(1..30_usize, 1..6),
        every in 1..4_usize,
        system in prop::sample::select(vec![System::TcpEcho, System::UdpEcho]),
        width in 320.0..1600.0_f64,
        part in 0.0..=1.0_f64,
        zoom in 1.0..400.0_f64,
        by_step in any::<bool>(),
        chinese in any::<bool>(),
        captured in prop::sample::select(Capture::ALL.to_vec()),
    ) {
        let mut trace = sample::chunked(system, &messages, &sizes, every);
        match captured {
            Capture::On => trace = sample::wired(&trace),
            other => trace.head.capture = other,
        }
        let analysis = Analysis::new(&trace);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step")]
        let step = (trace.events().len() as f64 * part).round() as usize;
        let viewport = Viewport::default().zoom(zoom, part, 1e-4);
        let words = if chinese { sample::chinese() } else { sample::catalog() };
        let model = StageModel { viewport, ..model(&trace, &analysis, step) };
        check(&draw(&model, &words, by_step, width, f64::INFINITY));
    }
}

#[test]
fn labels_of_past_calls_do_not_stand_behind_the_cursor() {
    let mut labels = 0;
    for trace in [sample::five_sends(), sample::wired(&sample::five_sends())] {
        let analysis = Analysis::new(&trace);
        for (step, by_step) in (1..trace.events().len()).flat_map(|s| [(s, false), (s, true)]) {
            let list = drawn(&trace, step, by_step);
            let model = model(&trace, &analysis, step);
            let cursor = Scale::new(&model, by_step, 1100.0).cursor(&model).unwrap();
            for shape in &list.shapes {
                let Shape::Text { text, ghost, .. } = shape else {
                    continue;
                };
                let is_call = text.starts_with("send ·") || text.starts_with("recv ·");
                if is_call && !ghost {
                    labels += 1;
                    let place = shape.text_box().unwrap();
                    assert!(place.x < cursor, "{text} at {place:?}, step {step}");
                }
            }
        }
    }
    assert!(labels > 10, "{labels}");
}
