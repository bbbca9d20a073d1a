//! The row of a wrong decoder.

use proptest::prelude::*;
use trace::duel::{LaneDuel, Opponent, of_lanes};

use super::*;

/// Lines that were sent one by one and received like this.
fn lines(recvs: &[&[u8]]) -> Trace {
    let mut experiment = Experiment::new(System::TcpEcho, &["hello", "ok"]);
    experiment.framing = protocol::Framing::named("delimiter");
    let mut calls: Vec<(&str, Call, &[u8])> =
        vec![("c1", Call::Send, b"hello\n"), ("c1", Call::Send, b"ok\n")];
    calls.extend(recvs.iter().map(|bytes| ("s1", Call::Recv, *bytes)));
    sample::trace(experiment, &calls)
}

fn drawn_against(trace: &Trace, step: usize, width: f64, opponent: Option<Opponent>) -> DrawList {
    let analysis = Analysis::new(trace);
    let duels: Vec<LaneDuel> = opponent
        .map(|opponent| of_lanes(trace, &analysis, opponent))
        .unwrap_or_default();
    let shot = StageModel {
        duels: &duels,
        ..shot(trace, &analysis, step)
    };
    draw(&shot, &sample::catalog(), width, f64::INFINITY)
}

/// The lines in the colour of what is bad that go from top to bottom.
fn marks(list: &DrawList) -> Vec<f64> {
    let marks = list.shapes.iter().filter_map(|shape| match shape {
        Shape::Line {
            x0,
            x1,
            ink: Ink::Bad,
            ..
        } if x0.to_bits() == x1.to_bits() => Some(*x0),
        _ => None,
    });
    marks.collect()
}

#[test]
fn where_it_parts_is_marked_once_that_has_happened() {
    let trace = lines(&[b"hello\nok\n"]);
    for width in [360.0, 800.0, 1100.0] {
        let without = drawn_against(&trace, 3, width, None);
        let list = drawn_against(&trace, 3, width, Some(Opponent::OneRecv));
        check(&list);
        assert!(list.height > without.height, "{width}");
        let said = texts(&list);
        for text in ["wrong", "one-recv", "parts at 6"] {
            assert!(said.contains(&text), "{text:?} is missing in {said:?}");
        }
        let analysis = Analysis::new(&trace);
        let layout = Layout::new(&[&analysis], Viewport::default(), width);
        let x = layout.x(Offset(6));
        let marks = marks(&list);
        assert!(!marks.is_empty(), "{width}");
        assert!(
            marks.iter().all(|mark| (mark - x).abs() < 1e-9),
            "{marks:?}"
        );
        let before = drawn_against(&trace, 2, width, Some(Opponent::OneRecv));
        check(&before);
        assert!(self::marks(&before).is_empty(), "{width}");
        assert!(ghosts(&before) > 0);
    }
}

#[test]
fn what_is_thrown_away_is_struck_out_and_luck_is_counted() {
    let trace = lines(&[b"hello\nok\n"]);
    let list = drawn_against(&trace, 3, 1100.0, Some(Opponent::BufferCleared));
    check(&list);
    let level = |shape: &Shape| {
        let Shape::Line {
            y0,
            y1,
            ink: Ink::Bad,
            ..
        } = shape
        else {
            return false;
        };
        y0.to_bits() == y1.to_bits()
    };
    assert_eq!(list.shapes.iter().filter(|shape| level(shape)).count(), 1);
    let trace = lines(&[b"hello\n", b"ok\n"]);
    let list = drawn_against(&trace, 4, 1100.0, Some(Opponent::OneRecv));
    check(&list);
    assert!(
        texts(&list).contains(&"2 messages right"),
        "{:?}",
        texts(&list)
    );
    assert!(marks(&list).is_empty());
}

#[test]
fn one_that_does_not_fit_has_no_row() {
    let trace = lines(&[b"hello\nok\n"]);
    let without = drawn_against(&trace, 3, 1100.0, None);
    let other = drawn_against(&trace, 3, 1100.0, Some(Opponent::OtherEndian));
    assert!((without.height - other.height).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_row_overlaps_nothing(
        messages in prop::collection::vec("[a-z]{1,12}", 1..12),
        sizes in prop::collection::vec(1..30_usize, 1..6),
        every in 1..4_usize,
        width in 320.0..1600.0_f64,
        step in 0..60_usize,
        at in 0..Opponent::ALL.len(),
    ) {
        let trace = sample::chunked(System::LengthPrefix, &messages, &sizes, every);
        let step = step.min(trace.events().len());
        check(&drawn_against(&trace, step, width, Some(Opponent::ALL[at])));
    }

    #[test]
    fn many_messages_cost_no_more_than_the_screen_is_wide(lines in 2_000..4_000_usize) {
        let messages = vec!["x".to_owned(); lines];
        let trace = sample::chunked(System::LengthPrefix, &messages, &[5], 1);
        let steps = trace.events().len();
        let list = drawn_against(&trace, steps, 1000.0, Some(Opponent::AllocateFirst));
        prop_assert!(list.shapes.len() < 4_000, "{}", list.shapes.len());
    }
}
