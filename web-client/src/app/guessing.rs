//! Which framing is this? What is guessed of the connection on the stage.

use trace::guess::{Ended, Guess, Stream, guess};
use trace::lane::Direction;

use super::State;

impl State {
    /// What was guessed of the directions that have bytes, once it was asked for.
    pub fn guessed(&self) -> Option<&[(Direction, Vec<Guess>)]> {
        self.yours.guessed.as_deref()
    }

    /// Guesses the framings of the connection on the stage; a second time forgets them.
    pub(super) fn guess_framings(&mut self) -> bool {
        let trace = self.trace.as_ref().filter(|trace| trace.plan.is_none());
        let Some(trace) = trace else {
            return false;
        };
        if self.yours.guessed.take().is_some() {
            return true;
        }
        let ended = Ended::of(trace);
        let connections = trace.connections.iter().map(|known| known.connection);
        let connections: Vec<_> = connections.collect();
        let directions = [Direction::FromOpener, Direction::FromAcceptor].into_iter();
        let guessed = directions.filter_map(|direction| {
            let analysis = &self.derived.analysis;
            let streams = Stream::of(trace, analysis, &ended, &connections, direction);
            let has_bytes = streams.iter().any(|stream| !stream.bytes.is_empty());
            has_bytes.then(|| (direction, guess(&streams)))
        });
        self.yours.guessed = Some(guessed.collect());
        true
    }
}
