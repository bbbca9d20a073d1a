//! The guesses at the framing of the connection on the stage, and of all others to the same
//! address: more of a protocol says more of its framing.

use trace::guess::{Ended, Guess, Stream, guess, taken};
use trace::lane::Direction;
use trace::{Analysis, ConnectionId, Trace};

use super::State;

/// What was guessed of the directions that have bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Guessed {
    /// How many connections were looked at.
    pub connections: usize,
    /// The likeliest first.
    pub directions: Vec<(Direction, Vec<Guess>)>,
}

impl State {
    /// What was guessed, once it was asked for.
    pub const fn guessed(&self) -> Option<&Guessed> {
        self.yours.guessed.as_ref()
    }

    /// Guesses the framings of the connection on the stage and of those to the same address; a
    /// second time forgets them.
    pub(super) fn guess_framings(&mut self) -> bool {
        let trace = self.trace.as_ref().filter(|trace| trace.plan.is_none());
        let Some(trace) = trace else {
            return false;
        };
        if self.yours.guessed.take().is_some() {
            return true;
        }
        let together = self.source().and_then(|source| {
            let shown = source.shown()?;
            let mut alike = source.alike(shown);
            // Of many the first are looked at: the one on the stage is among them.
            if let Some(at) = alike.iter().position(|id| *id == shown) {
                alike[..=at].rotate_right(1);
            }
            let is_several = alike.len() > 1;
            let all = is_several.then(|| source.together(&alike)).flatten()?;
            Some((all, alike))
        });
        let guessed = if let Some((all, alike)) = together {
            guessed(&all, &Analysis::new(&all), &alike)
        } else {
            let connections = trace.connections.iter().map(|known| known.connection);
            let connections: Vec<_> = connections.collect();
            guessed(trace, &self.derived.analysis, &connections)
        };
        self.yours.guessed = Some(guessed);
        true
    }
}

fn guessed(trace: &Trace, analysis: &Analysis, connections: &[ConnectionId]) -> Guessed {
    let ended = Ended::of(trace);
    let mut looked_at = 0;
    let directions = [Direction::FromOpener, Direction::FromAcceptor].into_iter();
    let directions = directions.filter_map(|direction| {
        let streams = Stream::of(trace, analysis, &ended, connections, direction);
        let taken = taken(&streams).len();
        looked_at = taken.max(looked_at);
        (taken > 0).then(|| (direction, guess(&streams)))
    });
    let directions = directions.collect();
    Guessed {
        connections: looked_at,
        directions,
    }
}
