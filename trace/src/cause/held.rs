//! Bytes that waited in a send queue, and for what: no boundary need have
//! changed, and still the reader had to wait.

use std::cell::OnceCell;
use std::collections::HashMap;

use protocol::Offset;

use crate::boundary::Hold;
use crate::{Call, ConnectionId, End, Event, Flags, Trace};

/// How many bytes Nagle's algorithm held back just after the send with this
/// event index; none if it held none, or if what was observed does not tell.
///
/// It holds back less than a segment, and only while something is not
/// acknowledged (RFC 896); what the receiver's window has no room for waits
/// without it.
pub fn held_back(trace: &Trace, index: usize) -> Option<u32> {
    Holds::new(trace).nagle(index)
}

/// How many bytes waited in the send queue just after the send with this event
/// index, and for what; none if there were none.
pub(crate) fn held(trace: &Trace, index: usize) -> Option<(u32, Hold)> {
    Holds::new(trace).at(index)
}

/// The indices of all events at which Nagle's algorithm held bytes back,
/// ascending.
pub(crate) fn all_held_back(trace: &Trace) -> impl Iterator<Item = usize> {
    let holds = Holds::new(trace);
    (0..trace.events().len()).filter(move |&index| holds.nagle(index).is_some())
}

/// What held the bytes of a trace's sends back.
pub(super) struct Holds<'a> {
    trace: &'a Trace,
    /// What each end was told by its peer's segments: collected once for all
    /// sends beside which the kernel was not asked.
    wire: OnceCell<HashMap<(ConnectionId, End), Vec<Room>>>,
    /// What each end's options said of Nagle's algorithm, and from which event on.
    options: OnceCell<Algorithms>,
}

/// From which event on an end's options said that it uses Nagle's algorithm, or not.
type Algorithms = HashMap<(ConnectionId, End), Vec<(usize, Option<bool>)>>;

/// What a segment told its receiver about what may be sent.
#[derive(Clone, Copy)]
struct Room {
    /// Index of the segment's event.
    event: usize,
    /// Behind the last byte for which the window has room.
    edge: Offset,
    /// Largest payload of a segment, in bytes, if the SYN was seen.
    mss: Option<u64>,
}

impl<'a> Holds<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            wire: OnceCell::new(),
            options: OnceCell::new(),
        }
    }

    fn nagle(&self, index: usize) -> Option<u32> {
        let (unsent, hold) = self.at(index)?;
        (hold == Hold::Nagle).then_some(unsent)
    }

    /// Whether the sender of this event is known not to use Nagle's algorithm.
    pub(super) fn nodelay(&self, index: usize) -> bool {
        let event = self.trace.events().get(index);
        event.and_then(|event| self.uses_nagle(index, event)) == Some(false)
    }

    /// Whether the sender of this event uses Nagle's algorithm; none where that is not
    /// known.
    fn uses_nagle(&self, index: usize, event: &Event) -> Option<bool> {
        if self.trace.plan.is_some() {
            return self.trace.nagle(event.connection, event.end);
        }
        let all = self.options.get_or_init(|| options(self.trace));
        let told = all.get(&(event.connection, event.end));
        let told = told.and_then(|told| {
            let before = told.partition_point(|&(since, _)| since <= index);
            told[..before].last()
        });
        match told {
            Some(&(_, nagle)) => nagle,
            None => self.trace.nagle(event.connection, event.end),
        }
    }

    /// How many bytes waited just after a send, and for what.
    pub(super) fn at(&self, index: usize) -> Option<(u32, Hold)> {
        let event = self.trace.events().get(index)?;
        let told = event.socket;
        let unsent = told.unsent.filter(|&n| n > 0 && event.call == Call::Send)?;
        let nagle = self.uses_nagle(index, event);
        let nodelay = nagle == Some(false);
        let unknown = Hold::Unknown { nodelay };
        let in_flight = told.unacked.map(|unacked| unacked.saturating_sub(unsent));
        let (Some((room, mss)), Some(in_flight)) = (self.room(index, event), in_flight) else {
            return Some((unsent, unknown));
        };
        let (waiting, in_flight) = (u64::from(unsent), u64::from(in_flight));
        let hold = if waiting.min(mss) > room {
            Hold::Window { room }
        } else if nagle == Some(true) && waiting < mss && !in_flight.is_multiple_of(mss) {
            // Linux lets a small segment go unless another small one is in flight.
            Hold::Nagle
        } else {
            unknown
        };
        Some((unsent, hold))
    }

    /// How much the receiver's window had room for, and the largest payload of a
    /// segment, both in bytes and above 0 only if known.
    fn room(&self, index: usize, event: &Event) -> Option<(u64, u64)> {
        let told = event.socket;
        let (unsent, unacked) = (u64::from(told.unsent?), u64::from(told.unacked?));
        if let (Some(mss), Some(window)) = (told.mss, told.window) {
            let in_flight = unacked.saturating_sub(unsent);
            let room = u64::from(window).saturating_sub(in_flight);
            return Some((room, u64::from(mss))).filter(|_| mss > 0);
        }
        let all = self.wire.get_or_init(|| wire(self.trace));
        let told = all.get(&(event.connection, event.end))?;
        let before = told.partition_point(|room| room.event < index);
        let told = told[..before].last()?;
        let sent = event.end().0.saturating_sub(unsent);
        Some((told.edge.0.saturating_sub(sent), told.mss?))
    }
}

/// What each end's options said of Nagle's algorithm, in their order. While small segments
/// are held back for another reason as well (TCP_CORK, tcp(7)) it is none.
fn options(trace: &Trace) -> Algorithms {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for (index, event) in trace.events().iter().enumerate() {
        let Some(options) = event.socket.options else {
            continue;
        };
        if let Some(nodelay) = options.nodelay {
            let is_corked = options.cork == Some(true);
            let told = all.entry((event.connection, event.end)).or_default();
            told.push((index, (!is_corked).then_some(!nodelay)));
        }
    }
    all
}

/// What each end was told by its peer's segments, in their order.
fn wire(trace: &Trace) -> HashMap<(ConnectionId, End), Vec<Room>> {
    let mut all: HashMap<_, Vec<Room>> = HashMap::new();
    // What each end's segments have for options, and the largest window it was
    // told of.
    let mut options = HashMap::new();
    let mut largest = HashMap::new();
    for (index, event) in trace.events().iter().enumerate() {
        let Some(header) = event
            .header
            .as_ref()
            .filter(|_| event.call == Call::Segment)
        else {
            continue;
        };
        let to = (event.connection, event.end.other());
        let announced = if event.flags().has(Flags::SYN) {
            header.mss.map(u64::from)
        } else {
            options.insert((event.connection, event.end), header.options_len() as u64);
            None
        };
        let window = u64::from(header.window);
        let (_, most) = largest.entry(to).or_insert((announced, window));
        *most = window.max(*most);
        let (announced, most) = largest[&to];
        let told = all.entry(to).or_default();
        let edge = header.ack + header.window as usize;
        let edge = told.last().map_or(edge, |last| last.edge.max(edge));
        let own = options.get(&to).copied().unwrap_or(0);
        // Linux sends at most half of the largest window in one segment, of a
        // window of at most 536 bytes (the least MSS, RFC 9293) all.
        let half = if most > 536 { most / 2 } else { most };
        let mss = announced.map(|mss| mss.saturating_sub(own).min(half).max(1));
        told.push(Room {
            event: index,
            edge,
            mss,
        });
    }
    all
}
