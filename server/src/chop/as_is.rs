//! What a program does as is, from runs in which its bytes come in the pieces in which they come.

use chop::{Baseline, Masks, Observation};

/// Most runs as is, one after the other, of which nothing is learnt because they may differ for the
/// pieces in which they received: of a program whose pieces are never the same, the next one counts
/// all the same.
const MOST_MOOT: usize = 4;

/// Runs as is of a program of which nothing is known yet.
pub(super) struct AsIs<R> {
    /// Each could be compared, and none of them with another one.
    runs: Vec<(R, Baseline)>,
    known: Option<(R, Baseline)>,
    observation: fn(&R) -> &Observation,
    masks: Masks,
}

impl<R> AsIs<R> {
    /// There was one run; of its output only what `masks` leave counts.
    pub(super) fn new(first: R, observation: fn(&R) -> &Observation, masks: Masks) -> Self {
        let baseline = Baseline::new(observation(&first).clone(), masks.clone());
        Self {
            runs: vec![(first, baseline)],
            known: None,
            observation,
            masks,
        }
    }

    /// One more. Whether two are known by now that did the same, or received in the same pieces.
    pub(super) fn add(&mut self, again: R) -> bool {
        let observed = (self.observation)(&again);
        if !self.runs[0].1.is_comparable(observed) {
            return false;
        }
        let mut known = self.runs.iter();
        let found = known.position(|(_, baseline)| !baseline.is_moot(observed));
        if let Some(index) = found {
            let (run, mut baseline) = self.runs.remove(index);
            baseline.learn(observed);
            self.known = Some((run, baseline));
        } else {
            let baseline = Baseline::new(observed.clone(), self.masks.clone());
            self.runs.push((again, baseline));
        }
        self.known.is_some()
    }

    /// A run, what is known of the program, and how many other runs may have done something else
    /// for the pieces in which they received. Of a program whose pieces are never the same all of
    /// them count. None if there is a single run.
    pub(super) fn end(mut self) -> Option<(R, Baseline, usize)> {
        if let Some((run, baseline)) = self.known {
            return Some((run, baseline, self.runs.len()));
        }
        let (run, mut baseline) = self.runs.remove(0);
        for (other, _) in &self.runs {
            baseline.learn((self.observation)(other));
        }
        (!self.runs.is_empty()).then_some((run, baseline, 0))
    }
}

/// Runs a program as is until there is a run of which something is to be learnt: that run, and how
/// many there were before it that may have done something else for the pieces in which they
/// received.
///
/// # Errors
///
/// If there could not be a run.
pub(super) fn comparable<R, E>(
    is_moot: impl Fn(&R) -> bool,
    mut run: impl FnMut() -> Result<R, E>,
) -> Result<(R, usize), E> {
    for moot in 0..MOST_MOOT {
        let ran = run()?;
        if !is_moot(&ran) {
            return Ok((ran, moot));
        }
    }
    Ok((run()?, MOST_MOOT))
}

#[cfg(test)]
mod tests {
    use chop::{Closing, Connected, Exit, Outcome, Place, Waits};
    use record::End;

    use super::*;

    /// A run of a program that prints what the first piece was.
    fn run(ends: &[u64]) -> Observation {
        Observation {
            connections: vec![Connected {
                place: Place {
                    connection: 1,
                    end: End::Acceptor,
                },
                received: b"hello".to_vec(),
                received_ends: ends.to_vec(),
                sent: Vec::new(),
                sent_ends: Vec::new(),
                closing: Closing::Closed,
            }],
            output: format!("got {}\n", ends[0]).into(),
            errors: Vec::new(),
            exit: Exit::Signal(2),
            deaths: Vec::new(),
            are_writers: [false; 2],
            waits: Waits::default(),
            outcome: Outcome::Finished,
        }
    }

    fn as_is(runs: &[&[u64]]) -> (Observation, Baseline, usize) {
        let mut as_is = AsIs::new(run(runs[0]), |run| run, Masks::default());
        for (number, ends) in runs[1..].iter().enumerate() {
            assert_eq!(as_is.add(run(ends)), number + 2 == runs.len());
        }
        as_is.end().expect("they can be compared")
    }

    #[test]
    fn what_differs_for_its_pieces_is_not_masked() {
        for runs in [
            &[&[5][..], &[5]][..],
            &[&[2, 5], &[5], &[5]],
            &[&[5], &[2, 5], &[5]],
            &[&[5], &[2, 5], &[3, 5], &[2, 5]],
        ] {
            let (first, baseline, moot) = as_is(runs);
            assert_eq!(baseline.masked(), 0, "{runs:?}");
            assert_eq!(moot, runs.len() - 2, "{runs:?}");
            let other = [&[2, 5][..], &[5]].map(run);
            let fit = other.map(|run| baseline.compare(&run).is_empty());
            assert_eq!(fit.iter().filter(|fits| **fits).count(), 1, "{first:?}");
        }
    }

    #[test]
    fn where_the_pieces_are_never_the_same_all_runs_count() {
        let mut as_is = AsIs::new(run(&[1, 5]), |run| run, Masks::default());
        assert!(!as_is.add(run(&[2, 5])));
        assert!(!as_is.add(run(&[3, 5])));
        let (_, baseline, moot) = as_is.end().expect("they can be compared");
        assert_eq!((baseline.masked(), moot), (1, 0));
        assert_eq!(baseline.compare(&run(&[4, 5])), []);
        let alone = AsIs::new(run(&[5]), |run| run, Masks::default());
        assert!(alone.end().is_none());
    }

    #[test]
    fn a_run_is_repeated_a_few_times_at_most() {
        let number = std::cell::Cell::new(0);
        let next = || {
            number.set(number.get() + 1);
            Ok::<_, ()>(number.get())
        };
        assert_eq!(comparable(|run| *run < 3, next), Ok((3, 2)));
        number.set(0);
        assert_eq!(comparable(|_| true, next), Ok((MOST_MOOT + 1, MOST_MOOT)));
    }
}
