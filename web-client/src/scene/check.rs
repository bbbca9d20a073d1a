//! What every draw list has to keep, for tests. No code of the page calls it.

use super::{DrawList, Ink, Rect, Shape, text_width};

/// The rectangle a text takes, by the estimate of its width.
fn text_box(shape: &Shape) -> Option<(Rect, &str)> {
    let Shape::Text {
        text,
        font,
        max_width,
        ..
    } = shape
    else {
        return None;
    };
    let width = text_width(text, *font);
    assert!(width <= max_width + 1e-6, "{text:?} is wider than its room");
    Some((shape.text_box()?, text))
}

/// Half of what is left free between two cells of a box, and a little for rounding.
const GAP: f64 = 2.5;

/// Fails where two texts overlap, the cursor's line crosses one, the cursor stands
/// in a text that is not over its own box, or anything leaves the canvas.
///
/// # Panics
///
/// Where it fails.
pub fn check(list: &DrawList) {
    let texts: Vec<_> = list.shapes.iter().filter_map(text_box).collect();
    for (index, (a, one)) in texts.iter().enumerate() {
        for (b, other) in &texts[index + 1..] {
            let apart = a.right() <= b.x + 0.01
                || b.right() <= a.x + 0.01
                || a.bottom() <= b.y + 0.01
                || b.bottom() <= a.y + 0.01;
            assert!(apart, "{one:?} at {a:?} overlaps {other:?} at {b:?}");
        }
        inside(list, a, one);
    }
    if let Some(handle) = list.handle {
        let x = handle.x + handle.width / 2.0;
        for (text, said) in &texts {
            let beside = text.right() <= x || x <= text.x;
            let apart = text.bottom() <= handle.y || handle.bottom() <= text.y;
            // A box may have parts, and there is a gap between two cells.
            let has_box = |x: f64| {
                list.shapes.iter().any(|shape| {
                    let Shape::Rect { rect, .. } = shape else {
                        return false;
                    };
                    let near = rect.y <= text.bottom() + 12.0 && text.y - 12.0 <= rect.bottom();
                    near && rect.x - GAP <= x && x <= rect.right() + GAP
                })
            };
            let fits = beside || apart || has_box(text.x) && has_box(text.right());
            assert!(fits, "the cursor at {x} stands in {said:?} at {text:?}");
        }
    }
    for shape in &list.shapes {
        match shape {
            Shape::Rect { rect, .. } | Shape::Hatch { rect, .. } => inside(list, rect, "a box"),
            Shape::Line {
                x0,
                y0,
                x1,
                y1,
                ink,
                ..
            } => {
                let is_cursor = *ink == Ink::Accent && x0.to_bits() == x1.to_bits();
                for (text, said) in texts.iter().filter(|_| is_cursor) {
                    let beside = text.right() <= *x0 || *x0 <= text.x;
                    let apart = text.bottom() <= y0 + 0.01 || *y1 <= text.y + 0.01;
                    assert!(beside || apart, "the cursor crosses {said:?}");
                }
                let (x, y) = (x0.min(*x1), y0.min(*y1));
                let rect = Rect::new(x, y, (x1 - x0).abs(), (y1 - y0).abs());
                inside(list, &rect, "a line");
            }
            Shape::Ribbon { top, bottom, .. } => {
                for edge in [top, bottom] {
                    let rect = Rect::new(edge.x0, edge.y, edge.x1 - edge.x0, 0.0);
                    inside(list, &rect, "a ribbon");
                }
            }
            Shape::Area { points, base, .. } => {
                assert!(points.is_sorted_by(|a, b| a.0 <= b.0), "{points:?}");
                for &(x, y) in points {
                    inside(list, &Rect::new(x, y, 0.0, base - y), "an area");
                }
            }
            Shape::Circle { x, y, radius, .. } => {
                let rect = Rect::new(x - radius, y - radius, 2.0 * radius, 2.0 * radius);
                inside(list, &rect, "a circle");
            }
            Shape::Text { .. } => {}
        }
    }
}

fn inside(list: &DrawList, rect: &Rect, what: &str) {
    let Rect {
        x,
        y,
        width,
        height,
    } = *rect;
    let fits = x >= -0.01
        && y >= -0.01
        && width >= 0.0
        && height >= 0.0
        && rect.right() <= list.width + 0.01
        && rect.bottom() <= list.height + 0.01;
    let (wide, high) = (list.width, list.height);
    assert!(
        fits,
        "{what:?} at {rect:?} leaves the canvas of {wide} by {high}"
    );
}

/// How many shapes are ghosts.
#[cfg(test)]
pub(crate) fn ghosts(list: &DrawList) -> usize {
    let ghosts = list.shapes.iter().filter(|shape| match shape {
        Shape::Rect { ghost, .. }
        | Shape::Hatch { ghost, .. }
        | Shape::Text { ghost, .. }
        | Shape::Line { ghost, .. }
        | Shape::Ribbon { ghost, .. }
        | Shape::Area { ghost, .. } => *ghost,
        Shape::Circle { .. } => false,
    });
    ghosts.count()
}
