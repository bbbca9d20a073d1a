//! What a schedule has for a call, call by call.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::failing::{Error, Waiting, Waits};
use crate::schedule::{Change, MOST_PIECES, Place, Schedule, Way};

/// A call that a program is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where.
    pub place: Place,
    /// Which way.
    pub way: Way,
    /// The offset of the first byte that it would move.
    pub offset: u64,
    /// Bytes that it offers, or has room for.
    pub length: u64,
    /// Whether it leaves the bytes in the queue (MSG_PEEK).
    pub peeks: bool,
    /// Whether its socket is non-blocking, so that EAGAIN is an answer.
    pub may_fail: bool,
    /// Whether a signal may interrupt it, so that EINTR is an answer.
    pub may_be_interrupted: bool,
    /// Bytes below which it is not cut: the kernel gives it no fewer (SO_RCVLOWAT, socket(7)).
    pub least: u64,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is made as it is.
    AsIs,
    /// It is made with less room, or less to send: so many bytes, 1 at least.
    AtMost(u64),
    /// It fails with EAGAIN and moves nothing.
    WouldBlock,
    /// It fails with EINTR and moves nothing.
    Interrupted,
}

/// A schedule that is carried out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    schedule: Schedule,
    /// Failures that a call was given already.
    given: HashSet<(Place, Way, u64, Decision)>,
    /// Behind the bytes that a call which leaves them in the queue has shown at a place: they
    /// have arrived.
    shown: HashMap<Place, u64>,
    /// Calls that moved no bytes, could have failed and did not.
    waits: Waits,
    /// Kinds of calls of which the latest one failed, and with what.
    failed: BTreeSet<(Waiting, Error)>,
}

impl std::hash::Hash for Decision {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
    }
}

impl Plan {
    /// Nothing was called yet.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            ..Self::default()
        }
    }

    /// The schedule.
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Whether a recv at a place is held until more has arrived.
    pub fn holds(&self, place: Place) -> bool {
        let mut rules = self.schedule.rules.iter();
        rules.any(|rule| rule.selector.has(place, Way::Recv) && rule.change == Change::Glue)
    }

    /// Whether it has to be told of calls of a kind that could fail: where it has something for
    /// them, and where it has nothing for any call, so that they are counted as is.
    pub fn asks(&self, call: Waiting) -> bool {
        let mut failures = self.schedule.failures.iter();
        self.schedule.is_empty() || failures.any(|failure| failure.call == call)
    }

    /// Whether a call fails with an error with which it could. The one that is made again after
    /// it does not.
    pub fn fails(&mut self, call: Waiting, error: Error) -> bool {
        let number = self.waits.count(call, error) + 1;
        let mut failures = self.schedule.failures.iter();
        let is_due = failures.any(|one| one.is_about(call, error) && one.which.has(number));
        if is_due && self.failed.insert((call, error)) {
            return true;
        }
        self.failed.remove(&(call, error));
        self.waits.add(call, error);
        false
    }

    /// How many calls could have failed so far, of those that it was told of.
    pub const fn waits(&self) -> &Waits {
        &self.waits
    }

    /// What becomes of a call.
    pub fn decide(&mut self, call: &Asked) -> Decision {
        let Asked {
            place, way, offset, ..
        } = *call;
        let shown = match way {
            Way::Recv => self.shown.get(&place).copied().unwrap_or(0).max(offset),
            Way::Send => offset,
        };
        // What has been shown is there: no recv returns less. A call that only shows shows
        // more each time, as more arrives.
        let known = shown - offset;
        let behind = if call.peeks {
            shown + 1
        } else {
            shown.max(offset + 1)
        };
        let mut most = u64::MAX;
        for rule in &self.schedule.rules {
            if !rule.selector.has(place, way) {
                continue;
            }
            let failure = match &rule.change {
                Change::Cuts(cuts) => {
                    if let Some(next) = cuts.range(behind..).next() {
                        most = most.min(next - offset);
                    }
                    None
                }
                Change::AtMost(limit) => {
                    let limit = u64::from(*limit).max(1);
                    if offset < limit * MOST_PIECES {
                        let more = if call.peeks { known + limit } else { limit };
                        most = most.min(more.max(known));
                    }
                    None
                }
                Change::Glue => None,
                Change::WouldBlock(offsets) => {
                    (call.may_fail && offsets.has(offset)).then_some(Decision::WouldBlock)
                }
                Change::Interrupt(offsets) => (call.may_be_interrupted && offsets.has(offset))
                    .then_some(Decision::Interrupted),
            };
            if let Some(failure) = failure
                && known == 0
                && self.given.insert((place, way, offset, failure))
            {
                return failure;
            }
        }
        let most = most.max(call.least);
        if call.peeks {
            let behind = offset.saturating_add(most.min(call.length));
            self.shown.insert(place, behind.max(shown));
        }
        if call.length <= most {
            Decision::AsIs
        } else {
            Decision::AtMost(most)
        }
    }
}

