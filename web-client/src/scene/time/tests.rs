use proptest::prelude::*;
use protocol::System;
use trace::{Analysis, Trace};

use super::*;
use crate::app::Target;
use crate::sample;
use crate::scene::Viewport;
use crate::scene::check::{check, ghosts};

fn shot<'a>(trace: &'a Trace, analysis: &'a Analysis, step: usize) -> Shot<'a> {
    Shot {
        trace,
        analysis,
        step,
        viewport: Viewport::default(),
        selection: None,
        hover: None,
    }
}

fn drawn(trace: &Trace, step: usize, by_step: bool) -> DrawList {
    let analysis = Analysis::new(trace);
    draw(
        &shot(trace, &analysis, step),
        &sample::catalog(),
        by_step,
        1100.0,
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
    let shot = shot(&trace, &analysis, 8);
    let cursor = Scale::new(&shot, true, 1100.0).cursor(&shot).unwrap();
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

#[test]
fn many_events_cost_no_more_than_the_screen_is_wide() {
    let trace = sample::chunked(System::TcpEcho, &["x".repeat(20_000)], &[2], 1);
    let list = drawn(&trace, 5_000, false);
    check(&list);
    assert!(list.shapes.len() < 2_000, "{}", list.shapes.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
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
    ) {
        let trace = sample::chunked(system, &messages, &sizes, every);
        let analysis = Analysis::new(&trace);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step")]
        let step = (trace.events().len() as f64 * part).round() as usize;
        let viewport = Viewport::default().zoom(zoom, part, 1e-4);
        let words = if chinese { sample::chinese() } else { sample::catalog() };
        let shot = Shot { viewport, ..shot(&trace, &analysis, step) };
        check(&draw(&shot, &words, by_step, width));
    }
}
