//! Taking a schedule apart into the smallest changes that it is made of.

use std::collections::BTreeSet;

use super::{Change, MOST_PIECES, Offsets, Rule, Schedule, Selector, Stream};
use crate::failing::{Failure, Waits, Which};

/// Most schedules that one is taken apart into.
const MOST_ATOMS: usize = 4_096;

impl Schedule {
    /// The smallest changes that it is made of, each a schedule of its own: one cut, one
    /// failure; neighbours together where there are more than 4,096. Those that hold for whole
    /// streams, such as "at most one byte", become cuts of these streams, and those of each call
    /// of a kind become those of each that could fail.
    pub fn atoms(&self, streams: &[Stream], waits: &Waits) -> Vec<Self> {
        let rules = self.rules.iter().flat_map(|rule| apart(rule, streams));
        let failures = self.failures.iter().map(|failure| {
            let Failure { call, error, .. } = *failure;
            let numbers = match &failure.which {
                Which::Every => (1..=waits.count(call, error)).collect(),
                Which::These(these) => these.iter().copied().collect(),
            };
            let of = move |these| Self::failing(call, error, Which::These(these));
            Part::new(numbers, of)
        });
        let parts: Vec<Part> = rules.chain(failures).collect();
        let all: usize = parts.iter().map(|part| part.at.len()).sum();
        let size = all.div_ceil(MOST_ATOMS).max(1);
        let apart = parts.iter().flat_map(|part| {
            let groups = part.at.chunks(size);
            groups.map(|group| (part.schedule)(group.iter().copied().collect()))
        });
        apart.collect()
    }
}

/// Changes of one kind, at one place each.
struct Part {
    /// Where, ascending.
    at: Vec<u64>,
    /// The schedule that changes what is at some of these places.
    schedule: Box<dyn Fn(BTreeSet<u64>) -> Schedule>,
}

impl Part {
    fn new(at: Vec<u64>, schedule: impl Fn(BTreeSet<u64>) -> Schedule + 'static) -> Self {
        Self {
            at,
            schedule: Box::new(schedule),
        }
    }
}

/// What a rule does to each stream that it is about.
fn apart(rule: &Rule, streams: &[Stream]) -> Vec<Part> {
    let selected = streams
        .iter()
        .filter(|stream| rule.selector.has(stream.place, stream.way));
    let part = |stream: &Stream| {
        let selector = Selector::at(stream.place, stream.way);
        let at = |offsets: Vec<u64>, change: fn(BTreeSet<u64>) -> Change| {
            Part::new(offsets, move |some| Schedule::of(selector, change(some)))
        };
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
            Change::Cuts(cuts) => at(cuts.iter().copied().collect(), Change::Cuts),
            Change::AtMost(most) => {
                let most = u64::from(*most).max(1);
                let pieces = 1..=MOST_PIECES;
                let cuts = pieces.map(|piece| piece * most);
                let cuts = cuts.take_while(|cut| *cut < stream.bytes.len() as u64);
                at(cuts.collect(), Change::Cuts)
            }
            Change::Glue => at(vec![0], |_| Change::Glue),
            Change::WouldBlock(offsets) => at(chosen(offsets), |these| {
                Change::WouldBlock(Offsets::These(these))
            }),
            Change::Interrupt(offsets) => at(chosen(offsets), |these| {
                Change::Interrupt(Offsets::These(these))
            }),
        }
    };
    selected.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Way;
    use super::super::sample::{PLACE, stream};
    use super::*;
    use crate::failing::{Error, Waiting};

    #[test]
    fn one_byte_at_a_time_is_a_cut_behind_every_byte() {
        let schedule = Schedule::of(Selector::all(Way::Recv), Change::AtMost(1));
        let atoms = schedule.atoms(&[stream()], &Waits::default());
        let cut = |at| Schedule::cuts(PLACE, Way::Recv, [at]);
        assert_eq!(atoms, [1, 2, 3, 4, 5, 6].map(cut));
        let together = Schedule::cuts(PLACE, Way::Recv, 1..7);
        assert_eq!(Schedule::together(&atoms), together);
        assert_eq!(together.atoms(&[stream()], &Waits::default()), atoms);
        let sends = Schedule::of(Selector::all(Way::Send), Change::AtMost(1));
        assert_eq!(sends.atoms(&[stream()], &Waits::default()), []);
    }

    #[test]
    fn of_many_cuts_neighbours_stay_together() {
        let long = Stream {
            bytes: vec![0; 1 << 20],
            ends: vec![1 << 20],
            ..stream()
        };
        let all = Schedule::cuts(PLACE, Way::Recv, 1..10_000);
        let atoms = all.atoms(std::slice::from_ref(&long), &Waits::default());
        assert_eq!(atoms.len(), 3_333);
        assert_eq!(atoms[0], Schedule::cuts(PLACE, Way::Recv, 1..4));
        assert_eq!(Schedule::together(&atoms), all);
        // One byte at a time cuts as many pieces as it would have cut.
        let schedule = Schedule::of(Selector::all(Way::Recv), Change::AtMost(1));
        let cuts = Schedule::cuts(PLACE, Way::Recv, 1..=4_096);
        assert_eq!(
            Schedule::together(&schedule.atoms(&[long], &Waits::default())),
            cuts
        );
    }

    #[test]
    fn failures_before_every_call_are_one_at_each_of_their_offsets() {
        let change = Change::WouldBlock(Offsets::Every);
        let schedule = Schedule::of(Selector::all(Way::Recv), change);
        let atoms = schedule.atoms(&[stream()], &Waits::default());
        assert_eq!(atoms.len(), 3);
        let change = Change::WouldBlock(Offsets::These([0, 2, 7].into()));
        let expected = Schedule::of(Selector::at(PLACE, Way::Recv), change);
        assert_eq!(Schedule::together(&atoms), expected);
    }

    #[test]
    fn calls_that_fail_each_are_one_for_each_that_could() {
        let mut waits = Waits::default();
        for _ in 0..3 {
            waits.add(Waiting::Poll, Error::Interrupted);
        }
        let every: Schedule = "poll:eintr+accept:eintr@2,5+c1:3".parse().unwrap();
        let atoms = every.atoms(&[stream()], &waits);
        let texts: Vec<_> = atoms.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "c1a:3",
                "poll:eintr@1",
                "poll:eintr@2",
                "poll:eintr@3",
                "accept:eintr@2",
                "accept:eintr@5"
            ]
        );
        let together = Schedule::together(&atoms).to_string();
        assert_eq!(together, "c1a:3+poll:eintr@1-3+accept:eintr@2,5");
        assert!(Schedule::default().is_empty() && !atoms[1].is_empty());
    }
}
