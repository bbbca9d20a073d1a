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

#[cfg(test)]
mod tests {
    use super::*;

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
