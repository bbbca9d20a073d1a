//! Many events, few pixels: one bucket a column, with how many events fall
//! into it and of which kinds. Drawing then costs as much as the screen is
//! wide, however many events there are.

use trace::{Call, End, Event};

/// Which kinds of events a bucket has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(u16);

/// A kind of event, as far as a mark of one pixel can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A send by the opener of a connection with an even number.
    EvenOpenerSend,
    /// A recv by the opener of a connection with an even number.
    EvenOpenerRecv,
    /// A send by the opener of a connection with an odd number.
    OddOpenerSend,
    /// A recv by the opener of a connection with an odd number.
    OddOpenerRecv,
    /// A send by the acceptor.
    AcceptorSend,
    /// A recv by the acceptor.
    AcceptorRecv,
    /// A packet with data (or an empty datagram) on the wire.
    Packet,
    /// A segment without data: SYN, FIN, RST or an acknowledgment.
    Bare,
    /// Connecting, accepting, shutting down, closing.
    Other,
    /// A call that failed, a refusal.
    Failed,
}

impl EventKind {
    protocol::all_variants! {
        /// All kinds, the ones to be seen first coming first.
        Failed,
        AcceptorRecv,
        AcceptorSend,
        EvenOpenerSend,
        EvenOpenerRecv,
        OddOpenerSend,
        OddOpenerRecv,
        Packet,
        Other,
        Bare,
    }

    /// The kind of `event`.
    pub const fn of(event: &Event) -> Self {
        if event.error.is_some() || event.reason.is_some() {
            return Self::Failed;
        }
        let even = event.connection.0.is_multiple_of(2);
        match (event.end, event.call) {
            (End::Opener, Call::Send) if even => Self::EvenOpenerSend,
            (End::Opener, Call::Recv) if even => Self::EvenOpenerRecv,
            (End::Opener, Call::Send) => Self::OddOpenerSend,
            (End::Opener, Call::Recv) => Self::OddOpenerRecv,
            (End::Acceptor, Call::Send) => Self::AcceptorSend,
            (End::Acceptor, Call::Recv) => Self::AcceptorRecv,
            (_, Call::Segment) if event.bytes.is_empty() => Self::Bare,
            (_, Call::Segment | Call::Datagram) => Self::Packet,
            _ => Self::Other,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl EventKinds {
    /// Whether `kind` is among them.
    pub const fn has(self, kind: EventKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The kind to show where only one can be.
    pub fn foremost(self) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|&kind| self.has(kind))
    }
}

/// One column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Events in it.
    pub count: u32,
    /// Which kinds they are of.
    pub kinds: EventKinds,
}

/// Puts events at x positions into `columns` columns, each one wide, the first
/// from 0 to 1. What lies outside is left out.
pub fn bin(events: impl IntoIterator<Item = (f64, EventKind)>, columns: usize) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); columns];
    for (x, kind) in events {
        if x < 0.0 {
            continue;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; too large finds no column"
        )]
        if let Some(bin) = bins.get_mut(x as usize) {
            bin.count += 1;
            bin.kinds.0 |= kind.bit();
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_column_tells_its_kinds() {
        let bins = bin(
            [
                (0.2, EventKind::Other),
                (0.9, EventKind::AcceptorRecv),
                (2.0, EventKind::Failed),
            ],
            3,
        );
        assert_eq!(
            bins.iter().map(|bin| bin.count).collect::<Vec<_>>(),
            [2, 0, 1]
        );
        assert_eq!(bins[0].kinds.foremost(), Some(EventKind::AcceptorRecv));
        assert!(bins[0].kinds.has(EventKind::Other) && !bins[0].kinds.has(EventKind::Failed));
        assert_eq!(bins[1].kinds.foremost(), None);
        assert_eq!(
            bin(
                [
                    (f64::NAN, EventKind::Other),
                    (-0.1, EventKind::Other),
                    (1.0, EventKind::Other)
                ],
                1
            )[0]
            .count,
            1
        );
    }

    proptest! {
        #[test]
        fn no_event_is_lost_or_counted_twice(
            events in prop::collection::vec((0.0..100.0, 0..10_usize), 0..300),
            columns in 1..100_usize,
        ) {
            let events = events.into_iter().map(|(x, kind)| (x, EventKind::ALL[kind]));
            let events: Vec<_> = events.collect();
            let bins = bin(events.iter().copied(), columns);
            let inside = events.iter().filter(|(x, _)| x.floor() < f64::from(u32::try_from(columns).unwrap())).count();
            prop_assert_eq!(bins.iter().map(|bin| bin.count as usize).sum::<usize>(), inside);
            for (column, bin) in bins.iter().enumerate() {
                let here = |x: f64| (x.floor() - f64::from(u32::try_from(column).unwrap())).abs() < 0.5;
                for kind in EventKind::ALL {
                    let has = events.iter().any(|&(x, k)| here(x) && k == kind);
                    prop_assert_eq!(bin.kinds.has(kind), has);
                }
            }
        }
    }

    #[test]
    fn a_hundred_thousand_events_take_no_time() {
        let events = (0..100_000_u32).map(|n| (f64::from(n) / 100.0, EventKind::AcceptorRecv));
        let start = std::time::Instant::now();
        let bins = bin(events, 1_000);
        assert!(
            start.elapsed().as_millis() < 200,
            "a debug build needs a few"
        );
        assert!(bins.iter().all(|bin| bin.count == 100));
    }
}
