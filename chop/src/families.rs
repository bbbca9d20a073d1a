//! Families of schedules, the likeliest to find a mistake first.

use std::fmt;

use protocol::Framing;

use crate::failing::{Error, Waiting, Waits, Which};
use crate::framed::{Marks, marks};
use crate::order::{Numbers, spread};
use crate::schedule::{Change, Offsets, Place, Schedule, Selector, Stream, Way};

/// What schedules have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Cuts between frames.
    Borders,
    /// Cuts inside headers.
    Headers,
    /// Cuts inside delimiters.
    Delimiters,
    /// Cuts inside characters of UTF-8.
    Characters,
    /// One byte at a time.
    OneByte,
    /// All that has arrived at once.
    Glued,
    /// Sends that take less than they were given.
    ShortSends,
    /// EAGAIN where a socket is non-blocking.
    WouldBlock,
    /// EINTR where a call waits and a signal may interrupt it.
    Interrupted,
    /// One cut, at each place of a stream.
    SingleCuts,
    /// Cuts that a seed chooses.
    Random,
}

impl Family {
    protocol::all_variants! {
        /// All of them, in the order in which they are tried.
        Borders, Headers, Delimiters, Characters, OneByte, Glued, ShortSends, WouldBlock,
        Interrupted, SingleCuts, Random
    }

    /// The one that a schedule which somebody wrote is most like: by its first failure, else by
    /// its first rule.
    pub fn of(schedule: &Schedule) -> Self {
        if let Some(failure) = schedule.failures.first() {
            return match failure.error {
                Error::WouldBlock => Self::WouldBlock,
                Error::Interrupted => Self::Interrupted,
            };
        }
        let Some(rule) = schedule.rules.first() else {
            return Self::SingleCuts;
        };
        match (&rule.change, rule.selector.way) {
            (Change::WouldBlock(_), _) => Self::WouldBlock,
            (Change::Interrupt(_), _) => Self::Interrupted,
            (Change::Glue, _) => Self::Glued,
            (Change::Cuts(_) | Change::AtMost(_), Way::Send) => Self::ShortSends,
            (Change::AtMost(1), Way::Recv) => Self::OneByte,
            (Change::Cuts(_) | Change::AtMost(_), Way::Recv) => Self::SingleCuts,
        }
    }

    /// Its name in what is printed for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Borders => "frame-borders",
            Self::Headers => "headers",
            Self::Delimiters => "delimiters",
            Self::Characters => "characters",
            Self::OneByte => "one-byte",
            Self::Glued => "glued",
            Self::ShortSends => "short-sends",
            Self::WouldBlock => "eagain",
            Self::Interrupted => "eintr",
            Self::SingleCuts => "single-cuts",
            Self::Random => "random",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which calls are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Those that receive.
    pub recv: bool,
    /// Those that send.
    pub send: bool,
}

impl Sides {
    fn has(self, way: Way) -> bool {
        match way {
            Way::Recv => self.recv,
            Way::Send => self.send,
        }
    }

    /// Whether calls are changed that move no bytes.
    const fn are_all(self) -> bool {
        self.recv && self.send
    }
}

/// Most schedules of a family for one stream, and for all together.
const MOST: usize = 4_096;
const MOST_OF_ALL: usize = 16_384;

/// The schedules of all families but [`Family::Random`] for what a program received and sent, and
/// for its calls that waited; `framing` is that of what was received at a place. A family that has
/// nothing to try is left out.
pub fn families(
    streams: &[Stream],
    waits: &Waits,
    framing: impl Fn(Place) -> Framing,
    sides: Sides,
) -> Vec<(Family, Vec<Schedule>)> {
    let streams: Vec<_> = streams
        .iter()
        .filter(|stream| sides.has(stream.way) && !stream.bytes.is_empty())
        .collect();
    let received: Vec<_> = streams
        .iter()
        .copied()
        .filter(|stream| stream.way == Way::Recv)
        .collect();
    let found: Vec<(&Stream, Marks)> = received
        .iter()
        .map(|stream| (*stream, marks(&stream.bytes, &framing(stream.place))))
        .collect();
    let marked = |choose: fn(&Marks) -> &Vec<u64>| {
        let lists = found.iter().map(|(stream, marks)| (*stream, choose(marks)));
        of_marks(&lists.collect::<Vec<_>>())
    };
    let whole = |way, change: Change| {
        let is_some = streams.iter().any(|stream| stream.way == way);
        is_some.then(|| Schedule::of(Selector::all(way), change))
    };
    let mut all = vec![
        (Family::Borders, marked(|marks| &marks.borders)),
        (Family::Headers, marked(|marks| &marks.headers)),
        (Family::Delimiters, marked(|marks| &marks.delimiters)),
        (Family::Characters, marked(|marks| &marks.characters)),
        (
            Family::OneByte,
            whole(Way::Recv, Change::AtMost(1)).into_iter().collect(),
        ),
        (
            Family::Glued,
            whole(Way::Recv, Change::Glue).into_iter().collect(),
        ),
        (Family::ShortSends, short_sends(&streams)),
    ];
    for (family, change, error) in [
        (
            Family::WouldBlock,
            Change::WouldBlock(Offsets::Every),
            Error::WouldBlock,
        ),
        (
            Family::Interrupted,
            Change::Interrupt(Offsets::Every),
            Error::Interrupted,
        ),
    ] {
        let ways = [Way::Recv, Way::Send].into_iter();
        let moving = ways.filter_map(|way| whole(way, change.clone()));
        let calls = Waiting::ALL.into_iter();
        let made = calls.filter(|call| sides.are_all() && waits.count(*call, error) > 0);
        let waiting = made.map(|call| Schedule::failing(call, error, Which::Every));
        all.push((family, moving.chain(waiting).collect()));
    }
    all.push((Family::SingleCuts, single_cuts(&received)));
    all.retain(|(_, schedules)| !schedules.is_empty());
    all
}

