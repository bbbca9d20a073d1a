//! What breaks a program, and how.

use chop::{
    Baseline, Change, Closing, Connected, Difference, Family, Marks, Observation, Place, Schedule,
    Stream, Way, marks,
};
use protocol::Framing;
use record::{Call, Event, Record};

use super::partner::Partner;
use super::run::Ran;

/// A schedule under which a program does something else than as is.
#[derive(Debug)]
pub struct Finding {
    /// Of which family the schedule was that found it.
    pub family: Family,
    /// The fewest changes that are known to break it still.
    pub schedule: Schedule,
    /// How many changes these are.
    pub changes: usize,
    /// Whether fewer were looked for to the end, and none of these can be left out.
    pub is_fewest: bool,
    /// In what it differs; at least one difference.
    pub differences: Vec<Difference>,
    /// The run in which it broke.
    pub broken: Ran,
    /// The call that was changed, if one was.
    pub call: Option<ShortCall>,
    /// Whose mistake it is.
    pub whose: Whose,
}

/// Whose mistake a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The program's, in the calls that were changed.
    Program,
    /// The program's, which has both ends: all was sent, and it is received wrongly.
    Receiver,
    /// That of whoever talks to it: the program sent all, in more than one send.
    Peer,
}

impl Finding {
    /// Whether the program did what it has to.
    pub fn is_of_peer(&self) -> bool {
        self.whose == Whose::Peer
    }
}

/// Whose mistake it is. Not the sender's if it lived with short sends and sent all, but whoever
/// received that left, or sent something else itself. A `partner` that plays a record does
/// neither.
pub(super) fn whose(
    schedule: &Schedule,
    differences: &[Difference],
    baseline: &Baseline,
    (ran, partner): (&Ran, &Partner),
) -> Whose {
    let broken = &ran.observation.connections;
    let are_sends = schedule.rules.iter().all(|rule| {
        let is_short = matches!(rule.change, Change::Cuts(_) | Change::AtMost(_));
        rule.selector.way == Way::Send && is_short
    });
    let is_other = !are_sends || !schedule.failures.is_empty();
    if is_other || !sent_all(differences, baseline.first(), &ran.record) {
        return Whose::Program;
    }
    let hangs = differences.contains(&Difference::Hangs);
    let other_end = |one: &Connected| {
        let other = one.place.end.other();
        broken.iter().find(|found| {
            found.place.connection == one.place.connection && found.place.end == other
        })
    };
    if broken.iter().any(|one| other_end(one).is_some()) {
        // One that hangs and does not receive what is there has lost its way after a send.
        let takes_all = broken
            .iter()
            .all(|one| other_end(one).is_none_or(|other| other.received.len() >= one.sent.len()));
        return if hangs && !takes_all {
            Whose::Program
        } else {
            Whose::Receiver
        };
    }
    let has_failed = differences.iter().any(|difference| match difference {
        Difference::Closing {
            found: Closing::Failed(error),
            ..
        } => is_of_peer(error),
        _ => false,
    });
    let is_answered_otherwise = || {
        broken
            .iter()
            .any(|one| is_answered_otherwise(one, baseline, &ran.record))
    };
    match partner {
        Partner::Recorded(_) => Whose::Program,
        _ if has_failed || is_answered_otherwise() => Whose::Peer,
        _ => Whose::Program,
    }
}

/// Whether the peer of a connection sent something else than as is, or left before it had sent
/// all. One that received less may only have looked for less.
fn is_answered_otherwise(found: &Connected, baseline: &Baseline, broken: &Record) -> bool {
    let has_left = broken.events().iter().any(|event| {
        event.end == found.place.end
            && event.connection.0 == found.place.connection
            && (event.is_eof() || event.error.as_deref().is_some_and(is_of_peer))
    });
    // Connections may come in any order.
    let known = baseline.first().connections.iter();
    let mut known = known.zip(baseline.received());
    !known.any(|(one, template)| {
        let is_steady = template.masked() == 0;
        let is_less = if is_steady {
            one.received.starts_with(&found.received)
        } else {
            found.received.len() < one.received.len()
        };
        one.place.end == found.place.end && (template.fits(&found.received) || is_less && !has_left)
    })
}

/// Whether a call fails with this where its peer is gone: ECONNRESET, EPIPE or ETIMEDOUT, as
/// strerror(3) has them.
fn is_of_peer(error: &str) -> bool {
    let parts = ["reset by peer", "Broken pipe", "timed out"];
    parts.iter().any(|part| error.contains(part))
}

/// Whether the program sent what it does as is, up to the end of one of its sends, or tried to
/// when its peer had left.
fn sent_all(differences: &[Difference], as_is: &Observation, broken: &Record) -> bool {
    const SIGPIPE: i32 = 13;
    let ends_a_send = |place: Place, count: usize| {
        let mut connections = as_is.connections.iter();
        let found = connections.find(|one| one.place == place);
        found.is_some_and(|one| one.sent_ends.contains(&(count as u64)))
    };
    let was_refused = |place: Place| {
        let mut events = broken.events().iter().rev();
        let last = events.find(|event| {
            event.call == Call::Send
                && event.end == place.end
                && event.connection.0 == place.connection
        });
        last.is_some_and(|event| event.error.is_some())
    };
    differences.iter().all(|difference| match difference {
        Difference::Sent {
            place,
            expected,
            found,
        } => {
            expected.starts_with(found) && (ends_a_send(*place, found.len()) || was_refused(*place))
        }
        Difference::Crash(signal) => *signal == SIGPIPE,
        Difference::Spins => false,
        _ => true,
    })
}

