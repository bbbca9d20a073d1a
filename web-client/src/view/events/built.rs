//! What the rows of the table were built from.

use protocol::Nanos;
use trace::{Call, Event, Origin};

use crate::app::State;
use crate::language::Language;

/// What the rows were built from, as far as it takes to tell two runs (or two
/// moments of one) apart without a look at every event.
#[derive(PartialEq, Eq)]
pub(super) struct Built {
    pub(super) language: Language,
    ends: Option<(Nanos, Nanos)>,
    events: usize,
    is_over: bool,
    derived: usize,
    /// Whether only what was found is listed, of which search, and how much it is.
    pub(super) found: (bool, u64, usize),
}

impl Built {
    pub(super) fn of(state: &State) -> Self {
        let events = state.events();
        let ends = events.first().zip(events.last());
        let lanes = state.analysis().lanes.iter();
        Self {
            language: state.language(),
            ends: ends.map(|(first, last)| (first.at, last.at)),
            events: events.len(),
            is_over: state.trace().is_some_and(|trace| trace.ending().is_some()),
            derived: lanes
                .map(|lane| lane.recvs.len() + lane.messages.len() + lane.wire.len())
                .sum(),
            found: (
                state.search().is_active(),
                state.search().generation(),
                state.search().found().len(),
            ),
        }
    }
}

/// What a row shows of its event.
pub(super) type Identity = (Nanos, Origin, Call, u64, usize, u32, bool);

pub(super) fn identity(event: &Event) -> Identity {
    let failed = event.error.is_some();
    let (offset, length) = (event.offset.0, event.len());
    (
        event.at,
        event.origin(),
        event.call,
        offset,
        length,
        event.asked,
        failed,
    )
}
