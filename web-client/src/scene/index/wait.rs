//! Where a run only waits.

use crate::scene::times::Times;

/// A wait is at least this part of the run, and as many nanoseconds.
const LEAST: f64 = 1.0 / 40.0;
const SHORTEST: f64 = 1e6;
/// Waits count only where they are at least this part of the run together.
const MOSTLY: f64 = 0.5;

/// A stretch of time in which nothing begins, ends or is observed, in
/// nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scene) struct Wait {
    pub(in crate::scene) from: f64,
    pub(in crate::scene) to: f64,
}

impl Wait {
    fn length(self) -> f64 {
        self.to - self.from
    }
}

/// The waits of a run that is mostly waiting, by time; of others none.
pub(super) fn waits(times: &[Times], end: f64) -> Vec<Wait> {
    let least = (end * LEAST).max(SHORTEST);
    let mut between: Vec<(Wait, Vec<f64>)> = Vec::new();
    let mut before = 0.0;
    for at in times.iter().map(|times| times.at).chain([end]) {
        let wait = Wait {
            from: before,
            to: at,
        };
        if wait.length() > least {
            between.push((wait, Vec::new()));
        }
        before = at;
    }
    // A call that began or ended within one divides it.
    for times in times {
        for point in [times.from, times.to] {
            let behind = between.partition_point(|(wait, _)| wait.to <= point);
            if let Some((wait, points)) = between.get_mut(behind)
                && wait.from < point
            {
                points.push(point);
            }
        }
    }
    let mut waits = Vec::new();
    for (Wait { mut from, to }, mut points) in between {
        points.push(to);
        points.sort_by(f64::total_cmp);
        for to in points {
            let wait = Wait { from, to };
            if wait.length() > least {
                waits.push(wait);
            }
            from = to;
        }
    }
    let all: f64 = waits.iter().map(|wait| wait.length()).sum();
    if all < end * MOSTLY {
        waits.clear();
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(calls: &[(f64, f64, f64)], expected: &[(f64, f64)]) {
        // In milliseconds.
        let times = calls.iter().map(|&(from, to, at)| Times {
            from: from * 1e6,
            to: to * 1e6,
            at: at * 1e6,
        });
        let times: Vec<_> = times.collect();
        let end = times.iter().fold(0.0, |end: f64, times| times.to.max(end));
        let found = waits(&times, end);
        let found: Vec<_> = found
            .iter()
            .map(|wait| (wait.from / 1e6, wait.to / 1e6))
            .collect();
        assert_eq!(found, expected, "{calls:?}");
    }

    #[test]
    fn waits_are_what_lies_between_calls() {
        // A send, and a recv that was called at once and returned much later.
        check(&[(0.0, 1.0, 0.0), (2.0, 1000.0, 1000.0)], &[(2.0, 1000.0)]);
        // A call begins in the middle of a wait.
        check(
            &[(0.0, 1.0, 0.0), (500.0, 1000.0, 1000.0)],
            &[(1.0, 500.0), (500.0, 1000.0)],
        );
    }

    #[test]
    fn a_run_that_is_busy_has_none() {
        let calls: Vec<_> = (0..100_u32)
            .map(f64::from)
            .map(|n| (n, n + 1.0, n))
            .collect();
        check(&calls, &[]);
        check(&[], &[]);
        // Less than a millisecond is no wait.
        check(&[(0.0, 0.01, 0.0), (0.9, 0.91, 0.9)], &[]);
        // One pause of a third of the run.
        let mut calls = calls;
        calls.extend(
            (0..100_u32)
                .map(|n| f64::from(n) + 150.0)
                .map(|n| (n, n + 1.0, n)),
        );
        check(&calls, &[]);
    }
}