#[cfg(test)]
mod tests {
    use record::End;

    use super::*;
    use crate::schedule::{Offsets, Selector};

    const PLACE: Place = Place {
        connection: 1,
        end: End::Acceptor,
    };

    fn recv(offset: u64, length: u64) -> Asked {
        Asked {
            place: PLACE,
            way: Way::Recv,
            offset,
            length,
            peeks: false,
            may_fail: false,
            may_be_interrupted: false,
            least: 0,
        }
    }

    #[test]
    fn no_call_moves_bytes_across_a_cut() {
        let mut plan = Plan::new(Schedule::cuts(PLACE, Way::Recv, [2, 5]));
        for (offset, length, expected) in [
            (0, 1024, Decision::AtMost(2)),
            (0, 2, Decision::AsIs),
            (0, 1, Decision::AsIs),
            (1, 4, Decision::AtMost(1)),
            (2, 4, Decision::AtMost(3)),
            (5, 4, Decision::AsIs),
            (9, 4, Decision::AsIs),
        ] {
            assert_eq!(plan.decide(&recv(offset, length)), expected, "{offset}");
        }
        let other = Place {
            connection: 2,
            ..PLACE
        };
        let elsewhere = Asked {
            place: other,
            ..recv(0, 9)
        };
        assert_eq!(plan.decide(&elsewhere), Decision::AsIs);
    }

    #[test]
    fn what_stands_behind_a_cut_has_arrived_once_a_call_has_looked() {
        let mut plan = Plan::new(Schedule::cuts(PLACE, Way::Recv, [2]));
        let peek = Asked {
            peeks: true,
            ..recv(0, 4)
        };
        assert_eq!(plan.decide(&peek), Decision::AtMost(2));
        assert_eq!(plan.decide(&peek), Decision::AsIs);
        assert_eq!(plan.decide(&recv(0, 4)), Decision::AsIs);
    }

    #[test]
    fn a_call_fails_once_at_an_offset_and_only_where_it_may() {
        let change = Change::WouldBlock(Offsets::Every);
        let mut plan = Plan::new(Schedule::of(Selector::all(Way::Recv), change));
        assert_eq!(plan.decide(&recv(0, 4)), Decision::AsIs);
        let call = Asked {
            may_fail: true,
            ..recv(0, 4)
        };
        assert_eq!(plan.decide(&call), Decision::WouldBlock);
        assert_eq!(plan.decide(&call), Decision::AsIs);
        let later = Asked { offset: 4, ..call };
        assert_eq!(plan.decide(&later), Decision::WouldBlock);
    }

    #[test]
    fn each_call_that_waits_fails_once_and_is_made_again() {
        use Error::Interrupted;
        use Waiting::{Accept, Poll};
        let check = |text: &str, expected: [bool; 5], count: u64| {
            let mut plan = Plan::new(text.parse().unwrap());
            assert!(plan.asks(Poll) && !plan.asks(Accept));
            assert!(!plan.fails(Accept, Interrupted));
            let fails = expected.map(|_| plan.fails(Poll, Interrupted));
            assert_eq!(fails, expected, "{text}");
            assert_eq!(plan.waits().count(Poll, Interrupted), count, "{text}");
        };
        check("poll:eintr", [true, false, true, false, true], 2);
        check("poll:eintr@2", [false, true, false, false, false], 4);
        check("poll:eintr@1,3", [true, false, false, true, false], 3);
        let mut as_is = Plan::default();
        assert!(as_is.asks(Accept) && !as_is.fails(Accept, Interrupted));
        assert_eq!(as_is.waits().count(Accept, Interrupted), 1);
        assert!(!Plan::new("c:max1".parse().unwrap()).asks(Accept));
    }

