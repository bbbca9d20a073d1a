//! Causes on datagrams: cut by a small buffer, or lost.

use super::{Boundary, Cause, Change};
use crate::lane::{Fate, Lane, Packet};
use crate::order;

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
    let mut packets: Vec<Option<&Packet>> = vec![None; lane.sends.len()];
    for (packet, &send) in lane.wire.iter().zip(&lane.packet_sends) {
        // Of fragments the one that was lost.
        let is_only = !packet.fragment.is_one_of_several();
        if packets[send].is_none_or(|known| is_only || packet.lost && !known.lost) {
            packets[send] = Some(packet);
        }
    }
    let sends = lane.sends.iter().zip(&lane.fates).zip(packets);
    let lost = sends.filter_map(|((send, fate), packet)| {
        let cause = match fate {
            Fate::Dropped => Cause::DatagramDropped,
            Fate::Lost if packet.is_some_and(|packet| packet.fragment.is_one_of_several()) => {
                Cause::FragmentLost
            }
            Fate::Lost => Cause::DatagramLost,
            Fate::Unknown if over => Cause::Unknown,
            Fate::Unknown | Fate::Unread | Fate::Read(_) => return None,
        };
        Some(Boundary {
            offset: send.start,
            change: Change::Lost,
            cause,
            event: packet.map_or(send.event, |packet| packet.span.event),
        })
    });
    let mut all: Vec<_> = cut.chain(lost).collect();
    order::sort_by_key(&mut all, |boundary| [boundary.offset.0, 0]);
    all
}
