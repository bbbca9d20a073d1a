//! Datagrams of which no calls were watched: the packets are what is known.

use bytes::Bytes;
use protocol::Frame;

use crate::lane::{Carrier, Fate, Integrity, Lane, MessageKind, MessageSpan, Packet, Span};

/// Adds a datagram that only the wire tells of.
pub(super) fn carry(lane: &mut Lane, event: usize, bytes: &[u8]) {
    let start = lane.end();
    lane.bytes.push(bytes);
    let end = lane.end();
    if start < end {
        let packet = lane.wire.len();
        lane.carriers.push(Carrier { start, end, packet });
    }
    let span = Span {
        event,
        start,
        end,
        cut: 0,
    };
    lane.push_packet(Packet::datagram(span, Fate::Unknown));
    lane.push_message(MessageSpan {
        event,
        frame: Frame {
            start,
            header: 0,
            body: Bytes::copy_from_slice(bytes),
            size: bytes.len(),
            trailer: 0,
        },
        kind: MessageKind::Message,
        integrity: Integrity::Whole,
    });
}
