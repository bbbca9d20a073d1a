mod clearance;
mod duel;
mod record;
mod wire;

use proptest::prelude::*;
use protocol::System;
use trace::lane::Direction;
use trace::link::Capture;
use trace::{Analysis, Call, ClientId, Experiment, Trace};

use super::*;
use crate::sample;
use crate::scene::check::{check, ghosts};
use crate::scene::{Rect, Viewport};

fn shot<'a>(trace: &'a Trace, analysis: &'a Analysis, step: usize) -> StageModel<'a> {
    StageModel::new(trace, analysis, sample::index(trace, analysis), step)
}

fn drawn(trace: &Trace, step: usize, width: f64) -> DrawList {
    let analysis = Analysis::new(trace);
    draw(
        &shot(trace, &analysis, step),
        &sample::catalog(),
        width,
        f64::INFINITY,
    )
}

/// The rectangle that answers for an event on its own row.
fn hit(list: &DrawList, event: usize) -> Rect {
    let mut hits = list.hits.iter();
    hits.find(|hit| hit.target == Target::Event(event))
        .unwrap()
        .rect
}

fn texts(list: &DrawList) -> Vec<&str> {
    let texts = list.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn boundaries_stand_at_their_offsets_in_every_row() {
    let trace = sample::five_sends();
    for width in [360.0, 800.0, 1100.0, 2560.0] {
        let list = drawn(&trace, 16, width);
        let analysis = Analysis::new(&trace);
        let layout = Layout::new(&[&analysis], Viewport::default(), width);
        for lane in &analysis.lanes {
            for span in lane.sends.iter().chain(&lane.recvs) {
                let rect = hit(&list, span.event);
                assert!((rect.x - layout.x(span.start)).abs() < 1e-9);
                assert!((rect.right() - layout.x(span.end)).abs() < 1e-9);
            }
        }
        // recv #1 ends where send #2 ends, recv #2 where send #3 does.
        assert!((hit(&list, 5).right() - hit(&list, 3).right()).abs() < 1e-9);
        assert!((hit(&list, 9).right() - hit(&list, 4).right()).abs() < 1e-9);
    }
}

#[test]
fn a_row_of_which_nothing_was_observed_is_a_line() {
    let trace = sample::three_parties();
    for width in [360.0, 800.0, 1100.0] {
        let list = drawn(&trace, trace.events().len(), width);
        check(&list);
        let said = texts(&list);
        // Two senders and a reader.
        let notes = said
            .iter()
            .filter(|text| **text == "calls were not observed");
        assert_eq!(notes.count(), 3, "{width}: {said:?}");
    }
    // A line takes less room than a row of boxes.
    let mut all = trace.clone();
    for mut connection in trace.connections.clone() {
        connection.opener.observed.calls = true;
        connection.acceptor.observed.calls = true;
        all.add_connection(connection);
    }
    let height = |trace: &Trace| drawn(trace, 5, 1100.0).height;
    assert!(height(&trace) + 3.0 * 16.0 < height(&all));
}

#[test]
fn what_has_not_happened_is_a_ghost_and_nothing_else_is() {
    let trace = sample::five_sends();
    assert_eq!(ghosts(&drawn(&trace, 16, 1100.0)), 0);
    let counts: Vec<_> = (0..=16)
        .map(|step| ghosts(&drawn(&trace, step, 1100.0)))
        .collect();
    assert!(
        counts.is_sorted_by(|before, after| before >= after),
        "{counts:?}"
    );
    let list = drawn(&trace, 3, 1100.0);
    let happened = hit(&list, 2);
    for shape in &list.shapes {
        if let Shape::Rect {
            rect,
            ghost,
            dashed,
            stroke: Some(_),
            ..
        } = shape
            && rect.height > 6.0
        {
            let within = happened.contains(rect.x, rect.y) && rect.right() <= happened.right();
            assert_eq!(*ghost, !within, "{rect:?}");
            assert!(*dashed <= *ghost);
        }
    }
    let ribbon = |shape: &Shape| matches!(shape, Shape::Ribbon { .. });
    assert!(!list.shapes.iter().any(ribbon), "nothing was read yet");
}

#[test]
fn labels_and_counts_say_what_happened_so_far() {
    let trace = sample::five_sends();
    let list = drawn(&trace, 10, 1100.0);
    let texts = texts(&list);
    for text in [
        "client",
        "send() calls",
        "server",
        "recv(1024)",
        "messages",
        "no framing",
        "send #1 · 5 B",
        "#4 · 2 B",
        "recv #2 → 7 B",
        "✗ “helloabc”",
        "✓ “粘包!”",
        "4 of 5 sends",
        "2 of 3 recvs",
        "1 glued",
        "e7",
        "h",
        "20",
        "stream offset (bytes)",
    ] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
    assert!(
        !texts.iter().any(|text| text.contains('[')),
        "a key is missing: {texts:?}"
    );
}

#[test]
fn a_label_does_not_reach_over_its_box() {
    let trace = sample::five_sends();
    let list = drawn(&trace, 16, 1100.0);
    let cursor = list.handle.expect("it is in sight");
    let x = cursor.x + cursor.width / 2.0;
    let above = |text: &Rect| text.y < cursor.bottom() && text.right() > x;
    let texts = list.shapes.iter().filter_map(Shape::text_box);
    let beyond: Vec<_> = texts.filter(above).filter(|text| text.x < x).collect();
    assert!(beyond.is_empty(), "over the cursor at {x}: {beyond:?}");
    assert!(self::texts(&list).contains(&"send #5 · 3 B"));
}

#[test]
fn bytes_too_narrow_for_cells_are_written_into_their_box() {
    let key: Vec<u8> = (0..64).map(|byte| byte ^ 0x9c).collect();
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, &key),
        (
            "c1",
            Call::Send,
            b"do you know the key, and how could I tell? ",
        ),
        ("s1", Call::Recv, &key),
    ];
    let trace = sample::trace(Experiment::new(System::TcpEcho, &["x"]), calls);
    for (width, digits, text) in [
        (700.0, "9c9d9e9f9899", "do you know"),
        (1100.0, "9c9d9e9f98999a9b94959697", "do you know the key"),
    ] {
        let list = drawn(&trace, 3, width);
        check(&list);
        let texts = texts(&list);
        let beginning = |with: &str| texts.iter().filter(|text| text.starts_with(with)).count();
        // Sent, read, and taken for a message.
        assert_eq!(beginning(digits), 3, "{texts:?}");
        assert_eq!(beginning(text), 1, "{texts:?}");
    }
}

