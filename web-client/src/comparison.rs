//! Two runs, and what the difference between them changed.

use protocol::Nanos;
use trace::cause::Change;
use trace::lane::Direction;
use trace::lesson::LATE;
use trace::{Analysis, Trace};

/// What the server's programs got of what the clients sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// send() calls of the clients.
    pub sends: usize,
    /// recv() calls of the server that returned bytes or a datagram.
    pub recvs: usize,
    /// Boundaries that are not where the sender put them, lost datagrams not
    /// counted.
    pub moved: usize,
    /// Datagrams that were lost.
    pub lost: usize,
    /// The longest that a client's recv() waited for bytes, if one got any.
    pub slowest: Option<Nanos>,
}

/// How the run with the knob turned differs from the one before. It says what
/// was observed in the two runs, and predicts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Fewer boundaries changed and fewer datagrams were lost.
    Fewer,
    /// More did.
    More,
    /// Replies that Nagle's algorithm may have held back came sooner.
    Sooner,
    /// They came later.
    Later,
    /// None of these.
    Same,
}

/// What became of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// With the knob as it was.
    pub before: Tally,
    /// With the knob turned.
    pub now: Tally,
    /// Whether the knob was Nagle's: then waiting is a part of the difference.
    pub is_waiting: bool,
}

impl Tally {
    /// Counts a run.
    pub fn of(trace: &Trace, analysis: &Analysis) -> Self {
        let mut tally = Self::default();
        for lane in &analysis.lanes {
            if lane.direction == Direction::FromAcceptor {
                let events = lane
                    .recvs
                    .iter()
                    .filter_map(|r| trace.events().get(r.event));
                tally.slowest = events.map(|event| event.took).chain(tally.slowest).max();
                continue;
            }
            let lost = |change| change == Change::Lost;
            let lost = lane.boundaries.iter().filter(|b| lost(b.change)).count();
            tally.sends += lane.sends.len();
            tally.recvs += lane.recvs.len();
            tally.lost += lost;
            tally.moved += lane.boundaries.len() - lost;
        }
        tally
    }

    /// Everything that did not arrive as it was sent.
    pub const fn changed(self) -> usize {
        self.moved + self.lost
    }
}

impl Outcome {
    /// The difference of the two runs. Times always differ a little: a wait
    /// counts as longer only if it is late and more than twice the other.
    pub fn difference(&self) -> Difference {
        let twice = |more: Option<Nanos>, less: Option<Nanos>| {
            let both = self.is_waiting.then_some(()).and(more.zip(less));
            both.is_some_and(|(more, less)| more > LATE && more.0 / 2 > less.0)
        };
        match (self.before, self.now) {
            (before, now) if twice(before.slowest, now.slowest) => Difference::Sooner,
            (before, now) if twice(now.slowest, before.slowest) => Difference::Later,
            (before, now) if now.changed() < before.changed() => Difference::Fewer,
            (before, now) if now.changed() > before.changed() => Difference::More,
            _ => Difference::Same,
        }
    }
}
