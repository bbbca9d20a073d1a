//! Finds the sends whose datagram a recv can have taken, by content.

use crate::Event;
use crate::lane::Span;

/// Most ways in which recvs may cut datagrams. A program has one buffer or
/// two; a file that says otherwise must not cost an index for each.
const VIEWS: usize = 8;

/// The sends of a lane by what a recv would see of them.
pub(super) struct Contents<'a> {
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
    pub(super) fn whole(events: &[Event], sends: &[Span]) -> Self {
        let view = View {
            room: None,
            length: false,
        };
        Self::new(events, sends, view)
    }

    fn new(events: &[Event], sends: &[Span], view: View) -> Self {
        let sends = sends.iter().enumerate();
        let keys = sends.map(|(number, send)| {
            let whole = &events[send.event].bytes;
            let length = view.length.then_some(whole.len());
            (hash(front(whole, view.room), length), number)
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
    pub(super) fn new(events: &'a [Event], sends: &'a [Span]) -> Self {
        Self {
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
        let received = &self.events[recv].bytes;
        let whole = &self.events[self.sends[send].event].bytes;
        whole.starts_with(received).then_some(send)
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
                let index = Index::new(self.events, self.sends, view);
                self.views.push((view, index));
                self.views.len() - 1
            })
        }) else {
            return &[];
        };
        self.views[at].1.find(hash(&event.bytes, told)).1
    }
}

fn front(whole: &[u8], room: Option<usize>) -> &[u8] {
    &whole[..whole.len().min(room.unwrap_or(usize::MAX))]
}

/// FNV-1a of the bytes, and of the length where it is known.
pub(super) fn hash(bytes: &[u8], length: Option<usize>) -> u64 {
    let next = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
    let length = length.map_or(0, |length| length as u64 + 1);
    let bytes = bytes.iter().map(|&byte| u64::from(byte));
    bytes.fold(next(0xcbf2_9ce4_8422_2325, length), next)
}
