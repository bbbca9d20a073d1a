//! Causes on datagrams: cut by a small buffer, or lost.

use super::{Boundary, Cause, Change};
use crate::lane::{Fate, Lane};

/// What became of a lane's datagrams. `over` once the run is: before that no
/// datagram counts as lost for not having been read.
pub(crate) fn datagrams(lane: &Lane, over: bool) -> Vec<Boundary> {
    let cut = lane.recvs.iter().filter(|recv| recv.cut > 0);
    let cut = cut.map(|recv| Boundary {
        offset: recv.end,
        change: Change::Cut,
        cause: Cause::DatagramCut { bytes: recv.cut },
        event: recv.event,
    });
    let mut packets = vec![None; lane.sends.len()];
    for (packet, &send) in lane.wire.iter().zip(&lane.packet_sends) {
        packets[send] = Some(packet.span.event);
    }
    let sends = lane.sends.iter().zip(&lane.fates).zip(packets);
    let lost = sends.filter_map(|((send, fate), packet)| {
        let cause = match fate {
            Fate::Dropped => Cause::DatagramDropped,
            Fate::Unknown if over => Cause::Unknown,
            Fate::Unknown | Fate::Unread | Fate::Read(_) => return None,
        };
        Some(Boundary {
            offset: send.start,
            change: Change::Lost,
            cause,
            event: packet.unwrap_or(send.event),
        })
    });
    let all: Vec<_> = cut.chain(lost).collect();
    let mut all = all;
    all.sort_by_key(|boundary| boundary.offset);
    all
}
