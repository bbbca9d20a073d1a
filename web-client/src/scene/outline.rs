//! The outlines of filled shapes, and how dashes and hatches look: for all that draws.

use super::Edge;

/// Lengths of a dash and of the gap behind it, in CSS pixels.
pub const DASH: [u32; 2] = [4, 3];
/// Side of a hatch's tile, in CSS pixels.
pub const HATCH: u32 = 6;

/// The corners of a ribbon.
pub const fn ribbon(top: &Edge, bottom: &Edge) -> [(f64, f64); 4] {
    [
        (top.x0, top.y),
        (top.x1, top.y),
        (bottom.x1, bottom.y),
        (bottom.x0, bottom.y),
    ]
}

/// The corners of what lies between a line of points and `base`; none without points.
pub fn area(points: &[(f64, f64)], base: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
    let ends = [points.last(), points.first()];
    let ends = ends.into_iter().flatten().map(move |&(x, _)| (x, base));
    points.iter().copied().chain(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_goes_once_around() {
        let [top, bottom] = [1.0, 5.0].map(|y| Edge {
            x0: y,
            x1: y + 2.0,
            y,
        });
        let corners = [(1.0, 1.0), (3.0, 1.0), (7.0, 5.0), (5.0, 5.0)];
        assert_eq!(ribbon(&top, &bottom), corners);
        let around: Vec<_> = area(&[(1.0, 2.0), (4.0, 3.0)], 9.0).collect();
        assert_eq!(around, [(1.0, 2.0), (4.0, 3.0), (4.0, 9.0), (1.0, 9.0)]);
        assert_eq!(area(&[], 9.0).count(), 0);
    }
}
