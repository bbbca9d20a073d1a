//! A wrong decoder beside the right one.

use trace::duel::{LaneDuel, Opponent};
use trace::lane::Direction;

use super::{State, Status, Tab};

/// Of a run that goes on and has more bytes than these, the duels wait for its end: they
/// begin anew with each frame.
const MOST_LIVE: u64 = 64 * 1024;

impl State {
    /// The wrong decoders that make sense for the framing of what is on the stage, or of
    /// what would be run.
    pub fn opponents(&self) -> Vec<Opponent> {
        let framings = match &self.trace {
            Some(trace) => vec![
                trace.framing(Direction::FromOpener),
                trace.framing(Direction::FromAcceptor),
            ],
            None if self.tab() != Tab::Yours => vec![self.experiment.rules().framing],
            None => Vec::new(),
        };
        let mut lanes = self.derived.analysis.lanes.iter();
        let has_packets = lanes.any(|lane| !lane.wire.is_empty());
        let makes_sense = |opponent: &Opponent| {
            let fits = framings.iter().any(|framing| opponent.fits(framing));
            fits && (*opponent != Opponent::Psh || has_packets)
        };
        Opponent::ALL.into_iter().filter(makes_sense).collect()
    }

    /// The one that was chosen.
    pub const fn opponent(&self) -> Option<Opponent> {
        self.opponent
    }

    /// What became of the duels with it.
    pub fn duels(&self) -> &[LaneDuel] {
        let lanes = self.derived.analysis.lanes.iter();
        let bytes: u64 = lanes.map(|lane| lane.end().0).sum();
        let goes_on = matches!(self.status, Status::Starting | Status::Running);
        match (&self.trace, self.opponent) {
            (Some(trace), Some(opponent)) if !goes_on || bytes <= MOST_LIVE => {
                self.derived.duels(trace, opponent)
            }
            _ => &[],
        }
    }

    pub(super) fn choose_opponent(&mut self, opponent: Option<Opponent>) -> bool {
        self.derived.forget_duels();
        std::mem::replace(&mut self.opponent, opponent) != opponent
    }
}
