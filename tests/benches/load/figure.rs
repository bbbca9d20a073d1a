//! Cases measured in turn, and their figures as lines of JSON.

use std::time::Instant;

use serde_json::json;

/// What one subject did once: several figures, each `(what, unit, value)`.
pub(crate) type Measured = Vec<(&'static str, &'static str, f64)>;

/// Something that can be measured again and again.
pub(crate) struct Case<'a> {
    /// What is done; cases that do the same stand together.
    pub(crate) work: &'static str,
    /// By whom.
    pub(crate) subject: &'static str,
    /// Does it once.
    pub(crate) run: Box<dyn FnMut() -> Measured + 'a>,
}

/// Runs all cases `rounds` times in turn; then prints every figure with its
/// value in each round. Who is first at some work is another one each round.
pub(crate) fn measure(mut cases: Vec<Case<'_>>, rounds: u64) {
    let mut figures: Vec<(&str, &str, &str, Vec<f64>)> = Vec::new();
    if cases.is_empty() {
        return;
    }
    for round in 0..rounds {
        let start = Instant::now();
        for group in cases.chunk_by_mut(|one, next| one.work == next.work) {
            let first = usize::try_from(round).unwrap_or(0) % group.len();
            group.rotate_left(first);
            for case in &mut *group {
                let measured = (case.run)();
                for (what, unit, value) in measured {
                    let known = figures
                        .iter_mut()
                        .find(|(w, s, ..)| (*w, *s) == (what, case.subject));
                    match known {
                        Some((.., values)) => values.push(value),
                        None => figures.push((what, case.subject, unit, vec![value])),
                    }
                }
            }
            group.rotate_right(first);
            let values: Vec<_> = group.iter().map(|case| case.subject).collect();
            eprintln!(
                "round {} of {rounds}: {}: {}",
                round + 1,
                group[0].work,
                values.join(", ")
            );
        }
        eprintln!(
            "round {} took {:.1} s",
            round + 1,
            start.elapsed().as_secs_f64()
        );
    }
    for (what, subject, unit, values) in figures {
        println!(
            "{}",
            json!({"what": what, "subject": subject, "unit": unit, "rounds": values})
        );
    }
}
