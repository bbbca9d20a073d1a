//! States of a stream's lanes to which they can go back when an event comes
//! late. The further back, the fewer there are, so that going back costs about
//! as much as the event is late.

use std::ops::Range;

use protocol::Offset;

use super::lane::{State, StreamLane};
use crate::lane::Lengths;

/// Events from one checkpoint to the next.
const EVERY: usize = 64;
/// With more bytes of an incomplete frame there is none: they would be copied.
const MAX_PENDING: u64 = 64 * 1024;

/// Checkpoints of both lanes, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints(Vec<Checkpoint>);

/// Both lanes as they were once.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    /// How often [`EVERY`] events had been handled.
    number: usize,
    up: Mark,
    down: Mark,
}

/// A lane as it was once: what it had, by number, for it only grows.
#[derive(Clone, Debug)]
struct Mark {
    sends: usize,
    wire: usize,
    recvs: usize,
    messages: usize,
    bytes: Offset,
    undecoded: usize,
    offers: usize,
    /// The end of the last offer, which may be cut short later.
    last_offer: Option<Range<Offset>>,
    has_failed: bool,
    damages: usize,
    findings: Lengths,
    state: State,
}

impl Checkpoints {
    /// `handled` events of the lanes were handled.
    pub(super) fn note(&mut self, handled: usize, up: &StreamLane, down: &StreamLane) {
        if !handled.is_multiple_of(EVERY) || up.pending().max(down.pending()) > MAX_PENDING {
            return;
        }
        let number = handled / EVERY;
        self.0.push(Checkpoint {
            number,
            up: Mark::of(up),
            down: Mark::of(down),
        });
        // Two or so for each doubling of the distance.
        self.0.retain(|checkpoint| {
            let age = number - checkpoint.number;
            age < 4
                || checkpoint
                    .number
                    .is_multiple_of(age.next_power_of_two() / 4)
        });
    }

    /// The last one with at most so many events; later ones go.
    pub(super) fn last_within(&mut self, handled: usize) -> Option<&Checkpoint> {
        self.0.retain(|checkpoint| checkpoint.handled() <= handled);
        self.0.last()
    }
}

impl Checkpoint {
    /// How many events had been handled.
    pub(super) const fn handled(&self) -> usize {
        self.number * EVERY
    }

    /// Takes both lanes back to it.
    pub(super) fn restore(&self, up: &mut StreamLane, down: &mut StreamLane) {
        self.up.restore(up);
        self.down.restore(down);
    }
}

impl Mark {
    fn of(lane: &StreamLane) -> Self {
        let StreamLane { lane, state, .. } = lane;
        Self {
            sends: lane.sends.len(),
            wire: lane.wire.len(),
            recvs: lane.recvs.len(),
            messages: lane.messages.len(),
            bytes: lane.end(),
            undecoded: lane.undecoded.len(),
            offers: lane.offers.len(),
            last_offer: lane.offers.last().cloned(),
            has_failed: lane.failure.is_some(),
            damages: lane.damages.len(),
            findings: lane.findings.lengths(),
            state: state.clone(),
        }
    }

    fn restore(&self, stream: &mut StreamLane) {
        let lane = &mut stream.lane;
        lane.sends.truncate(self.sends);
        lane.recvs.truncate(self.recvs);
        lane.messages.truncate(self.messages);
        lane.bytes.truncate(self.bytes);
        lane.undecoded.truncate(self.undecoded);
        lane.offers.truncate(self.offers);
        lane.damages.truncate(self.damages);
        lane.findings.truncate(&self.findings);
        if let (Some(last), Some(was)) = (lane.offers.last_mut(), &self.last_offer) {
            *last = was.clone();
        }
        if !self.has_failed {
            lane.failure = None;
        }
        let gone = lane.wire.drain(self.wire..);
        if let Some(lowest) = gone.map(|packet| packet.span.start).min() {
            let reached = lane.carriers.partition_point(|c| c.end <= lowest);
            let behind = lane.carriers.split_off(reached);
            let kept = behind.into_iter().filter(|c| c.packet < self.wire);
            lane.carriers.extend(kept);
            stream.disturb(lowest);
        }
        let last = self.recvs.saturating_sub(1);
        stream.redo = stream.redo.min(last);
        stream.state = self.state.clone();
    }
}
