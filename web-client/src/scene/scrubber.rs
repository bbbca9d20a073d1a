//! The scrubber: one tick an event, and the cursor. Its x is the step, so that
//! every event can be reached, however close in time it is to the next.

use super::density::BinsKey;
use super::{DrawList, Index, Ink, Part, Rect, Shape};
use crate::bins::{EventKind, bin};

/// Room left and right of the track, for half the knob.
const EDGE: f64 = 10.0;
/// Radius of the knob.
const KNOB: f64 = 7.0;
/// Height of the tallest tick.
const TALL: f64 = 14.0;
/// Ticks closer than this are drawn as columns.
const CLOSEST: f64 = 3.0;

/// Draws it in `width` by `height` CSS pixels, with the cursor at `step`.
pub fn draw(index: &Index, step: usize, width: f64, height: f64) -> DrawList {
    let events = index.kinds();
    let mut list = DrawList {
        width,
        height,
        ..DrawList::default()
    };
    let middle = height / 2.0;
    let track = Rect::new(EDGE, middle - 1.5, (width - 2.0 * EDGE).max(0.0), 3.0);
    list.shapes.push(bar(track, Ink::Faint, false));
    let done = x_of(step, width, events.len());
    let passed = Rect {
        width: (done - EDGE).max(0.0),
        ..track
    };
    list.shapes.push(bar(passed, Ink::Accent, false));
    if track.width / events.len().max(1) as f64 >= CLOSEST {
        for (index, &kind) in events.iter().enumerate() {
            let tall = match kind {
                EventKind::Bare => 5.0,
                EventKind::Other | EventKind::Packet => 8.0,
                _ => TALL,
            };
            let x = x_of(index + 1, width, events.len());
            let rect = Rect::new(x - 1.0, middle - tall / 2.0, 2.0, tall);
            list.shapes.push(bar(rect, ink(kind), index >= step));
        }
    } else {
        columns(index, step, track, &mut list);
    }
    list.shapes.push(Shape::Circle {
        x: done,
        y: middle,
        radius: KNOB,
        fill: Ink::Accent,
        stroke: Some(Ink::Ground),
    });
    list
}

fn columns(index: &Index, step: usize, track: Rect, list: &mut DrawList) {
    let events = index.kinds();
    let place = |index: usize| x_of(index + 1, list.width, events.len()) - track.x;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a width in pixels"
    )]
    let bins = index.kept.bins.get(BinsKey::All(track.width), || {
        let kinds = events.iter().enumerate();
        let kinds = kinds.map(|(index, &kind)| (place(index), kind));
        Some(bin(kinds, track.width as usize + 1))
    });
    let bins = bins.as_deref().unwrap_or_default();
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
    let middle = track.y + track.height / 2.0;
    let cursor = x_of(step, list.width, events.len());
    for (column, bin) in bins.iter().enumerate() {
        let Some(kind) = bin.kinds.foremost() else {
            continue;
        };
        let tall = 4.0 + (TALL - 4.0) * f64::from(bin.count) / f64::from(most);
        let x = track.x + column as f64;
        list.column(x, middle + TALL / 2.0, tall, ink(kind), x > cursor);
    }
}

/// Where the cursor stands at `step` of `events`.
pub fn x_of(step: usize, width: f64, events: usize) -> f64 {
    let share = step as f64 / events.max(1) as f64;
    EDGE + share * (width - 2.0 * EDGE).max(0.0)
}

/// The colour of a kind of event.
pub(super) const fn ink(kind: EventKind) -> Ink {
    match kind {
        EventKind::Failed => Ink::Bad,
        EventKind::Other => Ink::Muted,
        EventKind::Packet => Ink::Hue(5, Part::Stroke),
        EventKind::Bare => Ink::Outline,
        EventKind::EvenOpenerSend | EventKind::EvenOpenerRecv => Ink::Hue(0, Part::Stroke),
        EventKind::AcceptorSend | EventKind::AcceptorRecv => Ink::Hue(2, Part::Stroke),
        EventKind::OddOpenerSend | EventKind::OddOpenerRecv => Ink::Hue(3, Part::Stroke),
    }
}

fn bar(rect: Rect, ink: Ink, ghost: bool) -> Shape {
    Shape::Rect {
        rect,
        fill: Some(ink),
        stroke: None,
        line: 0.0,
        radius: 1.0,
        dashed: false,
        ghost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_place_of_its_own() {
        for events in [0, 1, 16, 500] {
            let places: Vec<_> = (0..=events).map(|step| x_of(step, 700.0, events)).collect();
            assert!(places.is_sorted_by(|before, after| before < after));
            assert!(places.iter().all(|x| (KNOB..=700.0 - KNOB).contains(x)));
        }
    }
}
