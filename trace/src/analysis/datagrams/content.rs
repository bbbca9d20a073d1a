//! Finds the sends whose datagram a recv can have taken, by content.

use crate::Event;
use crate::lane::Span;

/// Most ways in which recvs may cut datagrams. A program has one buffer or
/// two; a file that says otherwise must not cost an index for each.
const VIEWS: usize = 8;

/// How many bytes of each datagram are compared: as many as were kept of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known(usize);

impl Known {
    /// All where none was cut off.
    pub(super) fn of(events: &[Event]) -> Self {
        let cut = events
            .iter()
            .filter(|event| length(event) > event.bytes.len());
        let kept = cut.map(|event| event.bytes.len());
        Self(kept.min().unwrap_or(usize::MAX))
    }

    fn front(self, bytes: &[u8], room: usize) -> &[u8] {
        &bytes[..bytes.len().min(self.0).min(room)]
    }

    /// What a whole datagram is found by.
    pub(super) fn key(self, datagram: &Event) -> u64 {
        let bytes = self.front(&datagram.bytes, usize::MAX);
        hash(bytes, length(datagram))
    }

    /// Whether two events are about equal datagrams, as far as that is known.
    pub(super) fn are_equal(self, one: &Event, other: &Event) -> bool {
        let front = |event| self.front(event, usize::MAX);
        length(one) == length(other) && front(&one.bytes) == front(&other.bytes)
    }

    /// Whether `recv` can have taken what `packet` carried.
    pub(super) fn agrees(self, recv: &Event, packet: &Event) -> bool {
        let whole = length(packet);
        let room = (recv.asked as usize).max(recv.len());
        let told = recv.socket.length.map_or(whole, |length| length as usize);
        told == whole
            && recv.len() == whole.min(room)
            && self.front(&recv.bytes, room) == self.front(&packet.bytes, room)
    }
}

/// Bytes of a datagram that was sent, or what a recv took of one.
fn length(event: &Event) -> usize {
    let sent = event.header.as_ref().and_then(|header| header.length);
    event.len().max(sent.unwrap_or(0) as usize)
}

/// The sends of a lane by what a recv would see of them.
pub(super) struct Contents<'a> {
    known: Known,
    events: &'a [Event],
    sends: &'a [Span],
    views: Vec<(View, Index)>,
}

/// What of a datagram decides whether it is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    /// Bytes that fit the room; none: all of them.
    room: Option<usize>,
    /// Whether its whole length is known.
    length: bool,
}

/// Numbers of sends, those that look the same together and ascending.
pub(super) struct Index(Vec<(u64, usize)>);

impl Index {
    /// The sends as wholes.
    pub(super) fn whole(known: Known, events: &[Event], sends: &[Span]) -> Self {
        let view = View {
            room: None,
            length: true,
        };
        Self::new(known, events, sends, view)
    }

    fn new(known: Known, events: &[Event], sends: &[Span], view: View) -> Self {
        let sends = sends.iter().enumerate();
        let keys = sends.map(|(number, send)| {
            let event = &events[send.event];
            let room = view.room.unwrap_or(usize::MAX);
            let told = if view.length { usize::MAX } else { room };
            let bytes = known.front(&event.bytes, room);
            (hash(bytes, event.len().min(told)), number)
        });
        let mut keys: Vec<_> = keys.collect();
        keys.sort_unstable();
        Self(keys)
    }

    /// Where the sends with this key begin, and they themselves.
    pub(super) fn find(&self, key: u64) -> (usize, &[(u64, usize)]) {
        let from = self.0.partition_point(|&(other, _)| other < key);
        let to = self.0.partition_point(|&(other, _)| other <= key);
        (from, &self.0[from..to])
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> Contents<'a> {
    pub(super) fn new(known: Known, events: &'a [Event], sends: &'a [Span]) -> Self {
        Self {
            known,
            events,
            sends,
            views: Vec::new(),
        }
    }

    /// The first send from number `from` on that `recv` can have taken.
    pub(super) fn first(&mut self, recv: usize, from: usize) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let numbers = self.fitting(recv);
        let at = numbers.partition_point(|&(_, number)| number < from);
        let found = numbers.get(at)?.1;
        self.is(recv, found).filter(|&number| number < end)
    }

    /// The last send before number `to` that `recv` can have taken.
    pub(super) fn last(&mut self, recv: usize, to: usize) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let numbers = self.fitting(recv);
        let at = numbers.partition_point(|&(_, number)| number < to.min(end));
        let found = numbers.get(at.checked_sub(1)?)?.1;
        self.is(recv, found)
    }

    /// The first one out of order that is not taken.
    pub(super) fn untaken(&mut self, recv: usize, taken: &[bool]) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let mut numbers = self.fitting(recv).iter();
        let found = numbers.find(|&&(_, number)| !taken[number])?.1;
        self.is(recv, found).filter(|&number| number < end)
    }

    /// The send, if it begins as what was received: keys may be equal by chance.
    fn is(&self, recv: usize, send: usize) -> Option<usize> {
        let (received, whole) = (&self.events[recv], &self.events[self.sends[send].event]);
        let front = |event: &'a Event| self.known.front(&event.bytes, received.len());
        let is_it = front(received) == front(whole) && received.len() <= whole.len();
        is_it.then_some(send)
    }

    /// The sends that `recv` can have taken.
    fn fitting(&mut self, recv: usize) -> &[(u64, usize)] {
        let event = &self.events[recv];
        let have = event.len();
        let told = event.socket.length.map(|length| length as usize);
        let told = told.filter(|&length| length > have);
        let is_whole = event.socket.length.is_some() || have < event.asked as usize;
        let view = View {
            room: (told.is_some() || !is_whole).then_some(have),
            length: told.is_some(),
        };
        let known = self.views.iter().position(|(other, _)| *other == view);
        let Some(at) = known.or_else(|| {
            let room = self.views.len() < VIEWS;
            room.then(|| {
                let index = Index::new(self.known, self.events, self.sends, view);
                self.views.push((view, index));
                self.views.len() - 1
            })
        }) else {
            return &[];
        };
        let bytes = self.known.front(&event.bytes, usize::MAX);
        let length = told.unwrap_or(have);
        self.views[at].1.find(hash(bytes, length)).1
    }
}

/// FNV-1a of the bytes, and of a length.
fn hash(bytes: &[u8], length: usize) -> u64 {
    let next = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
    let length = length as u64;
    let bytes = bytes.iter().map(|&byte| u64::from(byte));
    bytes.fold(next(0xcbf2_9ce4_8422_2325, length), next)
}