    #[test]
    fn each_look_shows_a_piece_more_and_no_recv_takes_less() {
        let schedule = Schedule::of(Selector::all(Way::Recv), Change::AtMost(1));
        let eagain = Change::WouldBlock(Offsets::Every);
        let eagain = Schedule::of(Selector::all(Way::Recv), eagain);
        let mut plan = Plan::new(Schedule::together(&[schedule, eagain]));
        let peek = Asked {
            peeks: true,
            ..recv(0, 4)
        };
        for expected in [
            Decision::AtMost(1),
            Decision::AtMost(2),
            Decision::AtMost(3),
            Decision::AsIs,
        ] {
            assert_eq!(plan.decide(&peek), expected);
        }
        let taken = Asked {
            may_fail: true,
            ..recv(0, 9)
        };
        // The four bytes that were shown are there, so it does not fail either.
        assert_eq!(plan.decide(&taken), Decision::AtMost(4));
        let behind = Asked { offset: 4, ..taken };
        assert_eq!(plan.decide(&behind), Decision::WouldBlock);
        assert_eq!(plan.decide(&behind), Decision::AtMost(1));
    }

    #[test]
    fn a_recv_stops_at_the_cut_that_was_shown_last() {
        let mut plan = Plan::new(Schedule::cuts(PLACE, Way::Recv, [2, 5]));
        let peek = Asked {
            peeks: true,
            ..recv(0, 9)
        };
        assert_eq!(plan.decide(&peek), Decision::AtMost(2));
        assert_eq!(plan.decide(&peek), Decision::AtMost(5));
        assert_eq!(plan.decide(&recv(0, 9)), Decision::AtMost(5));
    }

    #[test]
    fn no_call_is_cut_below_what_its_socket_waits_for() {
        let mut plan = Plan::new(Schedule::cuts(PLACE, Way::Recv, [1, 6]));
        let call = Asked {
            least: 4,
            ..recv(0, 9)
        };
        assert_eq!(plan.decide(&call), Decision::AtMost(4));
        let short = Asked { length: 3, ..call };
        assert_eq!(plan.decide(&short), Decision::AsIs);
        let later = Asked { offset: 1, ..call };
        assert_eq!(plan.decide(&later), Decision::AtMost(5));
    }

    #[test]
    fn the_first_pieces_alone_are_small() {
        let schedule = Schedule::of(Selector::all(Way::Send), Change::AtMost(2));
        let mut plan = Plan::new(schedule);
        let send = |offset| Asked {
            way: Way::Send,
            ..recv(offset, 100)
        };
        assert_eq!(plan.decide(&send(0)), Decision::AtMost(2));
        assert_eq!(plan.decide(&send(8_191)), Decision::AtMost(2));
        assert_eq!(plan.decide(&send(8_192)), Decision::AsIs);
    }

    proptest::proptest! {
        /// Whatever the schedule, the calls move all bytes, in order, each at least one and
        /// no fewer than a call has shown; looking again and again shows all that was asked for.
        #[test]
        fn every_schedule_comes_to_its_end(
            cuts in proptest::collection::btree_set(0_u64..40, 0..10),
            most in 1_u32..9,
            asked in 1_u64..12,
            looks in 0_u64..20,
        ) {
            let rules = Schedule::together(&[
                Schedule::cuts(PLACE, Way::Recv, cuts.iter().copied()),
                Schedule::of(Selector::all(Way::Recv), Change::AtMost(most)),
            ]);
            let mut plan = Plan::new(rules);
            let mut offset = 0;
            let moves = |decision| match decision {
                Decision::AsIs => asked,
                Decision::AtMost(most) => most,
                other => panic!("{other:?}"),
            };
            while offset < 40 {
                let mut shown = 0;
                for _ in 0..looks {
                    let look = Asked { peeks: true, ..recv(offset, asked) };
                    let now = moves(plan.decide(&look));
                    assert!(now > shown || now == asked, "{now} {shown}");
                    shown = now;
                }
                if looks >= asked {
                    assert_eq!(shown, asked);
                }
                let moved = moves(plan.decide(&recv(offset, asked)));
                assert!(moved >= shown.max(1) && moved <= asked);
                assert!(moved <= u64::from(most).max(shown));
                assert!(cuts.range(offset + shown.max(1)..offset + moved).next().is_none());
                offset += moved;
            }
        }
    }
}
