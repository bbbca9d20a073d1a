//! Why the reader's boundaries are not the sender's: one reason for each change
//! and kind of cause.

use super::Rows;
use crate::cause::{Boundary, Cause, Change, Hold};
use crate::text::{Catalog, Sentence, Value};

/// What happened to some boundaries or datagrams, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What happened, and how often.
    pub what: Sentence,
    /// Why, and what was observed of it; none where `what` says all.
    pub why: Vec<Sentence>,
}

impl Reason {
    /// As one sentence.
    pub fn text(&self, catalog: &Catalog) -> String {
        let why: Vec<_> = self.why.iter().map(|why| catalog.render(why)).collect();
        let key = if why.is_empty() {
            "why.plain"
        } else {
            "why.because"
        };
        let sentence = Sentence::new(key)
            .with("what", catalog.render(&self.what))
            .with("why", why.join(&catalog.text("why.between")));
        catalog.render(&sentence)
    }
}

impl Rows<'_> {
    /// The reasons of all changes, in the order of their first offsets.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut groups: Vec<(Change, Sentence, Vec<&Boundary>)> = Vec::new();
        for boundary in &self.lane.boundaries {
            let why = why(boundary.cause);
            let is_same = |(change, other, _): &&mut (Change, Sentence, _)| {
                *change == boundary.change && *other == why
            };
            match groups.iter_mut().find(is_same) {
                Some((.., boundaries)) => boundaries.push(boundary),
                None => groups.push((boundary.change, why, vec![boundary])),
            }
        }
        let reasons = groups.into_iter().map(|(change, why, boundaries)| {
            let what = match change {
                Change::Vanished => "why.vanished",
                Change::Appeared => "why.appeared",
                Change::Cut => "why.cut",
                Change::Lost => "why.lost",
            };
            Reason {
                what: Sentence::new(what).with("n", boundaries.len()),
                why: std::iter::once(why).chain(amounts(&boundaries)).collect(),
            }
        });
        let mut reasons: Vec<_> = reasons.collect();
        if !self.lane.unsure.is_empty() {
            reasons.push(Reason {
                what: Sentence::new("why.unsure").with("n", self.lane.unsure.len()),
                why: Vec::new(),
            });
        }
        reasons
    }
}

/// A cause without its amounts.
fn why(cause: Cause) -> Sentence {
    Sentence::new(match cause {
        Cause::ReaderLate { packets: 0, .. } => "why.waited-together",
        Cause::ReaderLate { since: 1.., .. } => "why.found-together",
        Cause::ReaderLate { .. } => "why.reader-late",
        Cause::BufferSmall { .. } => "why.buffer-small",
        Cause::Merged { hold } => match hold {
            Hold::Nagle => "why.merged.nagle",
            Hold::Window { .. } => "why.merged.window",
            Hold::Unknown { nodelay: true } => "why.merged",
            Hold::Unknown { nodelay: false } => "why.merged.unknown",
        },
        Cause::Split { .. } => "why.split",
        Cause::NotYetThere => "why.not-yet-there",
        Cause::DatagramCut { .. } => "why.datagram-cut",
        Cause::DatagramDropped => "why.datagram-dropped",
        Cause::DatagramLost => "why.datagram-lost",
        Cause::FragmentLost => "why.fragment-lost",
        Cause::Unknown => "why.unknown",
    })
}

/// What was observed beside `boundaries`, which all have the same kind of cause.
fn amounts(boundaries: &[&Boundary]) -> Vec<Sentence> {
    let causes = || boundaries.iter().map(|boundary| boundary.cause);
    let room = causes().filter_map(|cause| match cause {
        Cause::BufferSmall { asked, .. } => Some(u64::from(asked)),
        _ => None,
    });
    let waiting = causes().filter_map(|cause| match cause {
        Cause::ReaderLate { waiting, .. } => waiting.map(u64::from),
        // Where no more waited than there was room for, the rest came later.
        Cause::BufferSmall { asked, waiting } => waiting.filter(|&n| n > asked).map(u64::from),
        _ => None,
    });
    let since = causes().filter_map(|cause| match cause {
        Cause::ReaderLate { since: n @ 1.., .. } => Some(u64::from(n)),
        _ => None,
    });
    let packets = causes().filter_map(|cause| match cause {
        Cause::ReaderLate { packets, .. } => Some(packets as u64).filter(|&packets| packets > 0),
        _ => None,
    });
    let pieces = causes().filter_map(|cause| match cause {
        Cause::Split { packets } => Some(packets as u64),
        _ => None,
    });
    let window = causes().filter_map(|cause| match cause {
        Cause::Merged {
            hold: Hold::Window { room },
        } => Some(room),
        _ => None,
    });
    let told = [
        range(room, "why.room", "why.room-range"),
        range(window, "why.window", "why.window-range"),
        range(waiting, "why.waited", "why.waited-range"),
        range(since, "why.since", "why.since-range"),
        range(packets, "why.packets", "why.packets-range"),
        range(pieces, "why.pieces", "why.pieces-range"),
    ];
    told.into_iter().flatten().collect()
}

/// One number, or from the least to the most; none of none.
fn range(
    numbers: impl Iterator<Item = u64>,
    one: &'static str,
    several: &'static str,
) -> Option<Sentence> {
    let (least, most) = numbers.fold(None, |range, number| match range {
        None => Some((number, number)),
        Some((least, most)) => Some((number.min(least), number.max(most))),
    })?;
    Some(if least == most {
        Sentence::new(one).with("n", Value::Count(least))
    } else {
        Sentence::new(several)
            .with("least", Value::Count(least))
            .with("most", Value::Count(most))
    })
}
