//! Schedules: which calls of a program return less than they would, and which fail once.

use std::collections::BTreeSet;

use record::End;

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

/// Most schedules that one is taken apart into.
const MOST_ATOMS: usize = 4_096;

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
}

impl Schedule {
    /// One of a single rule.
    pub fn of(selector: Selector, change: Change) -> Self {
        Self {
            rules: vec![Rule { selector, change }],
        }
    }

    /// One that cuts a stream at these offsets.
    pub fn cuts(place: Place, way: Way, offsets: impl IntoIterator<Item = u64>) -> Self {
        let change = Change::Cuts(offsets.into_iter().collect());
        Self::of(Selector::at(place, way), change)
    }

    /// The smallest changes that it is made of, each a schedule of its own: one cut, one
    /// failure; neighbours together where there are more than 4,096. Those that hold for whole
    /// streams, such as "at most one byte", become cuts of these streams.
    pub fn atoms(&self, streams: &[Stream]) -> Vec<Self> {
        let apart: Vec<_> = self
            .rules
            .iter()
            .flat_map(|rule| apart(rule, streams))
            .collect();
        let offsets = apart.iter().map(|(_, part)| part.count());
        let size = offsets.sum::<usize>().div_ceil(MOST_ATOMS).max(1);
        let mut atoms = Vec::new();
        for (selector, part) in apart {
            match part {
                Part::Glue => atoms.push(Self::of(selector, Change::Glue)),
                Part::At(offsets, change) => {
                    let groups = offsets.chunks(size);
                    let sets = groups.map(|group| group.iter().copied().collect());
                    atoms.extend(sets.map(|set| Self::of(selector, change(set))));
                }
            }
        }
        atoms
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
        Self { rules }
    }
}

/// What a rule does to one stream.
enum Part {
    Glue,
    /// Something at each of these offsets, ascending.
    At(Vec<u64>, fn(BTreeSet<u64>) -> Change),
}

impl Part {
    const fn count(&self) -> usize {
        match self {
            Self::Glue => 1,
            Self::At(offsets, _) => offsets.len(),
        }
    }
}

/// What a rule does to each stream that it is about.
fn apart(rule: &Rule, streams: &[Stream]) -> Vec<(Selector, Part)> {
    let selected = streams
        .iter()
        .filter(|stream| rule.selector.has(stream.place, stream.way));
    let part = |stream: &Stream| {
        let chosen = |offsets: &Offsets| match offsets {
            Offsets::Every => {
                let begins: BTreeSet<u64> = std::iter::once(0)
                    .chain(stream.ends.iter().copied())
                    .collect();
                begins.into_iter().collect()
            }
            Offsets::These(these) => these.iter().copied().collect(),
        };
        match &rule.change {
            Change::Cuts(cuts) => Part::At(cuts.iter().copied().collect(), Change::Cuts),
            Change::AtMost(most) => {
                let most = u64::from(*most).max(1);
                let pieces = 1..=MOST_PIECES;
                let cuts = pieces.map(|piece| piece * most);
                let cuts = cuts.take_while(|cut| *cut < stream.bytes.len() as u64);
                Part::At(cuts.collect(), Change::Cuts)
            }
            Change::Glue => Part::Glue,
            Change::WouldBlock(offsets) => {
                let change = |these| Change::WouldBlock(Offsets::These(these));
                Part::At(chosen(offsets), change)
            }
            Change::Interrupt(offsets) => {
                let change = |these| Change::Interrupt(Offsets::These(these));
                Part::At(chosen(offsets), change)
            }
        }
    };
    selected
        .map(|stream| (Selector::at(stream.place, stream.way), part(stream)))
        .collect()
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
    use super::*;

    const PLACE: Place = Place {
        connection: 1,
        end: End::Acceptor,
    };

    fn stream() -> Stream {
        Stream {
            place: PLACE,
            way: Way::Recv,
            bytes: b"\x05\0hello".to_vec(),
            ends: vec![2, 7],
        }
    }

    #[test]
    fn one_byte_at_a_time_is_a_cut_behind_every_byte() {
        let schedule = Schedule::of(Selector::all(Way::Recv), Change::AtMost(1));
        let atoms = schedule.atoms(&[stream()]);
        let cut = |at| Schedule::cuts(PLACE, Way::Recv, [at]);
        assert_eq!(atoms, [1, 2, 3, 4, 5, 6].map(cut));
        let together = Schedule::cuts(PLACE, Way::Recv, 1..7);
        assert_eq!(Schedule::together(&atoms), together);
        assert_eq!(together.atoms(&[stream()]), atoms);
        let sends = Schedule::of(Selector::all(Way::Send), Change::AtMost(1));
        assert_eq!(sends.atoms(&[stream()]), []);
    }

    #[test]
    fn of_many_cuts_neighbours_stay_together() {
        let long = Stream {
            bytes: vec![0; 1 << 20],
            ends: vec![1 << 20],
            ..stream()
        };
        let all = Schedule::cuts(PLACE, Way::Recv, 1..10_000);
        let atoms = all.atoms(std::slice::from_ref(&long));
        assert_eq!(atoms.len(), 3_333);
        assert_eq!(atoms[0], Schedule::cuts(PLACE, Way::Recv, 1..4));
        assert_eq!(Schedule::together(&atoms), all);
        // One byte at a time cuts as many pieces as it would have cut.
        let schedule = Schedule::of(Selector::all(Way::Recv), Change::AtMost(1));
        let cuts = Schedule::cuts(PLACE, Way::Recv, 1..=4_096);
        assert_eq!(Schedule::together(&schedule.atoms(&[long])), cuts);
    }

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

    #[test]
    fn failures_before_every_call_are_one_at_each_of_their_offsets() {
        let change = Change::WouldBlock(Offsets::Every);
        let schedule = Schedule::of(Selector::all(Way::Recv), change);
        let atoms = schedule.atoms(&[stream()]);
        assert_eq!(atoms.len(), 3);
        let change = Change::WouldBlock(Offsets::These([0, 2, 7].into()));
        let expected = Schedule::of(Selector::at(PLACE, Way::Recv), change);
        assert_eq!(Schedule::together(&atoms), expected);
    }
}
