//! Which part of the stage is shown, as shares of the whole, so that it means
//! the same whatever x is.

/// A part of the whole: from `start`, `across` wide; both 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    start: f64,
    across: f64,
}

/// The part at each edge of what is shown that the cursor does not stay in.
const MARGIN: f64 = 0.06;

impl Default for Viewport {
    /// Everything.
    fn default() -> Self {
        Self {
            start: 0.0,
            across: 1.0,
        }
    }
}

impl Viewport {
    /// From `start` to `end` of the whole; none where that is no part of it.
    pub fn of(start: f64, end: f64) -> Option<Self> {
        let is_part = start >= 0.0 && end <= 1.0 && end - start >= 1e-6;
        is_part.then_some(Self {
            start,
            across: end - start,
        })
    }

    /// From where to where.
    pub fn range(self) -> std::ops::Range<f64> {
        self.start..self.start + self.across
    }

    /// Where it starts.
    pub const fn start(self) -> f64 {
        self.start
    }

    /// How much it shows.
    pub const fn across(self) -> f64 {
        self.across
    }

    /// Whether it shows everything.
    pub fn is_fit(self) -> bool {
        self.across >= 1.0
    }

    /// `factor` times larger, what stands at `at` (0 left end, 1 right end)
    /// staying in place; shows no less than `narrowest`.
    #[must_use]
    pub fn zoom(self, factor: f64, at: f64, narrowest: f64) -> Self {
        if !factor.is_finite() || factor <= 0.0 {
            return self;
        }
        let at = at.clamp(0.0, 1.0);
        let across = (self.across / factor).max(narrowest.max(1e-9)).min(1.0);
        let start = self.start + (self.across - across) * at;
        Self { start, across }.held()
    }

    /// Moved by a part of what it shows, to the right if positive.
    #[must_use]
    pub fn pan(self, by: f64) -> Self {
        let by = if by.is_finite() { by } else { 0.0 };
        Self {
            start: self.start + by * self.across,
            ..self
        }
        .held()
    }

    /// Moved so that what stands at `share` of the whole is in sight and not at
    /// the very edge; as it is, if that holds already.
    #[must_use]
    pub fn follow(self, share: f64) -> Self {
        let at = (share - self.start) / self.across;
        if !at.is_finite() || (MARGIN..=1.0 - MARGIN).contains(&at) {
            return self;
        }
        // There is more to come where the cursor is going.
        let to = if at > 0.5 { 0.25 } else { 0.75 };
        Self {
            start: share - to * self.across,
            ..self
        }
        .held()
    }

    fn held(self) -> Self {
        Self {
            start: self.start.min(1.0 - self.across).max(0.0),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let zoomed = Viewport::default().zoom(4.0, 0.5, 0.01);
        assert_eq!((zoomed.start(), zoomed.across()), (0.375, 0.25));
        let moved = zoomed.pan(1.0);
        assert!((moved.start() - 0.625).abs() < 1e-12);
        assert_eq!(zoomed.zoom(0.01, 0.5, 0.01), Viewport::default());
    }

    #[test]
    fn it_follows_what_leaves_it() {
        let quarter = Viewport::default().zoom(4.0, 0.5, 0.01);
        assert_eq!(quarter.follow(0.5), quarter);
        let check = |share: f64, start: f64| {
            let moved = quarter.follow(share);
            assert!((moved.start() - start).abs() < 1e-9, "{share}: {moved:?}");
            assert_eq!(moved.across().to_bits(), quarter.across().to_bits());
        };
        check(0.625, 0.5625);
        check(0.38, 0.1925);
        check(1.0, 0.75);
        check(0.0, 0.0);
        assert_eq!(Viewport::default().follow(0.99), Viewport::default());
    }

    proptest! {
        #[test]
        fn it_stays_within_the_whole(acts in prop::collection::vec((any::<f64>(), any::<f64>()), 0..20)) {
            let mut viewport = Viewport::default();
            for (a, b) in acts {
                viewport = viewport.zoom(a, b.clamp(0.0, 1.0), 0.001).pan(b);
                prop_assert!(viewport.start() >= 0.0);
                prop_assert!(viewport.across() >= 0.001);
                prop_assert!(viewport.start() + viewport.across() <= 1.0 + 1e-9);
            }
        }
    }
}