/// A call that moved fewer bytes than it would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortCall {
    /// At which end of which connection.
    pub place: Place,
    /// Whether it received or sent.
    pub way: Way,
    /// Which of the calls there that moved bytes this way, counted from 1.
    pub number: usize,
    /// Bytes that it asked for, or was given to send.
    pub asked: u64,
    /// The bytes that it moved.
    pub bytes: Vec<u8>,
    /// The offset behind them.
    pub end: u64,
    /// If the cut is inside a header: how many of its bytes came by then, and how many it has.
    pub header: Option<[u64; 2]>,
    /// Whether the cut is inside a character of UTF-8.
    pub is_in_character: bool,
    /// Whether the cut is inside what ends a frame, or just before it.
    pub is_in_delimiter: bool,
    /// Whether the cut is between two frames.
    pub is_between_frames: bool,
}

impl ShortCall {
    /// The call of a broken run that ended at the first cut of a schedule; none if it has no
    /// cut, or no call that ended there.
    pub(super) fn of(
        schedule: &Schedule,
        record: &Record,
        (streams, framing): (&[Stream], impl Fn(Place) -> Framing),
    ) -> Option<Self> {
        let (stream, cut) = streams.iter().find_map(|stream| {
            let mut rules = schedule.rules.iter();
            let cut = rules.find_map(|rule| match &rule.change {
                Change::Cuts(cuts) if rule.selector.has(stream.place, stream.way) => {
                    cuts.first().copied()
                }
                _ => None,
            })?;
            Some((stream, cut))
        })?;
        let (place, way) = (stream.place, stream.way);
        let wanted = match way {
            Way::Recv => Call::Recv,
            Way::Send => Call::Send,
        };
        let is_of_it = |event: &&Event| {
            event.call == wanted
                && event.end == place.end
                && event.connection.0 == place.connection
                && event.error.is_none()
                && !event.is_empty()
        };
        let calls: Vec<_> = record.events().iter().filter(is_of_it).collect();
        let index = calls.iter().position(|event| event.end().0 >= cut)?;
        let call = calls[index];
        let marks = match way {
            Way::Recv => marks(&stream.bytes, &framing(place)),
            Way::Send => Marks::default(),
        };
        let header = marks.frames.iter().find_map(|[start, header, ..]| {
            let came = cut.checked_sub(*start)?;
            (came > 0 && came < *header).then_some([came, *header])
        });
        Some(Self {
            place,
            way,
            number: index + 1,
            asked: u64::from(call.asked),
            bytes: call.bytes.clone(),
            end: call.end().0,
            header,
            is_in_character: marks.characters.contains(&cut),
            is_in_delimiter: marks.delimiters.contains(&cut),
            is_between_frames: marks.borders.contains(&cut),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use chop::{Exit, Masks, Outcome, Waits};
    use record::{Capture, End};

    use super::*;

    fn received(bytes: &[u8]) -> Observation {
        Observation {
            connections: vec![Connected {
                place: Place {
                    connection: 1,
                    end: End::Acceptor,
                },
                received: bytes.to_vec(),
                received_ends: Vec::new(),
                sent: Vec::new(),
                sent_ends: Vec::new(),
                closing: Closing::Open,
            }],
            output: Vec::new(),
            errors: Vec::new(),
            exit: Exit::Code(0),
            deaths: Vec::new(),
            are_writers: [false; 2],
            waits: Waits::default(),
            outcome: Outcome::Finished,
        }
    }

    #[test]
    fn a_peer_that_was_heard_less_of_has_not_answered_otherwise() {
        let record = Record::new(crate::lab::head(Instant::now(), Capture::Unknown));
        for (as_is, found, expected) in [
            (&["hello", "hello"][..], "hello", false),
            (&["hello", "hello"], "hel", false),
            (&["hello", "hello"], "", false),
            (&["hello", "hello"], "help!", true),
            (&["hello", "hello"], "hello!", true),
            // A number that is new each time.
            (&["id 17 a", "id 23 a"], "id 99 a", false),
            (&["id 17 a", "id 23 a"], "id 9", false),
            (&["id 17 a", "id 23 a"], "id 99 bc", true),
        ] {
            let first = received(as_is[0].as_bytes());
            let mut baseline = Baseline::new(first, Masks::default());
            for text in as_is {
                assert!(baseline.learn(&received(text.as_bytes())));
            }
            let found_in = &received(found.as_bytes()).connections[0];
            let is = is_answered_otherwise(found_in, &baseline, &record);
            assert_eq!(is, expected, "{as_is:?} {found}");
        }
    }
}
