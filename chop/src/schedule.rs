//! Schedules: which calls of a program return less than they would, and which fail once.

mod atoms;
#[cfg(test)]
mod sample;

use std::collections::BTreeSet;

use record::End;

use crate::failing::{Error, Failure, Waiting, Waits, Which};

/// Which way a call moves bytes, seen from the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// recv(2), read(2) and their like.
    Recv,
    /// send(2), write(2) and their like.
    Send,
}

/// An end of a connection whose calls are the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The connection, counted from 1 in the order in which they are made.
    pub connection: u32,
    /// Which end of it.
    pub end: End,
}

/// What a program received at one of its places, or sent there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where.
    pub place: Place,
    /// Whether it was received or sent.
    pub way: Way,
    /// The bytes, from offset 0 on.
    pub bytes: Vec<u8>,
    /// Behind the bytes of each call, ascending: an offset each.
    pub ends: Vec<u64>,
}

/// The calls that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// Those that move bytes this way.
    pub way: Way,
    /// Those of this connection; none: of all.
    pub connection: Option<u32>,
    /// Those of this end; none: of both.
    pub end: Option<End>,
}

impl Selector {
    /// The calls that move bytes a way at a place.
    pub const fn at(place: Place, way: Way) -> Self {
        Self {
            way,
            connection: Some(place.connection),
            end: Some(place.end),
        }
    }

    /// All calls that move bytes a way.
    pub const fn all(way: Way) -> Self {
        Self {
            way,
            connection: None,
            end: None,
        }
    }

    /// Whether a call that moves bytes a way at a place is one of them.
    pub fn has(&self, place: Place, way: Way) -> bool {
        let is_other_end = self.end.is_some_and(|end| end != place.end);
        let is_other = self.connection.is_some_and(|n| n != place.connection);
        self.way == way && !is_other && !is_other_end
    }
}

/// Offsets of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offsets {
    /// Each at which a call begins.
    Every,
    /// These.
    These(BTreeSet<u64>),
}

impl Offsets {
    /// Whether an offset is one of them.
    pub fn has(&self, offset: u64) -> bool {
        match self {
            Self::Every => true,
            Self::These(offsets) => offsets.contains(&offset),
        }
    }
}

/// Calls of a place that [`Change::AtMost`] shortens, at most: as many times its bytes from the
/// beginning of a stream on. What a program does with small pieces it has shown by then, and a
/// long stream is not a matter of a million calls.
pub const MOST_PIECES: u64 = 4_096;

/// What becomes of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// No call moves bytes across one of these offsets: what stands behind it comes with the
    /// next call.
    Cuts(BTreeSet<u64>),
    /// No call moves more bytes than so many, at least 1, of the first [`MOST_PIECES`] times as
    /// many.
    AtMost(u32),
    /// A recv begins once more has arrived than the kernel would have given it.
    Glue,
    /// A call that begins at one of these offsets first fails with EAGAIN, once; if its
    /// socket is non-blocking.
    WouldBlock(Offsets),
    /// A call that begins at one of these offsets first fails with EINTR, once; if it may be
    /// interrupted.
    Interrupt(Offsets),
}

/// Which calls, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub selector: Selector,
    /// What becomes of them.
    pub change: Change,
}

/// What a kernel may do to the calls of a program. Without rules it does what it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Its rules; all apply.
    pub rules: Vec<Rule>,
    /// Calls that move no bytes, and fail.
    pub failures: Vec<Failure>,
}

impl Schedule {
    /// One of a single rule.
    pub fn of(selector: Selector, change: Change) -> Self {
        Self {
            rules: vec![Rule { selector, change }],
            failures: Vec::new(),
        }
    }

    /// One of a single failure.
    pub fn failing(call: Waiting, error: Error, which: Which) -> Self {
        Self {
            rules: Vec::new(),
            failures: vec![Failure { call, error, which }],
        }
    }

    /// Whether it changes nothing.
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.failures.is_empty()
    }

    /// One that cuts a stream at these offsets.
    pub fn cuts(place: Place, way: Way, offsets: impl IntoIterator<Item = u64>) -> Self {
        let change = Change::Cuts(offsets.into_iter().collect());
        Self::of(Selector::at(place, way), change)
    }

    /// The same, without saying which end of a connection is meant where the program has one
    /// end of it alone.
    #[must_use]
    pub fn brief(mut self, streams: &[Stream]) -> Self {
        for rule in &mut self.rules {
            let selected = &mut rule.selector;
            let others = streams.iter().any(|stream| {
                Some(stream.place.connection) == selected.connection
                    && Some(stream.place.end) != selected.end
            });
            if selected.connection.is_some() && !others {
                selected.end = None;
            }
        }
        self
    }

    /// Whether it has all the changes of another one, and that has few.
    pub fn has(&self, other: &Self, streams: &[Stream], waits: &Waits) -> bool {
        const FEW: usize = 64;
        let others = other.atoms(streams, waits);
        let own = self.atoms(streams, waits);
        (1..=FEW).contains(&others.len()) && others.iter().all(|atom| own.contains(atom))
    }

    /// One that has the rules of all of `parts`; rules of a kind about the same calls become
    /// one.
    pub fn together(parts: &[Self]) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in parts.iter().flat_map(|part| &part.rules) {
            let is_added = rules
                .iter_mut()
                .any(|known| known.selector == rule.selector && known.change.add(&rule.change));
            if !is_added {
                rules.push(rule.clone());
            }
        }
        let mut failures: Vec<Failure> = Vec::new();
        for failure in parts.iter().flat_map(|part| &part.failures) {
            if !failures.iter_mut().any(|known| known.add(failure)) {
                failures.push(failure.clone());
            }
        }
        Self { rules, failures }
    }
}

impl Change {
    /// Adds the offsets of another one, if both are of a kind that has offsets.
    fn add(&mut self, other: &Self) -> bool {
        use Offsets::These;
        match (self, other) {
            (Self::Cuts(known), Self::Cuts(more))
            | (Self::WouldBlock(These(known)), Self::WouldBlock(These(more)))
            | (Self::Interrupt(These(known)), Self::Interrupt(These(more))) => {
                known.extend(more);
                true
            }
            (known, other) => known == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{PLACE, stream};
    use super::*;

    #[test]
    fn the_end_is_said_where_the_program_has_both() {
        let mut streams = vec![stream()];
        let cut = Schedule::cuts(PLACE, Way::Recv, [2]);
        assert_eq!(cut.clone().brief(&streams).to_string(), "c1:2");
        streams.push(Stream {
            place: Place {
                end: End::Opener,
                ..PLACE
            },
            ..stream()
        });
        assert_eq!(cut.brief(&streams).to_string(), "c1a:2");
    }
}
