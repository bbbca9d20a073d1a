//! Ticks of an axis at round numbers.

/// The least of 1, 2, 5, 10, 20, 50… times `unit` that is at least `least`.
pub(super) fn round_step(least: f64, unit: f64) -> f64 {
    // No logarithm: its code would be the page's only use of one.
    let mut power = unit;
    while power * 10.0 <= least {
        power *= 10.0;
    }
    let factors = [1.0, 2.0, 5.0];
    let fitting = factors.into_iter().find(|factor| power * factor >= least);
    fitting.unwrap_or(10.0) * power
}

/// Most ticks of an axis: they stand 60 pixels apart at least.
const MOST: u32 = 200;

/// The multiples of `step` from `first` to `end`, [`MOST`] of them at most: the
/// numbers of a crafted record may be so large that a step adds nothing to them.
pub(super) fn ticks(first: f64, end: f64, step: f64) -> impl Iterator<Item = f64> {
    let nearest = (first / step).ceil() * step;
    let ticks = (0..MOST).map(move |index| nearest + f64::from(index) * step);
    ticks.take_while(move |&at| at <= end + step * 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_multiples_within_the_range_and_always_end() {
        let all = |first, end, step| ticks(first, end, step).collect::<Vec<_>>();
        assert_eq!(all(0.0, 10.0, 5.0), [0.0, 5.0, 10.0]);
        assert_eq!(all(0.1, 9.9, 5.0), [5.0]);
        assert_eq!(all(6.0, 9.0, 5.0), [0.0; 0]);
        assert_eq!(all(1e19, 1e19, 1.0).len(), 200);
    }

    #[test]
    fn steps_are_round() {
        let check = |least, unit, expected: f64| {
            let step = round_step(least, unit);
            assert!((step - expected).abs() < 1e-9, "{least}: {step}");
        };
        check(0.7, 1e-3, 1.0);
        check(1.1, 1e-3, 2.0);
        check(3.0, 1e-3, 5.0);
        check(6.0, 1e-3, 10.0);
        check(700.0, 1e-3, 1000.0);
        check(0.000_1, 1e-3, 0.001);
        check(0.3, 1.0, 1.0);
        check(0.0, 1.0, 1.0);
        check(10.0, 1.0, 10.0);
        check(11.0, 1.0, 20.0);
    }
}
