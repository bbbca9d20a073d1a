//! What bytes are for, where the protocol gives them a role.

use super::Facts;
use crate::lane::{Direction, MessageKind};
use crate::text::Sentence;
use crate::{Answer, Call};

impl Facts<'_> {
    /// A sentence for each part of a handshake among the event's bytes.
    pub(super) fn role_sentences(&self) -> Vec<Sentence> {
        let Some((lane, span)) = self.lane.and_then(|lane| Some((lane, self.span(lane)?))) else {
            return Vec::new();
        };
        let first = lane
            .messages
            .partition_point(|message| message.range().end <= span.start);
        let touched = lane.messages[first..].iter().take_while(|message| {
            message.range().start < span.end && message.kind != MessageKind::Message
        });
        let mut keys: Vec<_> = touched
            .filter_map(|message| self.role_key(message.kind, lane.direction))
            .collect();
        keys.dedup();
        keys.into_iter().map(Sentence::new).collect()
    }

    fn role_key(&self, kind: MessageKind, direction: Direction) -> Option<&'static str> {
        let planned = self.trace.planned(self.event.connection);
        let answer = planned.map_or(Answer::Own, |(_, client)| client.answer);
        let sent = self.event.call == Call::Send;
        let of_the_server = direction == Direction::FromAcceptor;
        Some(match (kind, sent) {
            (MessageKind::Message | MessageKind::Skipped, _) => return None,
            (MessageKind::Challenge, true) => "explain.role.challenge.sent",
            (MessageKind::Challenge, false) => "explain.role.challenge.received",
            (MessageKind::Answer { .. }, true) => match answer {
                Answer::Own => "explain.role.answer.sent",
                Answer::Replayed => "explain.role.answer.replayed",
                Answer::Reflected => "explain.role.answer.reflected",
            },
            (MessageKind::Answer { right: true }, false) => "explain.role.answer.right",
            (MessageKind::Answer { right: false }, false) => "explain.role.answer.wrong",
            (MessageKind::Nonce, true) => match answer {
                Answer::Own => "explain.role.nonce.sent",
                Answer::Replayed => "explain.role.nonce.replayed",
                Answer::Reflected => "explain.role.nonce.reflected",
            },
            (MessageKind::Nonce, false) => "explain.role.nonce.received",
            (MessageKind::Proof { .. }, true) if of_the_server => "explain.role.server-proof.sent",
            (MessageKind::Proof { .. }, true) => match answer {
                Answer::Own => "explain.role.proof.sent",
                Answer::Replayed => "explain.role.proof.replayed",
                Answer::Reflected => "explain.role.proof.reflected",
            },
            (MessageKind::Proof { right: true }, false) if of_the_server => {
                "explain.role.server-proof.right"
            }
            (MessageKind::Proof { right: false }, false) if of_the_server => {
                "explain.role.server-proof.wrong"
            }
            (MessageKind::Proof { right: true }, false) => "explain.role.proof.right",
            (MessageKind::Proof { right: false }, false) => "explain.role.proof.wrong",
            (MessageKind::Ready, true) => "explain.role.ready.sent",
            (MessageKind::Ready, false) => "explain.role.ready.received",
        })
    }
}
