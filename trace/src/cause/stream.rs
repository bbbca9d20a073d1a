//! Causes on a stream: each boundary between sends that vanished inside a
//! recv, and each end of a recv that appeared inside a send.

use protocol::Offset;

use super::held::Holds;
use super::{Boundary, Cause, Change, Hold};
use crate::lane::{Lane, Span};
use crate::{Event, Trace};

/// Finds the boundaries of `lane` that changed, by offset; those at recvs with
/// numbers below `from` stay as they are.
pub(crate) fn stream(lane: &mut Lane, trace: &Trace, from: usize) {
    let mut boundaries = std::mem::take(&mut lane.boundaries);
    let before = lane.recvs[..from].last();
    let settled = before.map_or(0, |recv| {
        boundaries.partition_point(|boundary| boundary.event <= recv.event)
    });
    boundaries.truncate(settled);
    find(lane, trace, from, &mut boundaries);
    lane.boundaries = boundaries;
}

fn find(lane: &Lane, trace: &Trace, from: usize, boundaries: &mut Vec<Boundary>) {
    // Packets of the send that is being read in pieces: counted once for all.
    let mut split = None;
    let holds = Holds::new(trace);
    let read = lane.recvs[..from].last().map_or(Offset(0), |recv| recv.end);
    let rest = lane.sends.partition_point(|send| send.end <= read);
    let sends = lane.sends[rest..].iter();
    let mut sends = sends.filter(|send| !send.is_empty()).peekable();
    for (number, recv) in lane.recvs.iter().enumerate().skip(from) {
        let Some(event) = trace.events().get(recv.event) else {
            continue;
        };
        let reader = Reader {
            lane,
            holds: &holds,
            recv,
            event,
            packets: lane.packets_in(&recv.range()),
            more: number + 1 < lane.recvs.len(),
        };
        let changed = |offset, change, cause| Boundary {
            offset,
            change,
            cause,
            event: recv.event,
        };
        while let Some(send) = sends.peek() {
            if send.end > recv.end {
                if send.start < recv.end {
                    let count = || (send.event, lane.packets_in(&send.range()));
                    let known = split.filter(|&(event, _)| event == send.event);
                    let (_, packets) = *split.insert(known.unwrap_or_else(count));
                    let cause = reader.appeared(packets);
                    boundaries.push(changed(recv.end, Change::Appeared, cause));
                }
                break;
            }
            let (end, earlier) = (send.end, send.event);
            sends.next();
            // Behind the last send there is nothing it could be a boundary to.
            if end < recv.end && sends.peek().is_some() {
                let cause = reader.vanished(end, earlier);
                boundaries.push(changed(end, Change::Vanished, cause));
            }
        }
    }
}

/// A recv and what was observed around it.
struct Reader<'a> {
    lane: &'a Lane,
    holds: &'a Holds<'a>,
    recv: &'a Span,
    event: &'a Event,
    /// Packets that carried its bytes; 0 if none was captured.
    packets: usize,
    /// Whether another recv took bytes later.
    more: bool,
}

/// How the wire carried the two bytes beside a boundary.
#[derive(PartialEq, Eq)]
enum Wire {
    /// In one packet.
    Together,
    /// In two.
    Apart,
    /// Not captured.
    Unseen,
}

impl Reader<'_> {
    fn wire(&self, offset: Offset) -> Wire {
        let before = Offset(offset.0.saturating_sub(1));
        match (self.lane.packet_at(before), self.lane.packet_at(offset)) {
            (Some(before), Some(behind)) if before == behind => Wire::Together,
            (Some(_), Some(_)) => Wire::Apart,
            _ => Wire::Unseen,
        }
    }

    /// Why two sends came out as one piece, the earlier of which has this event
    /// index.
    fn vanished(&self, offset: Offset, earlier: usize) -> Cause {
        let waiting = self.event.socket.waiting;
        match self.wire(offset) {
            Wire::Together => Cause::Merged {
                hold: self.hold(earlier),
            },
            Wire::Apart => Cause::ReaderLate {
                packets: self.packets,
                waiting,
                since: self.event.came_since(),
            },
            Wire::Unseen if waiting.is_some_and(|n| n as usize >= self.recv.len()) => {
                Cause::ReaderLate {
                    packets: 0,
                    waiting,
                    since: 0,
                }
            }
            Wire::Unseen => Cause::Unknown,
        }
    }

    /// Why a send came out in pieces; `packets` carried it.
    fn appeared(&self, packets: usize) -> Cause {
        let Event { asked, socket, .. } = self.event;
        let waiting = socket.waiting;
        let full = self.event.len() >= *asked as usize;
        let wire = self.wire(self.recv.end);
        let waited = match waiting {
            Some(waiting) => waiting > *asked,
            None => self.more && wire == Wire::Unseen,
        };
        // A segment is queued whole: the rest of one that was read waited.
        if full && (waited || wire == Wire::Together) {
            return Cause::BufferSmall {
                asked: *asked,
                waiting,
            };
        }
        match wire {
            Wire::Apart => Cause::Split { packets },
            // It took all there was.
            Wire::Unseen if !full || waiting.is_some() => Cause::NotYetThere,
            Wire::Unseen | Wire::Together => Cause::Unknown,
        }
    }

    /// What the bytes of a send waited for before they left with others.
    fn hold(&self, send: usize) -> Hold {
        let nodelay = self.holds.nodelay(send);
        let held = self.holds.at(send).map(|(_, hold)| hold);
        held.unwrap_or(Hold::Unknown { nodelay })
    }
}
