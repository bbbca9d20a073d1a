//! Where two drawings differ: from one step to the next only a little has to be
//! painted again.

use super::list::{DrawList, Shape};
use super::outline;
use super::rect::Rect;

/// So many shapes are looked ahead for one that stands in both drawings.
const AHEAD: usize = 24;
/// With more differences than this all is painted.
const MOST_DIFFERENCES: usize = 256;
/// Most places that are painted, each by itself.
const MOST_PLACES: usize = 16;
/// All is painted where the places are a larger part of the canvas than this.
const MOST_AREA: f64 = 0.7;
/// Two places become one that is larger than both together by this factor at most.
const GROWTH: f64 = 1.2;
/// Edges are smoothed: they reach into the next pixel.
const SMOOTH: f64 = 1.0;

/// The places outside of which `after` looks as `before` does on a canvas of the same
/// size; none if so much differs that all of it has to be painted.
///
/// A shape that stands in both drawings, in the same order among all such shapes, needs
/// no painting but where others over or under it have changed.
pub fn damage(before: &DrawList, after: &DrawList) -> Option<Vec<Rect>> {
    let (mut old, mut new) = (&before.shapes[..], &after.shapes[..]);
    let mut places = Vec::new();
    let mut differences = 0;
    while !(old.is_empty() && new.is_empty()) {
        let same = old.iter().zip(new).take_while(|(one, other)| one == other);
        let same = same.count();
        (old, new) = (&old[same..], &new[same..]);
        let (gone, come) = apart(old, new);
        differences += gone.max(come);
        if differences > MOST_DIFFERENCES {
            return None;
        }
        let ((was, behind), (is, ahead)) = (old.split_at(gone), new.split_at(come));
        (old, new) = (behind, ahead);
        for at in 0..gone.max(come) {
            let pair = was.get(at).zip(is.get(at));
            if let Some(part) = pair.and_then(|(one, other)| changed_part(one, other)) {
                add(&mut places, part);
                continue;
            }
            for shape in was.get(at).into_iter().chain(is.get(at)) {
                add(&mut places, shape.bounds());
            }
        }
    }
    let area: f64 = places.iter().map(area).sum();
    (area <= MOST_AREA * after.width * after.height).then_some(places)
}

/// How many shapes of each differ before both go on with the same one.
fn apart(old: &[Shape], new: &[Shape]) -> (usize, usize) {
    if old.is_empty() || new.is_empty() {
        return (old.len(), new.len());
    }
    let pairs = (1..=AHEAD).flat_map(|both| (0..=both).map(move |gone| (gone, both - gone)));
    let mut alike = pairs.filter(|&(gone, come)| {
        let pair = old.get(gone).zip(new.get(come));
        pair.is_some_and(|(one, other)| one == other)
    });
    alike.next().unwrap_or((1, 1))
}

/// The part in which two areas differ, where they are two of one look.
fn changed_part(before: &Shape, after: &Shape) -> Option<Rect> {
    let (
        Shape::Area {
            points: old,
            base: base_before,
            ink: ink_before,
            ghost: ghost_before,
        },
        Shape::Area {
            points: new,
            base,
            ink,
            ghost,
        },
    ) = (before, after)
    else {
        return None;
    };
    let is_one_look =
        (ink, ghost) == (ink_before, ghost_before) && base.to_bits() == base_before.to_bits();
    if !is_one_look {
        return None;
    }
    let same = old.iter().zip(new).take_while(|(one, other)| one == other);
    let same = same.count();
    let (old, new) = (
        &old[same.saturating_sub(1)..],
        &new[same.saturating_sub(1)..],
    );
    let common = old.len().min(new.len());
    let ends = old.iter().rev().zip(new.iter().rev()).take(common);
    let ends = ends.take_while(|(one, other)| one == other).count();
    let kept = ends.saturating_sub(1);
    let differing = old[..old.len() - kept]
        .iter()
        .chain(&new[..new.len() - kept]);
    Some(around(differing.copied(), *base))
}

/// What encloses points and a level below them.
fn around(points: impl Iterator<Item = (f64, f64)>, base: f64) -> Rect {
    let start = (f64::INFINITY, f64::NEG_INFINITY, base, base);
    let (left, right, top, bottom) = points.fold(start, |(left, right, top, bottom), (x, y)| {
        (left.min(x), right.max(x), top.min(y), bottom.max(y))
    });
    if right < left {
        return Rect::default();
    }
    Rect::new(left, top, right - left, bottom - top).outset(SMOOTH)
}

impl Shape {
    /// The rectangle outside of which it paints nothing.
    pub fn bounds(&self) -> Rect {
        match self {
            Self::Rect {
                rect, stroke, line, ..
            } => {
                let edge = if stroke.is_some() { line / 2.0 } else { 0.0 };
                rect.outset(edge + SMOOTH)
            }
            Self::Hatch { rect, .. } => rect.outset(SMOOTH),
            Self::Text {
                x,
                y,
                align,
                font,
                max_width,
                ..
            } => {
                // Letters overhang a little, and have marks above and below them.
                let (overhang, height) = (2.0, 3.0 * font.size());
                let left = x - max_width * align.share();
                let rect = Rect::new(left, y - height / 2.0, *max_width, height);
                rect.outset(overhang)
            }
            Self::Line {
                x0,
                y0,
                x1,
                y1,
                line,
                ..
            } => {
                let (x, y) = (x0.min(*x1), y0.min(*y1));
                let rect = Rect::new(x, y, (x1 - x0).abs(), (y1 - y0).abs());
                rect.outset(line / 2.0 + SMOOTH)
            }
            Self::Ribbon { top, bottom, .. } => {
                let corners = outline::ribbon(top, bottom);
                around(corners.into_iter(), top.y)
            }
            Self::Area { points, base, .. } => around(points.iter().copied(), *base),
            Self::Circle {
                x,
                y,
                radius,
                stroke,
                ..
            } => {
                let edge = if stroke.is_some() { 1.0 } else { 0.0 };
                Rect::new(*x, *y, 0.0, 0.0).outset(radius + edge + SMOOTH)
            }
        }
    }
}

/// Adds a place; one that nearly holds it, or one of too many, grows.
fn add(places: &mut Vec<Rect>, mut place: Rect) {
    if place.width <= 0.0 || place.height <= 0.0 {
        return;
    }
    loop {
        let apart = |other: &Rect| area(&other.union(&place)) / (area(other) + area(&place));
        let nearest = places.iter().enumerate();
        let nearest = nearest.min_by(|(_, one), (_, other)| apart(one).total_cmp(&apart(other)));
        let is_full = places.len() >= MOST_PLACES;
        match nearest {
            Some((at, other)) if is_full || apart(other) <= GROWTH => {
                place = other.union(&place);
                places.swap_remove(at);
            }
            _ => break,
        }
    }
    places.push(place);
}

fn area(rect: &Rect) -> f64 {
    rect.width * rect.height
}

#[cfg(test)]
mod tests;
