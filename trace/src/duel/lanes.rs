//! The duels over the lanes of a record, in the chunks that were recorded.

use protocol::Framing;

use super::{Cuts, Duel, Opponent, SILENCE, Stream, duel};
use crate::explain::ends;
use crate::lane::{Direction, Lane};
use crate::text::Sentence;
use crate::{Analysis, ConnectionId, Trace};

/// A duel and over which lane it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneDuel {
    /// The connection.
    pub connection: ConnectionId,
    /// Which way.
    pub direction: Direction,
    /// What became of it.
    pub duel: Duel,
}

impl LaneDuel {
    /// What [`Duel::sentences`] says, and of which direction where there are `several`.
    pub fn sentences(&self, trace: &Trace, several: bool) -> Vec<Sentence> {
        let mut sentences = self.duel.sentences();
        if let (true, Some(said)) = (several, sentences.first_mut()) {
            let [from, to] = ends(trace, self.connection, self.direction);
            let own = said.clone();
            *said = Sentence::new("duel.said-of")
                .with("from", from)
                .with("to", to);
            said.values.extend(own.values);
        }
        sentences
    }
}

/// The duels with one wrong decoder, over each lane whose framing it fits.
pub fn of_lanes(trace: &Trace, analysis: &Analysis, opponent: Opponent) -> Vec<LaneDuel> {
    let lanes = framed(trace, analysis).filter(|(_, framing)| opponent.fits(framing));
    let duels = lanes.filter_map(|(lane, framing)| {
        let stream = Stream::of(trace, lane, &Cuts::Recorded, SILENCE);
        opponent.lacks(&stream).is_none().then(|| LaneDuel {
            connection: lane.connection,
            direction: lane.direction,
            duel: duel(&stream, &framing, opponent),
        })
    });
    duels.collect()
}

/// The lanes of streams with a framing.
fn framed<'a>(
    trace: &'a Trace,
    analysis: &'a Analysis,
) -> impl Iterator<Item = (&'a Lane, Framing)> {
    let lanes = analysis.lanes.iter();
    let lanes = lanes.filter(|lane| !lane.bytes.is_empty() && !trace.is_datagrams(lane.connection));
    lanes.filter_map(|lane| {
        let framing = trace.framing(lane.direction);
        (framing != Framing::None).then_some((lane, framing))
    })
}