/// All cuts of the lists at once, then each alone.
fn of_marks(lists: &[(&Stream, &Vec<u64>)]) -> Vec<Schedule> {
    let filled: Vec<_> = lists.iter().filter(|(_, cuts)| !cuts.is_empty()).collect();
    let together: Vec<_> = filled
        .iter()
        .map(|(stream, cuts)| Schedule::cuts(stream.place, stream.way, cuts.iter().copied()))
        .collect();
    let single = filled.iter().flat_map(|(stream, cuts)| {
        let chosen = spread(cuts.len()).take(MOST);
        chosen.map(|index| Schedule::cuts(stream.place, stream.way, [cuts[index]]))
    });
    let mut schedules = Vec::new();
    if !together.is_empty() {
        schedules.push(Schedule::together(&together));
        schedules.extend(single.take(MOST_OF_ALL));
    }
    // One cut alone is the same as all of it.
    if schedules.len() == 2 {
        schedules.truncate(1);
    }
    schedules
}

/// One byte at a time, then half of the first send.
fn short_sends(streams: &[&Stream]) -> Vec<Schedule> {
    let sent = streams.iter().filter(|stream| stream.way == Way::Send);
    let mut schedules = Vec::new();
    for stream in sent {
        if schedules.is_empty() {
            let all = Selector::all(Way::Send);
            schedules.push(Schedule::of(all, Change::AtMost(1)));
        }
        let first = stream.ends.first().copied().unwrap_or(0);
        if first > 1 && schedules.len() < MOST_OF_ALL {
            schedules.push(Schedule::cuts(stream.place, Way::Send, [first / 2]));
        }
    }
    schedules
}

/// One cut behind each byte but the last one, of all streams in turn.
fn single_cuts(received: &[&Stream]) -> Vec<Schedule> {
    let mut orders: Vec<_> = received
        .iter()
        .map(|stream| {
            let count = stream.bytes.len().saturating_sub(1);
            (stream, spread(count).take(MOST))
        })
        .collect();
    let mut schedules = Vec::new();
    while !orders.is_empty() {
        orders.retain_mut(|(stream, order)| {
            if schedules.len() >= MOST_OF_ALL {
                return false;
            }
            let next = order.next();
            if let Some(index) = next {
                let cut = index as u64 + 1;
                schedules.push(Schedule::cuts(stream.place, stream.way, [cut]));
            }
            next.is_some()
        });
    }
    schedules
}

