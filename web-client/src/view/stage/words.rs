//! What is said of the stage: the name of its canvas, and what stands at the pointer.

use trace::lane::Direction;
use trace::text::{Catalog, Sentence};

use super::super::inspector::{byte, itinerary};
use super::super::rows::{self, call, caller};
use crate::app::State;
use crate::scene::{Target, View};

/// The run in one sentence: the accessible name of the canvas.
pub(super) fn summary(state: &State, catalog: &Catalog) -> String {
    let lanes = || state.analysis().lanes.iter();
    let up = || lanes().filter(|lane| lane.direction == Direction::FromOpener);
    let view = match state.view() {
        View::Bytes => "view.bytes.label",
        View::Time => "view.time.label",
    };
    let sentence = Sentence::new("stage.summary")
        .with("view", catalog.text(view))
        .with("sends", up().map(|lane| lane.sends.len()).sum::<usize>())
        .with("recvs", up().map(|lane| lane.recvs.len()).sum::<usize>())
        .with(
            "messages",
            up().map(|lane| lane.messages.len()).sum::<usize>(),
        )
        .with("step", state.step())
        .with("of", state.events().len());
    catalog.render(&sentence)
}

/// What is under the pointer.
pub(super) fn describe(target: Target, state: &State, catalog: &Catalog) -> Option<String> {
    match target {
        Target::Event(index) => {
            let event = state.events().get(index)?;
            let trace = state.trace()?;
            let actor = caller(event, trace, catalog);
            let call = call(event, trace, catalog);
            let number = (index + 1).to_string();
            let at = rows::milliseconds(event.at);
            Some([&number, " · ", &at, " · ", &actor, " ", &call].concat())
        }
        Target::Byte {
            connection,
            direction,
            offset,
        } => {
            let lane = state.analysis().lane(connection, direction)?;
            let way = lane.itinerary(offset)?;
            let byte = byte(&way, catalog);
            let way = itinerary(&way, lane, state, catalog);
            Some([&byte, " · ", &way].concat())
        }
    }
}
