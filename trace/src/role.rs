//! The part an event's bytes play in their protocol.

use crate::lane::{Direction, MessageKind};
use crate::{Analysis, Call, Trace};

impl Analysis {
    /// The part an event's bytes play in the protocol: `challenge`, `answer`,
    /// `proof`, `ready`, `header`, `body`, `reply` or `skipped`; decides which line of a program
    /// made the call.
    pub fn role(&self, trace: &Trace, index: usize) -> Option<&'static str> {
        let event = trace.events().get(index)?;
        let lane = self.lane_of(event)?;
        let spans = match event.call {
            Call::Send => &lane.sends,
            _ => &lane.recvs,
        };
        // Calls come by their events.
        let span = spans.binary_search_by_key(&index, |span| span.event);
        let span = &spans[span.ok()?];
        let Some(message) = lane.message_at(span.start) else {
            return (lane.direction == Direction::FromAcceptor).then_some("reply");
        };
        let message = &lane.messages[message];
        Some(match (message.kind, lane.direction) {
            (MessageKind::Challenge, _) => "challenge",
            (MessageKind::Proof { .. }, Direction::FromAcceptor) => "proof",
            (MessageKind::Answer { .. } | MessageKind::Nonce | MessageKind::Proof { .. }, _) => {
                "answer"
            }
            (MessageKind::Ready, _) => "ready",
            (MessageKind::Skipped, _) => "skipped",
            (MessageKind::Message, Direction::FromAcceptor) => "reply",
            (MessageKind::Message, Direction::FromOpener)
                if span.start < message.frame.body_range().start =>
            {
                "header"
            }
            (MessageKind::Message, Direction::FromOpener) => "body",
        })
    }
}