/// The random schedule with this number; none where nothing can be cut.
pub fn random(streams: &[Stream], sides: Sides, seed: u64, number: u64) -> Option<Schedule> {
    let mut numbers = Numbers(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    let mut parts = Vec::new();
    for stream in streams.iter().filter(|stream| sides.has(stream.way)) {
        let length = stream.bytes.len() as u64;
        if length < 2 {
            continue;
        }
        // From a few cuts to many.
        let most = 1 << numbers.below(7);
        let count = (1 + numbers.below(most)).min(length - 1);
        let cuts: Vec<_> = (0..count).map(|_| 1 + numbers.below(length - 1)).collect();
        parts.push(Schedule::cuts(stream.place, stream.way, cuts));
    }
    (!parts.is_empty()).then(|| Schedule::together(&parts))
}

#[cfg(test)]
mod tests {
    use protocol::framing::LengthPrefix;
    use record::End;

    use super::*;

    const PLACE: Place = Place {
        connection: 1,
        end: End::Acceptor,
    };
    const BOTH: Sides = Sides {
        recv: true,
        send: true,
    };

    fn streams() -> Vec<Stream> {
        let stream = |way, bytes: &[u8], ends: &[u64]| Stream {
            place: PLACE,
            way,
            bytes: bytes.to_vec(),
            ends: ends.to_vec(),
        };
        vec![
            stream(Way::Recv, b"\x02\0\0\0hi\x01\0\0\0!", &[4, 6, 10, 11]),
            stream(Way::Send, b"HI!", &[2, 3]),
        ]
    }

    fn texts(sides: Sides, framing: &Framing) -> Vec<(Family, Vec<String>)> {
        let mut waits = Waits::default();
        waits.add(Waiting::Epoll, Error::Interrupted);
        waits.add(Waiting::Accept, Error::WouldBlock);
        let all = families(&streams(), &waits, |_| framing.clone(), sides);
        let text = |schedules: Vec<Schedule>| schedules.iter().map(ToString::to_string).collect();
        all.into_iter()
            .map(|(family, schedules)| (family, text(schedules)))
            .collect()
    }

    #[test]
    fn what_a_framing_tells_comes_first() {
        let framing = Framing::LengthPrefix(LengthPrefix::default());
        let all = texts(BOTH, &framing);
        let names: Vec<_> = all.iter().map(|(family, _)| family.name()).collect();
        assert_eq!(
            names,
            [
                "frame-borders",
                "headers",
                "one-byte",
                "glued",
                "short-sends",
                "eagain",
                "eintr",
                "single-cuts"
            ]
        );
        assert_eq!(all[0].1, ["c1a:6"]);
        let headers = &all[1].1;
        assert_eq!(headers[0], "c1a:1-4,7-10");
        assert_eq!(headers.len(), 9);
        assert_eq!(all[4].1, ["s:max1", "s1a:1"]);
        assert_eq!(all[5].1, ["c:eagain", "s:eagain", "accept:eagain"]);
        assert_eq!(all[6].1, ["c:eintr", "s:eintr", "epoll:eintr"]);
    }

    #[test]
    fn a_schedule_that_somebody_wrote_has_a_family() {
        for (text, family) in [
            ("c1:2", Family::SingleCuts),
            ("c1:max3", Family::SingleCuts),
            ("c:max1", Family::OneByte),
            ("c1a:glue", Family::Glued),
            ("s1:1", Family::ShortSends),
            ("s:max1", Family::ShortSends),
            ("c1:eagain", Family::WouldBlock),
            ("s:eintr", Family::Interrupted),
            ("accept:eagain@1", Family::WouldBlock),
            ("poll:eintr@2", Family::Interrupted),
        ] {
            let schedule: Schedule = text.parse().unwrap();
            assert_eq!(Family::of(&schedule), family, "{text}");
        }
    }

    #[test]
    fn one_side_alone_is_changed() {
        let recv = Sides {
            send: false,
            ..BOTH
        };
        let all = texts(recv, &Framing::None);
        let last = all.last().unwrap();
        assert_eq!((last.0, last.1.len()), (Family::SingleCuts, 10));
        assert!(
            all.iter()
                .all(|(_, texts)| texts.iter().all(|text| text.starts_with('c')))
        );
        let send = Sides {
            recv: false,
            ..BOTH
        };
        assert_eq!(texts(send, &Framing::None).len(), 3);
    }

    #[test]
    fn many_long_streams_have_no_more_schedules_than_there_may_be() {
        let long = |connection| Stream {
            place: Place {
                connection,
                ..PLACE
            },
            way: Way::Recv,
            bytes: vec![b'\n'; 5_000],
            ends: vec![5_000],
        };
        let streams: Vec<_> = (1..=9).map(long).collect();
        let framing = Framing::Delimiter(protocol::framing::Delimiter::default());
        let all = families(&streams, &Waits::default(), |_| framing.clone(), BOTH);
        let counts: Vec<_> = all
            .iter()
            .map(|(family, schedules)| (family.name(), schedules.len()))
            .collect();
        assert!(counts.contains(&("frame-borders", 16_385)), "{counts:?}");
        assert!(counts.contains(&("single-cuts", 16_384)), "{counts:?}");
    }

    #[test]
    fn a_seed_and_a_number_give_the_same_schedule() {
        let one = |number| random(&streams(), BOTH, 7, number).unwrap().to_string();
        assert_eq!(one(3), one(3));
        assert!((0..20).any(|number| one(number) != one(3)));
        assert_eq!(random(&[], BOTH, 7, 0), None);
    }
}
