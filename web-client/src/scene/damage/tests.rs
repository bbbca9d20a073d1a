use trace::{Analysis, Trace};

use super::*;
use crate::sample;
use crate::scene::{self, Align, Axis, Font, Ink, StageModel, Target, View, Viewport};

/// All that is painted over a point, in order; of areas only what decides how they
/// look there.
fn seen(list: &DrawList, x: f64, y: f64) -> Vec<Shape> {
    let over = list.shapes.iter();
    let over = over.filter(|shape| shape.bounds().contains(x, y)).cloned();
    let over = over.map(|mut shape| {
        if let Shape::Area { points, .. } = &mut shape {
            *points = outline::points_within(points, x, x).to_vec();
        }
        shape
    });
    // Elsewhere an area may be higher.
    over.filter(|shape| shape.bounds().contains(x, y)).collect()
}

/// Outside of what is painted again all points look the same; gives which part of the
/// canvas that is.
fn check(before: &DrawList, after: &DrawList) -> f64 {
    let Some(places) = damage(before, after) else {
        return 1.0;
    };
    assert!(places.len() <= MOST_PLACES, "{places:?}");
    let (mut painted, mut points) = (0.0, 0.0);
    let mut y = 0.2533;
    while y < after.height {
        // At no corner of a shape.
        let mut x = 0.2517;
        while x < after.width {
            points += 1.0;
            if places.iter().any(|place| place.contains(x, y)) {
                painted += 1.0;
            } else {
                let (was, is) = (seen(before, x, y), seen(after, x, y));
                assert_eq!(was, is, "at {x}, {y}, outside of {places:?}");
            }
            x += 19.0371;
        }
        y += 7.5173;
    }
    painted / points
}

fn drawn(trace: &Trace, analysis: &Analysis, step: usize, view: View, axis: Axis) -> DrawList {
    let model = StageModel {
        trace,
        analysis,
        index: sample::index(trace, analysis),
        step,
        viewport: Viewport::default(),
        selection: step.is_multiple_of(3).then_some(Target::Event(2)),
        hover: None,
        earlier: None,
    };
    scene::stage(Some(&model), view, axis, &sample::catalog(), 900.0)
}

#[test]
fn what_is_not_painted_again_looks_the_same() {
    let trace = sample::five_sends();
    let analysis = Analysis::new(&trace);
    let events = trace.events().len();
    for (view, axis) in [
        (View::Bytes, Axis::Time),
        (View::Time, Axis::Time),
        (View::Time, Axis::Step),
    ] {
        let mut parts = Vec::new();
        for step in 0..events {
            let [before, after] =
                [step, step + 1].map(|step| drawn(&trace, &analysis, step, view, axis));
            parts.push(check(&before, &after));
            check(&after, &before);
        }
        let whole = parts.iter().sum::<f64>() / parts.len() as f64;
        assert!(whole < 0.5, "{view:?}: {parts:?}");
        let [first, last] = [0, events].map(|step| drawn(&trace, &analysis, step, view, axis));
        check(&first, &last);
    }
}

fn bar(x: f64) -> Shape {
    Shape::Rect {
        rect: Rect::new(x, 10.0, 4.0, 10.0),
        fill: Some(Ink::Outline),
        stroke: None,
        line: 0.0,
        radius: 0.0,
        dashed: false,
        ghost: false,
    }
}

fn list(shapes: Vec<Shape>) -> DrawList {
    DrawList {
        width: 400.0,
        height: 40.0,
        shapes,
        ..DrawList::default()
    }
}

#[test]
fn what_comes_and_goes_between_others_is_found() {
    let bars = |from: u32, to: u32| (from..to).map(|at| bar(f64::from(at) * 10.0));
    let whole = list(bars(0, 30).collect());
    assert_eq!(damage(&whole, &whole), Some(Vec::new()));
    let without = list(bars(0, 10).chain(bars(12, 30)).collect());
    for (one, other) in [(&whole, &without), (&without, &whole)] {
        let part = check(one, other);
        assert!(part < 0.2, "{part}");
        assert_ne!(damage(one, other), Some(Vec::new()));
    }
    // The same shapes in another order: one lies over the other now.
    let turned = list(bars(0, 5).chain(bars(6, 7)).chain(bars(5, 6)).collect());
    let straight = list(bars(0, 7).collect());
    check(&straight, &turned);
    assert_ne!(damage(&straight, &turned), Some(Vec::new()));
    let many = list(bars(0, 300).collect());
    assert_eq!(damage(&list(Vec::new()), &many), None, "all is new");
}

#[test]
fn of_an_area_that_grows_only_its_end_is_painted() {
    let area = |to: u32| {
        let points = (0..to).map(|x| (f64::from(x), 10.0 + f64::from(x % 3)));
        Shape::Area {
            points: points.collect(),
            base: 30.0,
            ink: Ink::Outline,
            ghost: false,
        }
    };
    let [before, after] = [300, 304].map(|to| list(vec![area(to)]));
    let places = damage(&before, &after).expect("little has changed");
    let [place] = &places[..] else {
        panic!("{places:?}")
    };
    assert!(place.x > 290.0 && place.right() >= 304.0, "{place:?}");
    assert!(check(&before, &after) < 0.05);
    assert!(check(&after, &before) < 0.05);
    assert_eq!(
        damage(&list(vec![area(0)]), &list(vec![area(0)])),
        Some(Vec::new())
    );
}

#[test]
fn a_text_lies_within_its_bounds() {
    for (align, left) in [
        (Align::Start, 100.0),
        (Align::Middle, 70.0),
        (Align::End, 40.0),
    ] {
        let text = Shape::Text {
            x: 100.0,
            y: 20.0,
            text: "five".to_owned(),
            align,
            font: Font::Small,
            ink: Ink::Text,
            max_width: 60.0,
            ghost: false,
        };
        let bounds = text.bounds();
        assert!(
            bounds.x <= left && bounds.right() >= left + 60.0,
            "{bounds:?}"
        );
        assert!(bounds.y <= 10.0 && bounds.bottom() >= 30.0, "{bounds:?}");
    }
}
