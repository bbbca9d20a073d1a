//! The lanes of a stream: what the reader's framing makes of the bytes.

mod checkpoint;
mod handshake;
mod kept;
mod lane;
mod meant;
mod wire;

use protocol::framing::READY;

use self::checkpoint::Checkpoints;
use self::lane::StreamLane;
use super::direction;
use crate::cause;
use crate::lane::{Direction, Lane};
use crate::{Call, ConnectionId, End, Trace};

/// Both directions of a connection.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    up: StreamLane,
    down: StreamLane,
    checkpoints: Checkpoints,
}

impl Stream {
    /// Nothing was handled yet.
    pub(super) fn new(trace: &Trace, connection: ConnectionId) -> Self {
        Self {
            up: StreamLane::from_opener(trace, connection),
            down: StreamLane::from_acceptor(trace, connection),
            checkpoints: Checkpoints::default(),
        }
    }

    /// The lanes as far as they are.
    pub(super) fn lanes(&mut self) -> [&mut Lane; 2] {
        [&mut self.up.lane, &mut self.down.lane]
    }

    /// Goes back to where only `events` were handled, the first of those that
    /// were.
    pub(super) fn go_back(&mut self, trace: &Trace, events: &[usize]) {
        let handled = if let Some(checkpoint) = self.checkpoints.last_within(events.len()) {
            checkpoint.restore(&mut self.up, &mut self.down);
            checkpoint.handled()
        } else {
            self.reset();
            0
        };
        for number in handled..events.len() {
            self.handle(trace, &events[..=number]);
        }
    }

    fn reset(&mut self) {
        self.up.reset();
        self.down.reset();
        self.checkpoints = Checkpoints::default();
    }

    /// Handles the last of `events`; the others were handled before.
    pub(super) fn handle_last(&mut self, trace: &Trace, events: &[usize]) {
        self.handle(trace, events);
        self.checkpoints.note(events.len(), &self.up, &self.down);
    }

    fn handle(&mut self, trace: &Trace, events: &[usize]) {
        let Some((&index, earlier)) = events.split_last() else {
            return;
        };
        if self.learns(trace, index) {
            // What the earlier ones were taken for was wrong.
            self.reset();
            for &index in earlier {
                self.apply(trace, index);
            }
        }
        self.apply(trace, index);
    }

    /// Whether an event shows that the lanes' bytes are not those of what was
    /// handled so far: the first send of a sender that was not watched, the
    /// first call where only packets were; or that messages are found in other calls: the
    /// first recv of a reader that was not watched.
    fn learns(&mut self, trace: &Trace, index: usize) -> bool {
        let event = &trace.events()[index];
        let lane = match direction(event) {
            Some(Direction::FromOpener) => &mut self.up,
            Some(Direction::FromAcceptor) => &mut self.down,
            None => return false,
        };
        let is_send = event.call == Call::Send;
        let is_recv = event.call == Call::Recv && !event.is_empty();
        let is_call = is_send || is_recv;
        lane.has_packets |= event.call == Call::Segment;
        let is_news = is_send && !lane.has_sends || is_call && !lane.has_calls;
        let has_reader = is_recv && lane.decodes_sends();
        lane.has_sends |= is_send;
        lane.has_recvs |= is_recv;
        lane.has_calls |= is_call;
        has_reader || is_news && (!lane.lane.bytes.is_empty() || lane.has_packets)
    }

    fn apply(&mut self, trace: &Trace, index: usize) {
        let event = &trace.events()[index];
        let (here, back) = match direction(event) {
            Some(Direction::FromOpener) => (&mut self.up, &mut self.down),
            Some(Direction::FromAcceptor) => (&mut self.down, &mut self.up),
            None if event.call == Call::Refuse => {
                // The server reads on, and makes nothing of it.
                self.up.state.is_refused = true;
                return;
            }
            None => {
                // Its caller sends no more.
                match event.end {
                    End::Opener => self.up.handle_end(index),
                    End::Acceptor => self.down.handle_end(index),
                }
                return;
            }
        };
        match event.call {
            Call::Recv => {
                here.handle_recv(index, event);
                if event.bytes == READY && back.decodes_sends() {
                    // As below, of a reader that was not watched.
                    back.handle_ready(index);
                }
            }
            Call::Send => {
                here.handle_send(index, event);
                back.state.challenge = here.lane.bytes.front().first_chunk().copied();
                if event.bytes == READY {
                    // The reader of the other direction took the length for complete.
                    back.handle_ready(index);
                }
            }
            Call::Segment => wire::handle_segment(here, trace, index, event),
            _ => {}
        }
    }

    /// The lanes are to be changed again.
    pub(super) fn open(&mut self) {
        wire::hide_gaps(&mut self.up);
        wire::hide_gaps(&mut self.down);
    }

    /// Finds the boundaries that changed, and what is missing.
    pub(super) fn settle(&mut self, trace: &Trace) {
        for stream in [&mut self.up, &mut self.down] {
            cause::stream(&mut stream.lane, trace, stream.redo);
            stream.redo = stream.lane.recvs.len();
            wire::show_gaps(stream, trace);
        }
    }
}
