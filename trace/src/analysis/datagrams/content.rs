//! Finds the sends whose datagram a recv can have taken, by content.

use std::collections::BTreeMap;

use crate::Event;
use crate::lane::Span;

/// The sends of a lane by what a recv would see of them.
pub(super) struct Contents<'a> {
    events: &'a [Event],
    sends: &'a [Span],
    /// By the room a recv had; none: room enough.
    rooms: BTreeMap<Option<usize>, Fronts<'a>>,
}

/// Ascending numbers of sends by the front that fits the room, and length.
type Fronts<'a> = BTreeMap<(&'a [u8], usize), Vec<usize>>;

impl<'a> Contents<'a> {
    pub(super) fn new(events: &'a [Event], sends: &'a [Span]) -> Self {
        Self {
            events,
            sends,
            rooms: BTreeMap::new(),
        }
    }

    /// The first send from number `from` on that `recv` can have taken.
    pub(super) fn first(&mut self, recv: usize, from: usize) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let first = self.fitting(recv).filter_map(|numbers| {
            let at = numbers.partition_point(|&number| number < from);
            numbers.get(at).copied()
        });
        first.min().filter(|&number| number < end)
    }

    /// The last send before number `to` that `recv` can have taken.
    pub(super) fn last(&mut self, recv: usize, to: usize) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let last = self.fitting(recv).filter_map(|numbers| {
            let at = numbers.partition_point(|&number| number < to.min(end));
            numbers.get(at.checked_sub(1)?).copied()
        });
        last.max()
    }

    /// The first one out of order that is not taken.
    pub(super) fn untaken(&mut self, recv: usize, taken: &[bool]) -> Option<usize> {
        let end = self.sends.partition_point(|send| send.event < recv);
        let free = self.fitting(recv).filter_map(|numbers| {
            let mut numbers = numbers.iter().copied();
            numbers.find(|&number| !taken[number])
        });
        free.min().filter(|&number| number < end)
    }

    /// The sends that `recv` can have taken: one list for each length that is
    /// possible.
    fn fitting(&mut self, recv: usize) -> impl Iterator<Item = &Vec<usize>> {
        let event = &self.events[recv];
        let have = event.len();
        let told = event.socket.length.map(|length| length as usize);
        let told = told.filter(|&length| length >= have);
        let (room, least, most) = match told {
            Some(length) if length == have => (None, have, have),
            Some(length) => (Some(have), length, length),
            None if have < event.asked as usize => (None, have, have),
            None => (Some(have), have, usize::MAX),
        };
        let (events, sends) = (self.events, self.sends);
        let fronts = self.rooms.entry(room).or_insert_with(|| {
            let mut fronts = Fronts::new();
            for (number, send) in sends.iter().enumerate() {
                let whole = &events[send.event].bytes;
                let front = &whole[..whole.len().min(room.unwrap_or(usize::MAX))];
                fronts.entry((front, whole.len())).or_default().push(number);
            }
            fronts
        });
        let front = &event.bytes[..];
        let found = fronts.range((front, least)..=(front, most));
        found.map(|(_, numbers)| numbers)
    }
}