#[test]
fn the_cursor_stands_at_the_end_of_the_last_bytes_moved() {
    let trace = sample::five_sends();
    let analysis = Analysis::new(&trace);
    let at = |step| cursor(&shot(&trace, &analysis, step)).map(|(lane, at)| (lane.direction, at.0));
    assert_eq!(at(2), None, "connecting moves no bytes");
    assert_eq!(at(4), Some((Direction::FromOpener, 8)));
    assert_eq!(at(8), Some((Direction::FromAcceptor, 8)));
    assert_eq!(at(10), Some((Direction::FromOpener, 15)));
    assert_eq!(at(16), Some((Direction::FromOpener, 20)));
    let list = drawn(&trace, 10, 1100.0);
    let layout = Layout::new(&[&analysis], Viewport::default(), 1100.0);
    let accent = list.shapes.iter().find_map(|shape| match shape {
        Shape::Line {
            x0,
            ink: Ink::Accent,
            ..
        } => Some(*x0),
        _ => None,
    });
    assert_eq!(accent, Some(layout.x(Offset(15))));
}

#[test]
fn cells_answer_for_bytes_and_boxes_for_calls() {
    let trace = sample::five_sends();
    let list = drawn(&trace, 16, 1100.0);
    let rect = hit(&list, 3);
    let byte = Target::Byte {
        connection: ClientId::FIRST.connection(0),
        direction: Direction::FromOpener,
        offset: Offset(5),
    };
    assert_eq!(
        list.target_at(rect.x + 10.0, rect.bottom() - 20.0),
        Some(byte)
    );
    assert_eq!(
        list.target_at(rect.x + 10.0, rect.y + 5.0),
        Some(Target::Event(3))
    );
    assert_eq!(list.target_at(1.0, 1.0), None);
}

#[test]
fn a_selected_byte_is_marked_in_every_row_of_its_lane() {
    let trace = sample::five_sends();
    let analysis = Analysis::new(&trace);
    let mut shot = shot(&trace, &analysis, 0);
    let marked = |shot: &StageModel<'_>| {
        let list = draw(shot, &sample::catalog(), 1100.0, f64::INFINITY);
        let marked = list.shapes.iter().filter(|shape| {
            matches!(
                shape,
                Shape::Rect {
                    stroke: Some(Ink::Accent),
                    ..
                }
            )
        });
        marked.count()
    };
    assert_eq!(marked(&shot), 0);
    shot.selection = Some(Target::Byte {
        connection: ClientId::FIRST.connection(0),
        direction: Direction::FromOpener,
        offset: Offset(9),
    });
    assert_eq!(marked(&shot), 3);
}

