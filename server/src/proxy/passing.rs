//! What follows from what became of the two directions of a connection: a half-close
//! stays one, and a reset is passed on once everything that came before it was.
//!
//! | one direction | the other | then |
//! |---|---|---|
//! | ended | goes on | it goes on |
//! | ended | ended | both connections are closed |
//! | its source is gone | | both are reset at once: nobody is left to read |
//! | its target is gone | goes on | what the target had sent before is passed on |
//! | its target is gone | ended or gone | both are reset |

use record::End;

/// What became of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The end of the stream was passed on.
    Ended,
    /// A recv failed: whoever sends was reset.
    SourceGone,
    /// A send failed: whoever is to receive was reset.
    TargetGone,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The other direction goes on.
    GoOn,
    /// Both connections are closed.
    Close,
    /// Both are closed with a reset.
    Reset,
}

/// The two directions of a connection that is passed on.
#[derive(Debug, Default)]
pub(super) struct Passing {
    /// Of what the client sends, then of what the server sends.
    outcomes: [Option<Outcome>; 2],
}

impl Passing {
    /// The direction whose bytes come from `source` is over.
    pub(super) fn handle(&mut self, source: End, outcome: Outcome) -> Next {
        let index = usize::from(source == End::Acceptor);
        self.outcomes[index] = Some(outcome);
        match (outcome, self.outcomes[1 - index]) {
            (Outcome::Ended | Outcome::TargetGone, None) => Next::GoOn,
            (Outcome::Ended, Some(Outcome::Ended)) => Next::Close,
            (Outcome::SourceGone, _) | (_, Some(_)) => Next::Reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcomes: &[(End, Outcome)], expected: &[Next]) {
        let mut passing = Passing::default();
        let next = outcomes
            .iter()
            .map(|(source, outcome)| passing.handle(*source, *outcome));
        assert_eq!(next.collect::<Vec<_>>(), expected, "{outcomes:?}");
    }

    #[test]
    fn each_row_of_the_table() {
        use Outcome::{Ended, SourceGone, TargetGone};
        for (one, other) in [(End::Opener, End::Acceptor), (End::Acceptor, End::Opener)] {
            check(&[(one, Ended), (other, Ended)], &[Next::GoOn, Next::Close]);
            check(&[(one, SourceGone)], &[Next::Reset]);
            check(
                &[(one, Ended), (other, SourceGone)],
                &[Next::GoOn, Next::Reset],
            );
            check(
                &[(one, TargetGone), (other, Ended)],
                &[Next::GoOn, Next::Reset],
            );
            check(
                &[(one, Ended), (other, TargetGone)],
                &[Next::GoOn, Next::Reset],
            );
            check(
                &[(one, TargetGone), (other, TargetGone)],
                &[Next::GoOn, Next::Reset],
            );
        }
    }
}