#[test]
fn a_datagram_cut_off_shows_what_is_gone_and_an_empty_one_is_there() {
    let messages = ["hello world", "", "hi"].map(str::to_owned);
    let trace = sample::chunked(System::UdpEcho, &messages, &[5], 1);
    let list = drawn(&trace, 6, 1100.0);
    check(&list);
    let texts = texts(&list);
    for text in [
        "recv #1 → 5 B, 6 gone",
        "1 cut off",
        "send #2 · 0 B",
        "sendto() calls",
        "recvfrom(5)",
    ] {
        assert!(texts.contains(&text), "{text:?} is missing in {texts:?}");
    }
    let struck = |shape: &Shape| matches!(shape, Shape::Line { ink: Ink::Bad, .. });
    assert_eq!(list.shapes.iter().filter(|shape| struck(shape)).count(), 1);
    let empty = trace
        .events()
        .iter()
        .position(|e| e.is_empty() && e.end == trace::End::Acceptor);
    assert!(hit(&list, empty.unwrap()).width > 0.0);
}

#[test]
fn a_refused_length_is_marked_where_it_stands() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"GET / HTTP"),
        ("s1", Call::Recv, b"GET / HTTP"),
    ];
    let experiment = Experiment::new(System::LengthPrefix, &["GET / HTTP"]);
    let trace = sample::trace(experiment, calls);
    let list = drawn(&trace, 2, 1100.0);
    check(&list);
    let texts = texts(&list);
    let told = "✗ length 542,393,671, at most 1,048,576";
    assert!(
        texts.contains(&told) && texts.contains(&"refused"),
        "{texts:?}"
    );
    assert_eq!(ghosts(&list), 0);
    assert!(ghosts(&drawn(&trace, 1, 1100.0)) > 0);
}

#[test]
fn many_chunks_cost_no_more_than_the_screen_is_wide() {
    let trace = sample::chunked(System::TcpEcho, &["x".repeat(20_000)], &[2], 1);
    let list = drawn(&trace, 5_000, 1000.0);
    check(&list);
    assert!(list.shapes.len() < 4_000, "{}", list.shapes.len());
    assert!(list.hits.len() < 3_000, "{}", list.hits.len());
}

#[test]
fn rows_move_together_where_there_is_little_room() {
    let trace = sample::five_sends();
    let analysis = Analysis::new(&trace);
    let height = |room, width| {
        let shot = shot(&trace, &analysis, trace.events().len());
        draw(&shot, &sample::catalog(), width, room).height
    };
    let loose = height(f64::INFINITY, 1100.0);
    assert!(loose > 300.0, "{loose}");
    for width in [380.0, 1100.0] {
        let all: Vec<_> = [800.0, 350.0, 300.0, 0.0]
            .map(|room| height(room, width))
            .into();
        assert!(all.is_sorted_by(|one, other| one >= other), "{all:?}");
        assert!(all[3] < all[0] - 40.0, "{all:?}");
    }
    // What fits is as loose as it can be.
    assert!((height(loose, 1100.0) - loose).abs() < 0.5);
    let tighter = height(loose - 1.0, 1100.0);
    assert!((200.0..loose - 1.0).contains(&tighter), "{tighter}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_canvas(
        messages in prop::collection::vec("[a-z粘包 ]{0,12}", 0..12),
        sizes in prop::collection::vec(1..30_usize, 1..6),
        every in 1..4_usize,
        system in prop::sample::select(vec![System::TcpEcho, System::LengthPrefix, System::UdpEcho]),
        width in 320.0..1600.0_f64,
        room in 100.0..900.0_f64,
        part in 0.0..=1.0_f64,
        zoom in 1.0..40.0_f64,
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
        let viewport = Viewport::default().zoom(zoom, part, narrowest(&analysis, width));
        let words = if chinese { sample::chinese() } else { sample::catalog() };
        let shot = StageModel { viewport, ..shot(&trace, &analysis, step) };
        check(&draw(&shot, &words, width, room));
    }
}
